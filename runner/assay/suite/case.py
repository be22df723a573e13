"""Cases as values: what is given and done. What is expected stays with the harness, which compares.

The strict reader of vector files is `assay-native list`; what it has accepted is read here into types.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from assay.base import strict
from assay.base.strict import U32, Json, Members, Wrong, count, items, mapping, number, octets, text
from assay.engines.answers import NEVER, REGISTERS, Page, Program, Until

# Cases of the machine


@dataclass(frozen=True, slots=True)
class Run:
    pc: int
    gas: int
    regs: tuple[int, ...]
    until: Until = NEVER


@dataclass(frozen=True, slots=True)
class Resume:
    """What is not listed stays as the machine has it."""

    gas: int | None
    regs: Mapping[int, int]
    until: Until = NEVER


@dataclass(frozen=True, slots=True)
class Write:
    address: int
    data: bytes


Step: TypeAlias = Run | Resume | Write


@dataclass(frozen=True, slots=True)
class MachineCase:
    id: str
    program: Program
    steps: tuple[Step, ...]
    rules: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


# Cases of the kernel


@dataclass(frozen=True, slots=True)
class Decode:
    type: str
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Admit:
    image: bytes


@dataclass(frozen=True, slots=True)
class Hash:
    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class CallRun:
    instance: bytes
    image: bytes
    cnode: bytes
    endpoint: int
    gas: int


@dataclass(frozen=True, slots=True)
class CallResume:
    scratchpad: bytes | None


Call: TypeAlias = CallRun | CallResume


@dataclass(frozen=True, slots=True)
class Invocations:
    """Runs and resumes in an encoded World; without steps it is refused."""

    world: bytes
    steps: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Event:
    endpoint: int
    payload: bytes
    gas: int
    quota: int


@dataclass(frozen=True, slots=True)
class ChainEvents:
    """A chain that begins with an Image, and its events."""

    image: bytes
    events: tuple[Event, ...]


Act: TypeAlias = Decode | Admit | Hash | Invocations | ChainEvents


@dataclass(frozen=True, slots=True)
class KernelCase:
    id: str
    act: Act
    rules: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    votes: tuple[str, ...] = ()  # who can keep up; empty: everybody


Case: TypeAlias = MachineCase | KernelCase


# Reading


def words(value: Json, what: str) -> tuple[str, ...]:
    return tuple(text(entry, what) for entry in items(value, what))


def read_machine(value: Json) -> MachineCase:
    case = mapping(value, "the case")
    return MachineCase(
        text(case.get("id"), "id"),
        Program(
            octets(case.get("blob"), "blob"),
            count(case.get("mem_cycles"), "mem_cycles"),
            tuple(read_page(page) for page in items(case.get("pages"), "pages")),
        ),
        tuple(read_step(step) for step in items(case.get("steps", []), "steps")),
        words(case.get("rules", []), "rules"),
        words(case.get("against", []), "against"),
    )


def read_page(value: Json) -> Page:
    page = items(value, "a page")
    if len(page) != 3:
        raise Wrong("a page is not [address, access, bytes]")
    return Page(
        number(page[0], "address", U32), strict.one_of(page[1], "access", ("ro", "rw")), octets(page[2], "data")
    )


def read_step(value: Json) -> Step:
    step = mapping(value, "a step")
    if "write" in step:
        given = mapping(step["write"], "write")
        return Write(number(given.get("address"), "address", U32), octets(given.get("data"), "data"))
    until = read_until(step.get("until", {}))
    if "run" in step:
        given = mapping(step["run"], "run")
        listed = read_registers(given.get("regs", {}))
        regs = tuple(listed.get(index, 0) for index in range(REGISTERS))
        return Run(number(given.get("pc"), "pc"), number(given.get("gas"), "gas"), regs, until)
    given = mapping(step.get("resume"), "resume")
    gas = number(given["gas"], "gas") if "gas" in given else None
    return Resume(gas, read_registers(given.get("regs", {})), until)


def read_until(value: Json) -> Until:
    until = mapping(value, "until")
    return Until(count(until.get("blocks", 0), "blocks"), count(until.get("instructions", 0), "instructions"))


def read_registers(value: Json) -> dict[int, int]:
    names = {f"r{index}": index for index in range(REGISTERS)}
    found = {}
    for name, entry in mapping(value, "regs").items():
        if name not in names:
            raise Wrong(f"regs has an unknown register {name!r}")
        found[names[name]] = number(entry, name)
    return found


def read_kernel(value: Json, images: Mapping[str, bytes]) -> KernelCase:
    case = mapping(value, "the case")
    return KernelCase(
        text(case.get("id"), "id"),
        read_act(case, images),
        words(case.get("rules", []), "rules"),
        words(case.get("against", []), "against"),
        words(case.get("votes", []), "votes"),
    )


def read_act(case: Members, images: Mapping[str, bytes]) -> Act:
    if "decode" in case:
        given = mapping(case["decode"], "decode")
        return Decode(text(given.get("type"), "type"), octets(given.get("bytes"), "bytes"))
    if "admit" in case:
        return Admit(read_image(mapping(case["admit"], "admit").get("image"), images))
    if "hash" in case:
        given = mapping(case["hash"], "hash")
        return Hash(text(given.get("kind"), "kind"), octets(given.get("value"), "value"))
    if "world" in case:
        steps = tuple(read_call(step, images) for step in items(case.get("steps", []), "steps"))
        return Invocations(octets(case["world"], "world"), steps)
    events = tuple(read_event(event) for event in items(case.get("events", []), "events"))
    return ChainEvents(read_image(case.get("genesis"), images), events)


def read_image(value: Json, images: Mapping[str, bytes]) -> bytes:
    """The bytes of an Image that a case names or holds."""
    name = text(value, "an image")
    if not name.startswith("@"):
        return octets(value, "an image")
    if name[1:] not in images:
        raise Wrong(f"the file has no image {name[1:]!r}")
    return images[name[1:]]


def read_images(value: Json) -> dict[str, bytes]:
    return {name: octets(image, f"image {name}") for name, image in mapping(value, "images").items()}


def read_call(value: Json, images: Mapping[str, bytes]) -> Call:
    step = mapping(value, "a step")
    if "run" not in step:
        given = mapping(step.get("resume"), "resume")
        return CallResume(octets(given["scratchpad"], "scratchpad") if "scratchpad" in given else None)
    given = mapping(step["run"], "run")
    return CallRun(
        octets(given.get("instance"), "instance", 64),
        read_image(given.get("image"), images),
        octets(given.get("cnode"), "cnode"),
        count(given.get("endpoint"), "endpoint", 256),
        number(given.get("gas"), "gas"),
    )


def read_event(value: Json) -> Event:
    event = mapping(value, "an event")
    return Event(
        count(event.get("endpoint"), "endpoint", 256),
        octets(event.get("payload"), "payload"),
        number(event.get("gas"), "gas"),
        number(event.get("quota"), "quota"),
    )
