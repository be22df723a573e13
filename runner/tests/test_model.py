"""Is the executable specification sound: its tables, its known answers, its records, its rules?"""

import re
from itertools import product
from pathlib import Path

import pytest

import cases
import model
from model.machine.isa import READ
from model.machine.op import EXECUTE
from model.table import Incomplete, check_names

MODEL = Path(model.__file__).parent
RICH = 10**6


def make_blob(code, starts, table=()):
    """A blob with one-byte jump-table entries; `starts` are positions."""
    mask = bytearray((len(code) + 7) // 8)
    for start in starts:
        mask[start // 8] |= 1 << start % 8
    header = len(table).to_bytes(4, "little") + b"\x01" + len(code).to_bytes(4, "little")
    return header + bytes(table) + code + bytes(mask)


def spaced(text, table=()):
    """A blob of hex instructions, a space before each start bit; "7*aa" repeats one."""
    code, starts = b"", []
    for word in text.split():
        times, _, instruction = word.rpartition("*")
        for _ in range(int(times or 1)):
            starts.append(len(code))
            code += bytes.fromhex(instruction)
    return make_blob(code, starts, table)


def patterned(code, pattern, table=()):
    """A blob of hex code and one digit a code byte for the start bits."""
    starts = [position for position, digit in enumerate(pattern) if digit == "1"]
    return make_blob(bytes.fromhex(code), starts, table)


def registers(**values):
    regs = [0] * 13
    for name, value in values.items():
        regs[int(name[1:])] = value
    return regs


class Recorder:
    """An observer that keeps every record."""

    def __init__(self):
        self.records = []

    def block(self, state):
        self.records.append(state)

    def instruction(self, step):
        self.records.append(step)


# Tables


def test_opcodes_are_unique_and_in_order():
    insn = model.table.INSN
    assert len({record.byte for record in insn}) == len({record.name for record in insn}) == len(insn)
    assert [record.byte for record in insn] == sorted(record.byte for record in insn)
    for rows in (model.table.GAS, model.table.ROLE):
        assert [row.name for row in rows] == [record.name for record in insn]


def test_every_opcode_has_its_rule_its_format_and_its_function():
    insn, rules = model.table.INSN, model.rules()
    assert set(EXECUTE) == {f"isa/{record.name}" for record in insn}
    assert set(READ) == {f"isa/form/{record.form}" for record in insn}
    assert set(EXECUTE) | set(READ) <= set(rules)
    for record in insn:
        assert rules[f"isa/{record.name}"].startswith(f"Opcode {record.byte}: ")


def test_gas_rows_are_consistent():
    for row in model.table.GAS:
        assert row.kind in ("PLAIN", "MEM", "BRANCH", "MOVE")
        assert row.slot_rule in ("FIXED", "OVERLAP", "SHIFT")
        assert row.sources in ("", "A", "B", "AB", "BD")
        assert row.target in ("", "A")
        assert (row.slots_if == row.slots_else) == (row.slot_rule == "FIXED")
        assert (row.cycles == 0) == (row.kind != "PLAIN")


def test_model_names_every_rule_and_no_other():
    source = "".join(path.read_text() for path in (MODEL / "machine").glob("*.py"))
    machine = re.compile(r"(?:blob|isa|mem|gas|exit)/[a-z0-9_/]*[a-z0-9]")
    named = set(re.findall(f'"({machine.pattern})"', source))
    assert named == {name for name in model.rules() if machine.fullmatch(name)}


@pytest.mark.parametrize(
    "named, sentence",
    [
        (["isa/a"], "op.py, compared with isa.def, does not have isa/b"),
        (["isa/a", "isa/b", "isa/c"], "op.py, compared with isa.def, has what is not there: isa/c"),
        (["isa/a", "isa/b", "isa/b"], "op.py, compared with isa.def, has more than once isa/b"),
        (["isa/c"], "op.py, compared with isa.def, does not have isa/a, isa/b and has what is not there: isa/c"),
    ],
)
def test_a_function_too_few_or_too_many_is_named_at_import(named, sentence):
    with pytest.raises(Incomplete) as caught:
        check_names("op.py", named, "isa.def", ["isa/a", "isa/b"])
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "package, documented",
    [(model, "machine/*.py"), (model.kernel, "*.py"), (cases.machine, "*.py"), (cases.kernel, "*.py")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_maps_name_every_module(package, documented):
    for path in Path(package.__file__).parent.glob(documented):
        assert path.name == "__init__.py" or re.search(rf"\b{re.escape(path.name)}\b", package.__doc__), path.name


# Decoding


@pytest.mark.parametrize(
    "code, pattern, expected",
    [
        ("0aff00", "101", {"x": 2**64 - 1, "npc": 2}),
        ("0a", "1", {"x": 0, "npc": 1}),
        ("330500008000", "100001", {"a": 5, "x": 2**64 - 2**23, "npc": 5}),
        ("33ff7f00", "1001", {"a": 12, "x": 127}),
        ("140f0102030405060708", "1000000000", {"a": 12, "x": 0x0807060504030201}),
        ("14000102", "1010", {"x": 0x0201, "npc": 2}),
        ("1e0aff7f1280", "100000", {"x": 0x7FFF, "y": 0xFFFFFFFFFFFF8012}),
        ("1e01ff", "101", {"x": 2**64 - 1, "y": 0, "npc": 2}),
        ("28fb", "10", {"target": -5}),
        ("4692ff00", "1000", {"a": 2, "x": 2**64 - 1, "y": 0}),
        ("5197800110", "10000", {"a": 7, "x": 2**64 - 128, "target": 0x1001}),
        ("6421", "10", {"d": 1, "a": 2}),
        ("9521ff0010", "10000", {"a": 1, "b": 2, "x": 0x1000FF}),
        ("aa4380", "100", {"a": 3, "b": 4, "target": -128}),
        ("b421017f80", "10000", {"a": 1, "b": 2, "x": 127, "y": 2**64 - 128}),
        ("c82110", "100", {"a": 1, "b": 2, "d": 12}),
        ("c8", "1", {"a": 0, "b": 0, "d": 0}),
        ("00" * 26, "1" + "0" * 25, {"npc": 25}),
        ("00" * 26, "1" + "0" * 24 + "1", {"npc": 25}),
        ("00" * 25, "1" + "0" * 24, {"npc": 25}),
    ],
)
def test_decodes(code, pattern, expected):
    machine = model.load(patterned(code, pattern), 25, [])
    instruction = machine.program.instruction(0)
    assert {field: getattr(instruction, field) for field in expected} == expected


# Known answers: what each block costs

COSTS = [
    ("00", "0:1"),
    ("01 00", "0:1 1:1"),
    ("02 00", "0:37 1:1"),
    ("0a00 00", "0:97 2:1"),
    ("03 00", "0:97 1:1"),
    ("2800000000 00", "0:12 5:1"),
    ("3200 00", "0:19 2:1"),
    ("50100100000000 00", "0:12 7:1"),
    ("b41000 00", "0:19 3:1"),
    ("51100007000000 01 00", "0:17 7:1 8:1"),
    ("51100007000000 00", "0:1 7:1"),
    ("51100007000000 02 00", "0:1 7:37 8:1"),
    ("cb1002 00", "0:57"),
    ("340000 00", "0:22"),
    ("8210 8201 00", "0:47"),
    ("8210 8232 00", "0:22"),
    ("7a10 7a32 00", "0:22"),
    ("8*c81002 00", "0:3"),
    ("8*c80000 00", "0:5"),
    ("8*ca0000 00", "0:21"),
    ("8*d60100 00", "0:8"),
    ("20*330001 00", "0:4"),
    ("40*330001 00", "0:9"),
    ("20*14000000000000000000 00", "0:9"),
    ("20*6410 00", "0:4"),
    ("340100 6410 95020100 00", "0:23"),
    ("340100 330101 95120100 00", "0:22"),
    ("12*6e10 00", "0:5"),
    ("12*6f10 00", "0:2"),
    ("340100 c82103 00", "0:22"),
    ("340200 c82103 00", "0:23"),
    ("340000 c82110 00", "0:23"),
    ("40*c11002 00", "0:96"),
]


def costs(blob, mem_cycles=25):
    """The cost of every block, found by paying for it, as "pc:cost pc:cost"."""
    machine, found = model.load(blob, mem_cycles, []), []
    for pc in range(int.from_bytes(blob[5:9], "little")):
        stop = machine.run(model.State(pc, RICH, registers()), model.Until(blocks=1))
        if stop.exit == "stopped":
            found.append(f"{pc}:{RICH - stop.state.gas}")
    return " ".join(found)


@pytest.mark.parametrize("text, expected", COSTS)
def test_costs(text, expected):
    assert costs(spaced(text)) == expected


@pytest.mark.parametrize("mem_cycles, cost", [(25, 22), (50, 47), (75, 72), (100, 97)])
def test_memory_cycles_are_a_parameter(mem_cycles, cost):
    assert costs(spaced("340000 00"), mem_cycles) == f"0:{cost}"


@pytest.mark.parametrize(
    "code, pattern, cost",
    [
        ("340c0086", "1001", 23),
        ("330001e733010200", "10011001", 1),
        ("c81102c82202c82004c1450600", "1001001001001", 58),
        ("01ffc11002c11002c1100200", "111001001001", 1),
    ],
)
def test_costs_of_irregular_code(code, pattern, cost):
    assert costs(patterned(code, pattern)).split()[0] == f"0:{cost}"


# Known answers: how runs end. Gas is 10^6 unless `given` says otherwise; registers not named are 0.

MIN_32, MIN_64, MINUS_1 = 0xFFFFFFFF80000000, 2**63, 2**64 - 1
LONG_SKIP = "33000100" + "00" * 21 + "33010700"
TOO_LONG_SKIP = "33000100" + "00" * 22 + "33010700"

RUNS = [
    # code, start bits, table, given, exit, pc, gas used, registers that change
    ("c8102000", "1001", (), {"r0": 1, "r1": 2}, "trap", 3, 1, {"r12": 3}),
    ("0aff00", "101", (), {}, ("host_call", 2**32 - 1), 2, 97, {}),
    ("0a0701", "100", (), {}, ("host_call", 263), 3, 97, {}),
    ("03", "1", (), {}, "ecall", 1, 97, {}),
    ("330001651000", "100101", (), {}, "panic", 3, 1, {"r0": 1}),
    ("c1100200", "1001", (), {"r0": 5, "r1": 2**32}, "trap", 3, 57, {"r2": MINUS_1}),
    ("c2100200", "1001", (), {"r0": 2**31, "r1": 2**32 - 1}, "trap", 3, 57, {"r2": MIN_32}),
    ("c4100200", "1001", (), {"r0": 2**31, "r1": 2**32 - 1}, "trap", 3, 57, {}),
    ("cc100200", "1001", (), {"r0": MIN_64, "r1": MINUS_1}, "trap", 3, 57, {"r2": MIN_64}),
    ("ce100200", "1001", (), {"r0": MIN_64, "r1": MINUS_1}, "trap", 3, 57, {}),
    ("c3100200", "1001", (), {"r0": 0x180000001}, "trap", 3, 57, {"r2": MIN_32 + 1}),
    ("c5100c00", "1001", (), {"r0": 3, "r1": 4}, "trap", 3, 1, {"r12": 0x30}),
    ("501063f401000000", "10000001", (), {}, "panic", 0, 12, {"r0": 0x63}),
    ("b41001630133010700", "100001001", (5,), {}, "panic", 0, 19, {"r0": 0x63}),
    ("b47701630633010700", "100001001", (0, 0, 0, 5), {"r7": 2}, "trap", 8, 20, {"r7": 0x63, "r1": 7}),
    ("320033000100", "101001", (2, 2), {"r0": 0xFFFF0000}, "panic", 0, 19, {}),
    ("32000333000100", "1001001", (3, 3), {}, "panic", 0, 19, {}),
    ("32000233000100", "1001001", (3,), {}, "trap", 6, 20, {"r0": 1}),
    ("32000233000133010200", "1001001001", (6,), {}, "panic", 0, 19, {}),
    ("280533000133010200", "101001001", (), {}, "panic", 0, 12, {}),
    ("28030133010200", "1011001", (), {}, "trap", 6, 13, {"r1": 2}),
    ("5110000a00000033000133010200", "10000001001001", (), {}, "panic", 0, 17, {}),
    ("28fbffffff00", "100001", (), {"gas": 100}, "panic", 0, 12, {}),
    ("280000000000", "100001", (), {"gas": 100}, "out_of_gas", 0, 100, {}),
    ("3300010a0000", "100101", (), {"gas": 50}, "out_of_gas", 0, 50, {}),
    ("330001", "100", (), {}, "trap", 3, 2, {"r0": 1}),
    ("330001", "100", (), {"gas": 1}, "out_of_gas", 3, 1, {"r0": 1}),
    ("330001e733010200", "10011001", (), {}, "trap", 8, 2, {"r0": 1}),
    (LONG_SKIP, "1" + "0" * 24 + "1001", (), {}, "trap", 28, 1, {"r0": 1, "r1": 7}),
    (TOO_LONG_SKIP, "1" + "0" * 25 + "1001", (), {}, "trap", 30, 2, {"r0": 1}),
    ("", "", (), {}, "panic", 0, 0, {}),
]


@pytest.mark.parametrize("code, pattern, table, given, exit_, pc, used, changed", RUNS)
def test_runs(code, pattern, table, given, exit_, pc, used, changed):
    gas = given.get("gas", RICH)
    regs = registers(**{name: value for name, value in given.items() if name != "gas"})
    machine = model.load(patterned(code, pattern, table), 25, [])
    stop = machine.run(model.State(0, gas, regs))
    for name, value in changed.items():
        regs[int(name[1:])] = value
    assert (stop.exit, stop.argument) == (exit_ if isinstance(exit_, tuple) else (exit_, 0))
    assert (stop.state.pc, stop.state.regs) == (pc, regs)
    assert used is None or gas - stop.state.gas == used


MEMORY_RUNS = [
    # code, pages with access, exit, argument
    ("3801fc 00", {0: "rw"}, "page_fault", 0xFFFFF000),
    ("3801fc 00", {0xFFFFF000: "ro"}, "trap", 0),
    ("3a01fc 00", {0: "rw", 0xFFFFF000: "rw"}, "page_fault", 0xFFFFF000),
    ("3801f8 00", {0xFFFFF000: "ro"}, "trap", 0),
    ("3a01fc0f 00", {0: "rw"}, "page_fault", 0x1000),
    ("3a01fc0f 00", {0x1000: "rw"}, "page_fault", 0),
    ("3e01fc0f 00", {0: "rw", 0x1000: "ro"}, "page_fault", 0x1000),
    ("3e01fc0f 00", {0: "ro", 0x1000: "ro"}, "page_fault", 0),
    ("3e01fc0f 00", {0: "rw", 0x1000: "rw"}, "trap", 0),
    ("3a01fc0f 00", {0: "ro", 0x1000: "ro"}, "trap", 0),
]


@pytest.mark.parametrize("text, pages, exit_, argument", MEMORY_RUNS)
def test_memory_runs(text, pages, exit_, argument):
    given = [model.Page(address, access, b"\xaa" * 4096) for address, access in pages.items()]
    machine = model.load(spaced(text), 25, given)
    regs = registers(r1=0x1122334455667788)
    stop = machine.run(model.State(0, RICH, regs))
    assert (stop.exit, stop.argument) == (exit_, argument)
    assert RICH - stop.state.gas == 22
    before = b"\xaa" * 4096
    stored = exit_ == "trap" and text.startswith("3e")
    assert all((machine.read(address, 4096) == before) is not stored for address in pages)
    if exit_ == "page_fault":
        assert (stop.state.pc, stop.state.regs) == (0, regs)


# Blobs and refusals


@pytest.mark.parametrize(
    "blob, rule",
    [
        ("0000000001000000", "blob/header_short"),
        ("000000000000000000", "blob/entry_size"),
        ("000000000500000000", "blob/entry_size"),
        ("ffffffff04ffffffff", "blob/truncated"),
        ("00000000010100000000", "blob/truncated"),
        ("00000000010000000000", "blob/trailing_bytes"),
        ("0000000001010000000002", "blob/stray_bits"),
        ("000000000101000000000201", "blob/trailing_bytes"),
    ],
)
def test_blob_is_rejected(blob, rule):
    with model.reached() as rules, pytest.raises(model.Rejected) as caught:
        model.load(bytes.fromhex(blob), 25, [])
    assert caught.value.rule == rule
    assert rules == {rule}


PAGE = model.Page(0x1000, "rw", b"")


@pytest.mark.parametrize(
    "mem_cycles, pages, rule",
    [
        (0, [], "gas/mem_cycles"),
        (26, [], "gas/mem_cycles"),
        (25, [PAGE._replace(address=1)], "mem/page_given_once"),
        (25, [PAGE._replace(address=2**32)], "mem/page_given_once"),
        (25, [PAGE._replace(address=-4096)], "mem/page_given_once"),
        (25, [PAGE._replace(data=bytes(4097))], "mem/page_given_once"),
        (25, [PAGE._replace(access="none")], "mem/page_given_once"),
        (25, [PAGE, PAGE], "mem/page_given_once"),
    ],
)
def test_load_is_refused_before_the_blob_is_looked_at(mem_cycles, pages, rule):
    with model.reached() as rules, pytest.raises(model.Refused):
        model.load(b"", mem_cycles, pages)
    assert {name for name in rules if not name.startswith(f"{rule}/")} == {rule}


@pytest.mark.parametrize("address, size", [(0xFFF, 2), (0x1FFF, 2), (0xFFFFFFFF, 2), (2**32, 0), (-1, 1)])
def test_read_and_write_are_refused(address, size):
    pages = [PAGE, PAGE._replace(address=0xFFFFF000, access="ro")]
    machine = model.load(spaced("00"), 25, pages)
    with pytest.raises(model.Refused):
        machine.read(address, size)
    if size:
        with pytest.raises(model.Refused):
            machine.write(address, b"\x01" * size)
    machine.write(0xFFFFF000, b"\x01\x02")
    assert machine.read(0xFFFFF000, 3) == b"\x01\x02\x00"
    assert machine.read(0x1000, 4096) == bytes(4096)


@pytest.mark.parametrize("text", ["00", "6500 00", "340000 00", "330000"])
def test_resume_is_refused_after_the_end(text):
    machine = model.load(spaced(text), 25, [])
    with pytest.raises(model.Refused):
        machine.resume(RICH, registers())
    stop = machine.run(model.State(0, RICH, registers()))
    with pytest.raises(model.Refused):
        machine.resume(RICH, registers())
    assert machine.state() == stop.state


def test_resume_goes_on_after_out_of_gas():
    machine = model.load(spaced("330007 00"), 25, [])
    stop = machine.run(model.State(0, 0, registers()))
    assert (stop.exit, stop.state.pc, stop.state.gas) == ("out_of_gas", 0, 0)
    stop = machine.resume(5, registers(r1=9))
    assert stop == model.Stop("trap", 0, model.State(3, 4, registers(r0=7, r1=9)))


def test_implicit_trap_is_met_again_after_out_of_gas():
    machine = model.load(spaced("03"), 25, [])
    assert machine.run(model.State(0, 97, registers())).exit == "ecall"
    for gas, exit_ in ((0, "out_of_gas"), (0, "out_of_gas"), (3, "trap")):
        stop = machine.resume(gas, registers())
        assert (stop.exit, stop.state.pc) == (exit_, 1)
    assert stop.state.gas == 2


@pytest.mark.parametrize("pc", [1, 2, 3, 4, 2**32, 2**63, 2**64 - 1])
def test_entry_is_a_panic_without_charge(pc):
    machine = model.load(spaced("330000 00"), 25, [])
    stop = machine.run(model.State(pc, 7, registers(r3=1)))
    assert stop == model.Stop("panic", 0, model.State(pc, 7, registers(r3=1)))


# Records and stops


PROGRAMS = {
    "loop": ("330002 01 7a100010 9500ff 0a07 521000f7 03 2802 02 330209", (), 2000),
    "jumps": ("50132a04 330402 3204 b455010104 34060010 6510", (9, 14), 2000),
    "fault": ("33007f 01 7a000010 3e00fe1f 00", (), 2000),
    "no_gas": ("330105 01 95110100 28fc", (), 150),
}


def played(text, table, gas, until):
    """Runs to the end and returns all that can be observed, and how often the harness stopped.

    A call or an empty meter is followed by a resume with more gas, a few times at most.
    """
    machine = model.load(spaced(text, table), 25, [model.Page(0x1000, "rw", b"\xfe")])
    recorder, exits, stops = Recorder(), [], 0
    stop = machine.run(model.State(0, gas, registers()), until, recorder)
    while True:
        if stop.exit == "stopped":
            stops += 1
            resumed = stop.state.gas, stop.state.regs
        else:
            exits.append(stop)
            if stop.exit not in ("host_call", "ecall", "out_of_gas") or len(exits) > 5:
                return recorder.records, exits, machine.read(0x1000, 4096), stops
            resumed = stop.state.gas + 300, [*stop.state.regs[:-1], len(exits)]
        stop = machine.resume(*resumed, until, recorder)


@pytest.mark.parametrize("name, blocks, instructions", list(product(PROGRAMS, (0, 1, 2, 3), (0, 1, 2, 5))))
def test_split_run_equals_the_whole(name, blocks, instructions):
    whole = played(*PROGRAMS[name], model.Until())
    split = played(*PROGRAMS[name], model.Until(blocks, instructions))
    assert whole[:3] == split[:3]
    assert whole[3] == 0
    assert split[3] > 0 or 1 not in (blocks, instructions)


def test_split_run_covers_every_kind_of_exit():
    exits = {stop.exit for program in PROGRAMS.values() for stop in played(*program, None)[1]}
    assert exits == {"host_call", "ecall", "out_of_gas", "page_fault", "panic", "trap"}


def test_records_of_a_run():
    machine = model.load(spaced("330005 01 7a100010 0a07"), 25, [model.Page(0x1000, "rw", b"")])
    recorder = Recorder()
    stop = machine.run(model.State(0, 1000, registers()), None, recorder)
    five = registers(r0=5)
    assert recorder.records == [
        model.State(0, 999, registers()),
        model.Step(0, five, None),
        model.Step(3, five, None),
        model.State(4, 999 - 97, five),
        model.Step(4, five, (0x1000, 4, 5)),
        model.Step(8, five, None),
    ]
    assert stop == model.Stop("host_call", 7, model.State(10, 999 - 97, five))


def test_unfinished_instructions_and_unpaid_blocks_have_no_record():
    for text, gas, kinds in (
        ("340000 00", 1000, [model.State]),
        ("6500 00", 1000, [model.State]),
        ("00", 1000, [model.State]),
        ("2805 00", 1000, [model.State]),
        ("00", 0, []),
        ("330000", 1000, [model.State, model.Step]),
    ):
        recorder = Recorder()
        model.load(spaced(text), 25, []).run(model.State(0, gas, registers()), None, recorder)
        assert [type(record) for record in recorder.records] == kinds


def test_stop_shows_where_execution_goes_on():
    machine = model.load(spaced("2803 01 00"), 25, [])
    stop = machine.run(model.State(0, 100, registers()), model.Until(instructions=1))
    assert stop == model.Stop("stopped", 0, model.State(3, 88, registers()))
    stop = machine.resume(88, stop.state.regs, model.Until(blocks=1, instructions=1))
    assert stop == model.Stop("stopped", 0, model.State(3, 87, registers()))
    assert machine.resume(0, stop.state.regs).exit == "trap"


def test_exit_of_the_guest_wins_over_a_stop():
    machine = model.load(spaced("03 00"), 25, [])
    with model.reached() as rules:
        stop = machine.run(model.State(0, 100, registers()), model.Until(instructions=1))
    assert stop.exit == "ecall"
    assert "exit/stopped/guest_first" in rules and "exit/stopped" not in rules


# Rules


@pytest.mark.parametrize(
    "text, gas, rule, expected",
    [
        ("00", 1, "gas/block/exact_is_enough", True),
        ("00", 2, "gas/block/exact_is_enough", False),
        ("00", 0, "gas/out_of_gas", True),
        ("00", 2**63, "gas/range", True),
        ("00", 2**63 - 1, "gas/range", False),
        ("c81002 00", 9, "isa/operand_overlap", False),
        ("c810 00", 9, "isa/operand_overlap", True),
        ("c810 00", 9, "isa/operand_past_end", False),
        ("c810", 9, "isa/operand_past_end", True),
        ("c81d02", 9, "isa/register_clamp", True),
        ("c81c02", 9, "isa/register_clamp", False),
        ("3300", 9, "isa/sign_extension", False),
        ("330000", 9, "isa/sign_extension", True),
        ("c81002 00", 9, "gas/slots/overlap", True),
        ("8a000100", 9, "isa/count_mask", False),
        ("8a0020", 9, "isa/count_mask", True),
        ("330100 00", 9, "isa/implicit_trap", False),
        ("330100", 9, "isa/implicit_trap", True),
        ("330100", 1, "gas/implicit_trap", True),
        ("6410 00", 9, "gas/move_reg", True),
    ],
)
def test_rule_is_reached(text, gas, rule, expected):
    with model.reached() as rules:
        model.load(spaced(text), 25, []).run(model.State(0, gas, registers()))
    assert (rule in rules) is expected


def test_kept_answers_still_name_their_rules():
    machine = model.load(spaced("c81d02 3300ff 00"), 25, [])
    reached = []
    for _ in range(2):
        with model.reached() as rules:
            machine.run(model.State(0, 9, registers()))
        reached.append(rules - {"blob/layout"})
    assert reached[0] == reached[1]
    assert {"isa/register_clamp", "isa/sign_extension", "gas/walk", "gas/fields"} <= reached[0]


def test_nested_listeners_hear_alike():
    with model.reached() as outer:
        with model.reached() as inner:
            model.load(spaced("00"), 25, [])
        model.load(spaced("00"), 25, []).run(model.State(0, 9, registers()))
    assert inner == {"blob/layout"} < outer
