"""The specification as an engine: the methods of ProcessEngine, answered by the model itself.

Whatever plays a case (`locate`, `dialect`) talks to two engines through the same few methods and
need not know which of them is the specification.
"""

import model
from assay.engines.process import EngineRefused
from model import kernel


class Recorder:
    """An observer that keeps the records of both kinds, and in which order they came."""

    def __init__(self):
        self.lists = {"blocks": [], "instructions": []}
        self.order = []  # (kind, index)

    def keep(self, kind, record):
        self.order.append((kind, len(self.lists[kind])))
        self.lists[kind].append(record)

    def block(self, state):
        self.keep("blocks", {"pc": state.pc, "gas": state.gas, "regs": state.regs})

    def instruction(self, step):
        self.keep("instructions", {"pc": step.pc, "regs": step.regs, "store": step.store})


class Events:
    """An observer that keeps the kernel records."""

    def __init__(self):
        self.encoded = []

    def event(self, record):
        self.encoded.append(record)


class Counter:
    """An observer that only counts instructions."""

    def __init__(self):
        self.instructions = 0

    def instruction(self, step):
        self.instructions += 1


class ModelEngine:
    name = "model"
    features = ("blocks", "instructions", "codec", "invocation", "chain")

    def __init__(self, observer=None):
        self.observer = observer  # told of every run that asks for no records
        self.machine = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.machine = None

    def load(self, case):
        self.machine = None
        try:
            self.machine = model.load(
                bytes.fromhex(case["blob"]),
                case["mem_cycles"],
                [model.Page(int(address, 16), access, bytes.fromhex(data)) for address, access, data in case["pages"]],
            )
        except model.Rejected as rejected:
            return rejected.rule
        except model.Refused:
            return "refused"
        return "admitted"

    def run(self, pc, gas, regs, until=None, records=()):
        state = model.State(pc, gas, list(regs))
        return self.go(records, lambda observer: self.loaded().run(state, limits(until), observer))

    def resume(self, gas, regs, until=None, records=()):
        def start(observer):
            return self.loaded().resume(gas, list(regs), limits(until), observer)

        return self.go(records, start)

    def go(self, records, start):
        """A stop as a dict; with records their lists, and `order` if both are asked for."""
        recorder = Recorder() if records else self.observer
        stop = self.refusing(lambda: start(recorder))
        found = {
            "exit": stop.exit,
            "argument": stop.argument,
            "pc": stop.state.pc,
            "gas": stop.state.gas,
            "regs": list(stop.state.regs),
        }
        if records:
            found |= {kind: recorder.lists[kind] for kind in records}
            found["order"] = [entry for entry in recorder.order if entry[0] in records]
        return found

    def read(self, address, size):
        return self.refusing(lambda: self.loaded().read(address, size))

    def write(self, address, data):
        self.refusing(lambda: self.loaded().write(address, data))

    def unload(self):
        self.machine = None

    def close(self):
        self.machine = None

    # The kernel levels

    def decode(self, type, data):
        try:
            value = kernel.decode(type, data)
        except kernel.DecodeError as error:
            return error.rule, b""
        return "decoded", kernel.TYPE[type].write(value)

    def admit(self, image):
        try:
            kernel.admit(image)
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return error.rule
        return "admitted"

    def hash(self, kind, value):
        try:
            return self.refusing(lambda: kernel.hash(kind, value)).hex()
        except kernel.DecodeError as error:
            return error.rule

    def world_open(self, world):
        self.world = self.refusing(lambda: kernel.World(world))

    def world_run(self, *arguments):
        return self.step(lambda records: self.world.run(*arguments, observer=records))

    def world_resume(self, scratchpad=None):
        return self.step(lambda records: self.world.resume(scratchpad, observer=records))

    def step(self, do):
        records = Events()
        try:
            result = self.refusing(lambda: do(records))
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return error.rule, records.encoded
        if isinstance(result, str):
            return result, records.encoded
        found = {name: getattr(result, name) for name in ("outcome", "exit", "cnode", "pages")}
        found |= {name: hex(getattr(result, name)) for name in ("argument", "pc", "gas", "gas_used")}
        found |= {name: getattr(result, name).hex() for name in ("instance", "payload")}
        return found | {"regs": [hex(value) for value in result.regs]}, records.encoded

    def world_dump(self):
        return self.world.dump()

    def chain_genesis(self, image):
        try:
            self.chain = kernel.Chain(image)
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return error.rule
        return "admitted"

    def chain_apply(self, endpoint, payload, gas, quota):
        records = Events()
        result = self.chain.apply(endpoint, payload, gas, quota, observer=records)
        found = {name: getattr(result, name) for name in ("outcome", "exit")}
        found |= {name: hex(getattr(result, name)) for name in ("argument", "value", "gas_used")}
        return found, records.encoded

    def chain_state(self):
        return kernel.encode(self.chain.sigma)

    def chain_root(self):
        return self.chain.root()

    def chain_instance(self):
        return self.chain.instance

    def loaded(self):
        if self.machine is None:
            raise EngineRefused(self.name, "no machine is loaded; send a load that is admitted first")
        return self.machine

    def refusing(self, act):
        try:
            return act()
        except model.Refused as refused:
            raise EngineRefused(self.name, str(refused)) from None


def limits(until):
    return model.Until(**(until or {}))
