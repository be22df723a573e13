"""A release: the same bytes in every folder, nothing of the place in it, all of its parts listed."""

import gzip
import hashlib
import importlib.metadata
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from released import Release, release

from assay.base import paths
from assay.base.trouble import BadInput
from assay.cli import root
from assay.release import archive, parts

VERSION = paths.version()
SUMS = re.compile(r"^([0-9a-f]{64})  (\S+)$", re.M)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release(tmp_path_factory.getbasetemp())


def test_two_folders_make_the_same_bytes(made: Release) -> None:
    first, second = ((folder / "SHA256SUMS").read_text() for folder in made.archives)
    print(first)
    assert first == second
    names = [name for _, name in SUMS.findall(first)]
    kinds = ("", "-x86_64-linux")
    assert names == [f"assay-{VERSION}{kind}.tar.gz" for kind in kinds] + [f"assay-{VERSION}.cdx.json"]


def test_the_sums_are_those_of_the_files(made: Release) -> None:
    for folder in made.archives:
        for digest, name in SUMS.findall((folder / "SHA256SUMS").read_text()):
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_place_is_not_in_it(made: Release) -> None:
    binary = made.archives[0] / f"assay-{VERSION}-x86_64-linux.tar.gz"
    contents = gzip.decompress(binary.read_bytes())
    for place in (made.copies[0], made.copies[1], Path("/tmp/assay-dist-"), paths.ROOT):
        assert str(place).encode() not in contents


def test_the_sources_are_the_tracked_files(made: Release) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=made.copies[1], capture_output=True, text=True, check=True)
    with tarfile.open(made.archives[0] / f"assay-{VERSION}.tar.gz") as tar:
        names = [entry.name for entry in tar if not entry.isdir()]
    assert sorted(names) == sorted(f"assay-{VERSION}/{name}" for name in tracked.stdout.splitlines())


def test_an_archive_tells_nothing_of_its_maker(tmp_path: Path) -> None:
    for name, mode in (("b", 0o600), ("a", 0o700)):
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / "tree" / name).write_text(name)
        (tmp_path / "tree" / name).chmod(mode)
    packed = archive.pack(tmp_path / "tree", "tree", 17, tmp_path / "tree.tar.gz")
    with tarfile.open(packed) as tar:
        entries = [(entry.name, entry.mode, entry.mtime, entry.uid, entry.uname) for entry in tar]
    assert entries == [("tree/a", 0o755, 17, 0, ""), ("tree/b", 0o644, 17, 0, "")]
    assert packed.read_bytes()[4:8] == bytes(4)  # no time in the head of gzip


def test_every_part_is_listed_once_with_its_version_licence_and_use() -> None:
    listed = json.loads(parts.document(0))
    assert (listed["bomFormat"], listed["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    components = {part["bom-ref"]: part for part in listed["components"]}
    assert len(components) == len(listed["components"])
    assert all(part["version"] and part["licenses"][0]["expression"] for part in components.values())
    assert all(part["properties"][0]["value"] for part in components.values())
    named = {part["name"] for part in components.values()}
    assert {name for name, _, _ in parts.packages()} <= named
    pinned = {name for lock in parts.LOCKS for name, _ in parts.pinned(lock)}
    assert pinned <= named
    assert pinned == set(parts.licences_of_python()), "CI/licences.txt has a row for each pinned package and no other"
    assert components[f"pkg:generic/assay-vectors@{VERSION}"]["licenses"] == [{"expression": "Apache-2.0"}]


def test_licences_are_those_that_the_packages_state() -> None:
    checked = 0
    for name, licence in parts.licences_of_python().items():
        try:
            stated = importlib.metadata.metadata(name).json.get("license_expression")
        except importlib.metadata.PackageNotFoundError:
            continue
        if stated:
            checked += 1
            assert stated == licence, name
    assert checked > 10


def test_an_unlisted_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "licences_of_python", dict)
    with pytest.raises(BadInput, match="does not say the licence of"):
        list(parts.python())


def test_the_version_stands_in_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert CliRunner().invoke(root, ["--version"]).output == f"assay, version {VERSION}\n"
    known = subprocess.run(["git", "grep", "-lF", VERSION], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    allowed = {"VERSION", "CHANGELOG.md", "docs/stability.md"}
    assert {name for name in known.stdout.splitlines() if not name.endswith(".lock")} <= allowed
    assert (paths.ROOT / "CHANGELOG.md").read_text().count(f"\n## {VERSION}\n") == 1
