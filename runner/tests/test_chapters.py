"""Do the chapters hold together: rules, the ids they cite, the numbers they print, links between files?"""

import re
import subprocess
from pathlib import Path

import pytest

import model
from model.table import FORM, INSN, Kind

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
CHAPTERS = sorted(SPEC.glob("*/*.md"))
AREAS = ("blob", "isa", "mem", "gas", "exit", "image", "cap", "host", "call", "yield", "chain", "exchange")
CITED = re.compile(rf"(?<![\w/.-])((?:{'|'.join(AREAS)})(?:/[a-z0-9_]+)+)(?![\w/<*])")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NUMBERS = {"opcodes": len(INSN), "argument formats": len(FORM)}
COUNTED = re.compile(r"\b(\d+) (opcodes|argument formats)\b(?! marked)")


def documents() -> list[Path]:
    """Every Markdown file that git knows or would add."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert names
    return [ROOT / name for name in names]


def test_every_rule_is_a_heading_with_a_sentence_and_stands_once():
    headings = [id for chapter in CHAPTERS for id in re.findall(r"^### (.*)$", chapter.read_text(), re.M)]
    assert len(headings) == len(set(headings))
    assert set(headings) == set(model.rules())
    for chapter in CHAPTERS:
        for id in re.findall(r"^### (.*)$", chapter.read_text(), re.M):
            assert re.fullmatch(r"[a-z]+(/[a-z0-9_]+)+", id), f"{id} cannot be a link target"
            assert model.rules()[id][0] != "#", f"{id} has no sentence"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_cites_rules_that_there_are(chapter):
    cited = set(CITED.findall(chapter.read_text()))
    known = set(model.rules())
    groups = {id.rsplit("/", 1)[0] for id in known}  # isa/form, image/decode
    assert cited <= known | groups


@pytest.mark.parametrize("path", [*CHAPTERS, *SPEC.glob("*/*.def")], ids=lambda path: path.name)
def test_numbers_of_things_are_those_of_the_tables(path):
    for number, thing in COUNTED.findall(path.read_text()):
        assert int(number) == NUMBERS[thing], f"{number} {thing}"


def test_the_terminators_that_the_chapter_lists_are_those_of_the_table():
    sentence = model.rules()["isa/terminators"]
    count, listed = re.search(r"The (\d+) opcodes marked ENDS.*?: ([\d, -]+)\.", sentence).groups()
    ranges = [part.partition("-") for part in listed.split(", ")]
    bytes_ = {byte for first, _, last in ranges for byte in range(int(first), int(last or first) + 1)}
    assert {record.byte for record in INSN if record.ends} == bytes_ & {record.byte for record in INSN}
    assert int(count) == sum(record.ends for record in INSN)


def test_the_free_operations_that_the_chapter_lists_are_those_of_the_table():
    sentence = model.rules()["host/unassigned"]
    ranges = re.findall(r"(\d+)(?:\.\.(\d+))?", sentence)
    listed = {number for first, last in ranges for number in range(int(first), int(last or first) + 1)}
    table = model.kernel.table
    assert listed == set(range(table.LIMIT["op_silent_min"])) - {number for _, number in table.OP}


def test_a_terminator_is_what_leaves_its_place():
    leaving = {Kind.JUMP, Kind.DYNAMIC, Kind.BRANCH, Kind.CALL, Kind.NOTHING}
    for record in INSN:
        kind = model.table.ROLE_OF[record.name].kind
        assert record.ends is (kind in leaving or record.name == "trap")


def test_links_lead_somewhere():
    """The guides in docs/ are pages of the book, whose build checks them."""
    dead = []
    for document in documents():
        if document.is_relative_to(ROOT / "docs"):
            continue
        for link in LINK.findall(document.read_text()):
            is_elsewhere = re.match(r"[a-z]+:|#", link)
            if not is_elsewhere and not (document.parent / link.partition("#")[0]).exists():
                dead.append(f"{document.relative_to(ROOT)}: {link}")
    assert dead == []
