"""call.md: activations, from run or resume to an exit."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.kernel import host, yield_
from model.kernel.cap import Capability, CNode, Data, Instance, handle_id
from model.kernel.hash import strip
from model.kernel.image import Image, MemoryMapping
from model.kernel.record import Recorder
from model.kernel.stack import Activation, Kernel
from model.kernel.table import LIMIT
from model.machine.exit import Observer, Stop
from model.machine.exit import State as MachineState
from model.machine.mem import PAGE_SIZE, Page
from model.machine.run import load
from model.reach import rule
from model.table import EXIT

REGISTER_COUNT = 13
ENDPOINT_REGISTER = 11
EXIT_NUMBER = {record.name: record.number for record in EXIT}
OPERATION_RESULT = {host.GOES_ON: 0, host.TRAP: 1, host.HALT: 2, host.PAUSED: 3}
OUTCOME = {"halt": 0, "faulted": 1, "paused": 2}


@dataclass
class Ending:
    """How an activation ended or was set aside; the rest is in the activation."""

    outcome: str
    exit: str
    argument: int = 0
    payload: Capability | None = None


def run(
    kernel: Kernel,
    instance: Instance,
    image: Image,
    cnode: CNode,
    endpoint: int,
    gas: int,
    observer: Observer | None = None,
) -> tuple[Activation, Ending]:
    """Starts an activation on a stack that is not full. Answers the activation and its Ending."""
    activation = Activation(instance, image, cnode, entered=image)
    activation.pc, activation.regs = start_of(image, endpoint)
    rule("call/run/entry")
    activation.started = load(image.code, LIMIT["mem_cycles"], list(pages(kernel, image, cnode)))
    recorder = Recorder(kernel, activation, observer)
    meter = find_meter(activation)
    if meter is None:
        rule("call/gas/no_meter")
    else:
        if kernel.tables.meters.get(meter, 0) == 0:
            rule("call/gas/top_up")
            kernel.tables.meters[meter] = gas
        gas = from_meter(kernel, meter)
    activation.enter(meter, gas)
    kernel.stack.append(activation)
    recorder.emit("run", op=endpoint)
    stop = activation.machine.run(MachineState(activation.pc, gas, activation.regs), observer=observer)
    return activation, go_on(kernel, activation, stop, recorder, observer)


def resume(
    kernel: Kernel, scratchpad: Capability | None = None, observer: Observer | None = None
) -> tuple[Activation, Ending]:
    """Goes on with the activation below the reference on top. Answers as run does."""
    rule("yield/resume/pops")
    kernel.stack.pop()
    activation = kernel.running()
    recorder = Recorder(kernel, activation, observer)
    if scratchpad is not None:
        rule("yield/resume/scratchpad")
        rule("yield/resume/scratchpad/given")
        activation.cnode.write(LIMIT["payload_slot"], scratchpad)
    else:
        rule("yield/resume/scratchpad/none")
    rule("yield/resume/gas")
    meter = activation.meter
    rule("yield/resume/gas/" + ("no_meter" if meter is None else "meter"))
    if meter is None:
        rule("call/gas/no_meter")
    activation.enter(meter, activation.gas if meter is None else from_meter(kernel, meter))
    if activation.machine.last_exit == "out_of_gas":
        rule("yield/oog/retry")
    recorder.emit("resume")
    stop = activation.machine.resume(activation.gas, activation.regs, observer=observer)
    return activation, go_on(kernel, activation, stop, recorder, observer)


# Entering


def start_of(image: Image, endpoint: int) -> tuple[int, list[int]]:
    """pc and registers."""
    regs = [0] * REGISTER_COUNT
    regs[ENDPOINT_REGISTER] = endpoint
    definition = image.endpoints.get(endpoint)
    if definition is None:
        rule("call/run/missing_endpoint")
        return 0, regs
    rule("call/run/registers")
    for register, value in sorted(definition.initial_regs.items()):
        if register == ENDPOINT_REGISTER:
            rule("call/run/registers/key_11")
        if register >= REGISTER_COUNT:
            rule("call/run/registers/ignored")
            continue
        regs[register] = value
    return definition.entry_pc, regs


def pages(kernel: Kernel, image: Image, cnode: CNode) -> Iterator[Page]:
    """The memory of an activation: every page of every mapping of one step."""
    for mapping in image.memory_mappings:
        if len(mapping.source) > 1:
            rule("call/map/multi_step")
            continue
        rule("call/map/permission")
        target = mapping.source[0]
        access = "ro" if target in image.pinned_slots else "rw"
        content = content_of(kernel, cnode.read(target))[: mapping.size]
        for offset in range(0, mapping.size, PAGE_SIZE):
            yield Page(mapping.start + offset, access, content[offset : offset + PAGE_SIZE])


def content_of(kernel: Kernel, cap: Capability | None) -> bytes:
    """The payload that a mapping begins with; Data.size does not matter."""
    if isinstance(cap, Data) and cap.hash in kernel.state.data_payloads:
        rule("call/map/content")
        return kernel.state.data_payloads[cap.hash]
    rule("call/map/no_content")
    rule("call/map/no_content/" + ("empty" if cap is None else "missing" if isinstance(cap, Data) else "kind"))
    return b""


def find_meter(activation: Activation) -> int | None:
    """The meter that the gas slot names as run enters, or None (call/gas/meter)."""
    rule("call/gas/meter")
    if not activation.entered.gas_slots:
        rule("call/gas/meter/no_slot")
        return None
    meter = handle_id(activation.cnode.read(activation.entered.gas_slots[0]), "gas")
    if meter is None:
        rule("call/gas/meter/no_handle")
    return meter


def from_meter(kernel: Kernel, meter: int) -> int:
    rule("call/gas/from_meter")
    return kernel.tables.meters.get(meter, 0)


# Running


def go_on(kernel: Kernel, activation: Activation, stop: Stop, recorder: Recorder, observer: Observer | None) -> Ending:
    """Runs to an exit, with all operations on the way."""
    while True:
        activation.take(stop)
        recorder.remember()
        if stop.exit not in ("host_call", "ecall"):
            return leave(kernel, activation, recorder, of_machine(kernel, activation, stop))
        number = host.selector(stop)
        result, payload = host.perform(kernel, activation, number)
        recorder.emit("operation", number, OPERATION_RESULT[result])
        if result == host.TRAP:
            rule("chain/record/trap")
        if result != host.GOES_ON:  # it has changed nothing since the record before
            rule("host/exit_pc")
            return leave(kernel, activation, recorder, of_operation(result, payload))
        stop = activation.machine.resume(activation.gas, activation.regs, observer=observer)


def of_operation(result: str, payload: Capability | None) -> Ending:
    if result == host.HALT:
        return Ending("halt", "halt")
    if result == host.TRAP:
        return Ending("faulted", "trap")
    return Ending("paused", "host_call", YIELD, payload)


YIELD = next(number for number, name in host.NAME.items() if name == "yield")


def of_machine(kernel: Kernel, activation: Activation, stop: Stop) -> Ending:
    if stop.exit == "out_of_gas":
        payload = yield_.by_out_of_gas(kernel, activation)
        if payload is not None:
            return Ending("paused", "out_of_gas", 0, payload)
    return Ending("faulted", stop.exit, stop.argument)


# Leaving


def leave(kernel: Kernel, activation: Activation, recorder: Recorder, ending: Ending) -> Ending:
    """Every exit passes here."""
    rule("call/gas/used")
    if activation.meter is not None:
        rule("call/gas/write_back")
        rule("call/gas/write_back/" + ending.outcome)
        kernel.tables.meters[activation.meter] = activation.gas
    if ending.outcome == "halt":
        rule("call/halt/result")
        rule("chain/record/halt")
        write_back(kernel, activation)
    if ending.outcome == "faulted":
        rule("call/fault/result")
        rule("call/fault/result/" + ending.exit)
    if ending.outcome != "paused":
        kernel.stack.pop()
    recorder.emit("exit", 0, OUTCOME[ending.outcome], EXIT_NUMBER[ending.exit], ending.argument)
    return ending


def write_back(kernel: Kernel, activation: Activation) -> None:
    """call/halt/write_back, call/halt/skips: the mappings are those of the Image entered."""
    entered, cnode = activation.entered, activation.cnode
    for mapping in entered.memory_mappings:
        target = mapping.source[0]
        reason = why_skipped(activation, mapping)
        if reason:
            rule("call/halt/skips")
            rule("call/halt/skips/" + reason)
            continue
        rule("call/halt/write_back")
        content = strip(activation.machine.read(mapping.start, mapping.size))
        cnode.write(target, Data(mapping.size, kernel.state.store(content)))


def why_skipped(activation: Activation, mapping: MemoryMapping) -> str:
    """Why Halt does not write a mapping back, or "" when it does."""
    target = mapping.source[0]
    if len(mapping.source) > 1:
        return "several_steps"
    if target in activation.entered.pinned_slots:
        return "read_only"
    if target in activation.image.pinned_slots:
        return "pinned"
    return "" if activation.cnode.has(target) else "beyond"


def instance_bytes(instance: Instance) -> bytes:
    return instance.chain + instance.content


def instance_of(data: bytes) -> Instance:
    return Instance(bytes(data[:32]), bytes(data[32:]))
