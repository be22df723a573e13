"""The command line: one module of `commands` a command."""

import errno
import importlib
import os
import platform
import shlex
import signal
import sys
import tempfile
import traceback
from typing import NoReturn

import click

from assay.base import exit_code, paths

COMMANDS = (
    "demo",
    "test",
    "replay",
    "diff",
    "shrink",
    "trace",
    "run",
    "guests",
    "cc",
    "link",
    "image",
    "chain",
    "state",
    "asm",
    "disasm",
    "fill",
    "cover",
    "random",
    "fuzz",
    "oracle",
    "docs",
    "selftest",
    "mutate",
    "contract",
    "bench",
    "serve",
    "doctor",
    "dist",
    "completion",
)

EXIT_CODES = "\n".join(f"  {code:<4} {meaning}" for code, meaning in sorted(exit_code.TABLE.items()))
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class PipeClosed(Exception):
    """Whoever read the output went away, as `head` does."""


class Commands(click.Group):
    """Loads a command's module when it is wanted, so that `--help` and small commands are quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f".commands.{name}", __package__)
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            code: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # click would end with 1, which means that something differs
            raise PipeClosed from None
        return code

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write(f"{EXIT_CODES}\n")
        formatter.write_paragraph()
        formatter.write_text("./assay COMMAND --help teaches the command. Start with ./assay demo.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(paths.version(), prog_name="assay")
def root() -> None:
    """Executable specification and conformance harness of a capability-based virtual machine.

    Three implementations that share no judgement (the specification in Python, a reference
    interpreter and an x86-64 recompiler) run the same vectors in lockstep; whoever is wrong is
    named with the first wrong instruction and the rule it breaks.
    """


def main() -> NoReturn:
    end_on(signal.SIGTERM)
    end_on(signal.SIGHUP)
    sys.exit(run())


def end_on(number: signal.Signals) -> None:
    """Ends as an interrupt from the keyboard does: reports are closed and engines ended. Not where it is ignored."""
    if signal.getsignal(number) == signal.SIG_DFL:
        signal.signal(number, signal.default_int_handler)


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line; the exit code, whatever happens."""
    try:
        return int(root.main(arguments, prog_name="assay", standalone_mode=False) or exit_code.AGREED)
    except click.exceptions.Abort:
        click.echo("assay: interrupted", err=True)
        return exit_code.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PipeClosed:
        forget_output()
        return exit_code.PIPE_CLOSED
    except OSError as error:
        if error.errno not in NO_ROOM:
            return internal(error)
        forget_output()
        what = f"{error.filename}: " if error.filename else ""
        click.echo(f"assay: the output cannot be written: {what}{error.strerror}", err=True)
        return exit_code.NO_OUTPUT
    except Exception as error:  # the last resort: it is told, and never taken for a verdict
        return internal(error)


def forget_output() -> None:
    """What is still buffered for standard output goes nowhere, so that the end of Python says nothing about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def internal(error: Exception) -> int:
    """An error of assay itself: one sentence, and what to report."""
    text = "".join(traceback.format_exception(error))
    what = traceback.format_exception_only(error)[-1].strip()
    click.echo(f"assay: this is an error of assay itself, not of an engine or of your input: {what}", err=True)
    click.echo("Please report it with:", err=True)
    click.echo(f"  version    {paths.version()}, Python {platform.python_version()}, {platform.platform()}", err=True)
    click.echo(f"  command    assay {shlex.join(sys.argv[1:])}", err=True)
    try:
        with tempfile.NamedTemporaryFile("w", prefix="assay-error-", suffix=".txt", delete=False) as stream:
            stream.write(text)
        click.echo(f"  traceback  {stream.name}", err=True)
    except OSError:
        click.echo(f"  traceback\n{text}", err=True)
    return exit_code.INTERNAL
