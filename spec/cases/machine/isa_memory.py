"""isa/<mnemonic> of the 30 loads and stores: what they move, and where they may.

Bytes around the accessed ones are marked, so that an access that is too wide or lies elsewhere
shows. Bytes at the end of a page are put there by a write step: given with the page they would cost
8 KiB of text.
"""

from collections.abc import Iterator, Sequence

from cases.machine.case import PAGE, RO, RW, Case, Pages, Registers, Rules, Run, Write, page
from cases.machine.code import TRAP, Operands, encode, fits, line, signed
from cases.machine.isa_values import MARK, look_alike, registers
from model.table import ACCESS_OF

NEAR = 0x10000
EDGE = NEAR + PAGE
TOP = 2**32 - PAGE
END = 2**32
OFFSET = 0x20
FILL = b"\xa5"
MEMORY_NAMES = tuple(ACCESS_OF)
PERMISSIONS = (None, RO, RW)
WORD = {None: "absent", RO: "read_only", RW: "writable"}


def width_of(name: str) -> int:
    return ACCESS_OF[name].width


def is_store(name: str) -> bool:
    return ACCESS_OF[name].is_store


def is_indirect(name: str) -> bool:
    return bool(ACCESS_OF[name].base)


def is_immediate_store(name: str) -> bool:
    return ACCESS_OF[name].source == "Y"


def access(name: str, address: int, value: int = 0, index: int = 0, base: int | None = None) -> tuple[bytes, Registers]:
    """One instruction that accesses `address`, and the registers it wants; indirect ones use base +
    0x20 unless a base is given, and then whatever offset leads from it to the address.
    """
    a, b, _ = registers(index)
    if base is None:
        base = (address - OFFSET) % END
    x = (address - base) % END if is_indirect(name) else address
    x = x - END if x >= END // 2 else x
    operands: Operands = {"a": a, "b": b, "x": x}
    if is_immediate_store(name):
        del operands["b"]
        operands["y"] = value
        if not is_indirect(name):
            del operands["a"]
        return encode(name, **operands), {a: base} if is_indirect(name) else {}
    if not is_indirect(name):
        del operands["b"]
    regs = {b: base} if is_indirect(name) else {}
    return encode(name, **operands), {a: value % 2**64 if is_store(name) else MARK} | regs


def permission_rule(name: str) -> str:
    return "mem/store_permission" if is_store(name) else "mem/load_permission"


def fault_rules(name: str) -> Rules:
    return f"isa/{name}", permission_rule(name), "exit/page_fault"


def build(
    name: str,
    behaviour: str,
    address: int,
    pages: Pages,
    *,
    value: int = 0,
    index: int = 0,
    writes: Sequence[tuple[int, bytes]] = (),
    faults: bool = False,
    base: int | None = None,
) -> Case:
    instruction, regs = access(name, address, value, index, base)
    rules = fault_rules(name) if faults else (f"isa/{name}", permission_rule(name))
    against = (f"isa/{look_alike(name)}",) + (() if faults else ("mem/fault_address",))
    steps = [Write(*write) for write in writes] + [Run(gas=1000, regs=regs)]
    noticed = ("mem/fault_address", "mem/whole_access", "mem/past_end")
    return Case(
        behaviour,
        rules,
        line(instruction, TRAP),
        steps,
        against,
        notices=noticed,
        pages=tuple(pages),
    )


def values_of(width: int) -> dict[str, int]:
    bits = 8 * width
    digits = 0x8123456789ABCDEF >> (64 - bits)
    return {
        "zero": 0,
        "one": 1,
        "minus_one": 2**bits - 1,
        "greatest_signed": 2 ** (bits - 1) - 1,
        "least_signed": 2 ** (bits - 1),
        "digits_with_sign": digits,
        "digits_without_sign": digits >> 1,
    }


def load_values(name: str) -> Iterator[Case]:
    width = width_of(name)
    for index, (word, value) in enumerate(values_of(width).items()):
        data = FILL * 8 + value.to_bytes(width, "little") + FILL * 8
        yield build(name, f"of_{word}", NEAR + 8, [page(NEAR, RW, data)], index=index)


def stored_values(name: str) -> Iterator[Case]:
    width = width_of(name)
    words = dict(values_of(width))
    if not is_immediate_store(name):
        words["value_wider_than_the_access"] = 0xFEDCBA9876543210
    for index, (word, value) in enumerate(words.items()):
        if is_immediate_store(name):
            value = signed(value, 8 * width)
            value = value if fits(value, 4) else value >> 32
        yield build(name, f"of_{word}", NEAR + 9, [page(NEAR, RW, FILL * 24)], value=value, index=index)


def one_page(name: str) -> Iterator[Case]:
    """Each permission, each end of a page, page 0."""
    width = width_of(name)
    allowed = (RW,) if is_store(name) else (RO, RW)
    for index, permission in enumerate(PERMISSIONS):
        pages = [page(NEAR, permission, FILL * 40)] if permission else []
        faults = permission not in allowed
        behaviour = f"on_{WORD[permission]}_page"
        yield build(name, behaviour, NEAR + 16, pages, value=0x11, index=index, faults=faults)
    yield build(name, "at_address_zero", 0, [page(0, RW, FILL * 9)], value=-2)
    yield build(name, "at_address_zero_on_absent_page", 0, [], value=-2, faults=True)
    yield build(
        name,
        "ends_with_the_page",
        EDGE - width,
        [page(NEAR)],
        value=-3,
        writes=[(EDGE - 12, FILL * 12)],
    )
    yield build(name, "starts_with_the_page", EDGE, [page(EDGE, RW, FILL * 9)], value=-3)


def two_pages(name: str) -> Iterator[Case]:
    """An access across a page boundary: the lower page that fails is the one reported."""
    width = width_of(name)
    if width == 1:
        return
    allowed = (RW,) if is_store(name) else (RO, RW)
    start = EDGE - width // 2
    for index, low in enumerate(PERMISSIONS):
        for high in PERMISSIONS:
            pages = [page(base, access_) for base, access_ in ((NEAR, low), (EDGE, high)) if access_]
            writes = [(EDGE - 12, FILL * 12)] if low else []
            writes += [(EDGE, FILL * 12)] if high else []
            yield build(
                name,
                f"crosses_from_{WORD[low]}_to_{WORD[high]}_page",
                start,
                pages,
                value=0x22,
                index=index,
                writes=writes,
                faults=low not in allowed or high not in allowed,
            )
    if width > 2:
        for behaviour, address in (
            ("one_byte_on_the_next_page", EDGE - width + 1),
            ("one_byte_on_the_first_page", EDGE - 1),
        ):
            pages, writes = [page(NEAR), page(EDGE)], [(EDGE - 12, FILL * 24)]
            yield build(name, behaviour, address, pages, value=-5, writes=writes)
            yield build(
                name,
                behaviour + "_and_it_is_absent",
                address,
                pages[:1] if address != EDGE - 1 else pages[1:],
                value=-5,
                faults=True,
            )


def top_of_memory(name: str) -> Iterator[Case]:
    """The last page is ordinary, and nothing wraps to address 0."""
    width = width_of(name)
    pages, writes = [page(0, RW, FILL * 9), page(TOP)], [(END - 12, FILL * 12)]
    yield build(name, "ends_with_memory", END - width, pages, value=-6, writes=writes)
    if width > 1:
        for behaviour, address in (
            ("passes_the_end_by_one_byte", END - width + 1),
            ("starts_at_the_last_byte", END - 1),
        ):
            yield build(name, behaviour, address, pages, value=-6, writes=writes, faults=True)
        yield build(
            name,
            "passes_the_end_on_read_only_page",
            END - 1,
            [page(0), page(TOP, RO)],
            value=1,
            faults=True,
        )
        yield build(name, "passes_the_end_on_absent_page", END - 1, [page(0)], value=1, faults=True)


def wrapped_addresses(name: str) -> Iterator[Case]:
    """The sum is reduced modulo 2^32; the high half of the base does not count."""
    pages = [page(NEAR, RW, FILL * 40)]
    if not is_indirect(name):
        high = [page(END - 0x8000, RW, FILL * 24)]
        yield build(name, "negative_immediate_is_a_high_address", END - 0x8000 + 3, high, value=0x33)
        return
    for behaviour, base in (
        ("without_offset", NEAR + 16),
        ("with_negative_offset", NEAR + 0x1000),
        ("with_base_above_the_end_by_offset", END - 0x100),
        ("with_high_half_in_base", (0xDEADBEEF << 32) + NEAR),
        ("with_negative_base", 2**64 - 0x40),
        ("with_greatest_offset", NEAR + 16 - (2**31 - 1)),
        ("with_least_offset", NEAR + 16 + 2**31),
    ):
        yield build(name, behaviour, NEAR + 16, pages, value=0x44, base=base % 2**64)


def same_register(name: str) -> Iterator[Case]:
    """A base register that is also the target or the stored value."""
    if not is_indirect(name) or is_immediate_store(name):
        return
    pages = [page(NEAR, RW, FILL * 8 + bytes(range(1, 17)))]
    for behaviour, register in (
        ("base_is_the_other_register", 5),
        ("base_and_the_other_are_the_last_register", 12),
    ):
        instruction = encode(name, a=register, b=register, x=8)
        rules = (f"isa/{name}", permission_rule(name))
        yield Case(
            behaviour,
            rules,
            line(instruction, TRAP),
            [Run(gas=1000, regs={register: NEAR})],
            pages=tuple(pages),
        )


def memory_cases(name: str) -> list[Case]:
    if name not in MEMORY_NAMES:
        return []
    cases = list(stored_values(name) if is_store(name) else load_values(name))
    for generator in (one_page, two_pages, top_of_memory, wrapped_addresses, same_register):
        cases += generator(name)
    return cases
