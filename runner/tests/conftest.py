"""Tests run side by side. Those that share something costly are given to one worker, so that it is made once."""

import pytest

# modules whose fixtures build, link, install or copy a tree
TOGETHER = {"test_dist", "test_docs", "test_guides", "test_install", "test_places", "test_programs"}


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
