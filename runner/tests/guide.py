"""A guide as a program reads it: steps, and in each the text to add to one file.

A block with a title is a step's text; the comment in front of it, which readers do not see, says where it goes:

    <!-- new file -->   <!-- at the end -->   <!-- after: TEXT -->   <!-- before: TEXT -->   <!-- instead of: TEXT -->

TEXT is how one line of the file begins, and only one.
"""

import re
from dataclasses import dataclass
from pathlib import Path

STEP = re.compile(r"^## (\d+)\. (.+)$", re.M)
BLOCK = re.compile(r'^<!-- ([a-z ]+)(?:: (.*?))? -->\n```\w+ title="([^"]+)"\n(.*?)^```$', re.M | re.S)


class BadGuide(Exception):
    """A guide cannot be followed; the message says where."""


@dataclass(frozen=True)
class Block:
    how: str
    at: str
    path: str
    text: str

    def add_to(self, before: str | None) -> str:
        """The file with the text in it; `before` is None when there is no such file."""
        if self.how == "new file":
            if before is not None:
                raise BadGuide(f"{self.path} is there already")
            return self.text
        if before is None:
            raise BadGuide(f"there is no {self.path}")
        if self.how == "at the end":
            return before + self.text
        lines = before.splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.strip().startswith(self.at)]
        if len(found) != 1:
            raise BadGuide(f"{len(found)} lines of {self.path} begin with {self.at}")
        first, last = {"after": (1, 1), "before": (0, 0), "instead of": (0, 1)}[self.how]
        lines[found[0] + first : found[0] + last] = [self.text]
        return "".join(lines)


@dataclass(frozen=True)
class Step:
    guide: str
    number: int
    title: str
    blocks: tuple[Block, ...]

    @property
    def path(self) -> str:
        return self.blocks[0].path


def steps(file: Path) -> list[Step]:
    """Those that add something, in order."""
    text = file.read_text("utf-8")
    parts = STEP.split(text)[1:]
    found = [
        Step(file.stem, int(number), title, tuple(Block(*block) for block in BLOCK.findall(body)))
        for number, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]
    if sum(len(step.blocks) for step in found) != text.count(' title="'):
        raise BadGuide(f"{file.name}: a block with a title has no comment in front of it that says where it goes")
    for step in found:
        if len({block.path for block in step.blocks}) > 1:
            raise BadGuide(f"{file.name}: step {step.number} changes several files")
    return [step for step in found if step.blocks]
