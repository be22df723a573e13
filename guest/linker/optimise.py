"""Constants within straight-line code.

RISC-V builds an address from two instructions and a large constant from up to eight. Where the
value of a register is known, an instruction that only computes becomes a load of its result, one
that reads memory at a known address an absolute one, and one with a known second operand its
immediate form. Loads of constants that nobody reads before they are overwritten then fall away.
Nothing is known at a place that a jump may go to, and every register counts as read where a
block ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set

from .code import Item, Mark, Op, address_immediate, load_constant, reads, writes

MASK = 2**64 - 1
Known = dict[int, int]  # register -> what it holds
Constant = Callable[[int, int], bytes | None]  # (address, size) -> bytes that never change, or None


def s32(value: int) -> int:
    return (value & 2**32 - 1) - ((value & 2**31) << 1)


def s64(value: int) -> int:
    return (value & MASK) - ((value & 2**63) << 1)


COMPUTES: dict[str, Callable[[int, int], int]] = {
    "add_imm_64": lambda b, x: b + x,
    "add_imm_32": lambda b, x: s32(b + x),
    "and_imm": lambda b, x: b & x,
    "xor_imm": lambda b, x: b ^ x,
    "or_imm": lambda b, x: b | x,
    "shlo_l_imm_64": lambda b, x: b << x % 64,
    "shlo_r_imm_64": lambda b, x: (b & MASK) >> x % 64,
}
COMPUTES_THREE: dict[str, Callable[[int, int], int]] = {
    "add_64": lambda a, b: a + b,
    "sub_64": lambda a, b: a - b,
    "mul_64": lambda a, b: a * b,
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "xor": lambda a, b: a ^ b,
}
EITHER = {
    "add_64": "add_imm_64", "add_32": "add_imm_32", "mul_64": "mul_imm_64", "mul_32": "mul_imm_32", "and": "and_imm",
    "or": "or_imm", "xor": "xor_imm",
}  # fmt: skip
SECOND = {
    "shlo_l_64": "shlo_l_imm_64", "shlo_r_64": "shlo_r_imm_64", "shar_r_64": "shar_r_imm_64",
    "shlo_l_32": "shlo_l_imm_32", "shlo_r_32": "shlo_r_imm_32", "shar_r_32": "shar_r_imm_32",
    "rot_r_64": "rot_r_64_imm", "rot_r_32": "rot_r_32_imm", "set_lt_u": "set_lt_u_imm", "set_lt_s": "set_lt_s_imm",
    **EITHER,
}  # fmt: skip
FIRST = {
    "sub_64": "neg_add_imm_64", "sub_32": "neg_add_imm_32", "set_lt_u": "set_gt_u_imm", "set_lt_s": "set_gt_s_imm",
    "shlo_l_64": "shlo_l_imm_alt_64", "shlo_r_64": "shlo_r_imm_alt_64", "shar_r_64": "shar_r_imm_alt_64",
    "shlo_l_32": "shlo_l_imm_alt_32", "shlo_r_32": "shlo_r_imm_alt_32", "shar_r_32": "shar_r_imm_alt_32",
    "rot_r_64": "rot_r_64_imm_alt", "rot_r_32": "rot_r_32_imm_alt", **EITHER,
}  # fmt: skip
OPERATIONS = ("ecall", "ecalli")  # the kernel may write any register
MIRRORED = {"eq": "eq", "ne": "ne", "lt_s": "gt_s", "ge_s": "le_s", "lt_u": "gt_u", "ge_u": "le_u"}


def optimise(stream: Iterable[Item], targets: Set[int], constant_at: Constant) -> list[Item]:
    """A better stream."""
    return without_unread(list(with_constants(stream, targets, constant_at)), targets)


def with_constants(stream: Iterable[Item], targets: Set[int], constant_at: Constant) -> Iterator[Item]:
    known: Known = {}
    for item in stream:
        if isinstance(item, Mark):
            if item.key in targets or isinstance(item.key, tuple):
                known = {}
            yield item
            continue
        op = better(item, known, constant_at)
        written = writes(op)
        if op.name in OPERATIONS:
            known = {}
        if written is not None:
            known.pop(written, None)
            if op.name in ("load_imm", "load_imm_64"):
                known[written] = op.x & MASK
        yield op


def better(op: Op, known: Known, constant_at: Constant) -> Op:
    """The instruction itself, or one that does the same knowing what these registers hold."""
    for improve in (computed, with_immediate, at_known_address):
        op = improve(op, known)
    return constant_load(op, constant_at)


def computed(op: Op, known: Known) -> Op:
    if op.name in COMPUTES and op.b in known:
        return load_constant(op.a, COMPUTES[op.name](known[op.b], op.x))
    if op.name in COMPUTES_THREE and op.a in known and op.b in known:
        return load_constant(op.d, COMPUTES_THREE[op.name](known[op.a], known[op.b]))
    if op.name == "move_reg" and op.a in known:
        return load_constant(op.d, known[op.a])
    return op


def small(known: Known, register: int) -> int | None:
    """The value as an immediate, or None."""
    value = s64(known[register]) if register in known else None
    return value if value is not None and -(2**31) <= value < 2**31 else None


def with_immediate(op: Op, known: Known) -> Op:
    if op.form == "three_reg":
        if (x := small(known, op.b)) is not None:
            if op.name in SECOND:
                return Op(SECOND[op.name], a=op.d, b=op.a, x=x)
            if op.name in ("sub_64", "sub_32") and x != -(2**31):
                return Op("add_imm_" + op.name[-2:], a=op.d, b=op.a, x=-x)
        if (x := small(known, op.a)) is not None and op.name in FIRST:
            return Op(FIRST[op.name], a=op.d, b=op.b, x=x)
    if op.form == "two_reg_one_offset":
        condition = op.name.removeprefix("branch_")
        if (x := small(known, op.b)) is not None:
            return Op(f"branch_{condition}_imm", a=op.a, x=x, target=op.target)
        if (x := small(known, op.a)) is not None:
            return Op(f"branch_{MIRRORED[condition]}_imm", a=op.b, x=x, target=op.target)
    return op


def at_known_address(op: Op, known: Known) -> Op:
    if op.name.startswith("load_ind_") and op.b in known:
        return Op(op.name.replace("_ind", ""), a=op.a, x=address_immediate(known[op.b] + op.x))
    if op.name.startswith("store_ind_") and op.b in known:
        return Op(op.name.replace("_ind", ""), a=op.a, x=address_immediate(known[op.b] + op.x))
    if op.name.startswith("store_imm_ind_") and op.a in known:
        return Op(op.name.replace("_ind", ""), x=address_immediate(known[op.a] + op.x), y=op.y)
    return op


def constant_load(op: Op, constant_at: Constant) -> Op:
    if op.form != "one_reg_one_imm" or op.name[:6] not in ("load_u", "load_i") or op.name == "load_imm":
        return op
    kind, bits = op.name[5], int(op.name[6:])
    data = constant_at(op.x % 2**32, bits // 8)
    return op if data is None else load_constant(op.a, int.from_bytes(data, "little", signed=kind == "i"))


def without_unread(stream: Sequence[Item], targets: Set[int]) -> list[Item]:
    """Without the loads of constants that are overwritten before anybody reads them."""
    everything: frozenset[int | None] = frozenset(range(13))
    kept: list[Item] = []
    live = everything
    for item in reversed(stream):
        if isinstance(item, Mark):
            if item.key in targets or isinstance(item.key, tuple):
                live = everything
        elif item.ends:
            live = everything
        elif item.name in ("load_imm", "load_imm_64") and item.a not in live:
            continue
        else:
            live = live - {writes(item)} | reads(item)
        kept.append(item)
    kept.reverse()
    return kept
