"""A release as two strangers make it: two copies of this tree, in two folders of different names, `dist` in each."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from assay.base import paths

PLACES = ("one", "another place/of a longer name")
WHEN = "2026-01-02T03:04:05Z"
WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "assay"), ("EMAIL", "assay@assay.invalid"), ("DATE", WHEN))
}
DONE = "done"
COMMANDS = (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "a copy"])


@dataclass(frozen=True)
class Release:
    archives: list[Path]  # the folder of each copy's release
    copies: list[Path]


def release(base: Path) -> Release:
    """Made once for all tests of a run; `base` is the temporary folder of this process, one of several with xdist."""
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "release"
    made = Release([folder / f"made {number}" for number in range(len(PLACES))], [folder / place for place in PLACES])
    with (shared / "release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / DONE).exists():
            assert not folder.exists(), "it failed before, in another test"
            for copy, archives in zip(made.copies, made.archives, strict=True):
                copy_tree(copy)
                dist(copy, archives)
            shutil.rmtree(made.copies[0])  # for the tests of what is installed: it must do without its clone
            (folder / DONE).touch()
    return made


def copy_tree(place: Path) -> None:
    """What git knows or would add, committed anew at a fixed time."""
    place.mkdir(parents=True)
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (paths.ROOT / name).exists()]
    packed = subprocess.Popen(["tar", "c", "-T", "-"], cwd=paths.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unpacked = subprocess.Popen(["tar", "x"], cwd=place, stdin=packed.stdout)
    assert packed.stdin
    packed.stdin.write("\n".join(names).encode())
    packed.stdin.close()
    assert unpacked.wait() == 0 and packed.wait() == 0
    for arguments in COMMANDS:
        subprocess.run(["git", *arguments], cwd=place, env=os.environ | WHO, check=True)


def dist(copy: Path, archives: Path) -> None:
    folders = os.pathsep.join(str(copy / name) for name in ("runner", "spec", "guest"))
    argv = [sys.executable, "-m", "assay", "dist", "-o", str(archives)]
    environment = os.environ | {"PYTHONPATH": folders, "ASSAY_ROOT": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(argv, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
