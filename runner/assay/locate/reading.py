"""Reads what `assay-native diff` says of a case (runner/native/README.md) into findings."""

from collections.abc import Mapping, Sequence

from assay.base import strict
from assay.base.level import Flavour
from assay.base.strict import Json, Members, count, items, mapping, number, text
from assay.engines.answers import Record, RecordKind, Stop
from assay.engines.protocol import read_block, read_instruction, read_stop
from assay.locate.divergence import Agreed, Field
from assay.locate.finding import Broken, Finding, KernelFinding, MachineFinding, What
from assay.locate.kernel_words import short

BOTH = frozenset({Flavour.PRODUCTION, Flavour.OBSERVED})
READ_RECORD = {What.INSTRUCTION: read_instruction, What.BLOCK: read_block}
STOPS = (What.STOP, What.MEMORY)
AGREED = {"instruction": "L0 instruction", "block": "L1 block"}
ENCODED = ("cnode", "pages", "again")  # values of a result that are too long to show
UNSEEN = {kind.value: kind for kind in RecordKind}


def read_line(line: Members) -> Finding | None:
    """The finding of a case, or None when the engines agree."""
    if line.get("divergence") is None:
        return None
    found = mapping(line["divergence"], "divergence")
    return read_kernel(line, found) if line.get("level") == "kernel" else read_machine(line, found)


def optional_count(value: Json, what: str) -> int | None:
    return None if value is None else count(value, what)


def flavours_of(line: Members) -> frozenset[Flavour]:
    flavour = line.get("flavour")
    return BOTH if flavour in ("both", None) else frozenset({Flavour(flavour)})


def read_differences(found: Members, name: str = "differences") -> tuple[Field, ...]:
    entries = [mapping(entry, "a difference") for entry in items(found.get(name, []), name)]
    return tuple(Field(str(entry["field"]), str(entry["expected"]), str(entry["got"])) for entry in entries)


def read_broken(found: Members) -> Broken | None:
    for side in ("expected", "got"):
        value = found.get(side)
        if isinstance(value, dict) and "failure" in value:
            failure, message = text(value["failure"], "failure"), text(value["message"], "message")
            return Broken(failure, message, side == "expected", str(found.get("during") or ""))
    return None


# The machine


def read_machine(line: Members, found: Members) -> MachineFinding:
    what = What(found["kind"])
    sides = found.get("expected"), found.get("got")
    read = READ_RECORD.get(what)
    stops = sides if what in STOPS else tuple(items(line.get("stops") or [], "stops"))
    return MachineFinding(
        case=text(line.get("case"), "case"),
        what=what,
        step=optional_count(line.get("step"), "step"),
        flavours=flavours_of(line),
        index=optional_count(found.get("index"), "index"),
        differences=read_differences(found),
        broken=read_broken(found),
        agreed=read_agreed(found.get("before")),
        records=(record_or_none(read, sides[0]), record_or_none(read, sides[1])) if read else (None, None),
        stops=stops_of(stops),
        words=(str(sides[0]), str(sides[1])),
        gas=number(found["gas"], "gas") if "gas" in found else 0,
        poor=stops_of(sides) if what == What.GAS else None,
        poor_differences=read_differences(found, "poor"),
        is_by_gas=found.get("by") == "gas",
        unseen=frozenset(UNSEEN[name] for name in map(str, items(line.get("unseen", []), "unseen")) if name in UNSEEN),
    )


def record_or_none(read: object, value: Json) -> Record | None:
    if value is None:
        return None
    return read_block(value, "a record") if read is read_block else read_instruction(value, "a record")


def stops_of(sides: Sequence[Json]) -> tuple[Stop, Stop] | None:
    """Of both sides; None where one of them has none."""
    if len(sides) != 2 or not all(isinstance(side, dict) for side in sides):
        return None
    return read_stop(sides[0], ()), read_stop(sides[1], ())


def read_agreed(value: Json) -> Agreed | None:
    """The last record that both sides shared, or the last stop."""
    if not isinstance(value, dict):
        return None
    pc, regs = number(value.get("pc"), "pc"), strict.items(value.get("regs"), "regs")
    gas = number(value["gas"], "gas") if "gas" in value else None
    kind = AGREED.get(str(value.get("kind")))
    what = f"{kind} {value['index']}" if kind else "the last stop"
    return Agreed(what, pc, gas, tuple(number(entry, "regs") for entry in regs))


# The kernel


def read_kernel(line: Members, found: Members) -> KernelFinding:
    what = What(found["kind"])
    sides = found.get("expected"), found.get("got")
    before = found.get("before")
    return KernelFinding(
        case=text(line.get("case"), "case"),
        what=what,
        step=optional_count(line.get("step"), "step"),
        flavours=flavours_of(line),
        index=optional_count(found.get("index"), "index"),
        differences=named_values(*sides) or read_differences(found),
        broken=read_broken(found),
        values=(encoded(sides[0]), encoded(sides[1])),
        before=encoded(before),
    )


def encoded(value: Json) -> bytes | None:
    """Bytes, if the value is hex; a result of a step has names instead."""
    return strict.octets(value, "an encoded value") if isinstance(value, str) and strict.BYTES.match(value) else None


def named_values(expected: Json, got: Json) -> tuple[Field, ...]:
    """The fields of two results that differ; of a word and a result, how each of them ends."""
    if not isinstance(expected, dict) and not isinstance(got, dict):
        return ()
    if not isinstance(expected, dict) or not isinstance(got, dict) or expected.keys() != got.keys():
        return (Field("result", ending(expected), ending(got)),)
    return tuple(
        Field(name, shown(name, expected[name]), shown(name, got[name]))
        for name in expected
        if expected[name] != got[name]
    )


def ending(value: Json) -> str:
    if isinstance(value, Mapping):
        return str(value.get("outcome") or value.get("result") or value.get("verdict"))
    return str(value)


def shown(name: str, value: Json) -> str:
    return short(bytes.fromhex(str(value))) if name in ENCODED else str(value)
