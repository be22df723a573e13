"""The command lines of `assay link` and `assay cc`: functions from arguments to an exit code."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import cc, image, mapfile
from .errors import LinkError

DONE, USAGE, BAD_INPUT, NO_TOOL, NO_OUTPUT = 0, 2, 3, 4, 8
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
        description="Compile C to an Image.",
        epilog="Other options go to the compiler: -O3 -DN=5 -Wall ...",
    )
    parser.add_argument("sources", nargs="+", metavar="FILE.c")
    add_outputs(parser)
    parser.add_argument("--elf", metavar="FILE", help="keep the ELF here")
    parser.add_argument("--stack", type=int, metavar="BYTES", help="size of the stack (65536)")
    parser.add_argument("--heap", type=int, metavar="BYTES", help="size of the heap (65536)")
    return parser


def cc_main(argv: Sequence[str] | None = None) -> int:
    arguments, options = cc_parser().parse_known_intermixed_args(argv)
    return guarded("cc", arguments.sources[0], lambda: cc.compile_and_link(arguments, options, link_file))


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
