"""Style and arrows: what every file must keep to. Prints `file:line: complaint`; code 1 if any.

    python CI/tidy.py            all files that git knows or would add

Arrows of C: ref/, fast/ and the harness include assay.h, spec/*.def and their own headers, the fuzzing
targets the harness's too. Arrows of Python: FOLDERS
and ROOMS below. Exceptions from other tools' rules have their reason on their line, and EXCEPTIONS may only fall.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXCEPTIONS = 1  # `type: ignore`, `noqa`, `NOLINT`, `Any`: how many there are; whoever removes one lowers it
COLUMNS = 120
CODE = {".c", ".h", ".py", ".sh", ".cmake", ".def", ".asm", ".ld", ".in", ".toml", ".yml", ".yaml", ".js", ".css", ""}
TEXT = CODE | {".md", ".txt", ".json", ".1", ".lock"}
LONG = {"LICENSE"}  # texts of others

MARKS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
NAMED_HOSTS = r"assay\.invalid|www\.apache\.org|www\.w3\.org|json-schema\.org"
PLACES = re.compile(rf"/work/|/home/[a-z]|/root/|\bhttps?://(?!{NAMED_HOSTS})")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IMPORT = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import\s+(.+)|import\s+([\w.]+))")
RULE = re.compile(r"^### (\S+)$", re.M)
EXCEPTION = re.compile(r"(#\s*type:\s*ignore(?:\[[^\]]*\])?|#\s*noqa(?::\s*[A-Z0-9, ]+)?|NOLINT\w*(?:\([^)]*\))?)(.*)")

# folder -> what its Python may import besides the standard library
FOLDERS = {
    "spec/model": {"model"},
    "spec/cases": {"model", "cases"},
    "guest/linker": {"model", "elftools"},
    "guest/random_guest": set[str](),
    "CI": set[str](),
}
# The rooms of runner/assay from the top down: a room imports rooms further down, and itself.
ROOMS = (
    "commands", "release", "book", "mutate", "check", "fuzz", "guests", "random", "replay", "finds", "shrink", "locate",
    "corpus", "suite", "assembly", "engines", "base",
)  # fmt: skip
RUNNER = Path("runner/assay")
ROOT_MODULES = {"__init__.py", "__main__.py", "cli.py"}

# What every record of a table needs elsewhere: (table, its macro, the files, what, how it is known).
NEEDED = (
    ("machine/isa.def", "INSN", "spec/machine/isa.md", "the rule isa/NAME", r"^### isa/NAME$"),
    ("machine/isa.def", "INSN", "ref/machine/*.c", "the function ref_op_NAME", r"^void ref_op_NAME\("),
    (
        "machine/isa.def", "INSN", "fast/machine/*.c", "the function fast_emit_NAME",
        r"^(?:void fast_emit_NAME\(|TOUCHES\(NAME\)$)",
    ),
    ("kernel/kernel.def", "OP", "spec/kernel/*.md", "the rule host/NAME", r"^### (?:cap|host)/NAME$"),
    ("kernel/kernel.def", "OP", "ref/kernel/host.c", "the function op_NAME", r"^static enum ref_result op_NAME\("),
    ("kernel/kernel.def", "OP", "fast/kernel/host.c", "the function op_NAME", r"^static int op_NAME\("),
    (
        "kernel/kernel.def", "OP", "guest/lib/include/assay/guest.h", "the line ASSAY_OP_NAME = NUMBER",
        r"(?i:\bASSAY_OP_NAME) = NUMBER\b",
    ),
)  # fmt: skip
CLI, MANUAL, CALLS = RUNNER / "cli.py", Path("runner/assay.1"), Path("runner/tests/test_commands.py")
COMMANDS = re.compile(r"^COMMANDS = \((.*?)^\)", re.M | re.S)
COMMAND = re.compile(r"^def command\(", re.M)


@dataclass(frozen=True)
class Complaint:
    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Source:
    """A text file of the project."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def at(self, line: int, text: str) -> Complaint:
        return Complaint(self.path, line, text)


@dataclass(frozen=True)
class Rules:
    """The ids that the chapters define, and how one is cited."""

    ids: set[str]
    cited: re.Pattern[str]

    def unknown(self, line: str) -> list[str]:
        found: list[str] = self.cited.findall(line)
        return [name for name in found if name not in self.ids and not self.has_part(name)]

    def has_part(self, name: str) -> bool:
        return any(identity.startswith(f"{name}/") for identity in self.ids)


def files() -> list[Path]:
    """Every file of the project, vectors left out: they are generated."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [Path(name) for name in names.splitlines()]
    found = [path for path in paths if (ROOT / path).is_file() and not is_generated(path)]
    if not found:
        sys.exit("tidy: no file found; run it in a clone")
    return found


def is_generated(path: Path) -> bool:
    return path.parts[0] == "vectors" and path.suffix == ".json"


def read(paths: Iterable[Path]) -> tuple[list[Source], list[Complaint]]:
    sources, complaints = [], []
    for path in paths:
        if path.suffix not in TEXT:
            continue
        try:
            sources.append(Source(path, (ROOT / path).read_text("utf-8")))
        except UnicodeDecodeError as error:
            complaints.append(Complaint(path, 1, f"no UTF-8 at byte {error.start}"))
    return sources, complaints


def read_rules() -> Rules:
    chapters = sorted((ROOT / "spec").glob("*/*.md"))
    ids = {identity for chapter in chapters for identity in RULE.findall(chapter.read_text("utf-8"))}
    if not ids:
        sys.exit("tidy: no rule found in spec/*/*.md")
    areas = "|".join(sorted({identity.split("/")[0] for identity in ids}))
    return Rules(ids, re.compile(rf"(?<![\w/.])((?:{areas})(?:/[a-z0-9_]+)+)(?![\w/.*])"))


# What each line must keep to


def style(source: Source) -> Iterator[Complaint]:
    if source.text and not source.text.endswith("\n"):
        yield source.at(len(source.lines), "no newline at the end")
    for number, line in enumerate(source.lines, 1):
        for text in style_of_line(source.path, line):
            yield source.at(number, text)


def style_of_line(path: Path, line: str) -> Iterator[str]:
    if line.rstrip() != line:
        yield "spaces at the end"
    if "\t" in line:
        yield "a tab"
    if path.suffix in CODE and path.name not in LONG and len(line) > COLUMNS:
        yield f"{len(line)} columns, at most {COLUMNS}"
    if path.name != "tidy.py" and MARKS.search(line):
        yield "a mark of unfinished work"
    if path.name not in ("tidy.py", "LICENSE") and PLACES.search(line):
        yield "a place of some machine or network"


def citations(source: Source, rules: Rules) -> Iterator[Complaint]:
    """Engines and the model cite rules that exist."""
    if source.path.parts[0] in ("ref", "fast") or source.path.is_relative_to("spec/model"):
        for number, line in enumerate(source.lines, 1):
            for name in rules.unknown(line):
                yield source.at(number, f"{name} is no rule of a chapter")


# Exceptions from the rules of other tools


def exceptions(source: Source) -> Iterator[tuple[int, str, str]]:
    """(line, mark, what follows it) of each."""
    if source.path.suffix not in (".py", ".c", ".h") or source.path == Path("CI/tidy.py"):
        return
    for number, line in enumerate(source.lines, 1):
        if found := EXCEPTION.search(line):
            yield number, found[1], found[2]
    if source.path.suffix == ".py":
        yield from uses_of_any(source)


def uses_of_any(source: Source) -> Iterator[tuple[int, str, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.NAME and token.string == "Any" and "import" not in token.line:
            yield token.start[0], "Any", token.line.partition("#")[2]


def unreasoned(source: Source) -> Iterator[Complaint]:
    for number, mark, rest in exceptions(source):
        if not re.search(r"\w{2}", rest.removesuffix("*/")):
            yield source.at(number, f"{mark} without a reason on its line")


def count_of_exceptions(count: int) -> Iterator[Complaint]:
    """The number may only fall, so that it stands in this file as it is."""
    if count != EXCEPTIONS:
        advice = "remove one" if count > EXCEPTIONS else f"write {count} there"
        yield Complaint(Path("CI/tidy.py"), 1, f"{count} exceptions, EXCEPTIONS is {EXCEPTIONS}; {advice}")


# Arrows


def includes(source: Source) -> Iterator[Complaint]:
    room = source.path.parts[0]
    if source.path.suffix not in (".c", ".h") or room not in ("ref", "fast", "runner", "fuzz"):
        return
    for number, line in enumerate(source.lines, 1):
        found = INCLUDE.match(line)
        if not found or found[1] == "<":
            continue
        name = found[2]
        own = (ROOT / source.path.parent / name).is_file() or (ROOT / room / name).is_file()
        own = own or (room == "fuzz" and (ROOT / "runner/native" / name).is_file())
        contract = name == "assay.h" or (name.endswith(".def") and (ROOT / "spec" / name).is_file())
        if not own and not contract:
            yield source.at(number, f'includes "{name}", which is neither its own, nor assay.h, nor a table of spec/')


def imports(source: Source) -> Iterator[Complaint]:
    if source.path.suffix != ".py":
        return
    for number, line in enumerate(source.lines, 1):
        if found := IMPORT.match(line):
            for name in imported(found):
                for text in (outside(source.path, name), upward(source.path, name)):
                    if text:
                        yield source.at(number, text)


def imported(found: re.Match[str]) -> list[str]:
    """The modules that an import names: `from assay import a, b` are two."""
    module = found[1] or found[3]
    if module != "assay":
        return [module]
    return [f"assay.{name.split(' as ')[0].strip('() ')}" for name in (found[2] or "").split(",")]


def outside(path: Path, name: str) -> str:
    """What is wrong with an import of another folder, if anything is."""
    folder = next((folder for folder in FOLDERS if path.is_relative_to(folder)), None)
    top = name.split(".")[0]
    if folder is None or name.startswith(".") or top in sys.stdlib_module_names | FOLDERS[folder]:
        return ""
    return f"imports {top}; {folder} may import {', '.join(sorted(FOLDERS[folder])) or 'nothing'}"


def upward(path: Path, name: str) -> str:
    """What is wrong with an import of another room of the runner."""
    if not path.is_relative_to(RUNNER) or not name.startswith(("assay.", ".")):
        return ""
    if name.startswith("."):
        return f"imports {name}; write from assay.ROOM import ..."
    room, other = path.relative_to(RUNNER).parts[0], name.split(".")[1]
    if room in ROOMS and (other not in ROOMS or ROOMS.index(other) < ROOMS.index(room)):
        return f"imports {name}; the arrows go down: {' > '.join(ROOMS)}"
    return ""


# Files as a whole


def misplaced(paths: Iterable[Path]) -> Iterator[Complaint]:
    """Modules of the runner that stand in no room."""
    for path in paths:
        if path.parent == RUNNER and path.suffix == ".py" and path.name not in ROOT_MODULES:
            yield Complaint(path, 1, "it stands in no room of runner/assay")
        if path.suffix == ".py" and path.is_relative_to(RUNNER) and len(path.relative_to(RUNNER).parts) > 1:
            room = path.relative_to(RUNNER).parts[0]
            if room not in ROOMS and path.name == "__init__.py":
                yield Complaint(path, 1, f"the room {room} has no place in ROOMS of CI/tidy.py")


def unlisted(paths: Iterable[Path]) -> Iterator[Complaint]:
    """C files that no CMakeLists.txt names."""
    for path in paths:
        if path.suffix == ".c" and path.parts[0] in ("ref", "fast", "runner", "fuzz"):
            build = next(folder for folder in path.parents if (ROOT / folder / "CMakeLists.txt").is_file())
            listed = (ROOT / build / "CMakeLists.txt").read_text().split()
            if str(path.relative_to(build)) not in [word.strip("()") for word in listed]:
                yield Complaint(path, 1, "its CMakeLists.txt does not name it")


# What a table names, and what a command needs


def incomplete(sources: Iterable[Source]) -> Iterator[Complaint]:
    """What a record of a table lacks in a chapter, an engine or the guests' header; said of the file that has what the
    record before it needs.
    """
    text = {source.path: source.text for source in sources}
    for table, macro, pattern, what, known_by in NEEDED:
        records = re.findall(rf"^{macro}\(\s*(\w+)\s*,\s*(\d+)", (ROOT / "spec" / table).read_text(), re.M)
        files = [path for path in text if path.match(pattern)]
        place = files[0]
        for name, number in records:
            wanted, known = (words.replace("NAME", name).replace("NUMBER", number) for words in (what, known_by))
            found = [path for path in files if re.search(known, text[path], re.M)]
            place = found[0] if found else place
            if not found:
                yield Complaint(place, 1, f"{wanted} is missing, and spec/{table} has {name}")


def commands(sources: Iterable[Source]) -> Iterator[Complaint]:
    """A command has its module, its line in cli.py, its part of the manual page and a call that tests it."""
    text = {source.path: source.text for source in sources}
    folder = RUNNER / "commands"
    found = COMMANDS.search(text[CLI])
    listed = re.findall(r'"(\w+)"', found[1]) if found else []
    modules = [path.stem for path in text if path.parent == folder and COMMAND.search(text[path])]
    for name in sorted({*listed, *modules}):
        if name not in modules:
            yield Complaint(folder / f"{name}.py", 1, "there is no such command, but cli.py lists it")
        if name not in listed:
            yield Complaint(CLI, 1, f"COMMANDS lacks {name}, which is a module of commands/")
        if not re.search(rf"^\.SS {name}\b", text[MANUAL], re.M):
            yield Complaint(MANUAL, 1, f"the command {name} has no `.SS {name}` here")
        if not re.search(rf'^    "{name}": ', text[CALLS], re.M):
            yield Complaint(CALLS, 1, f"CALLS has no call of the command {name}")


def main() -> int:
    rules = read_rules()
    paths = files()
    sources, found = read(paths)
    for source in sources:
        found += [*style(source), *citations(source, rules), *includes(source), *imports(source), *unreasoned(source)]
    count = sum(1 for source in sources for _ in exceptions(source))
    found += [*count_of_exceptions(count), *misplaced(paths), *unlisted(paths)]
    found += [*incomplete(sources), *commands(sources)]
    for complaint in found:
        print(complaint)
    print(f"tidy: {len(paths)} files, {count} reasoned exceptions, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
