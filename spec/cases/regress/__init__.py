"""Cases that were found and not thought up: each file of this folder holds what one case gives, and no expected value.

`./assay fuzz keep` writes them; the name of a file is the case's behaviour. They fill vectors/regress/machine.json and
vectors/regress/kernel.json, every expected value by the model.

    {"level": "machine", "rules": ["isa/add_64"], "note": "…", "blob": "…", "mem_cycles": 25, "pages": [], "steps": […]}

A case has the keys of ../../../vectors/README.md, without those that a vector expects. `rules` are noticed: those that
the model reaches are written down. Steps that nothing comes of, as the model refuses what they would be done with, are
left out.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias, cast

import model
from cases.kernel.case import ANY, Act, Admit, Decode, Event, Genesis, Hash, KernelCase, KernelSubject, World
from cases.kernel.case import Resume as CallResume
from cases.kernel.case import Run as CallRun
from cases.kernel.case import Step as CallStep
from cases.machine.case import BOTH, Case, Pages, Resume, Run, Step, Subject, Write
from model import kernel

AREA = "regress"
FOLDER = Path(__file__).parent
Given: TypeAlias = dict[str, object]


def subjects(folder: Path = FOLDER) -> Iterator[Subject | KernelSubject]:
    """A subject a level; none where nothing is kept."""
    found = [case_of(path.stem, given(json.loads(path.read_text("utf-8")))) for path in sorted(folder.glob("*.json"))]
    machine = [case for case in found if isinstance(case, Case)]
    if machine:
        yield Subject(AREA, "machine", machine)
    of_kernel = [case for case in found if isinstance(case, KernelCase)]
    if of_kernel:
        yield KernelSubject(AREA, "kernel", of_kernel)


def case_of(name: str, text: Given) -> Case | KernelCase:
    """The case that a file gives."""
    rules, note = tuple(str(rule) for rule in several(text.get("rules", []))), str(text.get("note", ""))
    if text["level"] == "machine":
        cycles = int(str(text["mem_cycles"]))
        pages = pages_of(text["pages"])
        is_admitted = loads(octets(text["blob"]), cycles, pages)
        steps = [machine_step(given(step)) for step in several(text.get("steps", []) if is_admitted else [])]
        return Case(name, (), octets(text["blob"]), steps, notices=rules, pages=pages, mem_cycles=cycles, note=note)
    return KernelCase(name, (), act_of(text), notices=rules, note=note)


# Values: the files are the project's own, and what is wrong in one is an error when the vectors are filled


def given(value: object) -> Given:
    return cast("Given", value)


def several(value: object) -> list[object]:
    return cast("list[object]", value)


def octets(value: object) -> bytes:
    return bytes.fromhex(str(value))


def number(value: object) -> int:
    return int(str(value), 0)


def registers(value: object) -> dict[int, int]:
    return {int(name[1:]): number(entry) for name, entry in given(value).items()}


# Cases of the machine


def pages_of(value: object) -> Pages:
    pages = [several(page) for page in several(value)]
    return [(number(address), str(access), octets(data)) for address, access, data in pages]


def loads(blob: bytes, mem_cycles: int, pages: Pages) -> bool:
    try:
        model.load(blob, mem_cycles, [model.Page(*page) for page in pages])
    except (model.Rejected, model.Refused):
        return False
    return True


def machine_step(step: Given) -> Step:
    if "write" in step:
        write = given(step["write"])
        return Write(number(write["address"]), octets(write["data"]))
    until = {name: int(str(count)) for name, count in given(step.get("until", {})).items()} or None
    if "run" in step:
        run = given(step["run"])
        return Run(number(run["pc"]), number(run["gas"]), registers(run["regs"]), until, BOTH)
    resume = given(step["resume"])
    gas = number(resume["gas"]) if "gas" in resume else None
    return Resume(gas, registers(resume.get("regs", {})), until, BOTH)


# Cases of the kernel


def act_of(text: Given) -> Act:
    if "decode" in text:
        decode = given(text["decode"])
        return Decode(str(decode["type"]), octets(decode["bytes"]), ANY)
    if "admit" in text:
        return Admit(octets(given(text["admit"])["image"]), ANY)
    if "hash" in text:
        hashed = given(text["hash"])
        return Hash(str(hashed["kind"]), octets(hashed["value"]))
    if "world" in text:
        steps = [call_step(given(step)) for step in several(text.get("steps", []))]
        return World(octets(text["world"]), steps if opens(octets(text["world"])) else ())
    events = [event_of(given(event)) for event in several(text.get("events", []))]
    return Genesis(octets(text["genesis"]), events, ANY)


def opens(world: bytes) -> bool:
    try:
        kernel.World(world)
    except kernel.Refused:
        return False
    return True


def call_step(step: Given) -> CallStep:
    if "run" not in step:
        resume = given(step["resume"])
        return CallResume(octets(resume["scratchpad"]) if "scratchpad" in resume else None, ANY)
    run = given(step["run"])
    return CallRun(
        octets(run["image"]),
        octets(run["cnode"]),
        octets(run["instance"]),
        int(str(run["endpoint"])),
        number(run["gas"]),
        ANY,
    )


def event_of(event: Given) -> Event:
    return Event(
        octets(event["payload"]), int(str(event["endpoint"])), number(event["gas"]), number(event["quota"]), ANY
    )
