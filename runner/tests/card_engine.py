"""An engine for tests of cards: the specification behind ../PROTOCOL.md with one fault that is hard to place.

python card_engine.py FAULT[,FAULT] [--features blocks,instructions,...]
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace

from assay.base.strict import Json, Members, number, octets
from assay.engines import server
from assay.engines.answers import Hello
from assay.engines.model import ModelEngine
from model.machine import op
from model.machine.isa import Instruction
from model.machine.run import Machine

Effect = Callable[[op.Machine, Instruction], int | None]


class Engine(ModelEngine):
    """What it says it can do is chosen."""

    def __init__(self, features: tuple[str, ...] | None) -> None:
        super().__init__()
        self.chosen = features

    def hello(self) -> Hello:
        said = super().hello()
        return said if self.chosen is None else replace(said, features=self.chosen)


class Server(server.Server):
    """Counts how often an operation was asked for."""

    def __init__(self, features: tuple[str, ...] | None, fault: str) -> None:
        super().__init__(Engine(features))
        self.fault = fault
        self.asked: dict[str, int] = {}
        self.steps = 0  # of this world or chain

    def reply(self, data: bytes) -> str:
        request = json.loads(data)
        name = request["op"]
        self.asked[name] = self.asked.get(name, 0) + 1
        if name in ("world_open", "chain_genesis"):
            self.steps = 0
        is_step = name in ("world_run", "world_resume", "chain_apply")
        self.steps += is_step
        if self.fault == "read_dies" and name == "read":
            os.abort()
        if self.fault == "second_kernel_step_dies" and is_step and self.steps == 2:
            os.abort()
        if self.fault == "second_kernel_step_is_refused" and is_step and self.steps == 2:
            return '{"error":{"kind":"host","message":"out of handles"}}'
        reply = json.loads(super().reply(data))
        answer = reply.get("ok")
        if isinstance(answer, dict):
            self.spoil(name, request, answer)
        return json.dumps(reply)

    def spoil(self, name: str, request: Members, answer: Members) -> None:
        is_stop = "exit" in answer and name in ("run", "resume")
        if self.fault == "answers_in_turn" and is_stop and self.asked[name] % 2:
            answer["gas"] = hex(int(str(answer["gas"]), 16) ^ 1)
        if self.fault == "fails_once" and is_stop and mark_is_new():
            answer["gas"] = hex(int(str(answer["gas"]), 16) ^ 1)
        if self.fault == "no_records_without_until" and is_stop and "until" not in request and "records" in request:
            answer["instructions"] = []
        if self.fault == "writes_are_lost" and name == "write":
            self.engine.write(number(request["address"], "address"), octets(request["data"], "data")[:-1] + b"\x5a")
        if self.fault == "admits_everything" and name == "load":
            answer["load"] = "admitted"
        records = answer.get("instructions")
        if self.fault == "store_records_are_malformed" and is_stop and isinstance(records, list):
            spoil_store(records)
        if self.fault == "kernel_production_differs" and name == "chain_apply" and not request.get("records"):
            answer["gas_used"] = hex(int(str(answer["gas_used"]), 16) + 1)


def mark_is_new() -> bool:
    """True once for all processes that share ASSAY_TEST_ONCE."""
    try:
        os.close(os.open(os.environ["ASSAY_TEST_ONCE"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def spoil_store(records: list[Json]) -> None:
    """A width of 9 in every record of a store."""
    for record in records:
        if isinstance(record, dict) and isinstance(store := record.get("store"), list):
            store[1] = 9


def spoil_op(name: str, wrong: Effect) -> None:
    op.EXECUTE["isa/" + name] = wrong


def add_one(machine: op.Machine, i: Instruction) -> None:
    machine.regs[i.d] = (machine.regs[i.a] + machine.regs[i.b] + 1) % 2**64


def dies(machine: op.Machine, i: Instruction) -> None:
    os.abort()


def copies_too_much(machine: op.Machine, i: Instruction) -> None:
    machine.regs[i.d] = (machine.regs[i.a] + 1) % 2**64


OPERATIONS: dict[str, tuple[str, Effect]] = {
    "add_64_is_wrong": ("add_64", add_one),
    "add_64_dies": ("add_64", dies),
    "move_reg_is_wrong": ("move_reg", copies_too_much),
    "branch_ne_imm_dies": ("branch_ne_imm", dies),
    "branch_ne_imm_always_goes": ("branch_ne_imm", op.branch(lambda A, B, X: True)),
}


def spoil_method(name: str, wrong: Callable[[Machine, int], bool]) -> None:
    setattr(Machine, name, wrong)


def pays_nothing(machine: Machine, p: int) -> bool:
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("fault")
    parser.add_argument("--features")
    wanted = parser.parse_args()
    faults = wanted.fault.split(",")
    for fault in faults:
        if fault in OPERATIONS:
            spoil_op(*OPERATIONS[fault])
    if "gas_is_not_counted" in faults:
        spoil_method("pay", pays_nothing)
    features = None if wanted.features is None else tuple(name for name in wanted.features.split(",") if name)
    engine = Server(features, faults[-1])
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(engine.answer(line) + b"\n")
        sys.stdout.buffer.flush()
        if engine.is_over:
            return


if __name__ == "__main__":
    main()
