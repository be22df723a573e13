"""assay chain: events on a chain, outcome and root after each."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from assay.base import exit_code, strict
from assay.base.strict import Json, Wrong
from assay.base.trouble import BadInput, Broken, NoOutput
from assay.commands import options
from assay.engines import catalog
from assay.engines.answers import Applied
from assay.engines.engine import Engine
from assay.engines.trouble import EngineError
from assay.suite import program
from assay.suite.case import Event

GAS = QUOTA = 1_000_000


@click.group("chain")
def command() -> None:
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
def run(
    image_path: str,
    events_path: str,
    names: tuple[str, ...],
    as_json: bool,
    every: int,
    state_path: str | None,
    preset: str,
    timeout: float,
) -> int:
    """Genesis from IMAGE, then each event of EVENTS; print outcomes and roots.

    EVENTS has one JSON object a line: {"payload": HEX} and optionally "endpoint", "gas", "quota".

    \b
    Example:
      echo '{"payload": "6869"}' | ./assay chain run chain.image -
    """
    image = program.read_bytes(image_path)
    events = read_events(events_path)
    try:
        with ExitStack() as stack:
            opened = []
            chosen = catalog.chosen(names, preset=preset)
            options.tell_walls(chosen)
            for target in chosen:
                catalog.check_loads(target)
                opened.append(stack.enter_context(target.open(timeout)))
            agreed = play(image, events, opened, every, as_json)
            if agreed and state_path:
                write(state_path, opened[0].chain_state())
    except EngineError as error:
        raise Broken(str(error)) from None
    return exit_code.AGREED if agreed else exit_code.DIFFERED


def write(path: str, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise NoOutput(f"{path}: cannot be written: {error.strerror}") from None


def read_events(path: str) -> list[Event]:
    """One JSON object a line; raises BadInput with the line and the byte in it."""
    events = []
    for number, line in enumerate(program.read_bytes(path).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            events.append(read_event(strict.loads(line)))
        except Wrong as error:
            raise BadInput(f"{path}:{number}: at byte {error.at}: {error}") from None
    if not events:
        raise BadInput(f"{path}: there is no event; write one JSON object a line")
    return events


def read_event(value: Json) -> Event:
    given = strict.members(value, "the event", (), ("payload", "endpoint", "gas", "quota"))
    return Event(
        strict.count(given.get("endpoint", 0), "endpoint", 256),
        strict.octets(given.get("payload", ""), "payload"),
        amount(given.get("gas", GAS), "gas"),
        amount(given.get("quota", QUOTA), "quota"),
    )


def amount(value: Json, what: str) -> int:
    """A number, or hex in a text, as numbers beyond 2^53 are written."""
    return strict.number(value, what) if isinstance(value, str) else strict.count(value, what)


@dataclass(frozen=True)
class Line:
    """What one engine says of one event."""

    number: int
    answer: Applied
    root: str | None  # not asked after every event

    @property
    def members(self) -> dict[str, object]:
        result = self.answer.result
        numbers = {name: hex(getattr(result, name)) for name in ("argument", "value", "gas_used")}
        words = {"event": self.number, "outcome": result.outcome, "exit": result.exit}
        return words | numbers | {"records": len(self.answer.records), "root": self.root}

    @property
    def text(self) -> str:
        result = self.answer.result
        value = hex(result.value) if result.outcome == "halt" else f"{result.exit}({result.argument:#x})"
        root = f"  root {self.root}" if self.root else ""
        return f"{self.number:>6}  {result.outcome:<8} {value:<20} gas {result.gas_used:>8}{root}"


def play(image: bytes, events: Sequence[Event], opened: Sequence[Engine], every: int, as_json: bool) -> bool:
    """Every event on every engine; whether they agree."""
    verdicts = {engine.name: engine.chain_genesis(image) for engine in opened}
    if len(set(verdicts.values())) > 1:
        return differ("genesis", verdicts)
    verdict = next(iter(verdicts.values()))
    if verdict != "admitted":
        raise BadInput(f"the Image is rejected by {verdict}")
    for number, event in enumerate(events):
        has_root = (number + 1) % every == 0 or number + 1 == len(events)
        lines = {engine.name: apply(engine, number, event, has_root) for engine in opened}
        first = next(iter(lines.values()))
        if any(line != first for line in lines.values()):
            return differ(f"event {number}", {name: line.members for name, line in lines.items()})
        click.echo(json.dumps(first.members) if as_json else first.text)
    names = ", ".join(engine.name for engine in opened)
    click.echo(f"{len(events)} events on {names}: equal outcomes, records and roots", err=True)
    return True


def apply(engine: Engine, number: int, event: Event, has_root: bool) -> Line:
    answer = engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
    return Line(number, answer, engine.chain_root().hex() if has_root else None)


def differ(where: str, answers: Mapping[str, object]) -> bool:
    click.echo(f"the engines differ at {where}", err=True)
    for name, answer in answers.items():
        click.echo(f"  {name}: {answer}", err=True)
    return False
