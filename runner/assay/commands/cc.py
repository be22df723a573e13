"""assay cc: C to an Image in one step."""

import click

from linker.cli import cc_main


@click.command(
    "cc",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Compile C with clang-19 and link it to an Image."""
    return cc_main(list(arguments))
