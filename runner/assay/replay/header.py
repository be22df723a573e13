"""What a report begins with: which project, which corpus and which engines were replayed, each with a digest."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.base import paths
from assay.base.strict import Members
from assay.engines.catalog import Kind, Target

FORMAT = "assay-report-1"
PROJECT = ("runner/assay", "spec/model", "spec/machine", "spec/kernel")
SUFFIXES = (".py", ".def", ".md")


def header(targets: Sequence[Target], corpus: str, files: int, cases: int, argv: Sequence[str] = ()) -> Members:
    return {
        "format": FORMAT,
        "project": {"version": paths.version(), "digest": project()},
        "corpus": {"digest": corpus, "files": files, "cases": cases},
        "engines": [engine(target) for target in targets],
        "options": list(argv),
    }


def engine(target: Target) -> Members:
    """One engine; `version` is null where the engine is not ours, since no engine is asked for one."""
    return {
        "name": target.name,
        "version": paths.version() if target.is_ours else None,
        "digest": digest_of_engine(target),
        "carrier": carrier(target),
        "sandbox": target.wall.value if target.wall else None,
    }


def carrier(target: Target) -> str:
    if target.kind == Kind.NATIVE:
        return "in process"
    return "program on pipes" if target.kind == Kind.MODEL or not target.is_library else "host process"


def digest_of_engine(target: Target) -> str:
    """Of its file: the shared object, the program, or all of the specification."""
    if target.kind == Kind.MODEL:
        return digest(files_below(["spec/model"]))
    name = target.option.partition("=")[2]
    if target.kind == Kind.PROCESS and not target.is_library:
        words = name[len("cmd:") :].split()
        name = shutil.which(words[0].strip("'\"")) or words[0]
    return digest([target.path or Path(name)])


def project() -> str:
    return digest(files_below(PROJECT))


def files_below(folders: Iterable[str]) -> list[Path]:
    found = [path for folder in folders for path in (paths.ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted(found)


def digest(files: Iterable[Path | str]) -> str:
    """Of the contents of files, in order; a file that cannot be read counts as such."""
    total = hashlib.sha256()
    for path in files:
        try:
            total.update(hashlib.sha256(Path(path).read_bytes()).digest())
        except OSError:
            total.update(b"unreadable")
    return total.hexdigest()
