"""The command line: one module of `commands` a command."""

import importlib
import sys

import click

from assay.base import exit_code, paths

COMMANDS = (
    "demo",
    "test",
    "replay",
    "diff",
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
    "oracle",
    "docs",
    "mutate",
    "bench",
    "serve",
    "doctor",
    "dist",
    "completion",
)

EXIT_CODES = "\n".join(f"  {code:<4} {meaning}" for code, meaning in sorted(exit_code.TABLE.items()))


class Commands(click.Group):
    """Loads a command's module when it is wanted, so that `--help` and small commands are quick."""

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        return importlib.import_module(f".commands.{name}", __package__).command

    def format_epilog(self, ctx, formatter):
        with formatter.section("Exit codes"):
            formatter.write(f"{EXIT_CODES}\n")
        formatter.write_paragraph()
        formatter.write_text("./assay COMMAND --help teaches the command. Start with ./assay demo.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(paths.version(), prog_name="assay")
def root():
    """Executable specification and conformance harness of a capability-based virtual machine.

    Three implementations that share no judgement (the specification in Python, a reference
    interpreter and an x86-64 recompiler) run the same vectors in lockstep; whoever is wrong is
    named with the first wrong instruction and the rule it breaks.
    """


def main():
    try:
        sys.exit(root.main(prog_name="assay", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("assay: interrupted", err=True)
        sys.exit(exit_code.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(exit_code.BAD_INPUT)
