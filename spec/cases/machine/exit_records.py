"""exit: L0 and L1 records, and stops of the harness at every possible moment."""

from collections.abc import Iterator
from typing import TypeAlias

import model
from cases.machine.case import BOTH, PAGE, RO, RW, Case, Pages, Registers, Resume, Run, Subject, Write, gathered, page
from cases.machine.code import TRAP, Code, encode, line, make_blob

Programs: TypeAlias = dict[str, tuple[bytes, Registers, Pages]]

NEAR = 0x10000
BLOCK = "exit/record/block"
INSTRUCTION = "exit/record/instruction"
STOPPED = "exit/stopped"
FIRST = "exit/stopped/guest_first"
COUNT = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")


def working_programs() -> Programs:
    """Name -> blob, registers, pages: runs that do something."""
    counter = Code().op("load_imm", a=1, x=3).op("fallthrough")
    counter.label("loop").op("add_imm_64", a=1, b=1, x=-1)
    counter.op("branch_ne_imm", a=1, x=0, to="loop").op("store_u32", a=1, x=NEAR).trap()
    calls = Code().op("load_imm", a=1, x=5).op("ecalli", x=9).op("add_imm_64", a=1, b=1, x=1)
    calls.op("ecall").trap()
    table = Code().op("load_imm_jump_ind", a=1, b=2, x=7, y=2)
    table.label("f").op("add_imm_64", a=1, b=1, x=1).op("jump_ind", a=2, x=4).label("g").trap()
    stores = Code()
    for width in ("u8", "u16", "u32", "u64"):
        stores.op(f"store_{width}", a=3, x=NEAR + 16)
    for width in ("u8", "u16", "u32", "u64"):
        stores.op(f"store_imm_{width}", x=NEAR + 3, y=-2)
    stores.op("store_ind_u16", a=3, b=4, x=1).op("store_imm_ind_u64", a=4, x=2, y=-128).trap()
    nops = Code().op("fallthrough").op("unlikely").op("move_reg", a=1, d=2)
    nops.op("move_reg", a=2, d=2).op("load_imm", a=3, x=0).trap()
    not_taken = Code().op("branch_eq", a=1, b=2, offset=b"\x7f")
    not_taken.op("branch_lt_u_imm", a=1, x=0, offset=b"\x7f").op("load_imm", a=1, x=1).trap()
    stored = {3: 0x8877665544332211, 4: NEAR + 32}
    return {
        "counting_loop": (counter.blob(), {}, (page(NEAR, RW, b"\xff" * 8),)),
        "calls": (calls.blob(), {}, ()),
        "jumps_through_a_table": (table.blob(("f", "g")), {}, ()),
        "stores_of_every_width": (stores.blob(), stored, (page(NEAR),)),
        "instructions_that_change_nothing": (nops.blob(), {}, ()),
        "branches_not_taken": (not_taken.blob(), {1: 1}, ()),
        "overlapping_instructions": (
            make_blob(b"\x33\x34\x35\x6f\0", range(5)),
            {},
            (page(0, RO, b"\1\2"),),
        ),
    }


def ending_programs() -> Programs:
    """The same of runs that end in other ways than a trap at the end."""
    load = encode("load_imm", a=1, x=1)
    fault = Code().op("load_imm", a=1, x=1).op("fallthrough").op("store_u8", a=1, x=NEAR)
    fault.op("load_u64", a=2, x=NEAR + PAGE - 4).trap()
    panic = Code().op("load_imm", a=1, x=2).op("load_imm_jump", a=2, x=3, offset=b"\x7f").trap()
    return {
        "fault_in_the_second_block": (fault.blob(), {}, (page(NEAR),)),
        "panic_after_writing": (panic.blob(), {}, ()),
        "implicit_trap": (line(load, b"\1", encode("load_imm", a=2, x=2)), {}, ()),
        "implicit_trap_at_once": (line(b"\1"), {}, ()),
        "bad_entry": (make_blob(b"\xff", [0]), {1: 1}, ()),
        "trap_at_once": (line(TRAP), {1: 1}, ()),
        "sbrk_in_a_block": (line(load, encode("sbrk", a=1, d=2), TRAP), {}, ()),
        "out_of_gas_at_the_third_block": (
            line(b"\1", b"\1", encode("div_u_64", a=1, b=2, d=3), TRAP),
            {},
            (),
        ),
        "out_of_gas_at_once": (line(b"\2", TRAP), {}, ()),
    }


def small_programs() -> dict[str, tuple[bytes, int, Registers, Pages]]:
    """Name -> blob, gas, registers, pages."""
    gas = {"out_of_gas_at_the_third_block": 30, "out_of_gas_at_once": 36}
    programs = working_programs() | ending_programs()
    return {name: (blob, gas.get(name, 1000), regs, pages) for name, (blob, regs, pages) in programs.items()}


def complete() -> Iterator[Case]:
    """All records of each program, of each kind and of both."""
    for word, (blob, gas, regs, pages) in small_programs().items():
        for kinds, name in (
            (BOTH, "both_kinds"),
            (("blocks",), "blocks"),
            (("instructions",), "instructions"),
        ):
            rules = {
                "bad_entry": ("exit/entry",),
                "out_of_gas_at_once": ("gas/out_of_gas",),
                "trap_at_once": (BLOCK,),
            }.get(word, (BLOCK, INSTRUCTION))
            against = {
                "bad_entry": (BLOCK, INSTRUCTION),
                "out_of_gas_at_once": (BLOCK, INSTRUCTION),
                "trap_at_once": (INSTRUCTION,),
            }.get(word, (STOPPED,))
            yield Case(
                f"{word}_with_{name}",
                rules,
                blob,
                [Run(gas=gas, regs=regs, records=kinds)],
                against,
                pages=pages,
            )
    blob, gas, regs, pages = small_programs()["calls"]
    yield Case(
        "records_start_afresh_with_each_resume",
        (BLOCK, INSTRUCTION, "exit/resume/registers"),
        blob,
        [
            Run(gas=gas, records=BOTH),
            Resume(gas=200, regs={1: 99, 7: 7}, records=BOTH),
            Resume(records=BOTH),
        ],
    )
    yield Case(
        "records_after_out_of_gas",
        (BLOCK, INSTRUCTION),
        line(b"\1", b"\2", TRAP),
        [Run(gas=10, records=BOTH), Resume(gas=100, records=BOTH)],
    )


def stops() -> Iterator[Case]:
    """Every program stopped after every number of blocks and of instructions, and resumed to its
    end.
    """
    for word, (blob, gas, regs, pages) in small_programs().items():
        if word in ("bad_entry", "out_of_gas_at_once"):
            continue
        for kind, short in (("blocks", "block"), ("instructions", "instruction")):
            for count in range(1, 9):
                run = Run(gas=gas, regs=regs, until={kind: count})
                name = f"{word}_stopped_after_{COUNT[count]}_{short}" + "s" * (count > 1)
                case = Case(name, ("exit/entry",), blob, [run, Resume()], (), (STOPPED, FIRST), pages=pages)
                yield case
                if not stops_after(case, kind, count):
                    break
        yield Case(
            f"{word}_stopped_after_each_instruction",
            ("exit/entry",),
            blob,
            [Run(gas=gas, regs=regs, until={"instructions": 1})] + [Resume(until={"instructions": 1})] * 5 + [Resume()],
            (),
            (STOPPED, FIRST),
            pages=pages,
        )
        yield Case(
            f"{word}_stopped_at_each_block",
            ("exit/entry",),
            blob,
            [Run(gas=gas, regs=regs, until={"blocks": 1}, records=BOTH)]
            + [Resume(until={"blocks": 1}, records=BOTH)] * 3
            + [Resume(records=BOTH)],
            (),
            (STOPPED, FIRST),
            pages=pages,
        )


def stops_after(case: Case, kind: str, count: int) -> bool:
    """True when the harness stop of the first step really happens."""
    machine = model.load(case.blob, case.mem_cycles, [model.Page(*entry) for entry in case.pages])
    run = case.steps[0]
    if not isinstance(run, Run):
        raise TypeError(f"{case.name} does not begin with a run")
    stop = machine.run(
        model.State(run.pc, run.gas, [run.regs.get(index, 0) for index in range(13)]),
        model.Until(**{kind: count}),
    )
    return stop.exit == "stopped"


def stop_details() -> Iterator[Case]:
    """What a stop leaves and what comes first."""
    blob = line(encode("load_imm", a=1, x=1), b"\1", encode("load_imm", a=2, x=2), TRAP)
    yield Case(
        "both_counts_and_blocks_come_first",
        (STOPPED,),
        blob,
        [Run(gas=9, until={"blocks": 2, "instructions": 5})],
        (FIRST,),
    )
    yield Case(
        "both_counts_and_instructions_come_first",
        (STOPPED,),
        blob,
        [Run(gas=9, until={"blocks": 2, "instructions": 1})],
        (FIRST,),
    )
    yield Case(
        "stop_after_the_last_instruction_of_a_block_is_unpaid",
        (STOPPED,),
        blob,
        [Run(gas=1, until={"instructions": 2}), Resume(), Resume(gas=5)],
        (FIRST,),
    )
    yield Case(
        "stop_at_a_block_is_paid",
        (STOPPED, "gas/block/exact_is_enough"),
        blob,
        [Run(gas=2, until={"blocks": 2}), Resume()],
        (FIRST, "gas/out_of_gas"),
    )
    yield Case(
        "stop_at_a_block_resumed_with_no_gas",
        (STOPPED,),
        blob,
        [Run(gas=2, until={"blocks": 2}), Resume(gas=0)],
        ("gas/out_of_gas",),
    )
    yield Case(
        "stop_inside_a_block_resumed_with_no_gas",
        (STOPPED,),
        line(encode("load_imm", a=1, x=1), encode("load_imm", a=2, x=2), TRAP),
        [Run(gas=2, until={"instructions": 1}), Resume(gas=0)],
        ("gas/out_of_gas",),
    )
    yield Case(
        "stop_inside_a_block_resumed_with_registers",
        (STOPPED, "exit/resume/registers"),
        line(encode("load_imm", a=1, x=1), encode("add_64", a=1, b=2, d=3), TRAP),
        [Run(gas=9, until={"instructions": 1}), Resume(regs={1: 70, 2: 7})],
        ("exit/resume/sequential",),
    )


def stops_before_exits() -> Iterator[Case]:
    """The machine stops although the next thing would end the run."""
    yield Case(
        "stop_before_the_implicit_trap",
        (STOPPED, "isa/implicit_trap"),
        line(encode("load_imm", a=1, x=1)),
        [Run(gas=9, until={"instructions": 1}), Resume()],
    )
    yield Case(
        "stop_before_the_implicit_trap_without_gas",
        (STOPPED, "gas/implicit_trap"),
        line(encode("load_imm", a=1, x=1)),
        [Run(gas=1, until={"instructions": 1}), Resume(), Resume(gas=1)],
    )
    yield Case(
        "stop_after_a_taken_jump",
        (STOPPED,),
        make_blob(b"\x28\x03\0\1\0", [0, 2, 3, 4]),
        [Run(gas=50, until={"instructions": 1}), Resume()],
        (FIRST,),
    )
    for word, way in (("ecall", b"\3"), ("ecalli", b"\x0a\x07")):
        yield Case(
            f"{word}_wins_over_a_stop_after_it",
            (FIRST,),
            line(way, TRAP),
            [Run(gas=500, until={"instructions": 1}), Resume(until={"instructions": 1})],
            (STOPPED,),
        )
        yield Case(
            f"{word}_after_another_instruction_wins",
            (FIRST,),
            line(encode("load_imm", a=1, x=1), way, TRAP),
            [Run(gas=500, until={"instructions": 2}), Resume()],
            (STOPPED,),
        )
        yield Case(
            f"stop_before_{word}",
            (STOPPED,),
            line(encode("load_imm", a=1, x=1), way, TRAP),
            [Run(gas=500, until={"instructions": 1}), Resume(), Resume()],
            (FIRST,),
        )
        yield Case(
            f"stop_at_the_block_after_{word}",
            (STOPPED,),
            line(way, TRAP),
            [Run(gas=500, until={"blocks": 2}), Resume(until={"blocks": 1}), Resume()],
            (FIRST,),
        )


def exits_before_stops() -> Iterator[Case]:
    """What ends a run before the count is full."""
    for word, blob, pages in (
        ("trap", line(TRAP), ()),
        ("panic", line(encode("sbrk", a=0, d=0)), ()),
        ("page_fault", line(encode("load_u8", a=1, x=0)), ()),
        ("bad_entry", make_blob(b"\xff", [0]), ()),
    ):
        yield Case(
            f"{word}_comes_before_the_first_instruction_counts",
            ("exit/definedness",),
            blob,
            [Run(gas=500, until={"instructions": 1})],
            (STOPPED, INSTRUCTION),
            pages=pages,
        )
    yield Case(
        "out_of_gas_comes_before_the_block_counts",
        ("gas/out_of_gas",),
        line(b"\2", TRAP),
        [Run(gas=36, until={"blocks": 1})],
        (STOPPED,),
    )
    yield Case(
        "implicit_trap_is_no_block",
        ("isa/implicit_trap",),
        line(b"\1"),
        [Run(gas=5, until={"blocks": 2})],
        (STOPPED,),
    )


def stopped_loops() -> Iterator[Case]:
    """Counts of many turns, and what may happen while a machine is stopped."""
    loop = Code().label("l").op("add_imm_64", a=1, b=1, x=1).op("jump", to="l").blob()
    for count, word in ((1, "one"), (2, "two"), (3, "three"), (10, "ten"), (100, "a_hundred")):
        yield Case(
            f"loop_stopped_after_{word}_blocks",
            (STOPPED,),
            loop,
            [Run(gas=5000, until={"blocks": count}), Resume(until={"blocks": count})],
            (FIRST,),
        )
        yield Case(
            f"loop_stopped_after_{word}_instructions",
            (STOPPED,),
            loop,
            [Run(gas=5000, until={"instructions": count}), Resume(until={"instructions": count})],
            (FIRST,),
        )
    yield Case(
        "loop_with_until_beyond_its_gas",
        ("gas/out_of_gas",),
        loop,
        [Run(gas=100, until={"blocks": 1000, "instructions": 1000})],
        (STOPPED,),
    )
    yield Case(
        "stop_then_run_elsewhere",
        (STOPPED, "exit/entry"),
        line(b"\1", b"\1", TRAP),
        [Run(gas=9, until={"blocks": 1}), Run(pc=2, gas=9)],
        ("exit/resume/legal",),
    )
    reader = line(encode("load_u8", a=1, x=NEAR), encode("load_u8", a=2, x=NEAR), TRAP)
    yield Case(
        "memory_changed_while_stopped",
        (STOPPED,),
        reader,
        [Run(gas=99, until={"instructions": 1}), Write(NEAR, b"\x09"), Resume()],
        (FIRST,),
        pages=(page(NEAR),),
    )


def subjects() -> Iterator[Subject]:
    yield gathered("exit", "records", complete)
    yield gathered("exit", "stops", stops)
    yield gathered("exit", "stop_details", stop_details, stops_before_exits, exits_before_stops, stopped_loops)
