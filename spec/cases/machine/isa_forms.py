"""isa/<mnemonic>: the ways in which the operands of each format can be written.

Every opcode gets every operand length of its format, the ends of the code inside its operands,
operands that lie in the next instruction, register fields above 12 and the bits that do not matter.
Memory that these encodings happen to touch is given, as often as a run of the model asks for it.
"""

from collections.abc import Callable, Iterable, Iterator

import model
from cases.machine.case import RW, Case, GivenPage, Pages, Registers, Run, page
from cases.machine.code import INSN, TRAP, Starts, encode, make_blob

REGS = {0: 2, 1: 0x8000000100000021, 2: 3, 5: 0x10004, 12: 0x20008}
SIGNED = (b"", b"\x85", b"\x01\x82", b"\x01\x02\x83", b"\x01\x02\x03\x84", b"\x01\x02\x03\x04\x85")
COUNT = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")
OFFSETS = (b"", b"\x0c", b"\x0c\x00", b"\x0c\x00\x00", b"\x0c\x00\x00\x00", b"\x0c\x00\x00\x00\x01")


def touched(blob: bytes, regs: Registers) -> Pages:
    """The pages that let the program run without a page fault."""
    pages: list[GivenPage] = []
    while True:
        given = [model.Page(*entry) for entry in sorted(pages)]
        machine = model.load(blob, 25, given)
        stop = machine.run(model.State(0, 1000, [regs.get(index, 0) for index in range(13)]))
        if stop.exit != "page_fault" or len(pages) == 4 or stop.argument in [entry[0] for entry in pages]:
            return tuple(sorted(pages))
        pages.append(page(stop.argument, RW, bytes(range(0x71, 0x71 + 16))))


def registers_read(code: bytes, position: int) -> Registers:
    """Those of REGS that the fields of the instruction at position name, whichever of them it
    reads.
    """
    first, second = (code[position + 1 : position + 3] + b"\0\0")[:2]
    fields = {min(12, field) for field in (first % 16, first // 16, second)}
    return {register: value for register, value in REGS.items() if register in fields}


def form_case(name: str, behaviour: str, code: bytes, starts: Starts, regs: Registers | None = None) -> Case:
    regs = registers_read(code, code.index(INSN[name].byte)) if regs is None else regs
    blob = make_blob(code, starts)
    return Case(
        behaviour,
        (f"isa/{name}", f"isa/form/{INSN[name].form}"),
        blob,
        [Run(gas=1000, regs=regs)],
        notices=("isa/operand_overlap", "isa/operand_past_end", "isa/register_clamp"),
        pages=touched(blob, regs),
    )


def followed(name: str, behaviour: str, instruction: bytes, regs: Registers | None = None) -> Case:
    """The instruction, then as many traps as a jump may reach."""
    after = TRAP * (12 if INSN[name].ends else 1)
    return form_case(
        name,
        behaviour,
        instruction + after,
        [0, *range(len(instruction), len(instruction + after))],
        regs,
    )


def at_the_end(name: str, size: int, instruction: bytes) -> Case:
    """The code ends after `size` bytes of the instruction."""
    where = "opcode" if size == 1 else f"{COUNT[size - 1]}_operand_byte" + "s" * (size > 2)
    return form_case(name, f"code_ends_after_{where}", instruction[:size], [0])


def overlapped(name: str, size: int, tail: bytes = b"\x33\x35\x02\x03\x04") -> Case:
    """Only `size` bytes belong to the instruction; it reads on into a load_imm, which then runs as
    well.
    """
    operands = b"\x53\x21\x02\x03"[: size - 1]
    code = bytes([INSN[name].byte]) + operands + tail + TRAP
    where = "opcode" if size == 1 else f"{COUNT[size - 1]}_operand_byte" + "s" * (size > 2)
    return form_case(name, f"next_instruction_starts_after_{where}", code, [0, size, size + len(tail)])


def nibbles(name: str, make: Callable[[int, int], bytes]) -> Iterator[Case]:
    for behaviour, low, high in (
        ("low_nibble_is_thirteen", 13, 1),
        ("high_nibble_is_fourteen", 2, 14),
        ("both_nibbles_are_fifteen", 15, 15),
    ):
        yield followed(name, behaviour, make(low, high))


def byte_of(name: str) -> bytes:
    return bytes([INSN[name].byte])


def no_args(name: str) -> Iterator[Case]:
    yield followed(name, "has_no_operands", byte_of(name))
    yield followed(name, "ignores_one_operand_byte", byte_of(name) + b"\x33")
    yield followed(name, "ignores_twenty_four_operand_bytes", byte_of(name) + b"\x02" * 24)
    yield form_case(name, "is_the_last_byte", byte_of(name), [0])
    yield form_case(name, "ends_with_operand_bytes", byte_of(name) + b"\x01\x02", [0])
    yield form_case(name, "next_instruction_starts_after_opcode", byte_of(name) + b"\x33\x05\x07\0", [0, 1, 4])
    yield form_case(name, "next_byte_is_no_opcode", byte_of(name) + b"\x04\0", [0, 1, 2])
    yield form_case(name, "next_start_is_too_far", byte_of(name) + b"\0" * 26, [0, 26])
    yield form_case(name, "is_the_second_instruction", b"\x33\x05\x07" + byte_of(name) + b"\0", [0, 3, 4])
    yield form_case(name, "follows_move_reg", b"\x64\x12" + byte_of(name) + b"\0", [0, 2, 3])
    yield form_case(name, "is_followed_by_itself", byte_of(name) * 3, [0, 1, 2])
    yield followed(
        name,
        "keeps_every_register",
        byte_of(name),
        regs={index: 0x1111 * (index + 1) for index in range(13)},
    )


def one_imm(name: str) -> Iterator[Case]:
    for size, x in enumerate(SIGNED):
        yield followed(name, f"immediate_has_{COUNT[size]}_bytes", byte_of(name) + x)
    yield followed(name, "ignores_twenty_operand_bytes", byte_of(name) + b"\x01" * 24)
    for size in (1, 2, 3, 4):
        yield at_the_end(name, size, byte_of(name) + SIGNED[4])
        yield overlapped(name, size)


def one_reg_ext_imm(name: str) -> Iterator[Case]:
    full = byte_of(name) + b"\x03" + bytes(range(0xF1, 0xF9))
    yield followed(name, "is_complete", full)
    yield followed(name, "ignores_a_ninth_byte", full + b"\x99")
    yield followed(name, "ignores_the_high_nibble", byte_of(name) + b"\xf3" + full[2:])
    yield followed(name, "low_nibble_is_thirteen", byte_of(name) + b"\x0d" + full[2:])
    yield followed(name, "low_nibble_is_fifteen", byte_of(name) + b"\xff" + full[2:])
    for size in range(1, 10):
        where = "opcode" if size == 1 else f"{COUNT[size - 1]}_operand_bytes"
        yield form_case(name, f"code_ends_after_{where}", full[:size], [0])
    for size in range(1, 10):
        tail = b"\x33\x35\x02\x03\x04"
        where = "opcode" if size == 1 else f"{COUNT[size - 1]}_operand_bytes"
        code = full[:size] + tail + TRAP * 6
        yield form_case(name, f"next_instruction_starts_after_{where}", code, [0, size, size + len(tail)])


def one_offset(name: str) -> Iterator[Case]:
    for size, offset in enumerate(OFFSETS):
        yield followed(name, f"offset_has_{COUNT[size]}_bytes", byte_of(name) + offset)
    for size in range(1, 5):
        yield at_the_end(name, size, byte_of(name) + b"\x00\x00\x00\x00")
        yield overlapped(name, size)
    for size in (1, 2, 3, 4):
        negative = (2 ** (8 * size) - 3).to_bytes(size, "little")
        code = b"\x01\x00\x01" + byte_of(name) + negative + TRAP
        yield form_case(name, f"negative_offset_of_{COUNT[size]}_bytes", code, [0, 2, 3, 4 + size])


def one_reg_one_imm(name: str) -> Iterator[Case]:
    for size, x in enumerate(SIGNED):
        yield followed(name, f"immediate_has_{COUNT[size]}_bytes", byte_of(name) + b"\x05" + x)
    for behaviour, first in (
        ("low_nibble_is_thirteen", 13),
        ("low_nibble_is_fourteen", 14),
        ("low_nibble_is_fifteen", 15),
        ("ignores_the_high_nibble", 0xF5),
    ):
        yield followed(name, behaviour, byte_of(name) + bytes([first]) + b"\x04\x02")
    for size in (1, 2, 3, 5):
        yield at_the_end(name, size, byte_of(name) + b"\x05\x04\x03\x02\x01")
    for size in (1, 2, 3):
        yield overlapped(name, size)


def two_reg(name: str) -> Iterator[Case]:
    yield from nibbles(name, lambda low, high: byte_of(name) + bytes([low | high << 4]))
    yield followed(name, "ignores_one_more_byte", byte_of(name) + b"\x12\x99")
    yield followed(name, "ignores_twenty_more_bytes", byte_of(name) + b"\x12" + b"\xff" * 20)
    for size in (1, 2):
        yield at_the_end(name, size, byte_of(name) + b"\x15")
        yield overlapped(name, size)


def two_reg_one_imm(name: str) -> Iterator[Case]:
    for size, x in enumerate(SIGNED):
        yield followed(name, f"immediate_has_{COUNT[size]}_bytes", byte_of(name) + b"\x53" + x)
    yield from nibbles(name, lambda low, high: byte_of(name) + bytes([low | high << 4]) + b"\x06")
    for size in (1, 2, 3):
        yield at_the_end(name, size, byte_of(name) + b"\x53\x04\x03\x02\x01")
    for size in (1, 2):
        yield overlapped(name, size)


def two_reg_one_offset(name: str) -> Iterator[Case]:
    for size, offset in enumerate(OFFSETS):
        yield followed(name, f"offset_has_{COUNT[size]}_bytes", byte_of(name) + b"\x21" + offset)
        yield followed(
            name,
            f"offset_has_{COUNT[size]}_bytes_and_registers_are_swapped",
            byte_of(name) + b"\x12" + offset,
        )
    yield followed(name, "offset_has_one_byte_and_registers_are_one", byte_of(name) + b"\x99" + OFFSETS[1])
    yield from nibbles(name, lambda low, high: byte_of(name) + bytes([low | high << 4]) + b"\x0d")
    for size in (1, 2, 3, 5):
        yield at_the_end(name, size, byte_of(name) + b"\x21\x00\x00\x00\x00")
    for size in (1, 2, 3):
        yield overlapped(name, size)


def lengths(name: str, beside: int, shift: int) -> Iterator[Case]:
    """Every length field, those that are cut to four included; `beside` are the other bits of its
    byte.
    """
    for length in range(8):
        instruction = byte_of(name) + bytes([beside | length << shift]) + SIGNED[min(4, length)] + b"\x91\x92"
        yield followed(name, f"length_field_is_{COUNT[length]}", instruction)


def second_operands(
    name: str, x: bytes, variants: Iterable[bytes], word: str, make: Callable[[bytes, bytes], bytes]
) -> Iterator[Case]:
    """The operand after a complete imm_x and after an empty one."""
    for size, operand in enumerate(variants):
        yield followed(name, f"{word}_has_{COUNT[size]}_bytes", make(x, operand))
        if size in (0, 1, 4):
            behaviour = f"first_is_empty_and_{word}_has_{COUNT[size]}_bytes"
            yield followed(name, behaviour, make(b"", operand))


def ends_and_overlaps(name: str, complete: bytes) -> Iterator[Case]:
    for size in sorted({1, 2, 3, len(complete) - 2, len(complete) - 1}):
        yield at_the_end(name, size, complete)
    for size in (1, 2, 3):
        yield overlapped(name, size)


def two_imm(name: str) -> Iterator[Case]:
    yield from lengths(name, 0, 0)
    yield followed(name, "ignores_the_bits_above_the_length", byte_of(name) + b"\xfa\x10\x20\x30\x40")
    yield from second_operands(name, b"\x10\x20", SIGNED, "second", lambda x, y: encode(name, x=x, y=y))
    yield followed(name, "length_reaches_past_the_instruction", byte_of(name) + b"\x04\x10")
    yield from ends_and_overlaps(name, byte_of(name) + b"\x02\x10\x20\x30\x40")


def one_reg_two_imm(name: str) -> Iterator[Case]:
    yield from lengths(name, 5, 4)
    yield followed(name, "ignores_bit_seven", byte_of(name) + b"\xa5\x10\x20\x30\x40")
    yield followed(name, "low_nibble_is_thirteen", byte_of(name) + b"\x2d\x10\x20\x30\x40")
    yield followed(name, "low_nibble_is_fifteen", byte_of(name) + b"\x2f\x10\x20\x30\x40")
    yield from second_operands(name, b"\x10\x20", SIGNED, "second", lambda x, y: encode(name, a=5, x=x, y=y))
    yield followed(name, "length_reaches_past_the_instruction", byte_of(name) + b"\x45\x10")
    yield from ends_and_overlaps(name, byte_of(name) + b"\x25\x10\x20\x30\x40")


def one_reg_imm_offset(name: str) -> Iterator[Case]:
    for length in range(8):
        x = b"\x03\0\0\0"[: min(4, length)]
        head = byte_of(name) + bytes([2 | length << 4]) + x
        yield followed(name, f"length_field_is_{COUNT[length]}", head + b"\x0c")
        if length > 4:
            continue
        head = byte_of(name) + bytes([2 | length << 4]) + SIGNED[min(4, length)]
        yield followed(name, f"length_field_is_{COUNT[length]}_and_immediate_is_signed", head + b"\x0c")
    yield followed(name, "ignores_bit_seven", byte_of(name) + b"\xa2\x03\x00\x0c\x00")
    yield followed(name, "low_nibble_is_thirteen", byte_of(name) + b"\x2d\x08\x00\x0c")
    yield followed(name, "low_nibble_is_fifteen", byte_of(name) + b"\x2f\x08\x00\x0c")
    yield from second_operands(
        name, b"\x03", OFFSETS, "offset", lambda x, offset: encode(name, a=2, x=x, offset=offset)
    )
    yield followed(name, "length_reaches_past_the_instruction", byte_of(name) + b"\x42\x03")
    yield from ends_and_overlaps(name, byte_of(name) + b"\x12\x03\0\0\0\0")


def two_reg_two_imm(name: str) -> Iterator[Case]:
    for length in range(8):
        x = SIGNED[min(4, length)]
        yield followed(
            name,
            f"length_field_is_{COUNT[length]}",
            byte_of(name) + b"\x01" + bytes([length]) + x + b"\x02",
        )
    yield followed(name, "ignores_the_bits_above_the_length", byte_of(name) + b"\x01\xfa\x10\x20\x02")
    for size, operand in enumerate((b"", b"\x02", b"\x02\0", b"\x02\0\0", b"\x02\0\0\0", b"\x02\0\0\0\x01")):
        instruction = byte_of(name) + b"\x01\x01\x85" + operand
        code = instruction + TRAP * 2
        blob = make_blob(
            code,
            [0, len(instruction), len(instruction) + 1],
            (len(instruction), len(instruction) + 1),
        )
        yield Case(
            f"second_has_{COUNT[size]}_bytes",
            (f"isa/{name}", f"isa/form/{INSN[name].form}"),
            blob,
            [Run(gas=1000, regs={0: 2})],
        )
    yield from nibbles(name, lambda low, high: byte_of(name) + bytes([low | high << 4]) + b"\x01\x85\x02")
    yield followed(name, "length_reaches_past_the_instruction", byte_of(name) + b"\x01\x04\x10")
    yield from ends_and_overlaps(name, byte_of(name) + b"\x01\x02\x10\x20\x30\x40")


def three_reg(name: str) -> Iterator[Case]:
    yield from nibbles(name, lambda low, high: byte_of(name) + bytes([low | high << 4]) + b"\x07")
    for behaviour, third in (
        ("third_byte_is_thirteen", 13),
        ("third_byte_is_sixteen", 0x10),
        ("third_byte_is_two_hundred_fifty_five", 0xFF),
    ):
        yield followed(name, behaviour, byte_of(name) + b"\x21" + bytes([third]))
    yield followed(name, "ignores_one_more_byte", byte_of(name) + b"\x21\x05\x99")
    for size in (1, 2):
        yield at_the_end(name, size, byte_of(name) + b"\x21\x05")
    for size in (1, 2, 3):
        yield overlapped(name, size)


GENERATORS = {
    generator.__name__: generator
    for generator in (
        no_args,
        one_imm,
        one_reg_ext_imm,
        two_imm,
        one_offset,
        one_reg_one_imm,
        one_reg_two_imm,
        one_reg_imm_offset,
        two_reg,
        two_reg_one_imm,
        two_reg_one_offset,
        two_reg_two_imm,
        three_reg,
    )
}


def form_cases(name: str) -> list[Case]:
    return list(GENERATORS[INSN[name].form](name))
