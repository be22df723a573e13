"""CI/equivalent.toml: mutants that nothing can observe, each or a kind of them, and the invariant that hides them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from assay.base import paths
from assay.mutate.site import Mutant

FILE = paths.ROOT / "CI" / "equivalent.toml"


@dataclass(frozen=True)
class Family:
    """Mutants that one invariant hides, wherever in these files they stand."""

    files: str  # a pattern of names
    kind: str  # "": any
    before: re.Pattern[str]
    after: re.Pattern[str]
    context: re.Pattern[str]  # somewhere in the line
    because: str

    def has(self, mutant: Mutant) -> bool:
        return (
            self.kind in ("", mutant.kind.value)
            and fnmatchcase(mutant.file, self.files)
            and self.before.fullmatch(" ".join(mutant.before.split())) is not None
            and self.after.fullmatch(" ".join(mutant.after.split())) is not None
            and self.context.search(mutant.context) is not None
        )


@dataclass(frozen=True)
class Invariants:
    listed: Mapping[str, str] = field(default_factory=dict)  # id of a mutant -> why
    families: tuple[Family, ...] = ()

    def because(self, mutant: Mutant) -> str:
        """Why the mutant cannot be observed; "" when nothing says so."""
        if mutant.id in self.listed:
            return self.listed[mutant.id]
        return next((family.because for family in self.families if family.has(mutant)), "")


def read(file: Path = FILE) -> Invariants:
    content = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    return Invariants(
        {str(row["id"]): str(row["because"]) for row in content.get("mutant", [])},
        tuple(family_of(row) for row in content.get("family", [])),
    )


def family_of(row: Mapping[str, str]) -> Family:
    before, after = (re.compile(row.get(name, ".*")) for name in ("before", "after"))
    context = re.compile(row.get("context", ""))
    return Family(row["files"], row.get("kind", ""), before, after, context, row["because"])
