"""The reference of assay.h: each declaration of the header under the comment that stands before it."""

import re

from assay.base import paths

COMMENT = re.compile(r"\A/\*(.*?)\*/\s*", re.S)
NAMED = re.compile(r"\b(?:struct|enum) (assay_\w+) \{|#define (ASSAY_\w+)")
CPLUSPLUS = re.compile(r'#ifdef __cplusplus\n(?:extern "C" \{|\})\n#endif\n')
SECTION = re.compile(r"\A/\* -+ (.+?) -+ \*/\Z")


def page() -> str:
    """The Markdown page; its order is the header's."""
    text = (paths.ROOT / "include" / "assay.h").read_text("utf-8")
    opening, _, rest = text.partition("#ifndef ASSAY_H\n#define ASSAY_H\n")
    body = CPLUSPLUS.sub("", rest.rpartition("#endif")[0])
    lines = ["# assay.h", "", prose(opening.strip()), ""]
    for block in blocks(body):
        lines += render(block)
    return "\n".join(lines) + "\n"


def blocks(body: str) -> list[str]:
    """What blank lines outside of braces and comments separate."""
    found: list[str] = []
    current: list[str] = []
    depth = 0
    for line in body.splitlines():
        if not line.strip() and depth == 0:
            if current:
                found.append("\n".join(current))
            current = []
            continue
        current.append(line)
        depth += line.count("{") - line.count("}") + line.count("/*") - line.count("*/")
    return [*found, "\n".join(current)] if current else found


def render(block: str) -> list[str]:
    section = SECTION.match(block)
    if section:
        return [f"## {section[1].capitalize()}", ""]
    comment = COMMENT.match(block)
    code = block[comment.end() :] if comment else block
    names = [one or two for one, two in NAMED.findall(code)]
    if not names:
        return []
    said = [prose(comment[0].strip()), ""] if comment else []
    return [f"### {names[0]}", "", *said, "```c", code, "```", ""]


def prose(comment: str) -> str:
    """The words of a C comment; what is indented in it stays a block of code."""
    inner = comment.removeprefix("/*").removesuffix("*/")
    lines = [re.sub(r"^ ?\* ?", "", line) for line in inner.splitlines()]
    return "\n".join(f"  {line}" if line.startswith("  ") else line.rstrip() for line in lines).strip()
