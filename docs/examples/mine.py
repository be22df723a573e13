"""The same engine as mine.c behind a pipe: JSON lines in, JSON lines out (runner/PROTOCOL.md).

assay replay vectors/blob -e mine=cmd:'python3 docs/examples/mine.py'
"""

import json
import sys
from collections.abc import Iterator

COST = {0: 1, 1: 1, 2: 37, 3: 97}  # trap, fallthrough, unlikely, ecall
PAGE = 4096


class Refused(Exception):
    """A precondition does not hold."""


class Unsupported(Exception):
    """This engine cannot do that yet."""


class Rejected(Exception):
    """The blob is rejected; the message is the rule."""


def parse(blob: bytes) -> tuple[bytes, set[int]]:
    """Code and start positions (spec/machine/blob.md)."""
    if len(blob) < 9:
        raise Rejected("blob/header_short")
    entry, code = blob[4], int.from_bytes(blob[5:9], "little")
    if not 1 <= entry <= 4:
        raise Rejected("blob/entry_size")
    jumps, bits = int.from_bytes(blob[:4], "little") * entry, (code + 7) // 8
    if len(blob) - 9 < jumps + code + bits:
        raise Rejected("blob/truncated")
    if len(blob) - 9 > jumps + code + bits:
        raise Rejected("blob/trailing_bytes")
    mask = int.from_bytes(blob[len(blob) - bits :], "little")
    if mask >> code:
        raise Rejected("blob/stray_bits")
    return blob[9 + jumps : 9 + jumps + code], {at for at in range(code) if mask >> at & 1}


class Machine:
    def __init__(self, request: dict) -> None:
        if request["mem_cycles"] not in (25, 50, 75, 100):
            raise Refused("mem_cycles")
        self.pages: dict[int, bytearray] = {}
        for address, access, data in request["pages"]:
            at, content = int(address, 16), bytes.fromhex(data)
            if at % PAGE or at in self.pages or access not in ("ro", "rw") or len(content) > PAGE:
                raise Refused("pages")
            self.pages[at] = bytearray(content.ljust(PAGE, b"\0"))
        self.code, self.starts = parse(bytes.fromhex(request["blob"]))
        self.pc, self.gas, self.regs, self.can_resume = 0, 0, [0] * 13, False

    def run(self, request: dict) -> dict:
        self.begin(request)
        self.pc = int(request["pc"], 16)
        near = [at for at in range(self.pc - 25, self.pc) if at in self.starts and self.code[at] in COST]
        begins = self.pc == 0 or any(self.next(at) == self.pc for at in near)
        return self.go_on() if self.pc in self.starts and begins else self.stop("panic")

    def next(self, pc: int) -> int:
        """isa/skip: the position of the next instruction, at most 25 further."""
        ends = (at for at in range(pc + 1, pc + 25) if at in self.starts or at >= len(self.code))
        return next(ends, pc + 25)

    def resume(self, request: dict) -> dict:
        if not self.can_resume:
            raise Refused("nothing to resume")
        self.begin(request)
        return self.go_on()

    def begin(self, request: dict) -> None:
        if "until" in request or "records" in request:
            raise Unsupported("records")
        self.gas, self.regs = int(request["gas"], 16), [int(value, 16) for value in request["regs"]]

    def go_on(self) -> dict:
        while self.pc in self.starts:
            opcode = self.code[self.pc]
            if opcode not in COST:
                raise Unsupported(f"opcode {opcode}")
            if not self.pay(COST[opcode]):
                return self.stop("out_of_gas")
            if opcode == 0:
                return self.stop("trap")
            self.pc = self.next(self.pc)
            if opcode == 3:
                return self.stop("ecall")
        self.pc = len(self.code)
        return self.stop("trap" if self.pay(1) else "out_of_gas")

    def pay(self, cost: int) -> bool:
        paid = self.gas >= cost
        self.gas = self.gas - cost if paid else 0
        return paid

    def stop(self, exit: str) -> dict:
        self.can_resume = exit in ("ecall", "out_of_gas")
        regs = [hex(value) for value in self.regs]
        return {"exit": exit, "argument": "0x0", "pc": hex(self.pc), "gas": hex(self.gas), "regs": regs}

    def bytes_at(self, address: int, size: int) -> Iterator[tuple[bytearray, int]]:
        for at in range(address, address + size):
            if at & ~(PAGE - 1) not in self.pages:
                raise Refused("a page not given")
            yield self.pages[at & ~(PAGE - 1)], at % PAGE


class Server:
    machine: Machine | None = None

    def answer(self, request: dict) -> dict:
        match request["op"]:
            case "hello":
                return {"protocol": 1, "name": "mine", "version": "0.1", "abi": 2, "features": []}
            case "load":
                self.machine = None
                try:
                    self.machine = Machine(request)
                except Rejected as reason:
                    return {"load": str(reason)}
                except Refused:
                    return {"load": "refused"}
                return {"load": "admitted"}
            case "unload" | "bye":
                self.machine = None
                return {}
        if self.machine is None:
            raise Refused("no machine is loaded")
        return self.with_machine(self.machine, request)

    def with_machine(self, machine: Machine, request: dict) -> dict:
        match request["op"]:
            case "run":
                return machine.run(request)
            case "resume":
                return machine.resume(request)
            case "read":
                found = machine.bytes_at(int(request["address"], 16), request["size"])
                return {"data": bytes(page[at] for page, at in found).hex()}
            case "write":
                data = bytes.fromhex(request["data"])
                places = list(machine.bytes_at(int(request["address"], 16), len(data)))
                for (page, at), byte in zip(places, data, strict=True):
                    page[at] = byte
                return {}
        raise Unsupported(request["op"])


def main() -> None:
    server = Server()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"ok": server.answer(request)}
        except Refused as reason:
            reply = {"error": {"kind": "refused", "message": str(reason)}}
        except Unsupported as reason:
            reply = {"error": {"kind": "unsupported", "message": str(reason)}}
        print(json.dumps(reply), flush=True)
        if request["op"] == "bye":
            return


if __name__ == "__main__":
    main()
