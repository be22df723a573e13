"""Steps of a long command: each says what it does, how long it took and what it counted."""

import subprocess
import time
from dataclasses import dataclass, field

import click

from assay.base import paths

TAIL = 60  # lines of a step's output that are shown when it fails


class StepFailed(Exception):
    """A step found something wrong; the message is what it printed."""


@dataclass
class Steps:
    passed: int = 0  # checks, of whatever kind
    failed: int = 0
    done: list = field(default_factory=list)

    def step(self, name, act):
        """Runs act, which returns (checks, one line), and goes on whatever happens."""
        started = time.monotonic()
        try:
            checks, line = act()
            if checks == 0:
                raise StepFailed("nothing was checked")
        except StepFailed as failure:
            self.failed += 1
            click.echo(f"{click.style('FAILED', fg='red', bold=True)} {name}")
            click.echo(indented(str(failure)))
            return False
        self.passed += checks
        self.done.append(name)
        seconds = time.monotonic() - started
        mark = click.style("ok", fg="green")
        click.echo(f"{mark}     {name:<28} {line} [{seconds:.1f} s]")
        return True

    def last_line(self, seconds):
        text = f"{self.passed:,} passed, {self.failed} failed in {seconds:.0f} s"
        return click.style(text, fg="red" if self.failed else "green", bold=True)


def indented(text):
    lines = text.strip().splitlines()[-TAIL:]
    return "\n".join(f"       {line}" for line in lines)


def run(argv, timeout=1200, **options):
    """Runs a program in the root; its output, or StepFailed with it."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            timeout=timeout,
            check=False,
            **options,
        )
    except OSError as error:
        raise StepFailed(f"{argv[0]} cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise StepFailed(f"{argv[0]}: no end after {timeout} s") from None
    if done.returncode != 0:
        raise StepFailed(f"{done.stdout}\n{' '.join(map(str, argv[:4]))} … ended with {done.returncode}")
    return done.stdout
