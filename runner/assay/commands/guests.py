"""assay guests: the guest programs, built, and their vectors."""

import json

import click

from assay.base import exit_code, paths
from assay.commands import options
from assay.engines import catalog
from assay.guests import libraries as foreign
from assay.guests import programs, transfers, vectors
from model import kernel


@click.group("guests")
def command() -> None:
    """Build the guest programs and write their vectors.

    \b
    Exit codes: 0 done, 1 --check found differences, 3 a guest does not build, 4 the
    compiler is missing, 8 the vectors cannot be written.
    """


@command.command("build")
def build() -> int:
    """Compile and link every guest into build/guests."""
    folder = programs.write_images()
    for name in programs.NAMES:
        image = programs.image(name)
        click.echo(f"{name:<12} {len(image):>7,} bytes  {kernel.hash('image', image).hex()}")
    click.echo(f"{paths.shown(folder)}: {len(programs.NAMES)} Images", err=True)
    return exit_code.AGREED


@command.command("fill")
@click.option("--check", is_flag=True, help="Write nothing; say which files would change.")
@options.jobs
def fill(check: bool, jobs: int) -> int:
    """Write vectors/programs: Images linked anew, what they do told by the specification."""
    changed = vectors.fill(check, jobs)
    for name in changed:
        click.echo(f"{'differs' if check else 'written'}: vectors/{vectors.FOLDER}/{name}")
    click.echo(f"{len(changed)} files {'differ' if check else 'changed'}", err=True)
    return exit_code.DIFFERED if check and changed else exit_code.AGREED


@command.command("events")
@click.argument("guest", type=click.Choice(["ledger", "store"]))
@click.option("--count", default=20, show_default=True, type=click.IntRange(min=1), help="Transfers.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0))
@click.option("--tamper", type=click.IntRange(min=0), help="Change one bit of this transfer's signature.")
def events(guest: str, count: int, seed: int, tamper: int | None) -> int:
    """Print events of a chain guest, for ./assay chain run."""
    found = transfers.events(count, seed, tamper) if guest == "ledger" else vectors.store_events()
    for event in vectors.rich(found):
        line = {"endpoint": event.endpoint, "payload": event.payload.hex()}
        click.echo(json.dumps(line | {"gas": hex(event.gas), "quota": hex(event.quota)}))
    return exit_code.AGREED


@command.command("libraries")
@click.argument("wanted", nargs=-1, metavar="[NAME]...")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(min=1), help="Inputs of each.")
@options.engine
@options.preset
def libraries(wanted: tuple[str, ...], count: int, names: tuple[str, ...], preset: str) -> int:
    """Build C libraries of others unmodified, and compare each with its native build.

    The upstream archives of their source packages are fetched by apt into
    build/libraries; each must have the checksum that is known. Without network and not
    there already, a library is not run, and that is said. Without --engine all inputs
    go to fast, and the first ten to ref, too.

    \b
    Exit codes: 0 all agree, 1 differences, 2 no such library, 4 the compiler or an
    engine is missing, 5 a library was not run.
    """
    if unknown := set(wanted) - set(foreign.NAMES):
        raise click.UsageError(f"no library {sorted(unknown)[0]}; there are {', '.join(foreign.NAMES)}")
    engines = catalog.chosen(names, ("fast",), preset)
    slow = catalog.chosen(("ref",), (), preset) if not names else []
    outcomes = []
    for library in foreign.LIBRARIES:
        if not wanted or library.name in wanted:
            outcomes.append(foreign.play(library, count, engines or slow, slow))
            click.echo(sentence(outcomes[-1]))
    if any(outcome.problems for outcome in outcomes):
        return exit_code.DIFFERED
    return exit_code.NOTHING if any(outcome.not_run for outcome in outcomes) else exit_code.AGREED


def sentence(outcome: foreign.Outcome) -> str:
    if outcome.not_run:
        return f"{outcome.name:<12} not run: {outcome.not_run}"
    said = "; ".join(outcome.problems) or "equal to the native build"
    built = f"Image of {outcome.image_size:,} bytes, {outcome.gas:,} gas, {outcome.seconds:.1f} s"
    inputs = f"{outcome.inputs:,} inputs" + (f" ({outcome.few} on ref, too)" if outcome.few else "")
    return f"{outcome.name:<12} {inputs}: {said}; {built}; {outcome.archive} {outcome.sha256[:16]}"
