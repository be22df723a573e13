"""Ways of being green by accident: each sets something up, runs the real command, and must be red.

A way is red when the command ends with the code it should have and says a sentence about it, without a traceback.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from assay.base import exit_code, paths
from assay.check.vacuity_stubs import SPOILED, STUB

TIMEOUT = 60.0
ADD, XOR = paths.VECTORS / "isa" / "add_64.json", paths.VECTORS / "isa" / "xor.json"
KERNEL = paths.VECTORS / "chain"
ONE = "isa/add_64/one_and_one"
DEEP = "[" * 3000
RESTRAINED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")

Words: TypeAlias = list[str]
Setup: TypeAlias = Callable[[Path], Words]


@dataclass(frozen=True)
class Way:
    """One way, and what must come of it."""

    name: str
    argv: Setup  # makes what is needed in a folder; returns the command line
    code: int
    says: str  # a regular expression


# Setting up


def words(*argv: object) -> Setup:
    return lambda _: [str(word) for word in argv]


def vector(change: Callable[[str], str], source: Path = ADD) -> Setup:
    """Replays a changed copy of a vector file."""

    def argv(folder: Path) -> Words:
        text = source.read_text()
        changed = change(text)
        if changed == text:
            raise ValueError(f"{source}: the change changes nothing")
        (folder / "changed.json").write_text(changed)
        return ["replay", "-e", "ref", str(folder / "changed.json")]

    return argv


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def kernel_votes(value: str) -> Callable[[str], str]:
    return lambda text: re.sub(r'("cases": \[\n\{"id":"[^"]*",)', rf'\1"votes":{value},', text, count=1)


def without_images(text: str) -> str:
    return re.sub(r'"images": \{.*?\},?\n', "", text, count=1, flags=re.DOTALL)


def kernel_file() -> Path:
    return next(path for path in sorted(KERNEL.glob("*.json")) if '"@' in path.read_text())


def of_kernel(change: Callable[[str], str]) -> Setup:
    return lambda folder: vector(change, kernel_file())(folder)


def text_file(name: str, text: str, *argv: object) -> Setup:
    """@ in a word stands for the file."""

    def made(folder: Path) -> Words:
        (folder / name).write_text(text)
        return [str(word).replace("@", str(folder / name)) for word in argv]

    return made


def stub(mode: str, *argv: object) -> Setup:
    def made(folder: Path) -> Words:
        (folder / "stub.py").write_text(STUB)
        engine = f"stub=cmd:{shlex.join([sys.executable, str(folder / 'stub.py'), mode])}"
        return ["replay", "-e", engine, "--no-sandbox", "--cards", "0", *map(str, argv)]

    return made


def spoiled(mode: str, *argv: object) -> Setup:
    """The specification, spoiled in add_64; vectors.json is a copy that it may write."""

    def made(folder: Path) -> Words:
        (folder / "spoiled.py").write_text(SPOILED)
        (folder / "vectors.json").write_text(ADD.read_text())
        path = folder / ("vectors.json" if mode == "writes" else "mark")
        command = shlex.join([sys.executable, str(folder / "spoiled.py"), mode, str(path), "--framed"])
        engine = f"spoiled=cmd:{command}"
        return ["replay", "-e", engine, "--no-sandbox", "--cards", "0", str(folder / "vectors.json"), *map(str, argv)]

    return made


def known(text: str) -> Setup:
    return text_file("known.toml", text, "replay", "-e", "ref", ADD, "--known", "@")


def entry(**keys: str) -> str:
    values = {"reason": '"a test"', "date": "2026-01-31"} | keys
    return "[[known]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value)


def empty_folder(folder: Path) -> Words:
    return ["replay", "-e", "ref", str(folder)]


def closed_folder(folder: Path) -> Words:
    (folder / "vectors" / "closed").mkdir(parents=True)
    (folder / "vectors" / "add_64.json").write_text(ADD.read_text())
    (folder / "vectors" / "closed").chmod(0)
    return ["replay", "-e", "ref", str(folder / "vectors")]


def twice(folder: Path) -> Words:
    (folder / "copy.json").write_text(ADD.read_text())
    return ["replay", "-e", "ref", str(ADD), str(folder / "copy.json")]


def two_stubs(command: Words) -> Setup:
    """Two engines that refuse every program."""

    def made(folder: Path) -> Words:
        (folder / "stub.py").write_text(STUB)
        program = shlex.join([sys.executable, str(folder / "stub.py"), "refuses"])
        engines = [word for name in ("one", "two") for word in ("-e", f"{name}=cmd:{program}")]
        return [*command, *engines, "--no-sandbox"]

    return made


def events(text: str) -> Setup:
    return text_file("events.jsonl", text, "chain", "run", ADD, "@", "-e", "ref")


WRONG, USAGE, INPUT = exit_code.DIFFERED, exit_code.USAGE, exit_code.BAD_INPUT
BROKEN, NOTHING, ENGINE = exit_code.BROKEN, exit_code.NOTHING, exit_code.NO_ENGINE

SELECTION = (
    Way("a preset with a typo", words("replay", "--preset", "relaese", ADD), USAGE, "there is no preset 'relaese'"),
    Way("an engine with a typo", words("replay", "-e", "reff", ADD), USAGE, "give model, ref, fast"),
    Way("an engine given twice", words("replay", "-e", "ref", "-e", "ref", ADD), USAGE, "given twice"),
    Way("an engine that is not there", words("replay", "-e", "x=none.so", ADD), ENGINE, "there is no file"),
    Way("a program that is not there", words("replay", "-e", "x=cmd:none-such", ADD), ENGINE, "no such program"),
    Way(
        "a library without an engine",
        text_file("libassay_x.so", "text", "replay", "-e", "x=@", ADD),
        ENGINE,
        "engine x: ",
    ),
    Way("-k selects nothing", words("replay", "-k", "no_such_word", ADD), NOTHING, "selects none"),
    Way("-k is no expression", words("replay", "-k", "and and", ADD), USAGE, "write as in"),
    Way("an id that is not there", words("replay", f"{ADD}::isa/add_64/nothing"), INPUT, "there is no case"),
    Way("a file that is not there", words("replay", "nowhere.json"), INPUT, "nowhere.json"),
    Way("an empty folder", empty_folder, INPUT, "no .json file"),
    Way("a sub-folder that cannot be read", closed_folder, INPUT, "closed: Permission denied"),
    Way("--allow with a typo", words("replay", "--allow", "canot", ADD), USAGE, "'canot' is not"),
    Way("no job", words("replay", "-j", "0", ADD), USAGE, "--jobs"),
    Way("a timeout that is no number", words("replay", "--timeout", "nan", ADD), USAGE, "not a number of seconds"),
    Way("a timeout without end", words("replay", "--timeout", "inf", ADD), USAGE, "not a number of seconds"),
    Way("a timeout below zero", words("replay", "--timeout", "-1", ADD), USAGE, "not a number of seconds"),
)
VECTORS = (
    Way("an empty file", vector(lambda _: ""), INPUT, "at byte"),
    Way("half a file", vector(lambda text: text[: len(text) // 2]), INPUT, "at byte"),
    Way("text behind the end", vector(lambda text: text + "{}"), INPUT, "at byte"),
    Way("an unknown schema", vector(swap("assay-machine-1", "assay-machine-9")), INPUT, "at byte"),
    Way("a key that nobody knows", vector(swap('"rules"', '"rulez"')), INPUT, "rulez"),
    Way("a key that stands twice", vector(swap('"rules"', '"id":"isa/x/y","rules"')), INPUT, "duplicate key"),
    Way("no case in the file", vector(lambda text: text.split('"cases"')[0] + '"cases": []}'), INPUT, "at byte"),
    Way("an id in two files", twice, INPUT, "duplicate id"),
    Way("a vector that expects something else", vector(swap('"gas":"0x3e7"', '"gas":"0x3e6"')), WRONG, "1 wrong"),
    Way("votes that name nobody", of_kernel(kernel_votes('["nobody"]')), INPUT, "nobody"),
    Way("votes that are a number", of_kernel(kernel_votes("7")), INPUT, "at byte"),
    Way("a kernel file without its images", of_kernel(without_images), INPUT, "at byte"),
    Way("vectors that change meanwhile", spoiled("writes"), WRONG, "the vector files changed"),
)
SHOWN = "so nothing was shown"
ENGINES = (
    Way("an engine that answers {} to everything", stub("empty", ADD), BROKEN, "0 pass, [1-9]"),
    Way("an engine that prints verdicts", stub("forged", ADD), BROKEN, "0 pass, [1-9]"),
    Way("an engine that runs before load", stub("early", ADD), WRONG, "nothing runs before a program is loaded"),
    Way("an engine that resumes what has not run", stub("resume", ADD), WRONG, "nothing resumes"),
    Way("an engine that reads absent pages", stub("absent", ADD), WRONG, "a page that was not given cannot be read"),
    Way("an engine that writes absent pages", stub("writes", ADD), WRONG, "not given cannot be written"),
    Way("an engine that admits garbage", stub("garbage", ADD), WRONG, "bytes that are no program are not admitted"),
    Way("an engine that knows every request", stub("nonsense", ADD), WRONG, "that the protocol does not have"),
    Way("an engine that computes nothing", stub("good", ADD), WRONG, "0 pass, [1-9]"),
    Way("an engine that lacks the kernel", stub("good", KERNEL), WRONG, "0 pass, 0 wrong, .* [1-9][0-9]* cannot"),
    Way("an engine that can nothing, allowed", stub("good", KERNEL, "--allow", "cannot"), NOTHING, "0 pass, 0 wrong"),
    Way("an engine that dies at once", words("replay", "-e", "x=cmd:false", ADD), BROKEN, "did not start"),
    Way("an engine that ends at once", words("replay", "-e", "x=cmd:true", ADD), BROKEN, "did not start"),
    Way("a failure that does not repeat", spoiled("once"), WRONG, "1 flaky"),
    Way("an engine that is always wrong", spoiled("always", "-k", "one_and"), WRONG, "[1-9][0-9]* wrong, 0 flaky"),
    Way(
        "two engines that refuse, random", two_stubs(["random", "--count", "20", "--vote-every", "0"]), NOTHING, "shown"
    ),
    Way(
        "two engines that reject the program, diff", text_file("x.bin", "garbage", "diff", "@"), NOTHING, "nothing ran"
    ),
    Way("two engines that refuse a vector, diff", two_stubs(["diff", f"{ADD}::{ONE}"]), NOTHING, "refus"),
    Way("no random program", words("random", "--count", "0"), USAGE, "--count"),
    Way("random with one engine", words("random", "-e", "ref"), USAGE, "two engines"),
    Way("diff with one engine", words("diff", f"{ADD}::{ONE}", "-e", "ref"), USAGE, "two engines"),
)
LISTS = (
    Way("a known failure that passes", known(entry(case=f'"{ONE}"')), WRONG, "and it passes"),
    Way("a known failure that names nothing", known(entry(case='"isa/add_64/no"')), WRONG, "names nothing"),
    Way("a known signature that is met nowhere", known(entry(signature='"0123abcd"')), WRONG, "names nothing"),
    Way("a known failure without a reason", known(entry(case=f'"{ONE}"', reason="")), INPUT, "needs a reason"),
    Way("a known failure without a date", known(entry(case=f'"{ONE}"', date="")), INPUT, "no date"),
    Way("a known failure with a key too many", known(entry(case='"a"', until="1")), INPUT, "unknown key 'until'"),
    Way("a list of known failures that is empty", known(""), INPUT, "entries and nothing else"),
    Way("a list of known failures that is no TOML", known("[[known"), INPUT, "no TOML"),
    Way("no event", events(""), INPUT, "there is no event"),
    Way("an event that is nested without end", events(DEEP), INPUT, "nested too deep|no JSON"),
    Way("an event with a key twice", events('{"gas": 1, "gas": 2}'), INPUT, "stands twice"),
    Way("an event with true for a number", events('{"endpoint": true}'), INPUT, "not an integer"),
    Way("an event with an exponent", events('{"gas": 1e3}'), INPUT, "not an integer"),
    Way("an event with NaN", events('{"gas": NaN}'), INPUT, "is not JSON"),
    Way("a state that is none", words("state", "show", ADD), INPUT, "add_64.json"),
    Way("a report that cannot be written", words("replay", "-e", "ref", ADD, "--json", "/"), exit_code.NO_OUTPUT, "/"),
)
WAYS = (*SELECTION, *VECTORS, *ENGINES, *LISTS)


# Running


@dataclass(frozen=True)
class Tried:
    way: Way
    code: int
    said: str

    @property
    def complaint(self) -> str:
        """What is not as it must be; nothing: the way is red as it should be."""
        if self.code != self.way.code:
            return f"ended with {self.code}, not {self.way.code}: {self.last}"
        if "Traceback" in self.said:
            return "a traceback"
        return "" if re.search(self.way.says, self.said) else f"does not say {self.way.says!r}: {self.last}"

    @property
    def last(self) -> str:
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def try_way(way: Way) -> Tried:
    with TemporaryDirectory(prefix="assay-vacuity-") as name:
        folder = Path(name)
        argv = [*anybody(way), sys.executable, "-m", "assay", *way.argv(folder)]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, cwd=paths.ROOT, check=False)
            return Tried(way, done.returncode, done.stdout + done.stderr)
        except subprocess.TimeoutExpired:
            return Tried(way, -1, f"no end after {TIMEOUT:g} s")
        finally:
            for closed in folder.rglob("closed"):
                closed.chmod(0o700)


def anybody(way: Way) -> tuple[str, ...]:
    """Root reads every folder, unless it gives up the capabilities for that."""
    return RESTRAINED if way.argv is closed_folder and os.geteuid() == 0 else ()


def try_all(jobs: int) -> Iterator[Tried]:
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(try_way, WAYS)


def as_line(tried: Tried) -> str:
    return json.dumps({"way": tried.way.name, "code": tried.code, "complaint": tried.complaint or None})
