"""An engine for tests: the model behind ../PROTOCOL.md, and whatever fault is planted in it.

python model_server.py [--fault NAME [--after OPCODE]] [--features blocks,instructions] [--protocol N] [--framed]

A fault of the carrier spoils every stop; with --after only those of runs that executed that opcode.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import model
from assay.base.strict import Wrong
from assay.engines import server
from assay.engines.model import ModelEngine
from model.machine import gas, mem, op
from model.machine.run import Machine

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
    if fault == "no_regs":
        return json.dumps({"ok": {key: value for key, value in ok.items() if key != "regs"}})
    if fault == "ok_is_a_list":
        return json.dumps({"ok": [ok]})
    if fault == "broken_utf8":
        return b'{"ok": {"exit": "\xff"}}'
    if fault == "answers_twice":
        return text + "\n" + text
    return text


def dies():
    print("x" * 1000, "assertion failed: planted", file=sys.stderr, flush=True)
    os.abort()


def ends():
    sys.exit(3)


def dies_with_half_a_reply():
    os.write(1, b'{"ok": {"exit"')
    os._exit(5)


def hangs():
    time.sleep(600)


def closes_its_output():
    os.close(1)
    time.sleep(600)


def writes_without_end():
    while True:
        os.write(1, b"x" * 65536)


def writes_lines_without_end():
    while True:
        os.write(1, b"x\n" * 32768)


def complains_without_end():
    while True:
        os.write(2, b"help " * 13000)


def writes_a_line_of_65_mib():
    os.write(1, b"[" * (65 << 20) + b"\n")
    time.sleep(600)


def leaves_a_child_behind():
    subprocess.Popen(["sleep", "600"])
    os.abort()


PROCESS_FAULTS = [
    dies,
    ends,
    dies_with_half_a_reply,
    hangs,
    closes_its_output,
    writes_without_end,
    writes_lines_without_end,
    complains_without_end,
    writes_a_line_of_65_mib,
    leaves_a_child_behind,
]


class After:
    """Whether an opcode was executed since the last question."""

    def __init__(self, name):
        self.seen = False
        change_op(name, self.see)

    def see(self, machine, i, right):
        self.seen = True
        right(machine, i)

    def asked(self):
        seen, self.seen = self.seen, False
        return seen


# The protocol


class Server(server.Server):
    """Knows protocols up to `newest`; of a later one, or a member of it, it knows nothing."""

    def __init__(self, features, newest):
        super().__init__(ModelEngine())
        self.features = features
        self.newest = newest

    def hello(self, request):
        found = super().hello({"protocol": min(request["protocol"], self.newest)})
        return found | {"features": self.features} | ({"revisions": []} if "revisions" in found else {})

    def load(self, request):
        if self.newest < 2 and "profile" in request:
            raise Wrong("unknown key profile")
        return super().load(request)


def requests(framed):
    if not framed:
        yield from sys.stdin.buffer
        return
    while head := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(int.from_bytes(head, "little"))


def send(text, framed):
    data = text if isinstance(text, bytes) else text.encode()
    sys.stdout.buffer.write(len(data).to_bytes(4, "little") + data if framed else data + b"\n")
    sys.stdout.buffer.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    parser.add_argument("--after", default="")
    parser.add_argument("--features", default="blocks,instructions")
    parser.add_argument("--protocol", type=int, default=2, help="the newest that is spoken")
    parser.add_argument("--framed", action="store_true")
    options = parser.parse_args()
    for fault in MACHINE_FAULTS:
        if fault.__name__ == options.fault:
            fault()
    faults = {fault.__name__: fault for fault in PROCESS_FAULTS}
    after = After(options.after) if options.after else None
    engine = Server([name for name in options.features.split(",") if name], options.protocol)
    for line in requests(options.framed):
        request = json.loads(line)
        ends = request["op"] == "bye"
        reply = json.loads(engine.answer(line))
        is_stop = "exit" in reply.get("ok", {})
        if is_stop and (after is None or after.asked()):
            faults.get(options.fault, lambda: None)()
            send(spoil(reply, options.fault), options.framed)
        else:
            send(json.dumps(reply), options.framed)
        if ends:
            return


if __name__ == "__main__":
    main()
