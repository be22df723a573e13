"""Every command answers, with the exit code that its help promises, and without a traceback."""

import pytest
from command import assay

from assay import cli
from assay.base import exit_code

# A call of each command that takes no time, mostly one that asks for something that is not there.
CALLS: dict[str, tuple[tuple[str, ...], int]] = {
    "demo": (("--jobs", "0"), exit_code.USAGE),
    "test": (("--count", "few"), exit_code.USAGE),
    "replay": (("nowhere.json",), exit_code.BAD_INPUT),
    "diff": (("nowhere.asm",), exit_code.BAD_INPUT),
    "shrink": (("nowhere.json", "-e", "ref"), exit_code.BAD_INPUT),
    "trace": (("nowhere.asm",), exit_code.BAD_INPUT),
    "run": (("nowhere.asm",), exit_code.BAD_INPUT),
    "guests": (("nothing",), exit_code.USAGE),
    "cc": (("nowhere.c", "-o", "nowhere.image"), exit_code.BAD_INPUT),
    "link": (("nowhere.elf", "-o", "nowhere.image"), exit_code.BAD_INPUT),
    "image": (("show", "nowhere.image"), exit_code.BAD_INPUT),
    "chain": (("run", "nowhere.image", "nowhere.jsonl"), exit_code.BAD_INPUT),
    "state": (("show", "nowhere"), exit_code.BAD_INPUT),
    "asm": (("nowhere.asm",), exit_code.BAD_INPUT),
    "disasm": (("no hex",), exit_code.BAD_INPUT),
    "fill": (("--jobs", "0"), exit_code.USAGE),
    "cover": (("nowhere.json",), exit_code.BAD_INPUT),
    "random": (("--count", "0"), exit_code.USAGE),
    "fuzz": (("show", "nowhere"), exit_code.BAD_INPUT),
    "oracle": (("--count", "0"), exit_code.USAGE),
    "docs": (("-o",), exit_code.USAGE),
    "selftest": (("--jobs", "0"), exit_code.USAGE),
    "mutate": (("ref", "-k", "no_such_file", "--list"), exit_code.NOTHING),
    "contract": (("-e", "nowhere"), exit_code.USAGE),
    "bench": (("-e", "nowhere"), exit_code.USAGE),
    "serve": (("--engine", "nowhere"), exit_code.USAGE),
    "doctor": ((), exit_code.AGREED),
    "dist": (("-o",), exit_code.USAGE),
    "completion": (("no_such_shell",), exit_code.USAGE),
}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_answers(name: str) -> None:
    arguments, code = CALLS[name]
    done = assay(name, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout or done.stderr


def test_no_other_command_is_called() -> None:
    assert list(CALLS) == list(cli.COMMANDS)
