"""An engine for tests: the model behind ../PROTOCOL.md, and whatever fault is planted in it.

python model_server.py [--fault NAME] [--features blocks,instructions]
"""

import argparse
import json
import os
import sys
import time

import model
from assay.engines.model import ModelEngine
from assay.engines.process import EngineRefused
from model.machine import gas, mem, op
from model.machine.run import Machine

RECORD_MAX = 65536


# Faults of the machine


def change_op(name, wrong):
    """Replaces what an opcode does; wrong(machine, instruction, right) does it."""
    right = op.EXECUTE["isa/" + name]
    op.EXECUTE["isa/" + name] = lambda machine, i: wrong(machine, i, right)


def zero_extended(machine, i, right):
    right(machine, i)
    machine.regs[i.a] %= 2**32


def add_imm_32_zero_extends():
    change_op("add_imm_32", zero_extended)


def shlo_l_64_unmasked():
    def wrong(machine, i, right):
        count = machine.regs[i.b]
        value = machine.regs[i.a]
        machine.regs[i.d] = 0 if count >= 64 else (value << count) % 2**64

    change_op("shlo_l_64", wrong)


def move_reg_is_stale():
    change_op("move_reg", lambda machine, i, right: None)


def branch_ne_imm_never_taken():
    change_op("branch_ne_imm", lambda machine, i, right: None)


def store_u32_stores_two_bytes():
    def wrong(machine, i, right):
        machine.memory.store(i.x % 2**32, 2, machine.regs[i.a])
        machine.stored = (i.x % 2**32, 2, machine.regs[i.a] % 2**16)

    change_op("store_u32", wrong)


def fault_page_is_one_off():
    right = mem.Memory.failing_page

    def wrong(memory, first, last, permitted):
        page = right(memory, first, last, permitted)
        return None if page is None else (page + 1) % 2**20

    mem.Memory.failing_page = wrong


def stores_ignore_read_only():
    mem.Memory.store = lambda memory, address, width, value: (
        memory.check(address, width, mem.LOAD),
        memory.put(address, (value % 2 ** (8 * width)).to_bytes(width, "little")),
    )


def mul_64_row_is_off():
    gas.ROW["mul_64"] = gas.ROW["mul_64"]._replace(cycles=9)


def no_branch_look_ahead():
    gas.branch_cost = lambda program, i: 20


def pay_with(times):
    right = Machine.pay

    def wrong(machine, p):
        for _ in range(times - 1):
            if not right(machine, p):
                return False
        return right(machine, p)

    Machine.pay = wrong


def blocks_are_charged_twice():
    pay_with(2)


def blocks_are_free():
    Machine.pay = lambda machine, p: True


def traps_refund_gas():
    right = Machine.end

    def wrong(machine, exit, pc, argument=0, paid=False):
        machine.gas += exit == "trap"
        return right(machine, exit, pc, argument, paid)

    Machine.end = wrong


def entry_is_not_checked():
    Machine.run = lambda machine, state, until=None, observer=None: (
        setattr(machine, "pc", state.pc),
        setattr(machine, "gas", state.gas),
        setattr(machine, "regs", list(state.regs)),
        setattr(machine, "paid", False),
        machine.go(until, observer),
    )[-1]


def implicit_trap_keeps_pc():
    right = Machine.implicit_trap

    def wrong(machine):
        pc, stop = machine.pc, right(machine)
        stop.state.pc = machine.pc = pc
        return stop

    Machine.implicit_trap = wrong


def stray_bits_are_admitted():
    right = model.load

    def wrong(blob, mem_cycles, pages):
        try:
            return right(blob, mem_cycles, pages)
        except model.Rejected as rejected:
            if rejected.rule != "blob/stray_bits":
                raise
            return right(blob[:-1] + b"\0", mem_cycles, pages)

    model.load = wrong


def resume_is_always_legal():
    right = Machine.resume

    def wrong(machine, gas, regs, until=None, observer=None):
        machine.last_exit = machine.last_exit if machine.last_exit != "trap" else "ecall"
        return right(machine, gas, regs, until, observer)

    Machine.resume = wrong


def production_differs():
    """Only a run that nobody observes is wrong."""
    right_go, right_add = Machine.go, op.EXECUTE["isa/add_imm_64"]

    def wrong_add(machine, i):
        right_add(machine, i)
        machine.regs[i.a] ^= 2**40

    def wrong_go(machine, until, observer):
        if observer is None:
            op.EXECUTE["isa/add_imm_64"] = wrong_add
        try:
            return right_go(machine, until, observer)
        finally:
            op.EXECUTE["isa/add_imm_64"] = right_add

    Machine.go = wrong_go


# Faults of the process


def dies_on(name):
    def wrong(machine, i, right):
        print("assertion failed: planted", file=sys.stderr, flush=True)
        os.abort()

    change_op(name, wrong)


def dies_on_div_u_64():
    dies_on("div_u_64")


def hangs_on_div_u_64():
    change_op("div_u_64", lambda machine, i, right: time.sleep(60))


MACHINE_FAULTS = [
    add_imm_32_zero_extends,
    shlo_l_64_unmasked,
    move_reg_is_stale,
    branch_ne_imm_never_taken,
    store_u32_stores_two_bytes,
    fault_page_is_one_off,
    stores_ignore_read_only,
    mul_64_row_is_off,
    no_branch_look_ahead,
    blocks_are_charged_twice,
    blocks_are_free,
    traps_refund_gas,
    entry_is_not_checked,
    implicit_trap_keeps_pc,
    stray_bits_are_admitted,
    resume_is_always_legal,
    production_differs,
    dies_on_div_u_64,
    hangs_on_div_u_64,
]


def spoil(reply, fault):
    """Faults of the carrier: what a reply becomes."""
    text = json.dumps(reply)
    ok = reply.get("ok", {})
    if "exit" not in ok:
        return text
    if fault == "says_no_json":
        return "Segmentation fault (core dumped)"
    if fault == "twelve_registers":
        return json.dumps({"ok": ok | {"regs": ok["regs"][:12]}})
    if fault == "numbers_as_numbers":
        return json.dumps({"ok": ok | {"gas": int(ok["gas"], 16)}})
    if fault == "duplicate_key":
        return text.replace('{"ok": {', '{"ok": {"exit": "halt", ', 1)
    if fault == "unknown_key":
        return json.dumps({"ok": ok | {"state_root": "0x0"}})
    if fault == "unknown_exit":
        return json.dumps({"ok": ok | {"exit": "finished"}})
    if fault == "answers_twice":
        return text + "\n" + text
    return text


# The protocol


class Server:
    def __init__(self, features):
        self.engine = ModelEngine()
        self.features = features

    def answer(self, request):
        operation = request.pop("op")
        try:
            return {"ok": getattr(self, operation)(**request)}
        except EngineRefused as refused:
            return {"error": {"kind": "refused", "message": refused.message}}

    def hello(self, protocol):
        features = list(self.features)
        return {"protocol": 1, "name": "model", "version": "1", "abi": 2, "features": features}

    def load(self, blob, mem_cycles, pages):
        case = {"blob": blob, "mem_cycles": mem_cycles, "pages": pages}
        return {"load": self.engine.load(case)}

    def run(self, pc, gas, regs, until=None, records=()):
        regs = [int(value, 16) for value in regs]
        stop = self.engine.run(int(pc, 16), int(gas, 16), regs, until, records)
        return stop_text(stop, records)

    def resume(self, gas, regs, until=None, records=()):
        regs = [int(value, 16) for value in regs]
        return stop_text(self.engine.resume(int(gas, 16), regs, until, records), records)

    def read(self, address, size):
        return {"data": self.engine.read(int(address, 16), size).hex()}

    def write(self, address, data):
        self.engine.write(int(address, 16), bytes.fromhex(data))
        return {}

    def unload(self):
        self.engine.unload()
        return {}

    def bye(self):
        return {}


def state_text(state):
    numbers = {key: hex(state[key]) for key in ("pc", "gas", "argument") if key in state}
    return numbers | {"regs": [hex(value) for value in state["regs"]]}


def step_text(step):
    text = state_text(step)
    if step["store"] is not None:
        address, width, value = step["store"]
        text["store"] = [hex(address), width, hex(value)]
    return text


def stop_text(stop, records):
    text = {"exit": stop["exit"]} | state_text(stop)
    for kind in records:
        write = state_text if kind == "blocks" else step_text
        text[kind] = [write(record) for record in stop[kind][:RECORD_MAX]]
        if len(stop[kind]) > RECORD_MAX:
            text["records_cut"] = True
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    parser.add_argument("--features", default="blocks,instructions")
    options = parser.parse_args()
    for fault in MACHINE_FAULTS:
        if fault.__name__ == options.fault:
            fault()
    server = Server([name for name in options.features.split(",") if name])
    for line in sys.stdin:
        request = json.loads(line)
        ends = request["op"] == "bye"
        print(spoil(server.answer(request), options.fault), flush=True)
        if ends:
            return


if __name__ == "__main__":
    main()
