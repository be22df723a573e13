"""Makes a find a case of vectors/regress: what it gives, with the values that the specification expects."""

import re
from collections.abc import Sequence
from pathlib import Path

import cases
import model
from assay.base import paths
from assay.base.trouble import BadInput
from assay.corpus import fill, found
from assay.finds import store as finds
from assay.finds.store import Store
from assay.suite import collection
from assay.suite.case import Case

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def keep(store: Store, signature: str, name: str = "", root: Path | None = None) -> str:
    """The id of the new case; `name` is its behaviour, made from the signature when it is empty.

    Writes the input to spec/cases/regress/NAME.json and fills vectors/regress. The same find under the same name may
    be kept again: nothing changes. Raises BadInput for a case that the specification cannot answer.
    """
    paths.needs_clone("keep")
    kept = store.get(signature)
    (entry,) = collection.read([finds.case_path(store, signature)]).entries
    case: Case = entry.kernel() if entry.is_kernel else entry.machine()
    note = f"found on {kept.find.engine}, signature {signature}"
    return keep_case(case, name or behaviour(signature), note, rules_of(case.rules, kept.find.card), root)


def keep_case(case: Case, name: str, note: str, rules: Sequence[str] = (), root: Path | None = None) -> str:
    """The same of a case that is no find."""
    root = root or paths.ROOT
    if not NAME.match(name):
        raise BadInput(f"{name!r} is no behaviour: lower-case words joined by underscores")
    text = found.text_of(case, tuple(dict.fromkeys(rules)), note)
    try:
        found.vector_file(name, text)  # before anything is written
        found.write_input(root, name, text)
        found.fill_kept(root)
    except fill.FillError as error:
        raise BadInput(f"{name}: {error}") from None
    return f"{cases.REGRESS}/{text['level']}/{name}"


def behaviour(signature: str) -> str:
    return "found_" + re.sub(r"[^a-z0-9]+", "_", signature.lower()).strip("_")


def rules_of(rules: Sequence[str], card: str) -> list[str]:
    """The rules of the case, and those that its card names."""
    named = re.findall(r"[a-z]+(?:/[a-z0-9_]+)+", card)
    return list(dict.fromkeys(rule for rule in (*rules, *named) if rule in model.rules()))
