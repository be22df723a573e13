"""assay completion: tab completion of a shell."""

import click
from click.shell_completion import get_completion_class

from assay.base import exit_code


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print a script that completes commands and options.

    \b
    bash:  eval "$(./assay completion bash)"     zsh and fish likewise
    """
    make = get_completion_class(shell)
    assert make is not None
    click.echo(make(ctx.find_root().command, {}, "assay", "_ASSAY_COMPLETE").source())
    return exit_code.AGREED
