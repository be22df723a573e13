"""Cases that were found: what they give as text, and whole with what the specification says about them."""

import json
from collections.abc import Sequence
from pathlib import Path

import cases
from assay.base.strict import Members
from assay.corpus import files, fill
from assay.suite import given
from assay.suite.case import Case
from cases import regress

FOLDER = Path("spec/cases/regress")  # of the inputs, below the project's root


def text_of(case: Case, rules: Sequence[str] = (), note: str = "") -> Members:
    """A case as spec/cases/regress holds it; `rules` are those that it may decide."""
    head: Members = {"level": given.depth_of(case).value, "rules": list(rules)}
    return head | ({"note": note} if note else {}) | given.of(case)


def vector_file(name: str, text: Members) -> str:
    """The vector file of this one case, with every value that the specification expects; raises FillError."""
    case = regress.case_of(name, dict(text))
    depth = str(text["level"])
    line = fill.line_of(f"{regress.AREA}/{depth}", case, {})
    return fill.file_text(fill.head_of(regress.AREA, depth, {} if depth == "kernel" else None), [line.text])


def fill_kept(root: Path) -> list[str]:
    """Writes vectors/regress of all inputs below a root; the files that changed. Raises FillError."""
    subjects = list(regress.subjects(root / FOLDER))
    results = [fill.fill_subject(subject) for subject in subjects]
    errors = fill.check_ids(subjects) + [error for result in results for error in result.errors]
    if errors:
        raise fill.FillError("\n".join(errors))
    folder = root / "vectors"
    wanted = {result.name: result.text.encode() for result in results}
    owned = {path.relative_to(folder).as_posix() for path in folder.glob(f"{cases.REGRESS}/*.json")}
    changed = files.changes(folder, wanted, owned)
    files.replace(folder, changed, wanted)
    return changed


def write_input(root: Path, name: str, text: Members) -> Path:
    """Keeps the input of a case under a name, all at once."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    staged = folder / f".{name}.json-new"
    staged.write_text(json.dumps(text, separators=(",", ":")) + "\n")
    staged.replace(path)
    return path
