"""assay asm: assembly to a code blob."""

from pathlib import Path

import click

from assay.base import exit_code
from assay.base.trouble import NoOutput
from assay.suite import program


@click.command("asm")
@click.argument("source", metavar="FILE")
@click.option("-o", "--output", metavar="FILE", help="Where the blob goes; hex to stdout if not given.")
def command(source: str, output: str | None) -> int:
    """Assemble FILE (- is standard input) to a code blob. runner/ASM.md describes the language.

    \b
    Exit codes: 0 done, 3 the text is no assembly or cannot be read, 8 the blob cannot be written.
    """
    blob = program.assembled(source, program.read_bytes(source))
    if output is None:
        click.echo(blob.hex())
        return exit_code.AGREED
    try:
        Path(output).write_bytes(blob)
    except OSError as error:
        raise NoOutput(f"{output}: cannot be written: {error.strerror}") from None
    return exit_code.AGREED
