"""assay asm: assembly to a code blob."""

from pathlib import Path

import click

from assay.assembly import asm
from assay.base import exit_code
from assay.base.trouble import BadInput
from assay.suite import program


@click.command("asm")
@click.argument("source", metavar="FILE")
@click.option("-o", "--output", metavar="FILE", help="Where the blob goes; hex to stdout if not given.")
def command(source: str, output: str | None) -> int:
    """Assemble FILE (- is standard input) to a code blob. runner/ASM.md describes the language.

    \b
    Exit codes: 0 done, 3 the text is no assembly, or a file cannot be read or written.
    """
    data = program.read_bytes(source)
    try:
        blob = asm.assemble(data.decode("utf-8"), source).blob
    except UnicodeDecodeError as error:
        raise BadInput(f"{source}: no UTF-8 at byte {error.start}") from None
    except asm.AsmError as error:
        raise BadInput(str(error)) from None
    if output is None:
        click.echo(blob.hex())
        return exit_code.AGREED
    try:
        Path(output).write_bytes(blob)
    except OSError as error:
        raise BadInput(f"{output}: cannot be written: {error.strerror}") from None
    return exit_code.AGREED
