"""Fills the vectors: runs every generated case on the model, writes down what it answers, checks
what it decides.

In: the subjects of `cases`. Out: one file a subject, byte-identical on every run. A case whose
rules the model does not reach, a rule that no case reaches or none avoids, and a double id are
errors.
"""

import json
import re
from multiprocessing import Pool
from pathlib import Path

import cases
import model
from cases.kernel import expect
from cases.kernel.case import KernelCase, KernelSubject
from cases.machine.case import PAGE, Resume, Run, Write

SCHEMA = "assay-machine-1"
VOTES = ["model", "ref", "fast"]
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class FillError(Exception):
    """Something about the cases is wrong; the message says which case and what to do."""


def number(value):
    return hex(value)


def registers_since(before, after):
    return {f"r{index}": number(new) for index, (old, new) in enumerate(zip(before, after)) if old != new}


class Recorder:
    """An observer that keeps records as the vector writes them, registers against the record
    before.
    """

    def __init__(self, regs, wanted):
        self.lists = {kind: [] for kind in ("blocks", "instructions") if kind in wanted}
        self.before = {kind: list(regs) for kind in self.lists}
        if "blocks" in wanted:
            self.block = self.keep_block
        if "instructions" in wanted:
            self.instruction = self.keep_instruction

    def since(self, kind, regs):
        changed = registers_since(self.before[kind], regs)
        self.before[kind] = list(regs)
        return changed

    def keep_block(self, state):
        record = {"pc": number(state.pc), "gas": number(state.gas), "regs": self.since("blocks", state.regs)}
        self.lists["blocks"].append(record)

    def keep_instruction(self, step):
        record = {"pc": number(step.pc), "regs": self.since("instructions", step.regs)}
        if step.store is not None:
            address, width, value = step.store
            record["store"] = [number(address), width, number(value)]
        self.lists["instructions"].append(record)


def memory_of(machine, pages):
    return [machine.read(address, PAGE) for address, _, _ in pages]


def memory_since(pages, before, after):
    """Every byte that differs, as maximal runs, ascending."""
    runs = []
    for (base, _, _), old, new in zip(pages, before, after):
        if old == new:
            continue
        for offset in range(PAGE):
            if old[offset] != new[offset]:
                address = base + offset
                if runs and runs[-1][0] + len(runs[-1][1]) == address:
                    runs[-1][1].append(new[offset])
                else:
                    runs.append((address, bytearray([new[offset]])))
    return [[number(address), data.hex()] for address, data in runs]


class Player:
    """Does the steps of one case on one machine and writes each down."""

    def __init__(self, case, machine):
        self.case = case
        self.machine = machine
        self.regs = [0] * 13
        self.gas = 0
        self.stop = None

    def play(self, step):
        if isinstance(step, Write):
            self.write(step)
            return {"write": {"address": number(step.address), "data": step.data.hex()}}
        before = self.regs
        written, start = self.start_of(step)
        if step.until:
            written["until"] = dict(step.until)
        observer = Recorder(self.regs, step.records)
        memory = memory_of(self.machine, self.case.pages)
        until = model.Until(**(step.until or {}))
        try:
            self.stop = start(until, observer if step.records else None)
        except model.Refused as refused:
            if isinstance(step, Run):
                raise FillError(f"{self.case.name}: a run is never refused, but the model says: {refused}") from None
            self.regs = before
            written["stop"] = "refused"
            return written
        written["stop"] = self.stop_text(memory)
        written.update(observer.lists)
        self.regs, self.gas = list(self.stop.state.regs), self.stop.state.gas
        return written

    def write(self, step):
        try:
            self.machine.write(step.address, step.data)
        except model.Refused as refused:
            raise FillError(f"{self.case.name}: a write is never refused, but: {refused}") from None

    def start_of(self, step):
        """The text of the step, and the call that does it; the machine's registers become those of
        the start.
        """
        given = {f"r{index}": number(value) for index, value in sorted(step.regs.items())}
        if isinstance(step, Run):
            given = {name: value for name, value in given.items() if value != "0x0"}
            self.regs = [step.regs.get(index, 0) for index in range(13)]
            state = model.State(step.pc, step.gas, list(self.regs))
            text = {"run": {"pc": number(step.pc), "gas": number(step.gas), "regs": given}}
            return text, lambda until, observer: self.machine.run(state, until, observer)
        assert isinstance(step, Resume)
        self.regs = [step.regs.get(index, old) for index, old in enumerate(self.regs)]
        gas = self.gas if step.gas is None else step.gas
        text = {"resume": ({} if step.gas is None else {"gas": number(gas)}) | ({"regs": given} if given else {})}
        return text, lambda until, observer: self.machine.resume(gas, list(self.regs), until, observer)

    def stop_text(self, memory):
        stop, state = self.stop, self.stop.state
        return {
            "exit": stop.exit,
            "argument": number(stop.argument),
            "pc": number(state.pc),
            "gas": number(state.gas),
            "regs": registers_since(self.regs, state.regs),
            "memory": memory_since(self.case.pages, memory, memory_of(self.machine, self.case.pages)),
        }


def play_case(case):
    """The load and the steps of a case, the ids of the rules reached, and the last stop."""
    with model.reached() as reached:
        pages = [model.Page(*entry) for entry in case.pages]
        try:
            machine = model.load(case.blob, case.mem_cycles, pages)
        except model.Rejected as rejected:
            return rejected.rule, None, set(reached), None
        except model.Refused:
            return "refused", None, set(reached), None
        player = Player(case, machine)
        steps = [player.play(step) for step in case.steps]
    return "admitted", steps, set(reached), player.stop


def check_known(case, name, stop):
    """Values found elsewhere must be what the model says."""
    if not case.known:
        return
    if stop is None:
        raise FillError(f"{name}: known values are given, but the machine never stopped")
    found = {"exit": stop.exit, "argument": stop.argument, "pc": stop.state.pc, "gas": stop.state.gas}
    found |= {f"r{index}": value for index, value in enumerate(stop.state.regs)}
    for key, value in case.known.items():
        if found[key] != value:
            raise FillError(f"{name}: {key} is known to be {value}, the model says {found[key]}")


def check_rules(case, name, reached, rules):
    """`rules` and `against` of a case with its probes and notices sorted in."""
    noticed = [rule for rule in (*case.probes, *case.notices) if rule in reached]
    positive = list(dict.fromkeys([*case.rules, *noticed]))
    negative = list(dict.fromkeys([*case.against, *(rule for rule in case.probes if rule not in reached)]))
    for rule in positive + negative:
        if rule not in rules:
            raise FillError(f"{name}: no chapter has a rule {rule}")
    for rule in positive:
        if rule not in reached:
            raise FillError(f"{name}: rule {rule} is not reached; reached are {' '.join(sorted(reached))}")
    for rule in negative:
        if rule in reached:
            raise FillError(f"{name}: rule {rule} stands in `against` but is reached")
    return positive, negative


def machine_body(case, name):
    """The keys of a case that its machine decides, and the rules reached."""
    load, steps, reached, stop = play_case(case)
    if load != "admitted" and case.steps:
        raise FillError(f"{name} has steps but ends with {load} at load; leave the steps out")
    check_known(case, name, stop)
    written = {
        "blob": case.blob.hex(),
        "mem_cycles": case.mem_cycles,
        "pages": [[number(address), access, data.hex()] for address, access, data in case.pages],
        "load": load,
    }
    if load == "admitted":
        written["steps"] = steps
    return written, reached


def kernel_body(case, name, images):
    """Likewise for the kernel."""
    try:
        return expect.body(case, images)
    except expect.Unexpected as unexpected:
        raise FillError(f"{name}: {unexpected}") from None


def case_text(area, subject, case, rules, images=None):
    """One case as a line of JSON, and the rules it decides and avoids."""
    name = f"{area}/{subject}/{case.name}"
    if not NAME.match(case.name):
        raise FillError(f"{name}: a behaviour is lower-case words joined by underscores")
    if isinstance(case, KernelCase):
        body, reached = kernel_body(case, name, images)
    else:
        body, reached = machine_body(case, name)
    positive, negative = check_rules(case, name, reached, rules)
    written = {"id": name, "rules": positive, "against": negative}
    if case.note:
        written["note"] = case.note
    return json.dumps(written | body, separators=(",", ":")), positive, negative


def head_text(value):
    """A value of the head; a table has a line for each entry."""
    return json.dumps(value, indent=0 if isinstance(value, dict) else None)


def subject_text(subject):
    """The file of a subject, and the sets of rules its cases decide and avoid; errors come back as
    texts.
    """
    rules, lines, decided, avoided, errors = model.rules(), [], set(), set(), []
    is_kernel = isinstance(subject, KernelSubject)
    images = expect.named_images(subject.cases) if is_kernel else None
    for case in subject.cases:
        try:
            line, positive, negative = case_text(subject.area, subject.name, case, rules, images)
        except FillError as error:
            errors.append(str(error))
            continue
        lines.append(line)
        decided.update(positive)
        avoided.update(negative)
    schema = expect.SCHEMA if is_kernel else SCHEMA
    head = {"schema": schema, "area": subject.area, "subject": subject.name, "votes": VOTES}
    if is_kernel:
        head["images"] = {name: image.hex() for image, name in images.items()}
    first = ",\n".join(f"{json.dumps(key)}: {head_text(value)}" for key, value in head.items())
    text = "{\n" + first + ',\n"cases": [\n' + ",\n".join(lines) + "\n]\n}\n"
    return f"{subject.area}/{subject.name}.json", text, decided, avoided, errors


def check_ids(subjects):
    """Files and ids are unique, and every file has a case."""
    files, errors = set(), []
    for subject in subjects:
        where = f"{subject.area}/{subject.name}"
        if where in files:
            errors.append(f"{where}: two generators write this file")
        files.add(where)
        if not subject.cases:
            errors.append(f"{where}: there is no case")
        seen = set()
        for case in subject.cases:
            if case.name in seen:
                errors.append(f"{where}/{case.name}: the id is used twice")
            seen.add(case.name)
    return errors


def missing_rules(decided, avoided):
    """Rules without a positive or a negative case."""
    errors = []
    for rule in sorted(model.rules()):
        if rule not in decided:
            errors.append(f"{rule}: no case decides it; add one whose `rules` has it")
        if rule not in avoided:
            errors.append(f"{rule}: no case is its near miss; add one whose `against` has it")
    return errors


def make_texts(subjects, jobs):
    if jobs == 1:
        return [subject_text(subject) for subject in subjects]
    with Pool(jobs) as pool:
        return pool.map(subject_text, subjects, chunksize=4)


def folder_files(folder):
    """Vector files on disk that fill owns, relative to the folder."""
    return {
        path.relative_to(folder).as_posix()
        for area in cases.AREAS + cases.KERNEL_AREAS
        for path in folder.glob(f"{area}/*.json")
    }


def fill(root, check=False, jobs=1, complete=True):
    """Writes (or with check only compares) root/vectors. Returns the list of files that changed (or
    differ).

    Raises FillError with every complaint when the cases are wrong; nothing is written then.
    `complete=False` leaves out the demand that every rule has a positive and a negative case.
    """
    folder = Path(root) / "vectors"
    subjects = list(cases.subjects())
    errors = check_ids(subjects)
    results = make_texts(subjects, jobs)
    decided = set().union(*(result[2] for result in results))
    avoided = set().union(*(result[3] for result in results))
    errors += [error for result in results for error in result[4]]
    if complete:
        errors += missing_rules(decided, avoided)
    if errors:
        raise FillError("\n".join(errors))
    texts = {result[0]: result[1].encode() for result in results}
    stale = sorted(folder_files(folder) - set(texts))
    changed = [name for name in sorted(texts) if not is_same(folder / name, texts[name])]
    if not check:
        for name in changed:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(texts[name])
        for name in stale:
            (folder / name).unlink()
    return changed + stale


def is_same(path, data):
    return path.is_file() and path.read_bytes() == data
