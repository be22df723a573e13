"""Complaints that end a command: one message and an exit code."""

from typing import IO

import click

from assay.base import exit_code


class Trouble(click.ClickException):
    """What was wrong, where, and what to do; printed as one message, without a traceback."""

    exit_code = exit_code.BAD_INPUT

    def show(self, file: IO[str] | None = None) -> None:
        click.echo(f"assay: {self.format_message()}", file=file, err=file is None)


class BadInput(Trouble):
    exit_code = exit_code.BAD_INPUT


class NoEngine(Trouble):
    exit_code = exit_code.NO_ENGINE


class Nothing(Trouble):
    exit_code = exit_code.NOTHING


class Broken(Trouble):
    exit_code = exit_code.BROKEN


class NoOutput(Trouble):
    exit_code = exit_code.NO_OUTPUT
