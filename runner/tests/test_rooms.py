"""The arrows between rooms go down, and whoever draws one upwards is named."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from assay.base import paths


@pytest.fixture(scope="module")
def tidy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tidy", paths.ROOT / "CI" / "tidy.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRONG = {
    "runner/assay/base/planted.py": "from assay.engines import catalog",
    "runner/assay/engines/planted.py": "import assay.suite.case",
    "runner/assay/locate/planted.py": "from assay.replay.verdict import Verdict",
    "runner/assay/suite/planted.py": "from assay import locate, base",
    "runner/assay/random/planted.py": "    from assay.commands import options",
    "runner/assay/replay/planted.py": "from .verdict import Verdict",
    "spec/model/planted.py": "import assay",
}


@pytest.mark.parametrize("file", WRONG)
def test_a_wrong_import_is_named(file: str, tidy: ModuleType) -> None:
    found = tidy.IMPORT.match(WRONG[file])
    said = [
        text
        for name in tidy.imported(found)
        for text in (tidy.outside(Path(file), name), tidy.upward(Path(file), name))
    ]
    assert len([text for text in said if text]) == 1


def test_every_room_is_listed_and_every_right_import_passes(tidy: ModuleType) -> None:
    folders = {path.name for path in (paths.ROOT / "runner" / "assay").iterdir() if (path / "__init__.py").exists()}
    assert folders == set(tidy.ROOMS)
    assert tidy.upward(Path("runner/assay/replay/shard.py"), "assay.suite.collection") == ""
