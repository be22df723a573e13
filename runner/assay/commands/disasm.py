"""assay disasm: a code blob to assembly."""

import click

import model
from assay.assembly import disasm
from assay.base import exit_code
from assay.base.trouble import BadInput
from assay.suite import program


@click.command("disasm")
@click.argument("source", metavar="FILE")
@click.option(
    "--mem-cycles",
    type=click.Choice(["25", "50", "75", "100"]),
    default="25",
    show_default=True,
    help="For the gas costs in the comments.",
)
def command(source: str, mem_cycles: str) -> int:
    """Disassemble FILE, a code blob or a case FILE.json::ID, with the gas cost of every block.

    The text assembles to the same blob again.

    \b
    Exit codes: 0 done, 3 the file cannot be read or is no code blob.
    """
    if source.partition("::")[0].endswith(".json"):
        blob = program.read_case(source).case.program.blob
    else:
        blob = program.read_bytes(source)
    try:
        text = disasm.listing(blob, int(mem_cycles))
    except model.Rejected as rejected:
        reason = model.rules().get(rejected.rule, "")
        raise BadInput(f"{source}: rejected by {rejected.rule}: {reason}") from None
    click.echo(text, nl=False)
    return exit_code.AGREED
