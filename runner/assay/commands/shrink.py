"""assay shrink: a failing case, made as small as it gets."""

import json
import shlex
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.strict import Members
from assay.base.trouble import BadInput, NoOutput, Nothing
from assay.commands import options
from assay.corpus import fill, found
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.locate import card
from assay.locate.locate import Question, locate
from assay.shrink import shrink
from assay.shrink.shrink import Shrunk
from assay.suite import collection

OUT = "shrunk.json"


@click.command("shrink")
@click.argument("source", metavar="FILE.json::ID")
@options.engine
@click.option("--out", "-o", "out", default=OUT, show_default=True, metavar="FILE", help="Where the small case goes.")
@click.option(
    "--time",
    "seconds",
    type=options.Seconds(),
    default=shrink.SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="After so long the smallest case so far is given.",
)
@click.option("--signature", default="", metavar="SIGNATURE", help="The case must fail in this way, as its card says.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the card.")
@options.preset
@options.timeout
def command(
    source: str,
    names: tuple[str, ...],
    out: str,
    seconds: float,
    signature: str,
    as_json: bool,
    preset: str,
    timeout: float,
) -> int:
    """Make a case on which an engine fails as small as it gets.

    Instructions, pages, steps, events, fields of Images, registers, numbers and gas are left out or made
    simpler, as long as the case fails in the same way: its signature stays. What comes out is minimal: no
    single change that simplifies it keeps the signature. It is a vector file with the values of the
    specification, to be replayed, sent to whoever wrote the engine, or kept.

    \b
    ./assay replay vectors -e mine=./libassay_mine.so          # find a case that fails
    ./assay shrink vectors/isa/add_64.json::isa/add_64/ID -e mine=./libassay_mine.so
    ./assay replay shrunk.json -e mine=./libassay_mine.so      # it still does

    A case that does not fail each time is written as it is, and said to be flaky.

    \b
    Exit codes: 1 a small case was written, or a flaky one; 3 the file cannot be used,
    4 the engine cannot be loaded, 5 the engine agrees on the case, 8 FILE cannot be written.
    """
    if len(names) != 1:
        raise click.UsageError("shrink takes one engine, the one that fails: -e mine=FILE.so")
    (target,) = catalog.chosen(names, preset=preset)
    catalog.check_loads(target)
    (entry,) = entries_of(source)
    case = entry.kernel() if entry.is_kernel else entry.machine()
    shrunk = shrink.shrink(case, target, seconds, timeout, signature)
    if shrunk.divergence is None and not shrunk.is_flaky:
        raise Nothing(f"{target.name} agrees with the specification on {source}: there is nothing to shrink")
    text = write(shrunk, target, Path(out))
    show(shrunk, target, out, text, timeout, as_json)
    return exit_code.DIFFERED


def entries_of(source: str) -> list[collection.Entry]:
    suite = collection.read([source])
    if suite.invalid:
        raise BadInput(str(suite.invalid[0]))
    if len(suite.entries) != 1:
        raise click.UsageError(f"{source} holds {len(suite.entries)} cases; name one as FILE.json::ID")
    return suite.entries


def write(shrunk: Shrunk, target: Target, path: Path) -> str:
    """The vector file of the case; its behaviour is the signature, its rule the one that is broken."""
    rule = shrunk.divergence.cause.rule if shrunk.divergence else ""
    note = f"shrunk from {shrunk.case.id}, fails on {target.name}" + (", flaky" if shrunk.is_flaky else "")
    try:
        text = found.vector_file(f"s_{shrunk.signature}", found.text_of(shrunk.case, [rule] if rule else [], note))
    except fill.FillError as error:
        raise BadInput(f"the specification cannot answer the case: {error}") from None
    try:
        path.write_text(text)
    except OSError as error:
        raise NoOutput(f"{path}: cannot be written: {error.strerror}") from None
    return text


def repro(target: Target, out: str) -> str:
    return shlex.join(["./assay", "replay", out, *target.options])


def show(shrunk: Shrunk, target: Target, out: str, text: str, timeout: float, as_json: bool) -> None:
    said = summary(shrunk, out)
    if as_json:
        click.echo(json.dumps(members(shrunk, target, out)))
        return
    (entry,) = collection.read([out]).entries
    (divergence,) = locate(catalog.parse(catalog.MODEL), target, [Question(entry, repro(target, out))], timeout)
    if divergence is not None:
        click.echo(card.shown(divergence))
    click.echo(said, err=True)


def summary(shrunk: Shrunk, out: str) -> str:
    where = f"written to {paths.shown(out)}"
    if shrunk.is_flaky:
        return f"flaky: it does not fail in the same way each time; as it was, {where}"
    how = "minimal" if shrunk.is_minimal else "not yet minimal, more --time may help"
    count = f"{shrunk.before} -> {shrunk.instructions} instructions"
    return f"{count}, {how}: signature {shrunk.signature}, {shrunk.seconds:.1f} s, {where}"


def members(shrunk: Shrunk, target: Target, out: str) -> Members:
    return {
        "file": out,
        "case": shrunk.case.id,
        "engine": target.name,
        "signature": shrunk.signature,
        "flaky": shrunk.is_flaky,
        "minimal": shrunk.is_minimal,
        "instructions": shrunk.instructions,
        "before": shrunk.before,
        "candidates": shrunk.asked,
        "seconds": round(shrunk.seconds, 3),
        "repro": repro(target, out),
    }
