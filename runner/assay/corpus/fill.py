"""Fills the vectors: runs every generated case on the model, writes down what it answers, checks
what it decides.

In: the subjects of `cases`. Out: one file a subject, byte-identical on every run. A case whose
rules the model does not reach, a rule that no case reaches or none avoids, and a double id are
errors.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cases
import model
from assay.base import workers
from assay.corpus import bless, files
from cases.kernel import expect
from cases.kernel.case import KernelCase, KernelSubject
from cases.machine.case import Case, Subject

SCHEMA = "assay-machine-1"
VOTES = ["model", "ref", "fast"]
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
Names = dict[bytes, str]  # of Images that a file holds once


class FillError(Exception):
    """Something about the cases is wrong; the message says which case and what to do."""


@dataclass(frozen=True)
class Line:
    """A case as its file has it, and the rules it decides and avoids."""

    text: str
    decides: list[str]
    avoids: list[str]


@dataclass
class Filled:
    """The file of a subject, and what its cases decide and avoid."""

    name: str
    text: str = ""
    decided: set[str] = field(default_factory=set)
    avoided: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


def check_rules(case: Case | KernelCase, reached: Collection[str]) -> tuple[list[str], list[str]]:
    """`rules` and `against` of a case with its probes and notices sorted in."""
    noticed = [rule for rule in (*case.probes, *case.notices) if rule in reached]
    decides = list(dict.fromkeys([*case.rules, *noticed]))
    avoids = list(dict.fromkeys([*case.against, *(rule for rule in case.probes if rule not in reached)]))
    known = model.rules()
    for rule in decides + avoids:
        if rule not in known:
            raise FillError(f"no chapter has a rule {rule}")
    for rule in decides:
        if rule not in reached:
            raise FillError(f"rule {rule} is not reached; reached are {' '.join(sorted(reached))}")
    for rule in avoids:
        if rule in reached:
            raise FillError(f"rule {rule} stands in `against` but is reached")
    return decides, avoids


def line_of(where: str, case: Case | KernelCase, names: Names) -> Line:
    """One case as a line of JSON; raises FillError."""
    if not NAME.match(case.name):
        raise FillError("a behaviour is lower-case words joined by underscores")
    try:
        body, reached = expect.body(case, names) if isinstance(case, KernelCase) else bless.body(case)
    except (bless.Unexpected, expect.Unexpected) as unexpected:
        raise FillError(str(unexpected)) from None
    decides, avoids = check_rules(case, reached)
    written: bless.Written = {"id": f"{where}/{case.name}", "rules": decides, "against": avoids}
    if case.note:
        written["note"] = case.note
    return Line(json.dumps(written | body, separators=(",", ":")), decides, avoids)


def head_text(value: object) -> str:
    """A value of the head; a table has a line for each entry."""
    return json.dumps(value, indent=0 if isinstance(value, dict) else None)


def file_text(head: Mapping[str, str], lines: Iterable[str]) -> str:
    """A vector file: a line for each key of the head, whose values are JSON already, and for each case."""
    first = ",\n".join(f"{json.dumps(key)}: {value}" for key, value in head.items())
    return "{\n" + first + ',\n"cases": [\n' + ",\n".join(lines) + "\n]\n}\n"


def head_of(area: str, subject: str, images: Mapping[str, str] | None) -> dict[str, str]:
    """The keys before the cases; `images` are those of a file of the kernel."""
    schema = SCHEMA if images is None else expect.SCHEMA
    head: dict[str, object] = {"schema": schema, "area": area, "subject": subject, "votes": VOTES}
    if images is not None:
        head["images"] = images
    return {key: head_text(value) for key, value in head.items()}


def fill_subject(subject: Subject | KernelSubject) -> Filled:
    where = f"{subject.area}/{subject.name}"
    filled = Filled(f"{where}.json")
    names = expect.named_images(subject.cases) if isinstance(subject, KernelSubject) else {}
    lines = []
    for case in subject.cases:
        try:
            line = line_of(where, case, names)
        except FillError as error:
            filled.errors.append(f"{where}/{case.name}: {error}")
            continue
        lines.append(line.text)
        filled.decided.update(line.decides)
        filled.avoided.update(line.avoids)
    images = {name: image.hex() for image, name in names.items()}
    head = head_of(subject.area, subject.name, images if isinstance(subject, KernelSubject) else None)
    filled.text = file_text(head, lines)
    return filled


def check_ids(subjects: Iterable[Subject | KernelSubject]) -> list[str]:
    """Files and ids are unique, and every file has a case."""
    found: set[str] = set()
    errors = []
    for subject in subjects:
        where = f"{subject.area}/{subject.name}"
        if where in found:
            errors.append(f"{where}: two generators write this file")
        found.add(where)
        if not subject.cases:
            errors.append(f"{where}: there is no case")
        names = [case.name for case in subject.cases]
        repeated = [name for at, name in enumerate(names) if name in names[:at]]
        errors += [f"{where}/{name}: the id is used twice" for name in repeated]
    return errors


def missing_rules(decided: Collection[str], avoided: Collection[str]) -> list[str]:
    """Rules without a positive or a negative case."""
    errors = []
    for rule in sorted(model.rules()):
        if rule not in decided:
            errors.append(f"{rule}: no case decides it; add one whose `rules` has it, in {generators(rule)}")
        if rule not in avoided:
            errors.append(f"{rule}: no case is its near miss; add one whose `against` has it, in {generators(rule)}")
    return errors


def generators(rule: str) -> str:
    """Where the cases of a rule's chapter are made."""
    area = rule.split("/")[0]
    folder = Path(cases.__file__).parent
    found = sorted(path for path in folder.glob("*/*.py") if re.fullmatch(rf"{area}(?:_.*)?", path.stem))
    return " or ".join(f"spec/cases/{path.relative_to(folder).as_posix()}" for path in found)


def fill_all(subjects: Sequence[Subject | KernelSubject], jobs: int) -> list[Filled]:
    if jobs == 1:
        return [fill_subject(subject) for subject in subjects]
    with workers.pool(jobs) as pool:
        return pool.map(fill_subject, subjects, chunksize=4)


def owned(folder: Path) -> set[str]:
    """Vector files on disk that fill owns, relative to the folder."""
    found = [
        path for area in (*cases.AREAS, *cases.KERNEL_AREAS, cases.REGRESS) for path in folder.glob(f"{area}/*.json")
    ]
    return {path.relative_to(folder).as_posix() for path in found}


def fill(root: str | Path, check: bool = False, jobs: int = 1, complete: bool = True) -> list[str]:
    """Writes (or with check only compares) root/vectors. Returns the list of files that changed (or
    differ).

    Raises FillError with every complaint when the cases are wrong; nothing is written then.
    `complete=False` leaves out the demand that every rule has a positive and a negative case.
    """
    folder = Path(root) / "vectors"
    try:
        subjects = list(cases.subjects())
    except model.table.Incomplete as error:
        raise FillError(str(error)) from None
    results = fill_all(subjects, jobs)
    errors = check_ids(subjects) + [error for result in results for error in result.errors]
    if complete:
        decided = {rule for result in results for rule in result.decided}
        avoided = {rule for result in results for rule in result.avoided}
        errors += missing_rules(decided, avoided)
    if errors:
        raise FillError("\n".join(errors))
    wanted = {result.name: result.text.encode() for result in results}
    changed = files.changes(folder, wanted, owned(folder))
    if not check:
        files.replace(folder, changed, wanted)
    return changed
