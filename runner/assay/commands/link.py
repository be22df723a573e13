"""assay link: a RISC-V ELF to an Image."""

import click

from linker.cli import link_main


@click.command(
    "link",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Link a static RISC-V ELF (RV64E, M, Zbb; relocations kept) to an Image."""
    return link_main(list(arguments))
