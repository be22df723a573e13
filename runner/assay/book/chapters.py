"""Pages of the book that are made from the specification: chapters with a link target a rule, and an index of rules."""

import re
from pathlib import Path

from assay.base import paths

ROOMS = ("machine", "kernel")
RULE = re.compile(r"^### (\S+)$", re.M)
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
CODE_PATH = re.compile(r"`([a-z]+)\.md`")


def pages() -> dict[str, str]:
    """The chapters and the index of rules: path in the book, and Markdown."""
    found = {f"spec/{room}/{file.name}": chapter(file) for room in ROOMS for file in sorted(folder(room).glob("*.md"))}
    found["spec/rules.md"] = rule_index()
    return found


def folder(room: str) -> Path:
    return paths.ROOT / "spec" / room


def chapter(file: Path) -> str:
    """A chapter in which each rule's heading carries its id as it is written everywhere else."""
    return RULE.sub(lambda rule: f"### {rule[1]} {{ #{rule[1]} }}", file.read_text("utf-8"))


def rule_index() -> str:
    lines = [
        "# All rules",
        "",
        "Every rule of the specification, by chapter. A card names the rule that was broken.",
        "",
    ]
    for room in ROOMS:
        for file in sorted(folder(room).glob("*.md")):
            names = RULE.findall(file.read_text("utf-8"))
            if names:
                lines += [f"## {file.stem} ({room})", ""]
                lines += [f"- [{name}]({room}/{file.name}#{name})" for name in names] + [""]
    return "\n".join(lines)
