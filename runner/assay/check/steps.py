"""Steps of a long command: each says what it does, how long it took and what it counted."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from assay.base import paths

TAIL = 60  # lines of a step's output that are shown when it fails


class StepFailed(Exception):
    """A step found something wrong; the message is what it printed."""


@dataclass(frozen=True)
class Checked:
    """What a step did: how many checks of whatever kind, and a line for people."""

    count: int
    line: str


@dataclass(frozen=True)
class Step:
    name: str
    act: Callable[[], Checked]


@dataclass
class Steps:
    passed: int = 0  # checks, of whatever kind
    failed: int = 0

    def do(self, step: Step) -> bool:
        """Does a step and goes on whatever happens; whether it is green. One that checks nothing is not."""
        started = time.monotonic()
        try:
            checked = step.act()
        except StepFailed as failure:
            return self.fail(step, str(failure))
        if checked.count == 0:
            return self.fail(step, "nothing was checked")
        self.passed += checked.count
        seconds = time.monotonic() - started
        click.echo(f"{click.style('ok', fg='green')}     {step.name:<28} {checked.line} [{seconds:.1f} s]")
        return True

    def fail(self, step: Step, why: str) -> bool:
        self.failed += 1
        click.echo(f"{click.style('FAILED', fg='red', bold=True)} {step.name}")
        click.echo(indented(why))
        return False

    def last_line(self, seconds: float) -> str:
        text = f"{self.passed:,} passed, {self.failed} failed in {seconds:.0f} s"
        return click.style(text, fg="red" if self.failed else "green", bold=True)


def indented(text: str) -> str:
    lines = text.strip().splitlines()[-TAIL:]
    return "\n".join(f"       {line}" for line in lines)


def run(argv: Sequence[str | Path], timeout: float = 1200, env: Mapping[str, str] | None = None) -> str:
    """Runs a program in the root; its output, or StepFailed with it."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            timeout=timeout,
            env=env,
            check=False,
        )
    except FileNotFoundError:
        raise StepFailed(f"{argv[0]} is not installed; CI/packages.txt has its package, ./assay installs it") from None
    except OSError as error:
        raise StepFailed(f"{argv[0]} cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise StepFailed(f"{argv[0]}: no end after {timeout} s") from None
    if done.returncode != 0:
        raise StepFailed(f"{done.stdout}\n{' '.join(map(str, argv[:4]))} … ended with {done.returncode}")
    return done.stdout
