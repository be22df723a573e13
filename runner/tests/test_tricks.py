"""Engines that try to fool the judge: what they compute is right, and how they say it is not (hostile/proxy.py).

Each trick meets `replay`, and those that reach further the commands beside it. None is green, none is taken for
another kind of failure, and nothing that an engine says moves the terminal.
"""

import re
import shlex
from pathlib import Path

import pytest
import test_hostile as hostile
from command import assay

from assay.base import exit_code, paths
from assay.base.plain import UNFIT
from assay.commands.bench import chain_arguments

PROXY = hostile.HOSTILE / "proxy.py"
BUILT = paths.ROOT / "build" / "release"
SHOW = ["--show", str(BUILT)]
TIMEOUT = ["--timeout", "2"]
# A case of the machine with records, a call and an event.
FILES = [str(paths.VECTORS / name) for name in ("exit/records.json", "cap/ranges.json", "chain/payload.json")]
SELECTED = ["-k", "calls_with_both_kinds or copy_from_with_bit_8 or one_payload_twice"]
CASES = 3
GARBAGE = {"malformed": 2, "not run": 1}  # two of these, then it is given up

# trick: the kinds of its verdicts, and what a message says
REPLIES: dict[str, tuple[dict[str, int], str]] = {
    "hides_records": (GARBAGE, "records_cut, and no list has 65536 records"),
    "hides_the_last_record": (GARBAGE, "records_cut, and no list has 65536 records"),
    "hides_behind_many_records": ({"differs": 3}, ""),
    "says_that_it_lacks": ({"failed": 3}, "the engine lacks that feature"),
    "says_not_run": ({"failed": 3}, "not run"),
    "says_pass": ({"differs": 3}, "refused"),
    "speaks_in_colours": ({"failed": 3}, "9450 passed"),
    "invents_words": (GARBAGE, "not of the protocol"),
    "answers_and_errs": (GARBAGE, "neither"),
    "is_wrong_unobserved": ({"differs": 3}, ""),
    "writes_numbers_otherwise": (GARBAGE, "no leading zeros"),
    "writes_true_for_numbers": (GARBAGE, "must be a string"),
}
DEEDS: dict[str, tuple[dict[str, int], str]] = {
    "dies_with_forged_words": ({"died": 2, "not run": 1}, "SIGABRT during run"),
    "dies_with_forged_records": ({"died": 2, "not run": 1}, "SIGSEGV during run"),
    "answers_early": (GARBAGE, "nobody asked for"),
    "promises_a_long_reply": (GARBAGE, "more than 64 MiB"),
    "promises_more_than_it_gives": ({"died": 2, "not run": 1}, "half a reply"),
    "adds_bytes_behind": (GARBAGE, "after the end of the value"),
    "answers_with_a_flood": (GARBAGE, "values"),
    "leaves_at_once": ({"died": 2, "not run": 1}, "ended with code 0"),
}
MOVES = "moves_to_a_child"  # has a test of its own
ENDINGS = {
    "exits_with_3": "ended with code 3 after bye",
    "aborts": "killed by SIGABRT after bye",
    "hangs": "it did not end within 2 s after bye, so it was ended",
    "reports_a_leak": "ended with code 1 after bye; its last words: ERROR: LeakSanitizer",
    "leaves_a_thread": "it did not end within 2 s after bye",
}


def proxy(trick: str) -> str:
    server = [str(paths.native()), "serve", "--engine", str(paths.library("ref")), "--framed", "--tell"]
    return f"{trick}=cmd:{shlex.join([hostile.PYTHON, str(PROXY), trick, *server])}"


def replayed(tricks: list[str], folder: Path) -> hostile.Played:
    report = folder / "report.jsonl"
    engines = [word for trick in tricks for word in ("-e", proxy(trick))]
    limits = [*SHOW, *TIMEOUT, "--deaths", "2", "--cards", "0"]
    done = assay("replay", *FILES, *SELECTED, *limits, "--json", report, *engines)
    assert not UNFIT.search((done.stdout + done.stderr).replace("\n", ""))
    return hostile.Played(done.returncode, done.stdout + done.stderr, hostile.read(report))


def kinds(found: hostile.Played, trick: str) -> dict[str, int]:
    lines = [line for line in found.lines if line.get("engine") == trick and "case" in line]
    words = [line.get("kind") or line["verdict"] for line in lines]
    return {word: words.count(word) for word in words}


def batches(tricks: dict, size: int = 4) -> list[list[str]]:
    """Some at a time: a start of the command line costs more than most of them do."""
    names = list(tricks)
    return [names[at : at + size] for at in range(0, len(names), size)]


def test_the_tables_name_every_trick():
    text = PROXY.read_text()
    listed = [text.partition(f"\n{name} = (")[2].partition(")")[0].split() for name in ("REPLIES", "DEEDS")]
    assert [[word.rstrip(",") for word in words] for words in listed] == [list(REPLIES), [*DEEDS, MOVES]]
    assert re.findall(r'^    "(\w+)": lambda', text, re.M) == list(ENDINGS)


@pytest.mark.parametrize("tricks", [*batches(REPLIES), *batches(DEEDS)], ids=lambda tricks: tricks[0])
def test_a_trick_is_red_and_has_its_right_name(tricks, tmp_path):
    found = replayed(tricks, tmp_path)
    for trick in tricks:
        expected, words = (REPLIES | DEEDS)[trick]
        assert (trick, kinds(found, trick)) == (trick, expected)
        assert words in found.messages(trick)
    assert found.code in (exit_code.DIFFERED, exit_code.BROKEN)


def test_one_that_moves_to_a_child_has_ended(tmp_path):
    """The child may be quick enough for one case; that it is not what was started is seen at the next."""
    found = replayed([MOVES], tmp_path)
    assert kinds(found, MOVES).get("died") == 2 and found.code == exit_code.BROKEN
    assert "ended with code 0" in found.messages(MOVES)


def test_an_end_after_bye_counts_for_replay(tmp_path):
    found = replayed(list(ENDINGS), tmp_path)
    assert found.code == exit_code.BROKEN
    for trick, words in ENDINGS.items():
        assert found.verdicts(trick) == {"pass": CASES}
        assert words in found.messages(trick)


# The commands beside it


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A program, an Image and an event."""
    made = tmp_path_factory.mktemp("tricks")
    (made / "trap.asm").write_text("trap\n")
    (made / "events").write_text('{"payload": "6869"}\n')
    chain_arguments(made)
    return made


def calls(folder: Path, case: str) -> dict[str, list[str]]:
    image, events = str(folder / "chain.image"), str(folder / "events")
    program = str(folder / "trap.asm")
    few = ["--seed", "1", "--count", "8", "--vote-every", "0", "-j", "1", "-e", "ref"]
    return {
        "run": ["run", program, *TIMEOUT],
        "trace": ["trace", program, *TIMEOUT],
        "trace of a call": ["trace", case, *TIMEOUT],
        "diff": ["diff", program, *TIMEOUT, "-e", "ref"],
        "diff of a call": ["diff", case, *TIMEOUT, "-e", "ref"],
        "random": ["random", *few],
        "random calls": ["random", "--level", "kernel", *few],
        "image": ["image", "check", image, *TIMEOUT],
        "chain": ["chain", "run", image, events, *TIMEOUT],
    }


CALLS = tuple(calls(Path(), ""))
HANGS_SHORTLY = ("run", "trace", "diff of a call", "chain")  # of each way to say bye one; random has no --timeout
COLOURED = [("speaks_in_colours", name) for name in CALLS]
COLOURED += [("invents_words", name) for name in ("trace of a call", "image", "chain", "random")]
CASE = f"{FILES[1]}::cap/ranges/copy_from_with_bit_8"


def called(name: str, engine: str, folder: Path) -> tuple[int, str]:
    done = assay(*calls(folder, CASE)[name], "-e", engine, *SHOW)
    said = done.stdout + done.stderr
    assert not UNFIT.search(said.replace("\n", "")) and "Traceback" not in said
    return done.returncode, said


@pytest.mark.parametrize("name", CALLS)
def test_an_end_after_bye_counts_for_every_command(name, folder):
    code, said = called(name, proxy("reports_a_leak"), folder)
    assert code == exit_code.BROKEN
    assert f"engine reports_a_leak: {ENDINGS['reports_a_leak']}" in said


@pytest.mark.parametrize("name", HANGS_SHORTLY)
def test_so_does_an_engine_that_hangs_there(name, folder):
    code, said = called(name, proxy("hangs"), folder)
    assert code == exit_code.BROKEN
    assert f"engine hangs: {ENDINGS['hangs']}" in said


@pytest.mark.parametrize("habit", ["aborts_at_end", "loops_at_end"])
def test_so_does_the_end_of_a_shared_object(habit, folder, tmp_path):
    engine = hostile.target(f"library-{habit}", tmp_path)
    words = "killed by SIGABRT after bye" if habit == "aborts_at_end" else "it did not end within 2 s after bye"
    for name in ("run", "diff"):
        code, said = called(name, engine, folder)
        assert code == exit_code.BROKEN
        assert f"engine library-{habit}: {words}" in said


@pytest.mark.parametrize("name", ["diff", "random", "random calls"])
def test_an_honest_end_is_no_failure(name, folder):
    assert called(name, proxy("none"), folder)[0] == exit_code.AGREED


@pytest.mark.parametrize(("trick", "name"), COLOURED)
def test_what_an_engine_says_moves_no_terminal(trick, name, folder):
    code, _ = called(name, proxy(trick), folder)
    assert code in (exit_code.DIFFERED, exit_code.BROKEN)


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith(("diff", "random"))])
def test_hidden_records_are_missed(name, folder):
    code, _ = called(name, proxy("hides_records"), folder)
    assert code in (exit_code.DIFFERED, exit_code.BROKEN)
