"""The words of a command line for the compiler, in their order: what is compiled, and what each step gets."""

import shlex
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from .errors import LinkError

# Options whose value is the next word. Those of the linker concern the last step alone.
LINKER = {"-T", "-L", "-l", "-u", "-z", "-e", "-Xlinker", "--entry", "--undefined"}
SEPARATE = {
    "-I", "-D", "-U", "-x", "-include", "-imacros", "-include-pch", "-isystem", "-isystem-after", "-iquote",
    "-idirafter", "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-isysroot", "--sysroot", "-Xclang", "-Xassembler",
    "-Xpreprocessor", "-mllvm", "-MF", "-MT", "-MQ", "-MJ", "-target", "--param", "-B", "-arch", "--config",
    *LINKER,
}  # fmt: skip
LINKER_JOINED = ("-Wl,", "-l", "-L", "-T", "-fuse-ld=", "-u", "-z")
LANGUAGE = {
    ".c": "c", ".i": "cpp-output", ".s": "assembler", ".S": "assembler-with-cpp", ".sx": "assembler-with-cpp",
    ".cc": "c++", ".cpp": "c++", ".cxx": "c++", ".C": "c++", ".ii": "c++-cpp-output",
}  # fmt: skip
OTHER_OUTPUT = {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-shared", "-r", "-emit-llvm", "-pie"}
ASSEMBLER = ("-m", "-Wa,", "-I", "--target=", "-target", "-Xassembler")


@dataclass(frozen=True)
class Source:
    """A file that is compiled."""

    path: str
    language: str


@dataclass(frozen=True)
class Words:
    """`compile`: the options of the compiler. `link`: options and inputs in order, a Source where its object goes."""

    compile: list[str]
    link: list[str | Source]

    @property
    def sources(self) -> list[Source]:
        return [word for word in self.link if isinstance(word, Source)]

    @property
    def assemble(self) -> list[str]:
        """The options that the assembler needs for what the compiler wrote."""
        return [word for pair in pairs(self.compile) if pair[0].startswith(ASSEMBLER) for word in pair]

    @property
    def debug(self) -> list[str]:
        return [word for word in self.compile if word.startswith("-g")]

    @property
    def is_lto(self) -> bool:
        last = [word for word in self.compile if word.startswith("-flto") or word == "-fno-lto"]
        return bool(last) and last[-1] != "-fno-lto"


def pairs(argv: Iterable[str], separate: Set[str] = frozenset(SEPARATE)) -> Iterator[list[str]]:
    """Each option with its value."""
    words = iter(argv)
    for word in words:
        yield [word, *([value] if word in separate and (value := next(words, None)) is not None else [])]


def expanded(argv: Iterable[str]) -> Iterator[str]:
    """@FILE is the words of that file."""
    for word in argv:
        if word.startswith("@") and Path(word[1:]).is_file():
            yield from expanded(shlex.split(Path(word[1:]).read_text()))
        else:
            yield word


def read(argv: Sequence[str]) -> Words:
    """Raises LinkError for what makes something else than a program."""
    found = Words([], [])
    language: str | None = None
    for pair in pairs(expanded(argv)):
        word = pair[0]
        if word in OTHER_OUTPUT:
            raise LinkError(f"{word} makes no Image", advice="leave it out, or call clang and then `assay link`")
        if word == "-x" or (word.startswith("-x") and word[2:3].isalpha()):
            value = pair[-1] if len(pair) > 1 else word[2:]
            language = None if value == "none" else value
        elif word.startswith("-") and word != "-":
            if word not in LINKER and not word.startswith(LINKER_JOINED):
                found.compile.extend(pair)
            if word != "-mno-relax":  # a driver hands that on to the linker, see LINK in cc.py
                found.link.extend(pair)
        elif (spoken := language or LANGUAGE.get(Path(word).suffix)) is not None:
            found.link.append(Source(word, spoken))
        else:
            found.link.append(word)
    return found
