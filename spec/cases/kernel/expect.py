"""Runs a kernel case on the model and writes down what it answers.

The keys and values are those of "Kernel vectors" in ../../vectors/README.md. An answer that is not
what the generator expects is an `Unexpected`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import model
from cases.kernel.case import ANY, Act, Admit, Decode, Event, Genesis, Hash, KernelCase, Run, Step, World
from model import kernel

Names: TypeAlias = dict[bytes, str]
Text: TypeAlias = dict[str, object]  # of JSON

SCHEMA = "assay-kernel-1"
KIND = ("operation", "run", "resume", "exit")
OP_NAME = {number: name for name, number in kernel.table.OP}
RESULT = ("", ": trap", ": halt", ": paused")
SHORT = 8


class Unexpected(Exception):
    """The model answers something else than the generator expects."""


def expect(what: str, expected: object, found: object) -> None:
    if expected not in (ANY, found):
        raise Unexpected(f"{what} is expected to be {expected}, the model says {found}")


def digest(data: bytes) -> str:
    """As the text of a case has it: what only writes the case down reaches no rule of the model."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


# Names for Images


def images_of(act: Act) -> Iterator[bytes]:
    """Every Image whose bytes the text of a case holds."""
    if isinstance(act, (Admit, Genesis)):
        yield act.image
    elif isinstance(act, World):
        yield from (step.image for step in act.steps if isinstance(step, Run))


def named_images(cases: Iterable[KernelCase]) -> Names:
    """Bytes -> name, for each Image that a subject's cases hold more than once. An Image bears the
    name of the first case that holds it.
    """
    uses = [(image, case.name) for case in cases for image in images_of(case.act)]
    count, taken = Counter(image for image, _ in uses), Counter[str]()
    names: Names = {}
    for image, name in uses:
        if count[image] > 1 and image not in names:
            taken[name] += 1
            names[image] = name if taken[name] == 1 else f"{name}_{taken[name]}"
    return names


def image_text(image: bytes, names: Names) -> str:
    return "@" + names[image] if image in names else image.hex()


# Records, for people


class Records:
    """An observer that keeps the records of one step."""

    def __init__(self) -> None:
        self.encoded: list[bytes] = []

    def event(self, record: bytes) -> None:
        self.encoded.append(record)

    def digest(self) -> str:
        return digest(b"".join(self.encoded))

    def lines(self) -> list[str]:
        return [line for data in self.encoded for line in lines_of(kernel.decode("record", data))]


def lines_of(record: kernel.Record) -> Iterator[str]:
    """One line for each change, and one for an operation that does not go on."""
    name = KIND[record.kind]
    if name == "operation":
        name = OP_NAME.get(record.op, f"op {record.op}")
        if record.result:
            yield name + RESULT[record.result]
    for slot in record.slots:
        yield f"{name}: slot {slot.slot} {short(slot.before)} -> {short(slot.after)}"
    for table, numbers in (("meter", record.meters), ("quota", record.quotas)):
        for number in numbers:
            yield f"{name}: {table} {number.id:#x} {number.before:#x} -> {number.after:#x}"
    for catcher in record.catchers:
        yield f"{name}: catcher {short(catcher.id)} {len(catcher.before)} -> {len(catcher.after)}"
    for file in record.files:
        yield f"{name}: file {file.id:#x} {file_text(file.before)} -> {file_text(file.after)}"
    for payload in record.payloads:
        yield f"{name}: payload {short(payload.hash)} {payload.before} -> {payload.after}"


def short(hash: bytes) -> str:
    return hash.hex()[:SHORT] if any(hash) else "empty"


def file_text(file: kernel.DataBlob | None) -> str:
    if file is None:
        return "none"
    return f"{short(file.content_hash)} size {file.size:#x} of quota {file.backing_quota:#x}"


# What each kind of case does


def decoded(act: Decode, names: Names) -> Text:
    try:
        value = kernel.decode(act.type, act.data)
    except kernel.DecodeError as error:
        verdict = error.rule
    else:
        verdict = "decoded"
        expect("the value encoded again", act.data.hex(), kernel.encode(value).hex())
    expect("the verdict", act.verdict, verdict)
    return {"decode": {"type": act.type, "bytes": act.data.hex(), "verdict": verdict}}


def admitted(act: Admit, names: Names) -> Text:
    try:
        kernel.admit(act.image)
    except (kernel.DecodeError, kernel.NotAdmitted) as error:
        verdict = error.rule
    else:
        verdict = "admitted"
    expect("the verdict", act.verdict, verdict)
    return {"admit": {"image": image_text(act.image, names), "verdict": verdict}}


def hashed(act: Hash, names: Names) -> Text:
    found: bytes | str
    try:
        found = kernel.hash(act.kind, act.value)
    except kernel.DecodeError as error:
        found = error.rule
    if act.digest is not None:
        expect("the digest", act.digest, found)
    text = found if isinstance(found, str) else found.hex()
    return {"hash": {"kind": act.kind, "value": act.value.hex(), "digest": text}}


def ended(result: kernel.Result | kernel.EventResult | str) -> str:
    """A result in one word, as `ends` has it."""
    if isinstance(result, str):
        return result
    return result.exit if result.outcome == "faulted" else result.outcome


def check_known(step: Step | Event, result: kernel.Result | kernel.EventResult | str) -> None:
    """Values that the generator knows: fields of the result; rN, its registers; slots, the whole
    CNode.
    """
    for name, value in step.known.items():
        expect(name, value, value_of(name, result))


def value_of(name: str, result: kernel.Result | kernel.EventResult | str) -> object:
    if isinstance(result, kernel.Result):
        if name == "slots":
            return kernel.decode("cnode", result.cnode).slots
        if name[0] == "r" and name[1:].isdigit():
            return result.regs[int(name[1:])]
    return getattr(result, name)


def result_text(result: kernel.Result | str) -> Text | str:
    if isinstance(result, str):
        return result
    return {
        "outcome": result.outcome,
        "exit": result.exit,
        "argument": hex(result.argument),
        "pc": hex(result.pc),
        "gas": hex(result.gas),
        "regs": {f"r{index}": hex(value) for index, value in enumerate(result.regs) if value},
        "gas_used": hex(result.gas_used),
        "instance": result.instance.hex(),
        "cnode": digest(result.cnode),
        "pages": digest(result.pages),
        "payload": result.payload.hex(),
    }


def step_text(step: Step, names: Names) -> Text:
    if isinstance(step, Run):
        return {
            "run": {
                "instance": step.instance.hex(),
                "image": image_text(step.image, names),
                "cnode": step.cnode.hex(),
                "endpoint": step.endpoint,
                "gas": hex(step.gas),
            }
        }
    return {"resume": {} if step.scratchpad is None else {"scratchpad": step.scratchpad.hex()}}


def result_of(world: kernel.World, step: Step, records: Records) -> kernel.Result | str:
    """What a step gives, refusals and rules included."""
    try:
        if isinstance(step, Run):
            return world.run(step.instance, step.image, step.cnode, step.endpoint, step.gas, observer=records)
        return world.resume(step.scratchpad, observer=records)
    except kernel.Refused:
        return "refused"
    except (kernel.DecodeError, kernel.NotAdmitted) as error:
        return error.rule


def step_done(world: kernel.World, step: Step, names: Names) -> Text:
    """The text of one step of a world."""
    records, before = Records(), world.dump()
    result = result_of(world, step, records)
    expect("the end", step.ends, ended(result))
    check_known(step, result)
    if step.unchanged:
        expect("the world", before.hex(), world.dump().hex())
        if isinstance(step, Run) and not isinstance(result, str):
            expect("the CNode", step.cnode.hex(), result.cnode.hex())
    dump = digest(world.dump())
    return step_text(step, names) | {
        "result": result_text(result),
        "dump": dump,
        "records": records.digest(),
        "changes": records.lines(),
    }


def played(act: World, names: Names) -> Text:
    try:
        world = kernel.World(act.start)
    except kernel.Refused as refused:
        if act.steps:
            raise Unexpected(f"the world is refused: {refused}") from None
        return {"world": act.start.hex(), "open": "refused"}
    if not act.steps:
        raise Unexpected("the world opens, and nothing is done with it")
    steps = [step_done(world, step, names) for step in act.steps]
    return {"world": act.start.hex(), "steps": steps}


def event_done(chain: kernel.Chain, event: Event) -> Text:
    records = Records()
    result = chain.apply(event.endpoint, event.payload, event.gas, event.quota, observer=records)
    root = chain.root()
    expect("the end of the event", event.ends, ended(result))
    check_known(event, result)
    if event.root is not None:
        expect("the root", event.root.hex(), root.hex())
    return {
        "endpoint": event.endpoint,
        "payload": event.payload.hex(),
        "gas": hex(event.gas),
        "quota": hex(event.quota),
        "result": {
            "outcome": result.outcome,
            "exit": result.exit,
            "argument": hex(result.argument),
            "value": hex(result.value),
            "gas_used": hex(result.gas_used),
        },
        "root": root.hex(),
        "instance": chain.instance.hex(),
        "records": records.digest(),
        "changes": records.lines(),
    }


def applied(act: Genesis, names: Names) -> Text:
    text: Text = {"genesis": image_text(act.image, names)}
    try:
        chain = kernel.Chain(act.image)
    except (kernel.DecodeError, kernel.NotAdmitted) as error:
        expect("the verdict", act.verdict, error.rule)
        return text | {"verdict": error.rule}
    expect("the verdict", act.verdict, "admitted")
    root = chain.root()
    if act.root is not None:
        expect("the root of genesis", act.root.hex(), root.hex())
    events = [event_done(chain, event) for event in act.events]
    return text | {"verdict": "admitted", "root": root.hex(), "events": events}


def done(act: Act, names: Names) -> Text:
    """The keys of a case that its act decides."""
    match act:
        case Decode():
            return decoded(act, names)
        case Admit():
            return admitted(act, names)
        case Hash():
            return hashed(act, names)
        case World():
            return played(act, names)
        case Genesis():
            return applied(act, names)


def body(case: KernelCase, names: Names) -> tuple[Text, set[str]]:
    """The same, and the ids of the rules reached."""
    with model.reached() as reached:
        text = done(case.act, names)
    return text, set(reached)
