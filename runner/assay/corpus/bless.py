"""One case of the machine on the specification, step by step, as a vector file writes it down."""

from collections.abc import Callable, Iterable, Sequence

import model
from cases.machine.case import PAGE, Case, Resume, Run, Step, Write

Written = dict[str, object]
GivenPage = tuple[int, str, bytes]
Go = Callable[[model.Until, "Recorder | None"], model.Stop]


class Unexpected(Exception):
    """The case does what no case may do; the message is for its author."""


def number(value: int) -> str:
    return hex(value)


def registers_since(before: Sequence[int], after: Sequence[int]) -> dict[str, str]:
    pairs = enumerate(zip(before, after, strict=True))
    return {f"r{index}": number(new) for index, (old, new) in pairs if old != new}


class Recorder:
    """An observer that keeps records as the vector writes them, registers against the record before."""

    def __init__(self, regs: Sequence[int], wanted: Iterable[str]) -> None:
        kinds = [kind for kind in ("blocks", "instructions") if kind in wanted]
        self.lists: dict[str, list[Written]] = {kind: [] for kind in kinds}
        self.before = {kind: list(regs) for kind in kinds}
        if "blocks" in kinds:
            self.block = self.keep_block
        if "instructions" in kinds:
            self.instruction = self.keep_instruction

    def since(self, kind: str, regs: Sequence[int]) -> dict[str, str]:
        changed = registers_since(self.before[kind], regs)
        self.before[kind] = list(regs)
        return changed

    def keep_block(self, state: model.State) -> None:
        record: Written = {"pc": number(state.pc), "gas": number(state.gas), "regs": self.since("blocks", state.regs)}
        self.lists["blocks"].append(record)

    def keep_instruction(self, step: model.Step) -> None:
        record: Written = {"pc": number(step.pc), "regs": self.since("instructions", step.regs)}
        if step.store is not None:
            address, width, value = step.store
            record["store"] = [number(address), width, number(value)]
        self.lists["instructions"].append(record)


def memory_of(machine: model.Machine, pages: Iterable[GivenPage]) -> list[bytes]:
    return [machine.read(address, PAGE) for address, _, _ in pages]


def memory_since(pages: Iterable[GivenPage], before: Sequence[bytes], after: Sequence[bytes]) -> list[list[str]]:
    """Every byte that differs, as maximal runs, ascending."""
    runs: list[tuple[int, bytearray]] = []
    for (base, _, _), old, new in zip(pages, before, after, strict=True):
        for offset in range(PAGE) if old != new else ():
            if old[offset] == new[offset]:
                continue
            address = base + offset
            if runs and runs[-1][0] + len(runs[-1][1]) == address:
                runs[-1][1].append(new[offset])
            else:
                runs.append((address, bytearray([new[offset]])))
    return [[number(address), data.hex()] for address, data in runs]


class Player:
    """Does the steps of one case on one machine and writes each down."""

    def __init__(self, case: Case, machine: model.Machine) -> None:
        self.case = case
        self.machine = machine
        self.regs = [0] * 13
        self.stop: model.Stop | None = None

    def play(self, step: Step) -> Written:
        if isinstance(step, Write):
            return self.write(step)
        assert isinstance(step, Run | Resume)
        before = self.regs
        written, go = self.begin(step) if isinstance(step, Run) else self.go_on(step)
        if step.until:
            written["until"] = dict(step.until)
        recorder = Recorder(self.regs, step.records)
        memory = memory_of(self.machine, self.case.pages)
        try:
            self.stop = go(model.Until(**(step.until or {})), recorder if step.records else None)
        except model.Refused as refused:
            if isinstance(step, Run):
                raise Unexpected(f"a run is never refused, but the model says: {refused}") from None
            self.regs = before
            return written | {"stop": "refused"}
        written["stop"] = self.stop_text(self.stop, memory)
        self.regs = list(self.stop.state.regs)
        return written | recorder.lists

    def write(self, step: Write) -> Written:
        try:
            self.machine.write(step.address, step.data)
        except model.Refused as refused:
            raise Unexpected(f"a write is never refused, but: {refused}") from None
        return {"write": {"address": number(step.address), "data": step.data.hex()}}

    def begin(self, step: Run) -> tuple[Written, Go]:
        """The text of a run, and the call that does it; the machine's registers become those of the start."""
        self.regs = [step.regs.get(index, 0) for index in range(13)]
        state = model.State(step.pc, step.gas, list(self.regs))
        given = {name: value for name, value in registers_text(step.regs).items() if value != "0x0"}
        text: Written = {"run": {"pc": number(step.pc), "gas": number(step.gas), "regs": given}}
        return text, lambda until, observer: self.machine.run(state, until, observer)

    def go_on(self, step: Resume) -> tuple[Written, Go]:
        """Likewise of a resume."""
        self.regs = [step.regs.get(index, old) for index, old in enumerate(self.regs)]
        gas = step.gas if step.gas is not None else self.stop.state.gas if self.stop else 0
        regs = registers_text(step.regs)
        text: Written = {
            "resume": ({} if step.gas is None else {"gas": number(gas)}) | ({"regs": regs} if regs else {})
        }
        return text, lambda until, observer: self.machine.resume(gas, list(self.regs), until, observer)

    def stop_text(self, stop: model.Stop, memory: Sequence[bytes]) -> Written:
        return {
            "exit": stop.exit,
            "argument": number(stop.argument),
            "pc": number(stop.state.pc),
            "gas": number(stop.state.gas),
            "regs": registers_since(self.regs, stop.state.regs),
            "memory": memory_since(self.case.pages, memory, memory_of(self.machine, self.case.pages)),
        }


def registers_text(regs: dict[int, int]) -> dict[str, str]:
    return {f"r{index}": number(value) for index, value in sorted(regs.items())}


def body(case: Case) -> tuple[Written, set[str]]:
    """The keys of a case that its machine decides, and the rules reached; raises Unexpected."""
    with model.reached() as reached:
        pages = [model.Page(*entry) for entry in case.pages]
        load, steps, stop = "admitted", [], None
        try:
            machine = model.load(case.blob, case.mem_cycles, pages)
        except model.Rejected as rejected:
            load = rejected.rule
        except model.Refused:
            load = "refused"
        else:
            player = Player(case, machine)
            steps = [player.play(step) for step in case.steps]
            stop = player.stop
    if load != "admitted" and case.steps:
        raise Unexpected(f"it has steps but ends with {load} at load; leave the steps out")
    check_known(case, stop)
    written: Written = {
        "blob": case.blob.hex(),
        "mem_cycles": case.mem_cycles,
        "pages": [[number(address), access, data.hex()] for address, access, data in case.pages],
        "load": load,
    }
    if load == "admitted":
        written["steps"] = steps
    return written, set(reached)


def check_known(case: Case, stop: model.Stop | None) -> None:
    """Values found elsewhere must be what the model says."""
    if not case.known:
        return
    if stop is None:
        raise Unexpected("known values are given, but the machine never stopped")
    found: dict[str, object] = {f"r{index}": value for index, value in enumerate(stop.state.regs)}
    found |= {"exit": stop.exit, "argument": stop.argument, "pc": stop.state.pc, "gas": stop.state.gas}
    for key, value in case.known.items():
        if found[key] != value:
            raise Unexpected(f"{key} is known to be {value}, the model says {found[key]}")
