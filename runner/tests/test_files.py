"""A folder of files is replaced all at once, whenever the process that does it is killed."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from assay.base.trouble import NoOutput
from assay.corpus import files

OLD = {"gas/a.json": b"old a", "gas/b.json": b"old b", "isa/c.json": b"old c", "isa/gone.json": b"old"}
NEW = {"gas/a.json": b"new a", "gas/b.json": b"old b", "isa/c.json": b"new c", "mem/d.json": b"new d"}
OTHERS = {"README.md": b"nobody's", "programs/e.json": b"another's"}
STEPS = ("open", "os.", "shutil.", "ctypes.call_function", "ctypes.dlsym")


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def old_folder(parent: Path) -> Path:
    folder = parent / "vectors"
    for name, data in (OLD | OTHERS).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def replace(folder: Path, wanted: Mapping[str, bytes] = NEW) -> list[str]:
    changed = files.changes(folder, wanted, set(written(folder)) - set(OTHERS))
    files.replace(folder, changed, wanted)
    return changed


def ends_killed(act: Callable[[], object], step: int) -> bool:
    """Does it in a process that dies by SIGKILL at its step of this number; False if it ended before."""
    child = os.fork()
    if child == 0:
        left = iter(range(step, -1, -1))

        def watch(event: str, _: object) -> None:
            if event.startswith(STEPS) and event != "os.kill" and next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(watch)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0


def test_names_that_differ_are_told_and_replaced(tmp_path):
    folder = old_folder(tmp_path)
    assert replace(folder) == ["gas/a.json", "isa/c.json", "mem/d.json", "isa/gone.json"]
    assert written(folder) == NEW | OTHERS
    assert replace(folder) == []
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


def test_a_set_that_was_not_there_is_made(tmp_path):
    folder = tmp_path / "vectors"
    replace(folder)
    assert written(folder) == NEW


@pytest.mark.parametrize("has_exchange", [True, False], ids=["exchanged", "two renames"])
def test_a_killed_run_leaves_the_old_set_or_the_new_one(has_exchange, tmp_path, monkeypatch):
    if not has_exchange:
        monkeypatch.setattr(files, "NO_EXCHANGE", range(1, 200))
        monkeypatch.setattr(files, "RENAME_EXCHANGE", 0xFFFF)
    seen = []
    for step in range(1000):
        folder = old_folder(tmp_path / str(step))
        was_killed = ends_killed(lambda folder=folder: replace(folder), step)
        if not was_killed:
            assert written(folder) == NEW | OTHERS
            break
        found = written(folder) if folder.exists() else None
        assert found in (OLD | OTHERS, NEW | OTHERS) or (found is None and not has_exchange), step
        seen.append("old" if found == OLD | OTHERS else "new" if found else "between")
    assert seen.count("old") > 20 and seen.count("new") > 3
    assert seen.count("between") == (0 if has_exchange else 1)


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    folder = old_folder(tmp_path)
    assert ends_killed(lambda: replace(folder), 30)
    assert len(list(tmp_path.iterdir())) == 2
    replace(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]
    assert written(folder) == NEW | OTHERS


def test_a_folder_that_cannot_be_written_is_said_so_and_stays(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = old_folder(tmp_path)
    monkeypatch.setattr(files.Path, "write_bytes", full)
    with pytest.raises(NoOutput, match="cannot be written: No space left on device"):
        replace(folder)
    assert written(folder) == OLD | OTHERS
