"""Archives that depend on their contents alone: sorted, of one time, of nobody."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path


def pack(tree: Path, name: str, time: int, path: Path) -> Path:
    """The files of a tree, below a folder `name`, as `path`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(tree.rglob("*")):
            add(tar, file, f"{name}/{file.relative_to(tree)}", time)
    path.write_bytes(compress(packed.getvalue()))
    return path


def add(tar: tarfile.TarFile, file: Path, name: str, time: int) -> None:
    entry = tar.gettarinfo(file, name)
    entry.mtime = time
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if entry.isreg():
        with file.open("rb") as contents:
            tar.addfile(entry, contents)
    else:
        tar.addfile(entry)


def compress(packed: bytes) -> bytes:
    return gzip.compress(packed, compresslevel=9, mtime=0)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
