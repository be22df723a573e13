"""An input in words: a program as assembly, an Image with its code, steps and events a line each."""

from collections.abc import Iterator

import model
from assay.assembly import disasm
from assay.base import strict
from assay.base.strict import Json, Members
from assay.fuzz.inputs import Shown
from model import kernel

BYTES_SHOWN = 48


def text_of(shown: Shown) -> Iterator[str]:
    """Lines. What begins with `;` is no assembly: the program alone can be assembled again."""
    case = shown.case
    yield f"; an input of the target {shown.target}: {shown.file}"
    if shown.target == "machine":
        yield from machine(case)
    elif shown.target == "reader":
        yield f"; {strict.text(case['form'], 'form')}"
        yield strict.text(case["text"], "text").rstrip("\n")
    else:
        yield from of_kernel(case)


def machine(case: Members) -> Iterator[str]:
    cycles = strict.count(case["mem_cycles"], "mem_cycles")
    yield f"; mem_cycles {cycles}, load: {strict.text(case['load'], 'load')}"
    yield from code(strict.octets(case["blob"], "blob"), cycles)
    for page in strict.items(case["pages"], "pages"):
        address, access, data = strict.items(page, "a page")
        yield f"; page {address} {access} {octets(data)}"
    for step in strict.items(case.get("steps", []), "steps"):
        yield from machine_step(strict.mapping(step, "a step"))


def code(blob: bytes, cycles: int = 25) -> Iterator[str]:
    try:
        yield from disasm.listing(blob, cycles).splitlines()
    except model.Rejected as rejected:
        yield f"; {len(blob)} bytes, rejected by {rejected.rule}: {blob[:BYTES_SHOWN].hex()}"


def machine_step(step: Members) -> Iterator[str]:
    if "write" in step:
        write = strict.mapping(step["write"], "write")
        yield f"; write {write['address']} {octets(write['data'])}"
        return
    kind = "run" if "run" in step else "resume"
    until = f", until {words(step['until'])}" if "until" in step else ""
    yield f"; {kind} {words(step[kind])}{until}"
    yield f";   stop {words(step['stop'])}"


def of_kernel(case: Members) -> Iterator[str]:
    yield f"; revision {case['revision']}"
    for act in ("decode", "admit", "hash"):
        if act in case:
            yield f"; {act} {words(case[act])}"
    if "world" in case:
        yield f"; world {octets(case['world'])}" + (f", open: {case['open']}" if "open" in case else "")
    if "genesis" in case:
        yield f"; genesis, {case['verdict']}"
        yield from image(strict.octets(case["genesis"], "genesis"))
    for index, step in enumerate(strict.items(case.get("steps", []), "steps")):
        yield from call(index, strict.mapping(step, "a step"))
    for index, item in enumerate(strict.items(case.get("events", []), "events")):
        event = strict.mapping(item, "an event")
        yield f"; event {index}: {words({k: v for k, v in event.items() if k != 'changes'})}"


def call(index: int, step: Members) -> Iterator[str]:
    if "resume" in step:
        yield f"; step {index}: resume {words(step['resume'])}"
    else:
        run = strict.mapping(step["run"], "run")
        yield f"; step {index}: run {words({k: v for k, v in run.items() if k != 'image'})}"
        yield from image(strict.octets(run["image"], "image"))
    yield f";   result {words(step['result'])}"


def image(data: bytes) -> Iterator[str]:
    """What an Image holds; of one that does not decode, why."""
    try:
        found = kernel.decode("image", data)
    except kernel.DecodeError as error:
        yield f"; image of {len(data)} bytes that does not decode ({error}): {data[:BYTES_SHOWN].hex()}"
        return
    for number, endpoint in found.endpoints.items():
        registers = ", ".join(f"r{n} {v:#x}" for n, v in endpoint.initial_regs.items())
        yield f"; endpoint {number}: pc {endpoint.entry_pc:#x}" + (f", {registers}" if registers else "")
    for mapping in found.memory_mappings:
        yield f"; mapping {mapping.start:#x}, {mapping.size:#x} bytes from {list(mapping.source)}"
    for slot, pin in found.pinned_slots.items():
        yield f"; pinned {slot}: {pin}"[:200]
    for slot, given in found.initial_slots.items():
        yield f"; initial {slot}: {len(given.content)} of {given.size:#x} bytes"
    yield f"; gas {found.gas_slots}, quota {found.quota_slots}, yield marker {found.yield_marker_slot}"
    yield from code(found.code)


def words(value: Json) -> str:
    """Members on one line; those that say nothing are left out."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(each)}" for key, each in value.items() if each not in ({}, [], ""))
    if isinstance(value, list):
        return "[" + ", ".join(words(each) for each in value) + "]"
    return octets(value) if isinstance(value, str) and not value.startswith("0x") else str(value)


def octets(value: Json) -> str:
    """Hex digits, the first ones of many."""
    text = str(value)
    return text if len(text) <= 2 * BYTES_SHOWN else f"{text[: 2 * BYTES_SHOWN]}… ({len(text) // 2} bytes)"
