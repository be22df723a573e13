"""gas: every record of gas.def, seen from outside: its cycles, slots, sources and target.

An instruction under test has b1 = 0x43 and b2 = 0x05: its gas fields are A = 3, B = 4, D = 5 in
every format.
"""

from collections.abc import Iterable, Iterator

import model
from cases.machine.case import Case, Rules, Run, Subject
from cases.machine.code import INSN, TRAP, Code, encode
from cases.machine.gas_steps import cost, exact_steps

FIELDS = (3, 4, 5)
APART = bytes([0x43, 0x05])
TOGETHER = bytes([0x33, 0x03])
CONSUMER = encode("reverse_bytes", d=6, a=3)
SLOW = encode("div_u_64", a=7, b=7, d=7)
FILLER = encode("load_imm", a=8, x=1)
ROW = {record.name: record for record in model.table.GAS}


def under_test(name: str, operands: bytes = APART) -> bytes:
    return bytes([INSN[name].byte]) + operands


def slow_register(register: int) -> bytes:
    """A load whose target the gas model sees in `register`."""
    return encode("load_ind_u8", a=register, b=12)


def blocks_case(name: str, behaviour: str, blocks: Iterable[list[bytes]], against: Rules = ()) -> Case:
    """Several blocks of one program, each entered one gas short, with enough and one more."""
    code, entries = Code(), []
    for block in blocks:
        entries.append(len(code))
        for instruction in (*block, TRAP):
            code.raw(instruction)
    blob = code.trap().blob()
    steps = [step for pc in entries for step in exact_steps(blob, pc)]
    return Case(f"{name}_{behaviour}", ("gas/table", "gas/cost"), blob, steps, against)


def code_of(*instructions: bytes) -> Code:
    code = Code()
    for instruction in instructions:
        code.raw(instruction)
    return code


def slots_case(name: str) -> Case:
    """With s slots and k fillers before it a slow instruction waits a cycle exactly when s + k is 4
    or more.
    """
    code, entries = Code(), []
    for fillers in range(4):
        entries.append(len(code))
        for instruction in (under_test(name), *[FILLER] * fillers, SLOW, TRAP):
            code.raw(instruction)
    blob = code.blob()
    steps = [Run(pc, cost(blob, pc)) for pc in entries]
    return Case(
        f"{name}_slots_before_zero_to_three_fillers",
        ("gas/table", "gas/slots"),
        blob,
        steps,
        ("gas/walk/invalid_opcode",),
    )


def row_cases(name: str) -> Iterator[Case]:
    test, ends = under_test(name), INSN[name].ends
    tail = [] if ends else [CONSUMER]
    late = [[slow_register(register), test, *tail] for register in FIELDS]
    yield blocks_case(
        name,
        "after_slow_writes_of_its_fields",
        late,
        () if name == "move_reg" else ("gas/move_reg",),
    )
    if ends:
        return
    yield blocks_case(
        name,
        "six_times_on_one_register_and_on_three",
        [[under_test(name, TOGETHER)] * 6, [test] * 6],
    )
    yield slots_case(name)


def subjects() -> Iterator[Subject]:
    forms = dict.fromkeys(record.form for record in INSN.values())
    for form in forms:
        names = [record.name for record in INSN.values() if record.form == form]
        yield Subject("gas", f"rows_{form}", [case for name in names for case in row_cases(name)])
