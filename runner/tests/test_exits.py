"""How the command line ends when it is not the engines that are wrong."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command import assay

from assay import cli
from assay.base import exit_code, paths

GOOD = paths.VECTORS / "isa" / "add_64.json"


def shell(script: str) -> subprocess.CompletedProcess[str]:
    """A script in which $assay is the command."""
    program = shlex.join([sys.executable, "-m", "assay"])
    argv = ["bash", "-o", "pipefail", "-c", f"assay='{program}'\n{script}"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, cwd=paths.ROOT, check=False)


@pytest.mark.parametrize("command", ["replay --list", "replay -e ref --json -", "trace vectors/exit/programs.json::ID"])
def test_a_closed_pipe_ends_quietly(command: str) -> None:
    case = "exit/programs/fibonacci_in_pieces"
    done = shell(f"$assay {command.replace('ID', case)} | head -1")
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1
    assert done.returncode in (exit_code.AGREED, exit_code.PIPE_CLOSED)


def test_the_status_of_a_closed_pipe_is_no_verdict() -> None:
    done = shell("$assay replay --list | true; echo ${PIPESTATUS[0]}")
    assert done.stdout.split() == [str(exit_code.PIPE_CLOSED)] and done.stderr == ""


@pytest.mark.parametrize("command", ["replay -q -e ref FILE", "replay -e ref FILE --json /dev/full", "asm -"])
def test_a_full_disk_is_said_and_is_no_verdict(command: str) -> None:
    target = "" if "/dev/full" in command else "> /dev/full"
    done = shell(f"echo trap | $assay {command.replace('FILE', str(GOOD))} {target}")
    assert done.returncode == exit_code.NO_OUTPUT, done.stderr
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_report_that_cannot_be_opened() -> None:
    done = assay("replay", "-e", "ref", GOOD, "--json", "/nowhere/report.jsonl")
    assert done.returncode == exit_code.NO_OUTPUT and "/nowhere/report.jsonl" in done.stderr


def test_an_error_of_assay_says_what_to_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(cli.root, "get_command", lambda ctx, name: click.Command(name, callback=fails))
    monkeypatch.setattr(sys, "argv", ["assay", "replay", "a file"])
    assert cli.run(["replay"]) == exit_code.INTERNAL
    said = capsys.readouterr().err
    assert "KeyError: 'planted'" in said and "assay replay 'a file'" in said and paths.version() in said
    kept = re.search(r"traceback\s+(\S+)", said)
    assert kept and "raise KeyError" in Path(kept[1]).read_text()
    Path(kept[1]).unlink()


def test_no_two_codes_mean_the_same() -> None:
    assert len(set(exit_code.TABLE.values())) == len(exit_code.TABLE)
    assert exit_code.worst([exit_code.DIFFERED, exit_code.INTERNAL]) == exit_code.INTERNAL
    assert exit_code.worst([]) == exit_code.AGREED


def test_the_command_of_a_card_can_be_pasted(tmp_path: Path) -> None:
    """Whatever is in the names of its files."""
    folder = tmp_path / "it's; a $HOME `x`"
    folder.mkdir()
    (folder / "wrong one.json").write_text(GOOD.read_text().replace('"gas":"0x3e7"', '"gas":"0x3e6"', 1))
    server = folder / "server"
    server.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, '-m', 'assay', 'serve', '-e', 'ref'])}\n")
    server.chmod(0o755)
    spec = f"mine=cmd:{shlex.quote(str(server))}"
    report = tmp_path / "report.jsonl"
    engine = ("-e", spec, "--no-sandbox")  # it is made of the project's own files, which a stranger never sees
    assert assay("replay", folder / "wrong one.json", *engine, "--json", report).returncode == exit_code.DIFFERED
    case = next(line for line in map(json.loads, report.read_text().splitlines()) if line.get("verdict") == "wrong")
    argv = ["./assay", "replay", f"{folder / 'wrong one.json'}::{case['case']}", *engine]
    done = shell(f"$assay {shlex.join(argv[1:])}")
    assert done.returncode == exit_code.DIFFERED and case["case"] in done.stdout
