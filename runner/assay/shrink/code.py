"""A code blob as a list of instructions that can be taken out and changed: jumps, jump table and starts follow.

An address anywhere in a tree is the one that the code had at the beginning; `Layout` says where it has gone. What is
taken out is replaced by what comes after it; an address outside of the code stays as it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from assay.assembly import asm, disasm
from assay.assembly.encoding import NUMBERS, REGISTERS, Number, Operands, encode, fits, form_of, make_blob, shortest
from assay.shrink import values
from assay.shrink.tree import Edit, Path, edit
from model.machine import blob as code_blob
from model.machine import isa
from model.machine.isa import Program
from model.table import ROLE_OF, Insn

RECORD = {record.name: record for record in isa.OPCODE.values()}
WIDE = 8  # bytes of the immediate of load_imm_64
LAST = 12  # the last register


@dataclass(frozen=True)
class Item:
    """An instruction, or bytes that no instruction says exactly. `place` is where it stood at the beginning."""

    place: int
    opcode: str = ""  # empty: `data` as it is
    registers: tuple[int, ...] = ()  # in the order of REGISTERS, those of the form
    numbers: tuple[tuple[int, int], ...] = ()  # value and size, in the order of NUMBERS; of a target 0 and its size
    target: int | None = None  # an address
    data: bytes = b""  # bytes behind the instruction that begin nothing
    starts: bool = True

    @property
    def record(self) -> Insn:
        return RECORD[self.opcode]

    @property
    def size(self) -> int:
        return len(head(self.opcode, self.registers, self.numbers)) + len(self.data)

    def bytes_at(self, pc: int, target: int | None) -> bytes:
        if not self.opcode:
            return self.data
        numbers = self.numbers
        if target is not None:
            numbers = (*numbers[:-1], (target - pc, numbers[-1][1]))
        return head(self.opcode, self.registers, numbers) + self.data


@lru_cache(maxsize=1 << 16)
def head(opcode: str, registers: tuple[int, ...], numbers: tuple[tuple[int, int], ...]) -> bytes:
    if not opcode:
        return b""
    return encode(RECORD[opcode], operands_of(opcode, registers, numbers))


def operands_of(opcode: str, registers: tuple[int, ...], numbers: tuple[tuple[int, int], ...]) -> Operands:
    operands = form_of(RECORD[opcode]).operands
    return Operands(
        dict(zip([letter for letter in REGISTERS if letter in operands], registers, strict=True)),
        {
            letter: Number(*number)
            for letter, number in zip([letter for letter in NUMBERS if letter in operands], numbers, strict=True)
        },
    )


@dataclass(frozen=True)
class Code:
    items: tuple[Item, ...]
    table: tuple[int, ...]
    entry_size: int
    end: int  # how long the code was


class Layout:
    """Where everything stands, and the bytes of it."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.places = [item.place for item in code.items]
        while True:
            self.positions = [0]
            for item in code.items:
                self.positions.append(self.positions[-1] + item.size)
            wide = [item if self.reaches(item, pc) else widened(item) for item, pc in self.standing()]
            if tuple(wide) == self.code.items:
                return
            self.code = code = replace(code, items=tuple(wide))

    def standing(self) -> Iterator[tuple[Item, int]]:
        return zip(self.code.items, self.positions[:-1], strict=True)

    def reaches(self, item: Item, pc: int) -> bool:
        """False when an offset needs more bytes than it has."""
        if item.target is None or item.numbers[-1][1] >= asm.OFFSET_SIZE:
            return True
        return fits(self.address(item.target) - pc, item.numbers[-1][1])

    def address(self, address: int) -> int:
        """Where an address has gone."""
        if not 0 <= address < self.code.end:
            return self.positions[-1] if address == self.code.end else address
        at = bisect_right(self.places, address) - 1
        inside = address - self.places[at] if at >= 0 else 0
        if at >= 0 and (inside == 0 or inside < self.code.items[at].size):
            return self.positions[at] + inside
        return self.positions[bisect_left(self.places, address)]

    def blob(self) -> bytes:
        parts = [
            item.bytes_at(pc, None if item.target is None else self.address(item.target))
            for item, pc in self.standing()
        ]
        starts = [pc for item, pc in self.standing() if item.starts and item.size]
        table = [self.address(entry) % (1 << 8 * self.code.entry_size) for entry in self.code.table]
        return make_blob(b"".join(parts), starts, table, self.code.entry_size)


def widened(item: Item) -> Item:
    return replace(item, numbers=(*item.numbers[:-1], (0, asm.OFFSET_SIZE)))


# From bytes


def read(blob: bytes) -> Code | None:
    """The code of a blob, or None where it is rejected or would not be the same again."""
    try:
        parsed = code_blob.parse(blob)
    except code_blob.Rejected:
        return None
    program = Program(parsed)
    items = tuple(item_of(program, start, end) for start, end in disasm.spans(parsed))
    table = tuple(parsed.jump_entry(n) for n in range(parsed.jump_len))
    code = Code(items, table, parsed.entry_size, parsed.code_len)
    return code if Layout(code).blob() == blob else None


def item_of(program: Program, start: int, end: int) -> Item:
    span = program.blob.code[start:end]
    if not program.blob.start(start):
        return Item(start, data=span, starts=False)
    if start not in program.executable:
        return Item(start, data=span)
    item = as_instruction(program, start)
    data = item.bytes_at(start, item.target)
    return replace(item, data=span[len(data) :]) if span.startswith(data) else Item(start, data=span)


def as_instruction(program: Program, start: int) -> Item:
    """What the machine reads there, as if all of it stood there."""
    record = isa.OPCODE[program.blob.code[start]]
    written = disasm.as_written(record, start, program)
    registers = tuple(written.registers[letter] for letter in REGISTERS if letter in written.registers)
    numbers = [written.numbers[letter] for letter in NUMBERS if letter in written.numbers]
    target = start + written.numbers["T"].value if "T" in written.numbers else None
    pairs = tuple((0 if n.size and is_last and target is not None else n.value, n.size) for n, is_last in last(numbers))
    return Item(start, record.name, registers, pairs, target)


def last(numbers: list[Number]) -> Iterator[tuple[Number, bool]]:
    return ((number, at == len(numbers) - 1) for at, number in enumerate(numbers))


# Simpler


def edits(code: Code, path: Path) -> Iterator[Edit]:
    """Every single change that makes the code simpler, but for instructions that are taken out."""
    layout = Layout(code)
    for at, item in enumerate(code.items):
        here = (*path, "items", at)
        if item.opcode:
            following = code.items[at + 1].place if at + 1 < len(code.items) else code.end
            yield from (edit(here, simpler) for simpler in simpler_items(item, following))
        else:
            yield from (edit((*here, "data"), data) for data in values.simpler_bytes(item.data) if data)
            yield from clean(code, layout, at, here)
    for at, entry in enumerate(code.table):
        if layout.address(entry) != 0:
            yield edit((*path, "table", at), 0)
    if code.table:
        yield edit((*path, "table"), ())
    needed = max(1, (max((layout.address(entry) for entry in code.table), default=0).bit_length() + 7) // 8)
    if needed < code.entry_size:
        yield edit((*path, "entry_size"), needed)


def clean(code: Code, layout: Layout, at: int, here: Path) -> Iterator[Edit]:
    """Bytes that no text says, as the instruction that the machine reads."""
    program = Program(code_blob.parse(layout.blob()))
    pc = layout.positions[at]
    if pc in program.executable and program.blob.start(pc):
        item = as_instruction(program, pc)
        if item.target is None:
            yield edit(here, replace(item, place=code.items[at].place))


def simpler_items(item: Item, following: int) -> Iterator[Item]:
    """Other instructions in its place, then the same one with simpler operands."""
    yield from simpler_opcodes(item)
    if item.data:
        yield replace(item, data=b"")
    if item.target not in (None, following):
        yield replace(item, target=following)
    for at, register in enumerate(item.registers):
        for low in dict.fromkeys((0, register - 1, LAST)):
            if 0 <= low < register:
                yield replace(item, registers=(*item.registers[:at], low, *item.registers[at + 1 :]))
    for at, (value, size) in enumerate(item.numbers):
        is_target = item.target is not None and at == len(item.numbers) - 1
        for number in [(0, asm.OFFSET_SIZE)] if is_target else simpler_numbers(value, size):
            if number != (value, size):
                yield replace(item, numbers=(*item.numbers[:at], number, *item.numbers[at + 1 :]))


def simpler_numbers(value: int, size: int) -> Iterator[tuple[int, int]]:
    if size == WIDE:
        yield from ((low, WIDE) for low in values.smaller_unsigned(value))
        return
    for low in (value, *values.smaller(value)):
        needed = shortest(low)
        if needed is not None:
            yield low, needed
    yield from ((low, size) for low in values.smaller(value) if fits(low, size) and shortest(low) != size)


def simpler_opcodes(item: Item) -> Iterator[Item]:
    """The few instructions that say least."""
    role = ROLE_OF[item.opcode]
    if item.opcode == "trap":
        return
    yield Item(item.place, "trap")
    if item.opcode == "fallthrough":
        return
    yield Item(item.place, "fallthrough")
    if not role.writes or item.opcode == "load_imm":
        return
    letters = [letter for letter in REGISTERS if letter in form_of(item.record).operands]
    written = item.registers[letters.index(role.writes)]
    yield Item(item.place, "load_imm", (written,), ((0, 0),))
    yield Item(item.place, "load_imm", (written,), ((1, 1),))
    if item.opcode != "move_reg":
        for letter in role.reads:
            read = item.registers[letters.index(letter)]
            yield Item(item.place, "move_reg", move(written, read), ())


def move(to: int, source: int) -> tuple[int, ...]:
    """The registers of move_reg, in the order of its letters."""
    role = ROLE_OF["move_reg"]
    letters = [letter for letter in REGISTERS if letter in form_of(RECORD["move_reg"]).operands]
    return tuple(min(to if letter == role.writes else source, 15) for letter in letters)


def renamed(code: Code, path: Path, names: Mapping[int, int]) -> Edit:
    """Registers under other names, everywhere in the code."""
    places: dict[Path, object] = {}
    for at, item in enumerate(code.items):
        registers = tuple(names.get(min(register, LAST), register) for register in item.registers)
        if registers != item.registers:
            places[(*path, "items", at, "registers")] = registers
    return Edit(places)


def used_registers(code: Code) -> set[int]:
    return {min(register, LAST) for item in code.items for register in item.registers}


def count(code: Code) -> int:
    """How many instructions it has."""
    return sum(item.starts for item in code.items)
