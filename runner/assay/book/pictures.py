"""The pictures of the README and the book: made here, kept in docs/images, compared by a test."""

import os
import re
import subprocess
import sys
import tempfile

from assay.base import paths
from assay.book import card_picture, votes_picture
from assay.book.palette import PALETTES
from assay.check import faults, saboteurs

IMAGES = paths.ROOT / "docs" / "images"
SHOWN = "sign_extension_from_the_wrong_bit"
CASE = "vectors/isa/many_registers.json::isa/many_registers/sign_extend_16"
WIDTH = "100"


class NoPicture(Exception):
    """A picture cannot be made; the message says why."""


def draw() -> dict[str, str]:
    """Every picture: its file name and its SVG."""
    card = coloured(real_card())
    pictures = {}
    for palette in PALETTES:
        pictures[f"votes-{palette.name}.svg"] = votes_picture.picture(palette)
        pictures[f"card-{palette.name}.svg"] = card_picture.picture(
            card, "./assay replay -e mine=./libassay_mine.so", palette
        )
    return pictures


def real_card() -> list[str]:
    """The card of an engine with one wrong line, as `./assay replay` prints it."""
    fault = faults.named(SHOWN)
    with tempfile.TemporaryDirectory(prefix="assay-picture-") as folder:
        library = saboteurs.build(fault, folder).path
        argv = [sys.executable, "-m", "assay", "replay", CASE, "-e", "model", "-e", "ref", "-e", f"mine={library}"]
        done = subprocess.run(argv, cwd=paths.ROOT, env=environment(), capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("DIVERGED")), None)
    if done.returncode != 1 or start is None:
        raise NoPicture(f"the planted fault {SHOWN} gives no card: {done.stdout}{done.stderr}")
    end = next((at for at in range(start, len(lines)) if not lines[at].strip()), len(lines))
    card = [line.replace(str(library), "./libassay_mine.so") for line in lines[start:end]]
    return [part for line in card for part in folded(line)]


def folded(line: str) -> list[str]:
    """A long command on two lines, as a shell takes it."""
    if len(line) <= int(WIDTH) or "  repro" not in line:
        return [line]
    at = line.rindex(" -e ")
    return [f"{line[:at]} \\", f"{'':12}    {line[at + 1 :]}"]


def environment() -> dict[str, str]:
    """That of this process, with a terminal of a known width."""
    return {**os.environ, "COLUMNS": WIDTH, "PYTHONPATH": ":".join(sys.path)}


def coloured(lines: list[str]) -> list[str]:
    """The colours that the card has on a terminal."""
    return [colour(line) for line in lines]


def colour(line: str) -> str:
    if line.startswith("DIVERGED"):
        return f"\x1b[31mDIVERGED\x1b[0m\x1b[1m{line[8:]}\x1b[0m"
    if line.startswith("  field"):
        return f"\x1b[2m{line}\x1b[0m"
    if line.lstrip().startswith(">") or line.startswith("  code    >"):
        return f"\x1b[2m{line[:10]}\x1b[0m\x1b[1m{line[10:]}\x1b[0m"
    label, rest = line[:12], line[12:]
    if label.strip() == "votes":
        rest = re.sub(r"\S+ differs", lambda found: f"\x1b[31m{found[0]}\x1b[0m", rest)
        rest = re.sub(r"\S+ agrees", lambda found: f"\x1b[32m{found[0]}\x1b[0m", rest)
    if re.fullmatch(r"  (r\d+|pc|gas|exit)\s*", label):
        expected, got = rest[:27], rest[27:]
        return f"\x1b[2m{label}\x1b[0m{expected}\x1b[31m{got}\x1b[0m"
    return f"\x1b[2m{label}\x1b[0m{rest}"
