"""assay chain: events on a chain, outcome and root after each."""

import json

import click

from assay.base import exit_code
from assay.base.trouble import BadInput, Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.trouble import EngineError
from assay.suite import program
from assay.suite.case import Event

GAS = QUOTA = 1_000_000


@click.group("chain")
def command():
    """Run chains.

    \b
    Exit codes: 0 all engines agree, 1 they differ (the first wrong event is named),
    3 a file cannot be used, 4 an engine cannot be loaded, 6 an engine broke.
    """


@command.command("run")
@click.argument("image_path", metavar="IMAGE")
@click.argument("events_path", metavar="EVENTS")
@options.engine
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.option("--every", default=1, show_default=True, type=click.IntRange(min=1), help="Roots after every N events.")
@click.option("--state", "state_path", metavar="FILE", help="Write the encoded state at the end.")
@options.preset
@options.timeout
def run(image_path, events_path, names, as_json, every, state_path, preset, timeout):
    """Genesis from IMAGE, then each event of EVENTS; print outcomes and roots.

    EVENTS has one JSON object a line: {"payload": HEX} and optionally "endpoint", "gas", "quota".

    \b
    Example:
      echo '{"payload": "6869"}' | ./assay chain run chain.image -
    """
    image = program.read_bytes(image_path)
    events = read_events(events_path)
    chosen = catalog.chosen(names, preset=preset)
    opened = []
    try:
        for engine in chosen:
            catalog.check_loads(engine)
            opened.append(engine.open(timeout))
        return play(image, events, opened, as_json, every, state_path)
    except EngineError as error:
        raise Broken(str(error)) from None
    finally:
        for engine in opened:
            engine.close()


def read_events(path):
    events = []
    for number, line in enumerate(program.read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            unknown = set(given) - {"payload", "endpoint", "gas", "quota"}
            event = Event(
                int(given.get("endpoint", 0)),
                bytes.fromhex(given.get("payload", "")),
                amount(given.get("gas", GAS)),
                amount(given.get("quota", QUOTA)),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise BadInput(f"{path}:{number}: this is no event: {error}") from None
        if unknown or not 0 <= event.endpoint < 256:
            what = f"unknown key {sorted(unknown)[0]!r}" if unknown else "endpoint is not below 256"
            raise BadInput(f"{path}:{number}: {what}")
        events.append(event)
    if not events:
        raise BadInput(f"{path}: there is no event; write one JSON object a line")
    return events


def amount(value):
    """A number, or hex in a string, as numbers beyond 2^53 are written."""
    number = int(value, 16) if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number < 2**64:
        raise ValueError(f"{value!r} is no amount below 2^64")
    return number


def play(image, events, opened, as_json, every, state_path):
    verdicts = {engine.name: engine.chain_genesis(image) for engine in opened}
    if len(set(verdicts.values())) > 1:
        return differ("genesis", verdicts)
    verdict = next(iter(verdicts.values()))
    if verdict != "admitted":
        raise BadInput(f"the Image is rejected by {verdict}")
    for number, event in enumerate(events):
        answers = {
            engine.name: engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota) for engine in opened
        }
        if (number + 1) % every == 0 or number + 1 == len(events):
            roots = {engine.name: engine.chain_root().hex() for engine in opened}
        else:
            roots = dict.fromkeys(answers)
        together = {name: (answers[name], roots[name]) for name in answers}
        if any(value != next(iter(together.values())) for value in together.values()):
            return differ(f"event {number}", {name: summary(number, *value) for name, value in together.items()})
        name = opened[0].name
        line = summary(number, answers[name], roots[name])
        click.echo(json.dumps(line) if as_json else text(line))
    if state_path:
        with open(state_path, "wb") as stream:
            stream.write(opened[0].chain_state())
    names = ", ".join(engine.name for engine in opened)
    click.echo(f"{len(events)} events on {names}: equal outcomes, records and roots", err=True)
    return exit_code.AGREED


def summary(number, answer, root):
    result = answer.result
    numbers = {name: hex(getattr(result, name)) for name in ("argument", "value", "gas_used")}
    found = {"event": number, "outcome": result.outcome, "exit": result.exit} | numbers
    return found | {"records": len(answer.records), "root": root}


def text(line):
    value = line["value"] if line["outcome"] == "halt" else f"{line['exit']}({line['argument']})"
    root = f"  root {line['root']}" if line["root"] else ""
    return f"{line['event']:>6}  {line['outcome']:<8} {value:<20} gas {int(line['gas_used'], 16):>8}{root}"


def differ(where, answers):
    click.echo(f"the engines differ at {where}", err=True)
    for name, answer in answers.items():
        click.echo(f"  {name}: {answer}", err=True)
    return exit_code.DIFFERED
