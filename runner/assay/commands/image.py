"""assay image: Images, checked, shown and hashed."""

import json

import click

import model
from assay.assembly import disasm
from assay.base import exit_code
from assay.base.trouble import BadInput, Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.trouble import EngineEnding, EngineError
from assay.suite import program
from model import kernel


@click.group("image")
def command() -> None:
    """Check, show and hash encoded Images.

    \b
    Exit codes: 0 done and admitted, 1 rejected or the engines differ, 3 the file
    cannot be read, 6 an engine broke.
    """


@command.command("check")
@click.argument("path", metavar="FILE")
@options.engine
@options.preset
@options.timeout
def check(path: str, names: tuple[str, ...], preset: str, timeout: float) -> int:
    """Say whether engines admit an Image, and which rule rejects it."""
    data = program.read_bytes(path)
    verdicts = {}
    endings: list[EngineEnding] = []
    chosen = catalog.chosen(names, preset=preset)
    options.tell_walls(chosen)
    for engine in chosen:
        catalog.check_loads(engine)
        try:
            with engine.open(timeout) as opened:
                verdicts[engine.name] = opened.admit(data)
        except EngineEnding as ending:
            endings.append(ending)
        except EngineError as error:
            raise Broken(str(error)) from None
    for name, verdict in verdicts.items():
        click.echo(f"{name:<8} {verdict}")
    rules = set(verdicts.values())
    for rule in sorted(rules - {"admitted"}):
        click.echo(f"{path}: {rule}{place_of(data)}: {model.rules().get(rule, '')}")
    for bad_end in endings:
        click.echo(f"assay: {bad_end}", err=True)
    return exit_code.BROKEN if endings else exit_code.AGREED if rules == {"admitted"} else exit_code.DIFFERED


def place_of(data: bytes) -> str:
    """Where the bytes stop making sense, when they do not decode."""
    try:
        kernel.decode("image", data)
    except kernel.DecodeError as error:
        return f" at byte {error.offset}" if hasattr(error, "offset") else ""
    return ""


@command.command("hash")
@click.argument("path", metavar="FILE")
def hash_(path: str) -> int:
    """Print the content hash of an Image that decodes."""
    try:
        click.echo(kernel.hash("image", program.read_bytes(path)).hex())
    except kernel.DecodeError as error:
        raise BadInput(f"{path}: {error}") from None
    return exit_code.AGREED


@command.command("show")
@click.argument("path", metavar="FILE")
@click.option("--code", is_flag=True, help="Disassemble the code too.")
def show(path: str, code: bool) -> int:
    """Print what an Image holds, as JSON."""
    data = program.read_bytes(path)
    try:
        image = kernel.decode("image", data)
    except kernel.DecodeError as error:
        raise BadInput(f"{path}: {error}") from None
    click.echo(json.dumps(image_of(image, data), indent=2))
    if code:
        try:
            click.echo(disasm.listing(image.code), nl=False)
        except model.Rejected as rejected:
            raise BadInput(f"{path}: the code is rejected by {rejected.rule}") from None
    return exit_code.AGREED


def image_of(image: kernel.Image, data: bytes) -> dict[str, object]:
    return {
        "hash": kernel.hash("image", data).hex(),
        "bytes": len(data),
        "code": len(image.code),
        "endpoints": {
            str(index): {
                "entry_pc": hex(e.entry_pc),
                "initial_regs": {f"r{n}": hex(v) for n, v in e.initial_regs.items()},
            }
            for index, e in image.endpoints.items()
        },
        "memory_mappings": [
            {"start": hex(m.start), "size": hex(m.size), "source": m.source} for m in image.memory_mappings
        ],
        "gas_slots": image.gas_slots,
        "quota_slots": image.quota_slots,
        "pinned_slots": {str(slot): pinned_of(pin) for slot, pin in image.pinned_slots.items()},
        "initial_slots": {
            str(slot): {"content": len(given.content), "size": hex(given.size)}
            for slot, given in image.initial_slots.items()
        },
        "yield_marker_slot": image.yield_marker_slot,
    }


def pinned_of(pin: kernel.PinnedData | kernel.PinnedImage) -> dict[str, str | int]:
    if isinstance(pin, kernel.PinnedImage):
        return {"image": pin.content_hash.hex()}
    return {"content": len(pin.content), "size": hex(pin.size)}
