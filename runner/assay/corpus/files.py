"""Replaces files of a folder all at once: whoever is killed meanwhile leaves the old set or the new one.

Several changes are made in a copy of the folder beside it, of links to the same files, and the two folders then
change their names in one step of the system. Where the system has no such step there are two, and between them
the folder is not there.
"""

import ctypes
import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from assay.base import paths
from assay.base.trouble import NoOutput

AT_FDCWD = -100
RENAME_EXCHANGE = 2
NO_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


def changes(folder: Path, wanted: Mapping[str, bytes], owned: Iterable[str]) -> list[str]:
    """The names that differ from what is wanted, then those of `owned` that nobody wants; relative to the folder."""
    changed = [name for name in sorted(wanted) if not is_same(folder / name, wanted[name])]
    return changed + sorted(set(owned) - set(wanted))


def is_same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def replace(folder: Path, names: Iterable[str], wanted: Mapping[str, bytes]) -> None:
    """Writes these names as wanted, and removes those that are not; raises NoOutput."""
    todo = list(names)
    try:
        remove_leftovers(folder)
        if todo:
            replace_all(folder, todo, wanted)
    except OSError as error:
        raise NoOutput(f"{paths.shown(folder)}: cannot be written: {error.strerror}") from None


def replace_all(folder: Path, todo: Iterable[str], wanted: Mapping[str, bytes]) -> None:
    staged = folder.with_name(f".{folder.name}-{os.getpid()}")
    if folder.exists():
        shutil.copytree(folder, staged, symlinks=True, copy_function=link)
    else:
        staged.mkdir(parents=True)
    for name in todo:
        (staged / name).unlink(missing_ok=True)  # a link to the old file, which stays as it is
        if name in wanted:
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_bytes(wanted[name])
    if folder.exists():
        exchange(staged, folder)
        shutil.rmtree(staged)
    else:
        staged.rename(folder)


def link(source: str, target: str) -> None:
    """A second name of the file, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def exchange(one: Path, other: Path) -> None:
    """Each gets the other's name."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
            return
        if ctypes.get_errno() not in NO_EXCHANGE:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    aside = one.with_name(f"{one.name}-old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def remove_leftovers(folder: Path) -> None:
    """What a killed run left beside the folder."""
    for path in folder.parent.glob(f".{folder.name}-*"):
        owner = path.name.rsplit("-", 1)[1]
        if owner.isdigit() and not is_running(int(owner)):
            shutil.rmtree(path)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
