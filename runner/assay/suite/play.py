"""Plays the steps of a vector case on one engine, whatever the engine is."""

from assay.engines.process import EngineRefused

PAGE = 4096
REGISTERS = 13


class Player:
    """One case on one engine. A `resume` that lists no gas or no register takes the machine's."""

    def __init__(self, case, engine):
        self.case = case
        self.engine = engine
        self.gas = 0
        self.regs = [0] * REGISTERS

    def load(self):
        return self.engine.load(self.case)

    def do(self, step):
        """Does a step whole, unobserved: its stop, {"refused": True}, or {} after a write."""
        if "write" in step:
            return self.write(step)
        return self.begin(step, step.get("until"), ())

    def write(self, step):
        data = bytes.fromhex(step["write"]["data"])
        try:
            self.engine.write(int(step["write"]["address"], 16), data)
        except EngineRefused:
            return {"refused": True}
        return {}

    def begin(self, step, until, records):
        """Runs or resumes as the step says."""
        given = step["run"] if "run" in step else step["resume"]
        before = [0] * REGISTERS if "run" in step else list(self.regs)
        listed = {int(name[1:]): int(value, 16) for name, value in given.get("regs", {}).items()}
        regs = [listed.get(index, value) for index, value in enumerate(before)]
        gas = int(given["gas"], 16) if "gas" in given else self.gas
        try:
            if "run" in step:
                stop = self.engine.run(int(given["pc"], 16), gas, regs, until, records)
            else:
                stop = self.engine.resume(gas, regs, until, records)
        except EngineRefused:
            return {"refused": True}
        return self.stopped(stop, gas, regs)

    def go_on(self, until, records):
        """Resumes with everything as it stopped."""
        gas, regs = self.gas, self.regs
        return self.stopped(self.engine.resume(gas, regs, until, records), gas, regs)

    def stopped(self, stop, gas, regs):
        self.start_gas, self.start_regs = gas, regs
        self.gas, self.regs = stop["gas"], list(stop["regs"])
        return stop

    def memory(self):
        """The bytes of every given page."""
        return {int(address, 16): self.engine.read(int(address, 16), PAGE) for address, _, _ in self.case["pages"]}
