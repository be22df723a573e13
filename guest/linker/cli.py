"""The command lines of `assay link` and `assay cc`: functions from arguments to an exit code."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import cc, image, layout, mapfile, words
from .errors import LinkError

DONE, USAGE, BAD_INPUT, NO_TOOL, NO_OUTPUT = 0, 2, 3, 4, 8
MEMORY = layout.PAGES_MAX * layout.PAGE
REGISTERS = {"a0": 7, "a1": 8, "a2": 9, "a3": 10, "a4": 11, "a5": 12}


def link_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay link", description="Link a static RISC-V ELF to an Image.")
    parser.add_argument("elf", metavar="GUEST.ELF")
    add_outputs(parser)
    return parser


def link_main(argv: Sequence[str] | None = None) -> int:
    arguments = link_parser().parse_args(argv)
    return guarded("link", arguments.elf, lambda: link_file(arguments.elf, arguments))


def cc_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assay cc",
        usage="assay cc FILE.c... -o GUEST.IMAGE [--map FILE] [--elf FILE] [--stack BYTES] [--heap BYTES] [...]",
        description="Compile C, or C++ without exceptions, to an Image.",
        epilog="Other options go to the compiler, in their order: -O3 -DN=5 -I include -include config.h -x c FILE ...",
        allow_abbrev=False,
    )
    add_outputs(parser)
    parser.add_argument("--elf", metavar="FILE", help="keep the ELF here")
    parser.add_argument("--stack", type=size(1), metavar="BYTES", help="size of the stack (65536, or 0x10000)")
    parser.add_argument("--heap", type=size(0), metavar="BYTES", help="size of the heap (65536)")
    return parser


OWN = ("-o", "--output", "--map", "--register", "--elf", "--stack", "--heap")
HELP = ("-h", "--help")


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """(the words that are for us, those that are for the compiler in their order)."""
    own: list[str] = []
    others: list[str] = []
    for pair in words.pairs(argv, {*words.SEPARATE, *OWN}):
        name = pair[0].split("=")[0] if pair[0].startswith("--") else pair[0][:2]
        is_own = pair[0] in HELP or (name in OWN and (name.startswith("--") or pair[0].startswith("-o")))
        (own if is_own else others).extend(pair)
    return own, others


def size(least: int) -> Callable[[str], int]:
    """A reader of a number of bytes, decimal or hexadecimal."""

    def bytes_of(text: str) -> int:
        try:
            value = int(text, 0)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text} is not a number of bytes, as 65536 or 0x10000") from None
        if not least <= value <= MEMORY:
            raise argparse.ArgumentTypeError(f"{text} is not from {least} to {MEMORY}")
        return value

    return bytes_of


def cc_main(argv: Sequence[str] | None = None) -> int:
    own, others = split(sys.argv[1:] if argv is None else argv)
    parser = cc_parser()
    arguments = parser.parse_args(own)
    named = [word for word in others if not word.startswith("-") or word == "-"]
    if not named:
        parser.error("there is no FILE.c")
    return guarded("cc", named[-1], lambda: cc.compile_and_link(arguments, others, link_file))


def add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", required=True, metavar="GUEST.IMAGE")
    parser.add_argument("--map", metavar="FILE", help="write where each instruction went, as lines of JSON")
    parser.add_argument(
        "--register",
        action="append",
        default=[],
        metavar="ENDPOINT.REGISTER=VALUE",
        help="what a0..a5 of an endpoint hold at its entry, as in 0.a0=1000",
    )


def guarded(command: str, file: str, act: Callable[[], None]) -> int:
    """Runs `act`; a complaint is one message and an exit code."""
    try:
        act()
    except cc.NoCompiler as error:
        print(f"assay {command}: {error}", file=sys.stderr)
        return NO_TOOL
    except NotWritten as error:
        print(f"assay {command}: {error}", file=sys.stderr)
        return NO_OUTPUT
    except LinkError as error:
        print(f"assay {command}: {file}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"assay {command}: {error.filename or file}: {error.strerror}", file=sys.stderr)
    else:
        return DONE
    return BAD_INPUT


def link_file(elf: str, arguments: argparse.Namespace) -> None:
    linked = image.link(Path(elf).read_bytes(), dict(map(register, arguments.register)))
    write(arguments.output, linked.image)
    if arguments.map:
        write(arguments.map, "".join(mapfile.lines(linked)).encode())


class NotWritten(Exception):
    """A file of ours cannot be written."""


def write(path: str, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror}") from None


def register(text: str) -> tuple[tuple[int, int], int]:
    """`0.a0=1000` to ((0, 7), 1000)."""
    try:
        place, value = text.split("=")
        endpoint, name = place.split(".")
        return (int(endpoint, 0), REGISTERS[name]), int(value, 0) % 2**64
    except (ValueError, KeyError):
        raise LinkError(
            f"--register {text} is not ENDPOINT.REGISTER=VALUE", advice="write it as in 0.a0=1000"
        ) from None
