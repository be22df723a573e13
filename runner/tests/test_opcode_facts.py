"""Do the model, ref and fast do with every opcode what its records in isa.def, form.def, access.def, role.def and
gas.def say? What is compared was seen from outside: how one instruction ends, what it changes, what its block costs.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from assay.engines import catalog
from assay.engines.answers import Page, Program, Stop, Until
from model.table import (
    ACCESS_OF,
    FORM_OF,
    GAS_OF,
    INSN,
    LIMIT,
    ROLE_OF,
    Access,
    Gas,
    Insn,
    Kind,
)

MASK = 2**64 - 1
RICH = 10**6
MEM_CYCLES = 50
NEAR = 0x10000  # the page that every program is given
PAGE = 4096
CONTENT = bytes(0x81 + n % 100 for n in range(PAGE))  # every byte has its top bit set
A, B, D = 1, 2, 3
NUMBER = {"A": A, "B": B, "D": D}
TRAP, FALLTHROUGH, LOAD_IMM_64 = b"\0", b"\1", b"\x14"
BY_NAME = {record.name: record for record in INSN}
OPCODE = pytest.mark.parametrize("record", INSN, ids=lambda record: record.name)
ACCESSES = pytest.mark.parametrize("access", ACCESS_OF.values(), ids=lambda access: access.name)


@pytest.fixture(scope="module", params=catalog.available((catalog.MODEL, *catalog.OURS)))
def engine(request):
    with catalog.parse(request.param).open() as opened:
        yield opened


class Operands(NamedTuple):
    """Fields of one instruction; the immediates and the offset take four bytes each."""

    a: int = A
    b: int = B
    d: int = D
    x: int = 0
    y: int = 0
    t: int = 0


USUAL = Operands()


def encode(record: Insn, operands: Operands = USUAL) -> bytes:
    """The instruction, made from form.def alone."""
    form = FORM_OF[record.form]
    fields = {"A": operands.a, "B": operands.b, "D": operands.d, "X_SIZE": 4, "": 0}
    code = bytes([record.byte])
    if form.low or form.high:
        code += bytes([fields[form.low] | fields[form.high] << 4])
    if form.second:
        code += bytes([fields[form.second]])
    size = 8 if record.name == "load_imm_64" else 4
    immediates = {"X": operands.x, "Y": operands.y, "T": operands.t}
    for letter in form.operands:
        if letter in immediates:
            code += (immediates[letter] % 2 ** (8 * size)).to_bytes(size, "little")
    return code


def blob_of(*instructions: bytes, table: tuple[int, ...] = ()) -> bytes:
    """A code blob of whole instructions."""
    code, mask, position = b"".join(instructions), 0, 0
    for instruction in instructions:
        mask |= 1 << position
        position += len(instruction)
    header = len(table).to_bytes(4, "little") + b"\1" + len(code).to_bytes(4, "little") + bytes(table)
    return header + code + mask.to_bytes((len(code) + 7) // 8, "little")


def load(engine, blob: bytes, pages: tuple[Page, ...] = ()) -> None:
    assert engine.load(Program(blob, MEM_CYCLES, pages)) == "admitted"


def run(engine, regs: dict[int, int] | None = None, pc: int = 0) -> Stop:
    given = [(regs or {}).get(number, 0) for number in range(LIMIT["register_count"])]
    return engine.run(pc, RICH, given)


# isa.def


@OPCODE
def test_a_terminator_and_nothing_else_lets_a_run_begin_behind_it(engine, record):
    """After a terminator comes a block start, where a run may begin; elsewhere it is a panic."""
    code = encode(record)
    load(engine, blob_of(code, TRAP))
    assert run(engine, pc=len(code)).exit == ("trap" if record.ends else "panic")


def test_bytes_that_isa_def_leaves_out_are_no_opcodes(engine):
    known = {record.byte for record in INSN}
    for byte in range(256):
        load(engine, blob_of(bytes([byte]), TRAP))
        if byte not in known:
            assert run(engine).exit == "panic", byte  # a run begins only where an instruction can be executed
            assert run(engine).gas == RICH, byte


# access.def


def values_for(access: Access, address: int, value: int) -> tuple[Operands, dict[int, int]]:
    """Operands and registers with which an instruction accesses `address` and stores `value`."""
    regs, x = {A: 0x5555, B: 0x6666}, address
    if access.base:
        x = 0x123
        regs[NUMBER[access.base]] = address - x
    if access.source == "A":
        regs[A] = value
    return Operands(x=x, y=value if access.source == "Y" else 0x7777), regs


def play_access(engine, access: Access, address: int, value: int = 0, pages: tuple[Page, ...] = ()) -> Stop:
    operands, regs = values_for(access, address, value)
    load(engine, blob_of(encode(BY_NAME[access.name], operands), TRAP), pages)
    return run(engine, regs)


@ACCESSES
def test_a_load_widens_and_a_store_cuts_as_access_def_says(engine, access):
    value = 0x11223344 if access.source == "Y" else 0x1122334455667788
    stop = play_access(engine, access, NEAR + 5, value, (Page(NEAR, "rw", CONTENT),))
    memory = engine.read(NEAR, PAGE)
    assert stop.exit == "trap"
    if access.is_store:
        stored = value.to_bytes(8, "little")[: access.width]
        assert memory == CONTENT[:5] + stored + CONTENT[5 + access.width :]
        return
    read = int.from_bytes(CONTENT[5 : 5 + access.width], "little", signed=access.is_signed)
    assert stop.regs[A] == read % 2**64
    assert memory == CONTENT


@ACCESSES
def test_an_access_faults_at_the_address_formed_from_its_base(engine, access):
    stop = play_access(engine, access, 0x54321)
    assert (stop.exit, stop.argument, stop.pc) == ("page_fault", 0x54000, 0)


@ACCESSES
def test_only_a_store_needs_a_page_that_may_be_written(engine, access):
    stop = play_access(engine, access, NEAR + 8, 0, (Page(NEAR, "ro", CONTENT),))
    assert stop.exit == ("page_fault" if access.is_store else "trap")


@ACCESSES
def test_an_access_is_as_wide_as_access_def_says(engine, access):
    """It may end with the page, and not one byte later."""
    pages = (Page(NEAR, "rw", CONTENT),)
    assert play_access(engine, access, NEAR + PAGE - access.width, 0, pages).exit == "trap"
    stop = play_access(engine, access, NEAR + PAGE - access.width + 1, 0, pages)
    assert (stop.exit, stop.argument) == ("page_fault", NEAR + PAGE)


# role.def: what one instruction does, seen with many values

Registers = dict[int, int]
Seen = tuple[object, ...]
PAIRS = (
    (0, 0),
    (5, 9),
    (9, 5),
    (100, 7),
    (MASK, 1),
    (1, MASK),
    (0x10, 0x10),
    (2, 4),
    (4, 2),
    (0x8000000080000003, 0x21),
    (0x7F3C00FFAA5581C6, 0x0123456789ABCDEF),
    (NEAR + 0x10, NEAR + 0x20),
    (0, 0x7FFFFFFF80000000),
)
CHANGES = 0x8000000080008091  # bits of a register that are turned over


class Probe:
    """One instruction with its targets: what it does with given registers and immediates."""

    def __init__(self, engine, record: Insn, x: int = 0x10) -> None:
        self.engine = engine
        self.record = record
        self.npc = len(encode(record))
        self.target, self.entries = self.npc + 1, (self.npc + 2, self.npc + 3)
        y = 0 if ROLE_OF[record.name].kind is Kind.DYNAMIC else 0x77
        x = 0 if record.name == "jump_ind" else x
        code = encode(record, Operands(x=x, y=y, t=self.target))
        self.blob = blob_of(code, TRAP, TRAP, TRAP, TRAP, table=self.entries)
        self.load()

    def load(self) -> None:
        load(self.engine, self.blob, (Page(0, "rw", CONTENT), Page(NEAR, "rw", CONTENT)))

    def play(self, regs: Registers) -> tuple[Stop, Seen]:
        """The stop, and all that the instruction did except to registers."""
        stop = run(self.engine, regs)
        memory = self.memory() if ROLE_OF[self.record.name].kind is Kind.STORE else b""
        return stop, (stop.exit, stop.argument, stop.pc, memory)

    def memory(self) -> bytes:
        """The pages near the places that PAIRS and the immediates lead to, which are then made as before."""
        memory = self.engine.read(0, 128) + self.engine.read(NEAR, 128)
        if memory != CONTENT[:128] * 2:
            self.load()
        return memory


def registers() -> Iterator[Registers]:
    for a, b in PAIRS:
        yield {A: a, B: b, D: 0xD0D1D2D3D4D5D6D7}


def changed(stop: Stop, regs: Registers) -> set[str]:
    assert all(value == 0 for number, value in enumerate(stop.regs) if number not in regs)
    return {letter for letter, number in NUMBER.items() if stop.regs[number] != regs[number]}


@OPCODE
def test_an_instruction_writes_and_reads_the_registers_of_role_def(engine, record):
    probe, role = Probe(engine, record), ROLE_OF[record.name]
    writes: set[str] = set()
    for regs in registers():
        writes |= changed(probe.play(regs)[0], regs)
    assert writes == set(role.writes)
    assert role.kind is Kind.STORE or probe.memory() == CONTENT[:128] * 2
    assert {letter for letter in NUMBER if depends_on(probe, NUMBER[letter], writes)} == set(role.reads)


def depends_on(probe: Probe, number: int, writes: set[str]) -> bool:
    """True when another value of that register makes the instruction do something else."""
    for regs in registers():
        before, seen = probe.play(regs)
        after, seen_after = probe.play(regs | {number: regs[number] ^ CHANGES})
        if seen != seen_after:
            return True
        if before.exit != "page_fault" and any(before.regs[NUMBER[w]] != after.regs[NUMBER[w]] for w in writes):
            return True
    return False


@OPCODE
def test_an_instruction_goes_on_and_ends_as_its_kind_says(engine, record):
    probe, kind = Probe(engine, record), ROLE_OF[record.name].kind
    places = {place_of(probe, probe.play(regs)[0]) for regs in registers()}
    if record.name in ACCESS_OF and ACCESS_OF[record.name].base:
        places.discard("end")  # a page fault
    assert places == PLACES.get(kind, {"next"})
    if kind is Kind.NOTHING:
        assert not any(changed(probe.play(regs)[0], regs) for regs in registers())


PLACES = {
    Kind.EXIT: {"end"},
    Kind.CALL: {"call"},
    Kind.JUMP: {"target"},
    Kind.BRANCH: {"target", "next"},
    Kind.DYNAMIC: {"entry 0", "entry 1", "end"},
}


def place_of(probe: Probe, stop: Stop) -> str:
    """Where an instruction led to."""
    if stop.exit in ("host_call", "ecall"):
        assert stop.pc == probe.npc
        assert probe.engine.resume(RICH, stop.regs).exit == "trap"
        return "call"
    known = {probe.npc: "next", probe.target: "target", probe.entries[0]: "entry 0", probe.entries[1]: "entry 1"}
    return known.get(stop.pc, "end") if stop.exit == "trap" else "end"


@OPCODE
def test_a_division_divides_and_nothing_else_does(engine, record):
    probe, role = Probe(engine, record), ROLE_OF[record.name]
    stop, _ = probe.play({A: 107, B: 7, D: 0})
    quotient, remainder = 15, 2
    divides = bool(role.writes) and stop.regs[NUMBER[role.writes]] in (quotient, remainder)
    assert divides is (role.kind is Kind.DIVIDE)


@OPCODE
def test_a_shift_takes_a_count_modulo_its_width_and_nothing_else_does(engine, record):
    """An operand, a register or the immediate, that may grow by 64 and not by 1."""
    role, operands = ROLE_OF[record.name], FORM_OF[record.form].operands
    if not role.writes or role.kind in (Kind.LOAD, Kind.JUMP, Kind.DYNAMIC):
        assert role.kind is not Kind.SHIFT
        return
    results = {x: results_of(Probe(engine, record, x), role.writes) for x in (5, 6, 69)}
    counts = [results[5] == results[69] != results[6]] if "X" in operands else []
    probe = Probe(engine, record, 0x7FFFFF45)
    for letter in role.reads.replace(role.writes, ""):
        as_given, one, more = (results_of(probe, role.writes, NUMBER[letter], grown) for grown in (0, 1, 64))
        counts.append(as_given == more != one)
    assert any(counts) is (role.kind is Kind.SHIFT)


def results_of(probe: Probe, writes: str, number: int = A, grown: int = 0) -> list[int]:
    changes = [regs | {number: (regs[number] + grown) % 2**64} for regs in registers()]
    return [probe.play(regs)[0].regs[NUMBER[writes]] for regs in changes]


# gas.def: what blocks cost, computed here from its records


class Placed(NamedTuple):
    """An instruction as gas sees it: its record and its unclamped fields."""

    row: Gas
    a: int
    b: int
    d: int

    def register(self, letter: str) -> int:
        return {"A": self.a, "B": self.b, "D": self.d}[letter]


def cost(block: list[Placed]) -> int:
    """gas.md, for blocks whose branches go to no cold instruction."""
    ready = [0] * 16
    cycle = used = last = 0
    for row, a, b, d in block:
        field = {"A": a, "B": b, "D": d}
        sources = [field[letter] for letter in row.sources]
        holds = {"FIXED": True, "SHIFT": a == b, "OVERLAP": bool(row.target) and field[row.target] in sources}
        slots = row.slots_if if holds[row.slot_rule] else row.slots_else
        cycle, used = (cycle + 1, slots) if used >= LIMIT["slots_per_cycle"] else (cycle, used + slots)
        if row.kind == "MOVE":
            ready[field[row.target]] = ready[sources[0]]
            continue
        cycles = {"PLAIN": row.cycles, "MEM": MEM_CYCLES, "BRANCH": LIMIT["branch_cost_plain"]}[row.kind]
        done = max([cycle, *(ready[source] for source in sources)]) + cycles
        if row.target:
            ready[field[row.target]] = done
        last = max(last, done)
    return max(last - LIMIT["cost_discount"], LIMIT["cost_minimum"])


def placed(record: Insn, a: int = A, b: int = B, d: int = D) -> tuple[bytes, Placed]:
    """An instruction whose operand bytes hold these fields, and how gas sees it. A branch goes to its own block."""
    code = bytes([record.byte, a | b << 4, d, 0, 0, 0, 0, 0, 0, 0])[: len(encode(record))]
    return code, Placed(GAS_OF[record.name], a, b, d)


def charged(engine, block: list[tuple[bytes, Placed]]) -> int:
    """What the first block costs: gas that is enough, and one less that is not."""
    load(engine, blob_of(*(code for code, _ in block)))
    enough = cost([entry for _, entry in block])
    none = [0] * LIMIT["register_count"]
    assert engine.run(0, enough - 1, none).exit == "out_of_gas"
    stop = engine.run(0, enough, none, until=Until(blocks=1))
    assert (stop.exit, stop.gas) == ("stopped", 0)
    return enough


FIELDS = ((A, B, D), (A, A, D), (A, B, A), (A, B, B), (B, A, A), (A, A, A))


@OPCODE
def test_a_block_costs_the_cycles_and_slots_of_gas_def(engine, record):
    """The instruction alone, after others that keep it waiting, and, if blocks can go on after it, many times."""
    filler, small = placed(BY_NAME["load_imm_64"], 9, 0, 0), placed(BY_NAME["load_imm"], 9, 0, 0)
    for a, b, d in FIELDS:
        one = placed(record, a, b, d)
        charged(engine, [one])
        charged(engine, [filler] * 9 + [one])
        if not record.ends:
            charged(engine, [filler, *[one] * 9])
            charged(engine, [one, small] * 9 + [filler])


@OPCODE
def test_a_block_waits_for_the_sources_of_gas_def(engine, record):
    """A slow instruction writes the register of one field; after the instruction something reads it again."""
    slow, reader = BY_NAME["div_u_64"], BY_NAME["count_set_bits_64"]
    for number in (A, B, D):
        block = [placed(slow, number, 10, 11), placed(record)]
        charged(engine, block)
        if not record.ends:
            charged(engine, [*block, placed(reader, 8, number, 0)])
