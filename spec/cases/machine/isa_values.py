"""isa/<mnemonic>: what each opcode computes, at the edges of its operands.

The registers of a case rotate through all 13 and the destination holds a mark beforehand, so that a
result of zero and a result in the wrong register both show.
"""

from collections.abc import Iterator
from typing import TypeAlias

from cases.machine import operand_values as values
from cases.machine.case import Case, Registers, Rules, Run
from cases.machine.code import INSN, TRAP, encode, immediate, line, make_blob, wide
from cases.machine.operand_values import V, is_immediate
from model.table import Incomplete

Pairs: TypeAlias = tuple[tuple[str, str], ...]

MARK = 0x5A5A
LOOK_ALIKES = {
    "ecall": "ecalli",
    "ecalli": "ecall",
    "load_imm": "load_imm_64",
    "load_imm_64": "load_imm",
    "store_u64": "load_u8",
    "jump": "jump_ind",
    "jump_ind": "jump",
    "load_imm_jump": "load_imm_jump_ind",
    "load_imm_jump_ind": "load_imm_jump",
    "branch_gt_s_imm": "branch_eq_imm",
}
PREFIXES = (
    (("add", "sub", "neg"), values.ARITHMETIC),
    (("mul",), values.MULTIPLY),
    (("div", "rem"), values.DIVISION),
    (("shlo", "shar", "rot"), values.SHIFT),
    (("and", "or", "xor", "xnor"), values.LOGIC),
    (("set", "max", "min", "branch"), values.COMPARE),
    (("cmov",), values.SELECT),
)
PROBES = {
    "div": ("isa/divide_by_zero", "isa/divide_overflow"),
    "rem": ("isa/divide_by_zero", "isa/divide_overflow"),
    "shlo": ("isa/count_mask",),
    "shar": ("isa/count_mask",),
    "rot": ("isa/count_mask",),
    "branch": ("isa/branch_not_taken",),
    "32": ("isa/result_32",),
}


def look_alike(name: str) -> str:
    """The opcode that this one is most easily mistaken for: the next one of its format."""
    if name in LOOK_ALIKES:
        return LOOK_ALIKES[name]
    family = [record.name for record in INSN.values() if record.form == INSN[name].form]
    return family[(family.index(name) + 1) % len(family)]


def pairs_of(name: str) -> Pairs:
    for prefixes, pairs in PREFIXES:
        if name.split("_")[0] in prefixes:
            return pairs
    raise Incomplete(f"spec/cases/machine/isa_values.py: PREFIXES has no operand values for {name}")


def probes_of(name: str) -> Rules:
    return tuple(rule for word in name.split("_") for rule in PROBES.get(word, ()))


def registers(index: int) -> tuple[int, int, int]:
    """Three different registers, another triple for each index."""
    return index % 13, (index + 5) % 13, (index + 9) % 13


def one_case(name: str, behaviour: str, blob: bytes, regs: Registers, probes: Rules = ()) -> Case:
    return Case(
        behaviour,
        (f"isa/{name}",),
        blob,
        [Run(gas=1000, regs=regs)],
        (f"isa/{look_alike(name)}",),
        probes,
    )


def three_reg(name: str) -> Iterator[Case]:
    """rD' = f(A, B): every pair, then every way in which the registers can coincide."""
    pairs = pairs_of(name)
    for index, (left, right) in enumerate(pairs):
        a, b, d = registers(index)
        blob = line(encode(name, a=a, b=b, d=d), TRAP)
        regs = {a: V[left], b: V[right], d: MARK}
        yield one_case(name, f"{left}_and_{right}", blob, regs, probes=probes_of(name))
    first, second = V["odd_signs"], V["thirty_three"]
    for behaviour, (a, b, d) in (
        ("destination_is_first_source", (1, 2, 1)),
        ("destination_is_second_source", (1, 2, 2)),
        ("sources_are_one_register", (6, 6, 3)),
        ("all_registers_are_one", (4, 4, 4)),
        ("last_register_is_both_second_source_and_destination", (7, 12, 12)),
        ("last_register_is_everything", (12, 12, 12)),
    ):
        regs = {d: MARK} | {a: first} | {b: second}
        yield one_case(name, behaviour, line(encode(name, a=a, b=b, d=d), TRAP), regs)


def two_reg(name: str) -> Iterator[Case]:
    """rD' = f(A)."""
    for index, value in enumerate(values.ONE):
        a, d, _ = registers(index)
        yield one_case(name, f"of_{value}", line(encode(name, a=a, d=d), TRAP), {a: V[value], d: MARK})
    for behaviour, (a, d) in (
        ("in_place", (7, 7)),
        ("in_place_in_last_register", (12, 12)),
        ("to_last_register", (3, 12)),
    ):
        yield one_case(name, behaviour, line(encode(name, a=a, d=d), TRAP), {d: MARK} | {a: V["odd_signs"]})


def two_reg_one_imm(name: str) -> Iterator[Case]:
    """rA' = f(B, X), or f(X, B) for the forms that shift or rotate the immediate."""
    swapped = "alt" in name.split("_")
    pairs = values.SHIFT_OF_IMMEDIATE if swapped else pairs_of(name)
    index = 0
    for left, right in pairs:
        x, b_value = (left, right) if swapped else (right, left)
        if name.startswith("cmov"):
            x, b_value = left, right
        if not is_immediate(x):
            continue
        a, b, _ = registers(index)
        index += 1
        blob = line(encode(name, a=a, b=b, x=V[x]), TRAP)
        yield one_case(
            name,
            f"{b_value}_and_immediate_{x}",
            blob,
            {a: MARK, b: V[b_value]},
            probes=probes_of(name),
        )
    for behaviour, (a, b) in (
        ("in_place", (3, 3)),
        ("in_place_in_last_register", (12, 12)),
        ("to_last_register", (12, 0)),
    ):
        for x in ("thirty_three", "minus_seven"):
            blob = line(encode(name, a=a, b=b, x=V[x]), TRAP)
            regs = {a: MARK} | {b: V["odd_signs"]}
            yield one_case(name, f"{behaviour}_and_immediate_{x}", blob, regs)


def two_reg_one_offset(name: str) -> Iterator[Case]:
    """Taken: trap at 4. Not taken: trap at 3."""
    for index, (left, right) in enumerate(values.COMPARE):
        a, b, _ = registers(index)
        blob = line(encode(name, a=a, b=b, offset=immediate(4)), TRAP, TRAP)
        yield one_case(name, f"{left}_and_{right}", blob, {a: V[left], b: V[right]}, probes=probes_of(name))
    blob = line(encode(name, a=8, b=8, offset=immediate(4)), TRAP, TRAP)
    yield one_case(name, "a_register_and_itself", blob, {8: V["odd_signs"]})


def one_reg_imm_offset(name: str) -> Iterator[Case]:
    """Branches on an immediate; load_imm_jump has its own generator."""
    index = 0
    for left, right in values.COMPARE:
        if not is_immediate(right):
            continue
        a = registers(index)[0]
        index += 1
        branch = encode(name, a=a, x=V[right], offset=b"\0")
        branch = branch[:-1] + bytes([len(branch) + 1])
        blob = line(branch, TRAP, TRAP)
        yield one_case(name, f"{left}_and_immediate_{right}", blob, {a: V[left]}, probes=probes_of(name))


def load_imm(name: str) -> Iterator[Case]:
    for index, value in enumerate(values.IMMEDIATE):
        a = registers(index)[0]
        yield one_case(name, f"of_{value}", line(encode(name, a=a, x=V[value]), TRAP), {a: MARK})


def load_imm_64(name: str) -> Iterator[Case]:
    for index, value in enumerate(values.ONE):
        a = registers(index)[0]
        yield one_case(name, f"of_{value}", line(encode(name, a=a, x=wide(V[value])), TRAP), {a: MARK})


def load_imm_jump(name: str) -> Iterator[Case]:
    for index, value in enumerate(values.IMMEDIATE):
        a = registers(index)[0]
        jump = encode(name, a=a, x=V[value], offset=b"\0")
        blob = line(jump[:-1] + bytes([len(jump) + 1]), TRAP, TRAP)
        yield one_case(name, f"of_{value}", blob, {a: MARK})


def load_imm_jump_ind(name: str) -> Iterator[Case]:
    """Jumps through the second of two entries."""
    for index, value in enumerate(values.IMMEDIATE):
        a, b, _ = registers(index)
        jump = encode(name, a=a, b=b, x=V[value], y=2)
        code = jump + TRAP + TRAP
        blob = make_blob(code, [0, len(jump), len(jump) + 1], (len(jump), len(jump) + 1))
        yield one_case(name, f"of_{value}", blob, {a: MARK, b: 2})
    for b_value, y in (("two", 0), ("two", 2), ("bit_32", 2), ("minus_two", 4), ("ones_32", 3)):
        jump = encode(name, a=9, b=4, x=7, y=y)
        blob = make_blob(jump + TRAP + TRAP, [0, len(jump), len(jump) + 1], (len(jump), len(jump) + 1))
        yield one_case(
            name,
            f"address_is_{b_value}_plus_{('zero', 'one', 'two', 'three', 'four')[y]}",
            blob,
            {4: V[b_value]},
        )


def ecalli(name: str) -> Iterator[Case]:
    for value in values.IMMEDIATE:
        yield one_case(name, f"of_{value}", line(encode(name, x=V[value]), TRAP), {7: MARK})


GENERATORS = {
    "three_reg": three_reg,
    "two_reg": two_reg,
    "two_reg_one_imm": two_reg_one_imm,
    "two_reg_one_offset": two_reg_one_offset,
    "one_reg_imm_offset": one_reg_imm_offset,
}
SPECIAL = {
    "load_imm": load_imm,
    "load_imm_64": load_imm_64,
    "load_imm_jump": load_imm_jump,
    "load_imm_jump_ind": load_imm_jump_ind,
    "ecalli": ecalli,
}


def value_cases(name: str) -> list[Case]:
    """The value cases of one opcode; memory and control opcodes get theirs elsewhere."""
    if name in SPECIAL:
        return list(SPECIAL[name](name))
    if name.startswith(("load_", "store_")) or name == "sbrk":
        return []
    generator = GENERATORS.get(INSN[name].form)
    return list(generator(name)) if generator else []
