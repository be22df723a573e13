"""What a case gives, as text: the keys of vectors/README.md without those that a vector expects.

given.of(case)            the text of a case
given.vector_file(cases)  a file that the harness takes: what it expects is void, only two engines are compared
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from assay.base.level import Depth
from assay.base.strict import Json, Members
from assay.suite import program
from assay.suite.case import (
    Act,
    Admit,
    Call,
    CallRun,
    Case,
    Decode,
    Event,
    Hash,
    Invocations,
    MachineCase,
)

HASH = "00" * 32
RESULT: Members = {"outcome": "halt", "exit": "trap", "argument": "0x0", "value": "0x0", "gas_used": "0x0"}
SCHEMA = {Depth.MACHINE: "assay-machine-1", Depth.KERNEL: "assay-kernel-1"}


def of(case: Case) -> Members:
    """All that it gives; of the machine without `stop`, of the kernel with its Images written out."""
    if not isinstance(case, MachineCase):
        return act(case.act)
    whole = program.case_text(case)
    steps: Json = [
        {key: value for key, value in step.items() if key != "stop"} for step in map(program.step_text, case.steps)
    ]
    return {key: whole[key] for key in ("blob", "mem_cycles", "pages")} | {"steps": steps}


def depth_of(case: Case) -> Depth:
    return Depth.MACHINE if isinstance(case, MachineCase) else Depth.KERNEL


def act(given: Act) -> Members:
    if isinstance(given, Decode):
        return {"decode": {"type": given.type, "bytes": given.bytes.hex()}}
    if isinstance(given, Admit):
        return {"admit": {"image": given.image.hex()}}
    if isinstance(given, Hash):
        return {"hash": {"kind": given.kind, "value": given.value.hex()}}
    if isinstance(given, Invocations):
        return {"world": given.world.hex(), "steps": [call(step) for step in given.steps]}
    return {"genesis": given.image.hex(), "events": [event(entry) for entry in given.events]}


def call(step: Call) -> Members:
    if isinstance(step, CallRun):
        run: Members = {"instance": step.instance.hex(), "image": step.image.hex(), "cnode": step.cnode.hex()}
        return {"run": run | {"endpoint": step.endpoint, "gas": hex(step.gas)}}
    return {"resume": {} if step.scratchpad is None else {"scratchpad": step.scratchpad.hex()}}


def event(entry: Event) -> Members:
    return {
        "endpoint": entry.endpoint,
        "payload": entry.payload.hex(),
        "gas": hex(entry.gas),
        "quota": hex(entry.quota),
    }


# For the harness, which wants whole cases


def void(case: Case, identity: str) -> Members:
    """The case with expected values that nobody compares."""
    if isinstance(case, MachineCase):
        return void_machine(case) | {"id": identity}
    text = act(case.act)
    head: Members = {"id": identity, "rules": [], "against": []}
    if isinstance(case.act, Decode):
        return head | {"decode": member(text, "decode") | {"verdict": "decoded"}}
    if isinstance(case.act, Admit):
        return head | {"admit": member(text, "admit") | {"verdict": "admitted"}}
    if isinstance(case.act, Hash):
        return head | {"hash": member(text, "hash") | {"digest": HASH}}
    if isinstance(case.act, Invocations):
        return head | void_world(text, case.act)
    nothing: Members = {"result": RESULT, "root": HASH, "instance": HASH * 2, "records": HASH, "changes": []}
    events: Json = [event(entry) | nothing for entry in case.act.events]
    return head | {"genesis": text["genesis"], "verdict": "admitted", "root": HASH, "events": events}


def void_machine(case: MachineCase) -> Members:
    text = program.case_text(case)
    if not case.steps:
        del text["steps"]
        text["load"] = "refused"
    return text


def void_world(text: Members, world: Invocations) -> Members:
    if not world.steps:
        return {"world": text["world"], "open": "refused"}
    nothing: Members = {"result": "refused", "dump": HASH, "records": HASH, "changes": []}
    return {"world": text["world"], "steps": [call(step) | nothing for step in world.steps]}


def member(text: Members, name: str) -> Members:
    found = text[name]
    assert isinstance(found, dict)
    return found


@contextmanager
def vector_file(cases: Mapping[str, Case], depth: Depth) -> Iterator[str]:
    """The path of a vector file with these cases of one level, by their ids."""
    with tempfile.NamedTemporaryFile("w", prefix="assay-", suffix=".json") as stream:
        stream.write(text_of(cases, depth))
        stream.flush()
        yield stream.name


def text_of(cases: Mapping[str, Case], depth: Depth) -> str:
    head: Members = {"schema": SCHEMA[depth], "area": "given", "subject": "void", "votes": []}
    if depth == Depth.KERNEL:
        head["images"] = {}
    lines: Sequence[str] = [json.dumps(void(case, name), separators=(",", ":")) for name, case in cases.items()]
    return json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
