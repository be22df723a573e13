"""Compares what an engine does on a case with what the vector expects.

For engines that are reached through Python: the specification and processes. Shared objects are
compared by `assay-native replay`, in the same way: once in production, and once observed if the case
has records.
"""

from assay.engines.process import EngineUnsupported
from assay.suite import kernel_case
from assay.suite.play import REGISTERS, Player

KINDS = ("blocks", "instructions")
DIFFERENCES_MAX = 16


def judge_entry(entry, engine):
    """The same as `judge`, of an entry of a suite, whatever its level."""
    if entry.is_kernel:
        return kernel_case.judge(entry.case(), entry.images(), engine)
    return judge(entry.case(), engine)


def judge(case, engine):
    """(flavour, step, [(field, expected, got), ...]) of the first difference, or None.

    Raises EngineError when the engine has no answer.
    """
    found = production(case, engine)
    if found is None and any(kind in step for step in case.get("steps", ()) for kind in KINDS):
        found = observed(case, engine)
    return found


def production(case, engine):
    player = Player(case, engine)
    load = player.load()
    if load != case["load"]:
        return "production", 0, [("load", case["load"], load)]
    for index, step in enumerate(case.get("steps", ())):
        before = player.memory() if takes_stop(step) else {}
        regs = registers_before(player, step)
        stop = player.do(step)
        differences = stop_differences(step, regs, stop)
        if takes_stop(step) and not differences:
            differences = memory_differences(step, before, player.memory())
        if differences:
            return "production", index, differences[:DIFFERENCES_MAX]
    return None


def observed(case, engine):
    """The records of the steps that have some, of the kinds that the engine can give."""
    player = Player(case, engine)
    if player.load() != "admitted":
        return "observed", 0, [("load", "admitted", "something else than in production")]
    for index, step in enumerate(case["steps"]):
        if "write" in step:
            player.do(step)
            continue
        kinds = tuple(kind for kind in KINDS if kind in step)
        regs = registers_before(player, step)
        try:
            stop = player.begin(step, step.get("until"), kinds)
        except EngineUnsupported:
            return None
        differences = stop_differences(step, regs, stop)
        for kind in kinds:
            differences += record_differences(kind, step[kind], regs, stop.get(kind, []))
        if differences:
            return "observed", index, differences[:DIFFERENCES_MAX]
    return None


def takes_stop(step):
    return step.get("stop", "refused") != "refused"


def registers_before(player, step):
    """The registers with which a step starts."""
    if "write" in step:
        return []
    regs = [0] * REGISTERS if "run" in step else list(player.regs)
    for name, value in step.get("run", step.get("resume", {})).get("regs", {}).items():
        regs[int(name[1:])] = int(value, 16)
    return regs


def stop_differences(step, regs, got):
    """Everything but memory."""
    if "write" in step:
        return [] if got == {} else [("write", "done", "refused")]
    name = "run" if "run" in step else "resume"
    expected = step["stop"]
    if expected == "refused" or "refused" in got:
        wanted, found = ("refused" if expected == "refused" else "a stop"), "a stop"
        found = "refused" if "refused" in got else found
        return [] if wanted == found else [(name, wanted, found)]
    pairs = [("exit", expected["exit"], got["exit"])]
    pairs += [(key, expected[key], hex(got[key])) for key in ("argument", "pc", "gas")]
    pairs += register_pairs(applied(regs, expected["regs"]), got["regs"])
    return [pair for pair in pairs if pair[1] != pair[2]]


def applied(regs, changes):
    regs = list(regs)
    for name, value in changes.items():
        regs[int(name[1:])] = int(value, 16)
    return regs


def register_pairs(expected, got, prefix=""):
    return [(f"{prefix}r{n}", hex(a), hex(b)) for n, (a, b) in enumerate(zip(expected, got))]


def memory_differences(step, before, after):
    expected = {address: bytearray(data) for address, data in before.items()}
    for address, data in step["stop"]["memory"]:
        at, data = int(address, 16), bytes.fromhex(data)
        for offset, byte in enumerate(data):
            page = (at + offset) & ~0xFFF
            expected[page][at + offset - page] = byte
    found = []
    for address, data in expected.items():
        if data != after[address]:
            at = next(n for n, (a, b) in enumerate(zip(data, after[address])) if a != b)
            pair = (data[at : at + 1].hex(), after[address][at : at + 1].hex())
            found.append((f"memory {address + at:#x}", *pair))
    return found


def record_differences(kind, expected, regs, got):
    if len(expected) != len(got):
        return [(kind, str(len(expected)), str(len(got)))]
    for index, (wanted, record) in enumerate(zip(expected, got)):
        regs = applied(regs, wanted["regs"])
        name = f"{kind}[{index}]."
        pairs = [(f"{name}pc", wanted["pc"], hex(record["pc"]))]
        if kind == "blocks":
            pairs.append((f"{name}gas", wanted["gas"], hex(record["gas"])))
        else:
            pairs.append((f"{name}store", shown(read_store(wanted)), shown(record["store"])))
        pairs += register_pairs(regs, record["regs"], name)
        differences = [pair for pair in pairs if pair[1] != pair[2]]
        if differences:
            return differences
    return []


def read_store(record):
    if "store" not in record:
        return None
    address, width, value = record["store"]
    return int(address, 16), width, int(value, 16)


def shown(store):
    if store is None:
        return "none"
    address, width, value = store
    return f"{value:#x} as {width} bytes at {address:#x}"
