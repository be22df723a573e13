"""isa.md: what each opcode does.

An entry of EXECUTE is called with the machine and the instruction. It returns the target of a jump
taken, or None to go on at npc (isa/sequential), or raises an exit. The formulas are the chapter's:
A, B, D are the registers before the instruction, X and Y the immediates. What is on top, `count`,
`zero`, the width given to `tdiv` and `tmod`, and sx32 around a result that has 32 bits anyway, only
tells which shared rule decided.
"""

from collections.abc import Callable
from typing import NoReturn, Protocol, TypeAlias

from model.machine.exit import Call, Panic, Store, Trap
from model.machine.isa import Instruction, Program
from model.machine.mem import Memory
from model.machine.number import (
    bswap64,
    clz,
    count,
    ctz,
    popcount,
    rotl,
    rotr,
    s32,
    s64,
    signed,
    sx8,
    sx16,
    sx32,
    tdiv,
    tmod,
    u32,
    zero,
)
from model.reach import rule, several
from model.table import LIMIT, OPCODES, check_names


class Machine(Protocol):
    """What an instruction sees and changes of a machine."""

    regs: list[int]
    memory: Memory
    program: Program
    stored: Store | None


Execute: TypeAlias = Callable[[Machine, Instruction], int | None]
Address: TypeAlias = Callable[[Machine, Instruction], int]
Formula: TypeAlias = Callable[[int, int, int, int], int]  # of A, B, D and X
Condition: TypeAlias = Callable[[int, int, int], bool]  # of A, B and X


def rA(formula: Formula) -> Execute:
    """rA' = formula"""

    def execute(machine: Machine, i: Instruction) -> None:
        regs = machine.regs
        regs[i.a] = formula(regs[i.a], regs[i.b], regs[i.d], i.x) % 2**64

    return execute


def rD(formula: Formula) -> Execute:
    """rD' = formula"""

    def execute(machine: Machine, i: Instruction) -> None:
        regs = machine.regs
        regs[i.d] = formula(regs[i.a], regs[i.b], regs[i.d], i.x) % 2**64

    return execute


# Loads and stores


def at_x(machine: Machine, i: Instruction) -> int:
    return i.x


def at_a_x(machine: Machine, i: Instruction) -> int:
    return machine.regs[i.a] + i.x


def at_b_x(machine: Machine, i: Instruction) -> int:
    return machine.regs[i.b] + i.x


def reduced(sum_: int, width: int) -> int:
    """The effective address (mem/address)."""
    if sum_ >= 2**32 or sum_ % width:
        rule("mem/address")
    return sum_ % 2**32


def load_unsigned(width: int, at: Address) -> Execute:
    """rA' = the unsigned integer there"""

    def execute(machine: Machine, i: Instruction) -> None:
        machine.regs[i.a] = machine.memory.load(reduced(at(machine, i), width), width)

    return execute


def load_signed(width: int, at: Address) -> Execute:
    """rA' = the signed integer there"""

    def execute(machine: Machine, i: Instruction) -> None:
        value = machine.memory.load(reduced(at(machine, i), width), width)
        machine.regs[i.a] = signed(value, 8 * width) % 2**64

    return execute


def store_a(width: int, at: Address) -> Execute:
    """The low bytes of A are stored."""
    return lambda machine, i: store(machine, reduced(at(machine, i), width), width, machine.regs[i.a])


def store_y(width: int, at: Address) -> Execute:
    """The low bytes of Y are stored."""
    return lambda machine, i: store(machine, reduced(at(machine, i), width), width, i.y)


def store(machine: Machine, address: int, width: int, value: int) -> None:
    value %= 2 ** (8 * width)
    machine.memory.store(address, width, value)
    machine.stored = Store(address, width, value)


# Control


def trap(machine: Machine, i: Instruction) -> NoReturn:
    """isa/trap"""
    raise Trap


def fallthrough(machine: Machine, i: Instruction) -> None:
    """isa/fallthrough"""


def unlikely(machine: Machine, i: Instruction) -> None:
    """isa/unlikely"""


def ecall(machine: Machine, i: Instruction) -> NoReturn:
    """isa/ecall"""
    raise Call("ecall", 0)


def ecalli(machine: Machine, i: Instruction) -> NoReturn:
    """isa/ecalli, exit/host_call_id"""
    raise Call("host_call", i.x % 2**32)


def sbrk(machine: Machine, i: Instruction) -> NoReturn:
    """isa/sbrk"""
    rule("exit/panic/sbrk")
    raise Panic


def go_to(machine: Machine, target: int) -> int:
    """isa/legal_target"""
    rule("isa/legal_target")
    if not machine.program.begins_block(target):
        rule("exit/panic/jump")
        raise Panic
    return target


def static_jump(machine: Machine, i: Instruction) -> int:
    rule("isa/offset_target")
    return go_to(machine, i.target)


def dynamic_jump(machine: Machine, address: int) -> int:
    """isa/dynamic_jump; the address is reduced already."""
    rule("isa/dynamic_jump")
    if address == 2**32 - 2**16:
        rule("isa/no_halt_address")
    alignment, blob = LIMIT["jump_alignment"], machine.program.blob
    reasons = {
        "isa/dynamic_jump/zero": address == 0,
        "isa/dynamic_jump/odd": address % alignment != 0,
        "isa/dynamic_jump/beyond": address > alignment * blob.jump_len,
    }
    several(name for name, holds in reasons.items() if holds)
    if any(reasons.values()):
        rule("exit/panic/jump")
        raise Panic
    return go_to(machine, blob.jump_entry(address // alignment - 1))


def jump(machine: Machine, i: Instruction) -> int:
    """isa/jump"""
    return static_jump(machine, i)


def jump_ind(machine: Machine, i: Instruction) -> int:
    """isa/jump_ind"""
    return dynamic_jump(machine, (machine.regs[i.a] + i.x) % 2**32)


def load_imm_jump(machine: Machine, i: Instruction) -> int:
    """isa/load_imm_jump"""
    machine.regs[i.a] = i.x
    try:
        return static_jump(machine, i)
    except Panic:
        rule("isa/jump_writes_first")
        raise


def load_imm_jump_ind(machine: Machine, i: Instruction) -> int:
    """isa/load_imm_jump_ind"""
    if i.a == i.b:
        rule("isa/jump_reads_first")
    address = (machine.regs[i.b] + i.y) % 2**32
    machine.regs[i.a] = i.x
    try:
        return dynamic_jump(machine, address)
    except Panic:
        rule("isa/jump_writes_first")
        raise


def branch(condition: Condition) -> Execute:
    """Jumps to pc + offset if the condition holds."""

    def execute(machine: Machine, i: Instruction) -> int | None:
        if condition(machine.regs[i.a], machine.regs[i.b], i.x):
            return static_jump(machine, i)
        rule("isa/branch_not_taken")
        return None

    return execute


EXECUTE: dict[str, Execute] = {
    # no_args
    "isa/trap": trap,
    "isa/fallthrough": fallthrough,
    "isa/unlikely": unlikely,
    "isa/ecall": ecall,
    # one_imm
    "isa/ecalli": ecalli,
    # one_reg_ext_imm
    "isa/load_imm_64": rA(lambda A, B, D, X: X),
    # two_imm
    "isa/store_imm_u8": store_y(1, at_x),
    "isa/store_imm_u16": store_y(2, at_x),
    "isa/store_imm_u32": store_y(4, at_x),
    "isa/store_imm_u64": store_y(8, at_x),
    # one_offset
    "isa/jump": jump,
    # one_reg_one_imm
    "isa/jump_ind": jump_ind,
    "isa/load_imm": rA(lambda A, B, D, X: X),
    "isa/load_u8": load_unsigned(1, at_x),
    "isa/load_i8": load_signed(1, at_x),
    "isa/load_u16": load_unsigned(2, at_x),
    "isa/load_i16": load_signed(2, at_x),
    "isa/load_u32": load_unsigned(4, at_x),
    "isa/load_i32": load_signed(4, at_x),
    "isa/load_u64": load_unsigned(8, at_x),
    "isa/store_u8": store_a(1, at_x),
    "isa/store_u16": store_a(2, at_x),
    "isa/store_u32": store_a(4, at_x),
    "isa/store_u64": store_a(8, at_x),
    # one_reg_two_imm
    "isa/store_imm_ind_u8": store_y(1, at_a_x),
    "isa/store_imm_ind_u16": store_y(2, at_a_x),
    "isa/store_imm_ind_u32": store_y(4, at_a_x),
    "isa/store_imm_ind_u64": store_y(8, at_a_x),
    # one_reg_imm_offset
    "isa/load_imm_jump": load_imm_jump,
    "isa/branch_eq_imm": branch(lambda A, B, X: A == X),
    "isa/branch_ne_imm": branch(lambda A, B, X: A != X),
    "isa/branch_lt_u_imm": branch(lambda A, B, X: A < X),
    "isa/branch_le_u_imm": branch(lambda A, B, X: A <= X),
    "isa/branch_ge_u_imm": branch(lambda A, B, X: A >= X),
    "isa/branch_gt_u_imm": branch(lambda A, B, X: A > X),
    "isa/branch_lt_s_imm": branch(lambda A, B, X: s64(A) < s64(X)),
    "isa/branch_le_s_imm": branch(lambda A, B, X: s64(A) <= s64(X)),
    "isa/branch_ge_s_imm": branch(lambda A, B, X: s64(A) >= s64(X)),
    "isa/branch_gt_s_imm": branch(lambda A, B, X: s64(A) > s64(X)),
    # two_reg
    "isa/move_reg": rD(lambda A, B, D, X: A),
    "isa/sbrk": sbrk,
    "isa/count_set_bits_64": rD(lambda A, B, D, X: popcount(A)),
    "isa/count_set_bits_32": rD(lambda A, B, D, X: popcount(u32(A))),
    "isa/leading_zero_bits_64": rD(lambda A, B, D, X: clz(A, 64)),
    "isa/leading_zero_bits_32": rD(lambda A, B, D, X: clz(u32(A), 32)),
    "isa/trailing_zero_bits_64": rD(lambda A, B, D, X: ctz(A, 64)),
    "isa/trailing_zero_bits_32": rD(lambda A, B, D, X: ctz(u32(A), 32)),
    "isa/sign_extend_8": rD(lambda A, B, D, X: sx8(A)),
    "isa/sign_extend_16": rD(lambda A, B, D, X: sx16(A)),
    "isa/zero_extend_16": rD(lambda A, B, D, X: A % 2**16),
    "isa/reverse_bytes": rD(lambda A, B, D, X: bswap64(A)),
    # two_reg_one_imm
    "isa/store_ind_u8": store_a(1, at_b_x),
    "isa/store_ind_u16": store_a(2, at_b_x),
    "isa/store_ind_u32": store_a(4, at_b_x),
    "isa/store_ind_u64": store_a(8, at_b_x),
    "isa/load_ind_u8": load_unsigned(1, at_b_x),
    "isa/load_ind_i8": load_signed(1, at_b_x),
    "isa/load_ind_u16": load_unsigned(2, at_b_x),
    "isa/load_ind_i16": load_signed(2, at_b_x),
    "isa/load_ind_u32": load_unsigned(4, at_b_x),
    "isa/load_ind_i32": load_signed(4, at_b_x),
    "isa/load_ind_u64": load_unsigned(8, at_b_x),
    "isa/add_imm_32": rA(lambda A, B, D, X: sx32(B + X)),
    "isa/and_imm": rA(lambda A, B, D, X: B & X),
    "isa/xor_imm": rA(lambda A, B, D, X: B ^ X),
    "isa/or_imm": rA(lambda A, B, D, X: B | X),
    "isa/mul_imm_32": rA(lambda A, B, D, X: sx32(B * X)),
    "isa/set_lt_u_imm": rA(lambda A, B, D, X: 1 if B < X else 0),
    "isa/set_lt_s_imm": rA(lambda A, B, D, X: 1 if s64(B) < s64(X) else 0),
    "isa/shlo_l_imm_32": rA(lambda A, B, D, X: sx32(B << count(X, 32))),
    "isa/shlo_r_imm_32": rA(lambda A, B, D, X: sx32(u32(B) >> count(X, 32))),
    "isa/shar_r_imm_32": rA(lambda A, B, D, X: sx32(s32(B) >> count(X, 32))),
    "isa/neg_add_imm_32": rA(lambda A, B, D, X: sx32(X - B)),
    "isa/set_gt_u_imm": rA(lambda A, B, D, X: 1 if B > X else 0),
    "isa/set_gt_s_imm": rA(lambda A, B, D, X: 1 if s64(B) > s64(X) else 0),
    "isa/shlo_l_imm_alt_32": rA(lambda A, B, D, X: sx32(X << count(B, 32))),
    "isa/shlo_r_imm_alt_32": rA(lambda A, B, D, X: sx32(u32(X) >> count(B, 32))),
    "isa/shar_r_imm_alt_32": rA(lambda A, B, D, X: sx32(s32(X) >> count(B, 32))),
    "isa/cmov_iz_imm": rA(lambda A, B, D, X: X if B == 0 else A),
    "isa/cmov_nz_imm": rA(lambda A, B, D, X: X if B != 0 else A),
    "isa/add_imm_64": rA(lambda A, B, D, X: B + X),
    "isa/mul_imm_64": rA(lambda A, B, D, X: B * X),
    "isa/shlo_l_imm_64": rA(lambda A, B, D, X: B << count(X, 64)),
    "isa/shlo_r_imm_64": rA(lambda A, B, D, X: B >> count(X, 64)),
    "isa/shar_r_imm_64": rA(lambda A, B, D, X: s64(B) >> count(X, 64)),
    "isa/neg_add_imm_64": rA(lambda A, B, D, X: X - B),
    "isa/shlo_l_imm_alt_64": rA(lambda A, B, D, X: X << count(B, 64)),
    "isa/shlo_r_imm_alt_64": rA(lambda A, B, D, X: X >> count(B, 64)),
    "isa/shar_r_imm_alt_64": rA(lambda A, B, D, X: s64(X) >> count(B, 64)),
    "isa/rot_r_64_imm": rA(lambda A, B, D, X: rotr(B, count(X, 64), 64)),
    "isa/rot_r_64_imm_alt": rA(lambda A, B, D, X: rotr(X, count(B, 64), 64)),
    "isa/rot_r_32_imm": rA(lambda A, B, D, X: sx32(rotr(u32(B), count(X, 32), 32))),
    "isa/rot_r_32_imm_alt": rA(lambda A, B, D, X: sx32(rotr(u32(X), count(B, 32), 32))),
    # two_reg_one_offset
    "isa/branch_eq": branch(lambda A, B, X: A == B),
    "isa/branch_ne": branch(lambda A, B, X: A != B),
    "isa/branch_lt_u": branch(lambda A, B, X: A < B),
    "isa/branch_lt_s": branch(lambda A, B, X: s64(A) < s64(B)),
    "isa/branch_ge_u": branch(lambda A, B, X: A >= B),
    "isa/branch_ge_s": branch(lambda A, B, X: s64(A) >= s64(B)),
    # two_reg_two_imm
    "isa/load_imm_jump_ind": load_imm_jump_ind,
    # three_reg
    "isa/add_32": rD(lambda A, B, D, X: sx32(A + B)),
    "isa/sub_32": rD(lambda A, B, D, X: sx32(A - B)),
    "isa/mul_32": rD(lambda A, B, D, X: sx32(A * B)),
    "isa/div_u_32": rD(lambda A, B, D, X: 2**64 - 1 if zero(u32(B)) else sx32(u32(A) // u32(B))),
    "isa/div_s_32": rD(lambda A, B, D, X: 2**64 - 1 if zero(s32(B)) else sx32(tdiv(s32(A), s32(B), 32))),
    "isa/rem_u_32": rD(lambda A, B, D, X: sx32(A) if zero(u32(B)) else sx32(u32(A) % u32(B))),
    "isa/rem_s_32": rD(lambda A, B, D, X: sx32(tmod(s32(A), s32(B), 32))),
    "isa/shlo_l_32": rD(lambda A, B, D, X: sx32(A << count(B, 32))),
    "isa/shlo_r_32": rD(lambda A, B, D, X: sx32(u32(A) >> count(B, 32))),
    "isa/shar_r_32": rD(lambda A, B, D, X: sx32(s32(A) >> count(B, 32))),
    "isa/add_64": rD(lambda A, B, D, X: A + B),
    "isa/sub_64": rD(lambda A, B, D, X: A - B),
    "isa/mul_64": rD(lambda A, B, D, X: A * B),
    "isa/div_u_64": rD(lambda A, B, D, X: 2**64 - 1 if zero(B) else A // B),
    "isa/div_s_64": rD(lambda A, B, D, X: 2**64 - 1 if zero(B) else tdiv(s64(A), s64(B), 64)),
    "isa/rem_u_64": rD(lambda A, B, D, X: A if zero(B) else A % B),
    "isa/rem_s_64": rD(lambda A, B, D, X: tmod(s64(A), s64(B), 64)),
    "isa/shlo_l_64": rD(lambda A, B, D, X: A << count(B, 64)),
    "isa/shlo_r_64": rD(lambda A, B, D, X: A >> count(B, 64)),
    "isa/shar_r_64": rD(lambda A, B, D, X: s64(A) >> count(B, 64)),
    "isa/and": rD(lambda A, B, D, X: A & B),
    "isa/xor": rD(lambda A, B, D, X: A ^ B),
    "isa/or": rD(lambda A, B, D, X: A | B),
    "isa/mul_upper_s_s": rD(lambda A, B, D, X: (s64(A) * s64(B)) >> 64),
    "isa/mul_upper_u_u": rD(lambda A, B, D, X: (A * B) >> 64),
    "isa/mul_upper_s_u": rD(lambda A, B, D, X: (s64(A) * B) >> 64),
    "isa/set_lt_u": rD(lambda A, B, D, X: 1 if A < B else 0),
    "isa/set_lt_s": rD(lambda A, B, D, X: 1 if s64(A) < s64(B) else 0),
    "isa/cmov_iz": rD(lambda A, B, D, X: A if B == 0 else D),
    "isa/cmov_nz": rD(lambda A, B, D, X: A if B != 0 else D),
    "isa/rot_l_64": rD(lambda A, B, D, X: rotl(A, count(B, 64), 64)),
    "isa/rot_l_32": rD(lambda A, B, D, X: sx32(rotl(u32(A), count(B, 32), 32))),
    "isa/rot_r_64": rD(lambda A, B, D, X: rotr(A, count(B, 64), 64)),
    "isa/rot_r_32": rD(lambda A, B, D, X: sx32(rotr(u32(A), count(B, 32), 32))),
    "isa/and_inv": rD(lambda A, B, D, X: A & ~B),
    "isa/or_inv": rD(lambda A, B, D, X: A | ~B),
    "isa/xnor": rD(lambda A, B, D, X: ~(A ^ B)),
    "isa/max": rD(lambda A, B, D, X: max(s64(A), s64(B))),
    "isa/max_u": rD(lambda A, B, D, X: max(A, B)),
    "isa/min": rD(lambda A, B, D, X: min(s64(A), s64(B))),
    "isa/min_u": rD(lambda A, B, D, X: min(A, B)),
}

check_names("op.py: EXECUTE", EXECUTE, "isa.def", [f"isa/{name}" for name in OPCODES])
