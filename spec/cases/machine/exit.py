"""exit: every way a run ends with its whole state, where a run may start, and when it may go on."""

from collections.abc import Iterator

from cases.machine.case import BIG_GAS, BOTH, PAGE, RO, Case, Resume, Run, Subject, Write, gathered, page
from cases.machine.code import TRAP, Code, encode, line, make_blob

NEAR = 0x10000
FULL = {index: (index + 1) * 0x0101010101010101 for index in range(13)}
WAYS = {
    "trap": (TRAP, (), "trap"),
    "implicit_trap": (b"\xff", (), "trap"),
    "sbrk": (encode("sbrk", a=1, d=2), (), "panic"),
    "illegal_jump": (encode("jump", offset=b"\x7f"), (), "panic"),
    "illegal_dynamic_jump": (encode("jump_ind", a=12, x=0), (), "panic"),
    "load_fault": (encode("load_u64", a=3, x=NEAR + 0x2000), (), "page_fault"),
    "store_fault": (
        encode("store_u32", a=3, x=NEAR + 0x1004),
        (page(NEAR + PAGE, RO, b"\x55"),),
        "page_fault",
    ),
    "ecall": (encode("ecall"), (), "ecall"),
    "ecalli": (encode("ecalli", x=77), (), "host_call"),
    "ecalli_negative": (encode("ecalli", x=-3), (), "host_call"),
    "ecalli_without_operand": (encode("ecalli"), (), "host_call"),
}
RESUMABLE = ("ecall", "host_call")


EXIT_RULE = {
    "trap": "exit/trap",
    "panic": "exit/panic",
    "page_fault": "exit/page_fault",
    "ecall": "exit/ecall",
    "host_call": "exit/host_call_id",
}
CALLS = (("ecall", b"\3"), ("ecalli", b"\x0a\x05"))
LEGAL = ("exit/resume/legal", "exit/resume/registers")
REFUSED = ("exit/resume/registers", "exit/resume/sequential", "exit/stopped")


def after_work(way: bytes) -> bytes:
    """A block that writes a register and memory, then ends in that way."""
    code = Code().op("load_imm", a=1, x=-5).op("store_u16", a=1, x=NEAR).raw(way)
    if way == b"\xff":
        return code.raw(TRAP).blob()
    return code.raw(TRAP).raw(TRAP).blob()


def kinds() -> Iterator[Case]:
    """Each exit after work, with 13 full registers; alone; and as a second block."""
    for word, (way, pages, exit_) in WAYS.items():
        others = tuple(
            rule
            for other, rule in EXIT_RULE.items()
            if other != exit_ and not (exit_ == "host_call" and other == "ecall")
        )
        rules = ("exit/definedness", EXIT_RULE[exit_])
        argument = ("exit/argument",) if exit_ in ("page_fault", "host_call") else ()
        against = others + (() if argument else ("exit/argument",))
        pages = (page(NEAR), *pages)
        yield Case(
            f"{word}_after_work",
            rules + argument,
            after_work(way),
            [Run(gas=BIG_GAS, regs=FULL, records=BOTH)],
            against,
            pages=pages,
        )
        if way != b"\xff":
            yield Case(
                f"{word}_alone",
                rules + argument,
                line(way, TRAP),
                [Run(gas=1000, regs=FULL)],
                against,
                pages=pages,
            )
        code = Code().op("fallthrough").raw(way).trap()
        yield Case(
            f"{word}_after_a_block",
            rules + argument,
            code.blob(),
            [Run(gas=1000, regs={3: 9}, records=("blocks",))],
            against,
            pages=pages,
        )


def unpaid() -> Iterator[Case]:
    """Out of gas instead of any of them."""
    yield Case(
        "out_of_gas_after_work",
        ("gas/out_of_gas", "exit/definedness"),
        after_work(b"\1"),
        [Run(gas=21, regs=FULL)],
        (*EXIT_RULE.values(), "exit/argument", "mem/store_permission"),
        pages=(page(NEAR),),
    )
    code = Code().op("load_imm", a=1, x=-5).op("store_u16", a=1, x=NEAR).op("fallthrough").op("ecall").trap()
    yield Case(
        "out_of_gas_at_a_later_block",
        ("gas/out_of_gas",),
        code.blob(),
        [Run(gas=100, regs=FULL, records=BOTH)],
        ("exit/ecall",),
        pages=(page(NEAR),),
    )


def host_call_ids() -> Iterator[Case]:
    """The id of an ecalli with each operand length."""
    for word, x in (
        ("zero", b""),
        ("one_byte", b"\x7f"),
        ("negative_byte", b"\x80"),
        ("two_bytes", b"\x34\x12"),
        ("three_negative_bytes", b"\x01\x02\x83"),
        ("four_bytes", b"\x78\x56\x34\x12"),
        ("four_negative_bytes", b"\x78\x56\x34\xf2"),
        ("five_bytes", b"\x78\x56\x34\x12\x99"),
    ):
        yield Case(
            f"host_call_id_of_{word}",
            ("exit/host_call_id", "exit/ecall"),
            line(b"\x0a" + x, TRAP),
            [Run(gas=1000)],
            ("exit/trap",),
        )


def entry_program() -> Code:
    """Four blocks, one of them unreached, and a byte that is no opcode at the end."""
    code = Code().op("load_imm", a=1, x=7).op("add_imm_64", a=1, b=1, x=1).op("fallthrough")
    code.label("second").op("load_imm", a=2, x=8).op("jump", to="last")
    code.label("unreached").op("load_imm", a=3, x=9).label("inner").trap()
    return code.label("last").trap().raw(b"\xe7")


def entries() -> Iterator[Case]:
    """run starts at P and E only."""
    code = entry_program()
    blob, size = code.blob(), len(code)
    good = (
        ("zero", 0),
        ("second_block", code.at("second")),
        ("unreached_block", code.at("unreached")),
        ("last_block", code.at("last")),
    )
    for word, pc in good:
        yield Case(
            f"at_{word}",
            ("exit/entry", "gas/block/charged_on_entry"),
            blob,
            [Run(pc=pc, gas=1000)],
            ("exit/panic", "exit/pc_wide"),
        )
    bad = (
        ("in_a_block", 3),
        ("at_an_operand", 1),
        ("at_no_opcode_after_a_block", size - 1),
        ("at_a_trap_in_a_block", code.at("inner")),
        ("at_code_length", size),
        ("just_beyond", size + 1),
        ("at_two_to_16", 2**16),
        ("at_two_to_31", 2**31),
        ("at_two_to_32_less_one", 2**32 - 1),
    )
    for word, pc in bad:
        yield Case(
            f"{word}_panics",
            ("exit/entry", "exit/panic"),
            blob,
            [Run(pc=pc, gas=1000, regs=FULL)],
            ("gas/walk", "gas/block/charged_on_entry", "exit/pc_wide", "gas/cost", "gas/table"),
        )
        yield Case(
            f"{word}_panics_without_gas",
            ("exit/entry", "exit/panic"),
            blob,
            [Run(pc=pc, gas=0)],
            ("gas/out_of_gas", "gas/implicit_trap", "exit/record/block"),
        )


def wide_entries() -> Iterator[Case]:
    """A pc that is right only in its low 32 bits is wrong."""
    code = entry_program()
    blob = code.blob()
    for word, pc in (
        ("two_to_32", 2**32),
        ("two_to_32_and_a_block", 2**32 + code.at("second")),
        ("two_to_48", 2**48),
        ("two_to_63", 2**63),
        ("all_ones", 2**64 - 1),
        ("all_ones_less_six", 2**64 - 7),
        ("high_half_only", 0xFFFFFFFF00000000),
    ):
        yield Case(
            f"at_{word}_panics",
            ("exit/entry", "exit/pc_wide", "exit/panic"),
            blob,
            [Run(pc=pc, gas=1000, regs={5: 5})],
            ("gas/walk", "isa/skip", "blob/bitmask"),
        )
    yield Case(
        "any_pc_of_empty_code",
        ("exit/entry", "exit/panic"),
        make_blob(b"", []),
        [Run(pc=0), Run(pc=1), Run(pc=2**64 - 1)],
        ("blob/bitmask",),
    )
    yield Case(
        "good_after_bad_after_good",
        ("exit/entry", "exit/panic", "exit/trap"),
        blob,
        [Run(pc=0, gas=99), Run(pc=3, gas=99), Run(pc=code.at("second"), gas=99)],
    )


def resume_legality() -> Iterator[Case]:
    """Which exits can be resumed; a refused resume changes nothing."""
    legal, refused = LEGAL, REFUSED
    blob = line(TRAP)
    yield Case(
        "before_the_first_run",
        ("exit/resume/legal",),
        blob,
        [Resume(gas=100)],
        (*refused, "exit/entry", "exit/definedness"),
    )
    yield Case(
        "before_the_first_run_and_then_run",
        ("exit/resume/legal", "exit/trap"),
        blob,
        [Resume(gas=100, regs={1: 5}), Run(gas=100)],
        refused,
    )
    for word, (way, pages, exit_) in WAYS.items():
        program = after_work(way)
        pages = (page(NEAR), *pages)
        steps = [Run(gas=1000, regs={12: 0}), Resume(gas=500, regs={2: 9}), Resume()]
        if exit_ in RESUMABLE:
            yield Case(
                f"after_{word}",
                (*legal, "exit/resume/sequential"),
                program,
                steps[:2],
                ("exit/stopped",),
                pages=pages,
            )
            yield Case(f"after_{word}_and_the_trap_after_it", legal, program, steps, pages=pages)
        else:
            yield Case(
                f"after_{word}_is_refused",
                ("exit/resume/legal",),
                program,
                steps,
                refused,
                pages=pages,
            )
            yield Case(
                f"after_{word}_is_refused_and_run_is_not",
                ("exit/resume/legal", "exit/entry"),
                program,
                [*steps[:2], Run(gas=1000)],
                refused,
                pages=pages,
            )


def resume_after_other_ends() -> Iterator[Case]:
    """The ends that are not in WAYS."""
    legal, refused = LEGAL, REFUSED
    blob = line(TRAP)
    yield Case(
        "after_out_of_gas",
        (*legal, "exit/resume/sequential"),
        after_work(TRAP),
        [Run(gas=5), Resume(gas=100)],
        ("exit/stopped",),
        pages=(page(NEAR),),
    )
    yield Case(
        "after_out_of_gas_and_then_trap_is_refused",
        legal,
        after_work(TRAP),
        [Run(gas=5), Resume(gas=100), Resume(gas=100)],
        pages=(page(NEAR),),
    )
    yield Case(
        "after_stop_at_a_block",
        (*legal, "exit/stopped"),
        after_work(TRAP),
        [Run(gas=100, until={"blocks": 1}), Resume()],
        ("exit/resume/sequential",),
        pages=(page(NEAR),),
    )
    yield Case("after_bad_entry_is_refused", ("exit/resume/legal",), blob, [Run(pc=9), Resume()], refused)
    yield Case(
        "after_refused_resume_of_a_waiting_machine",
        ("exit/resume/legal",),
        line(b"\3", TRAP),
        [Resume(), Run(gas=97), Resume(gas=1), Resume()],
    )
    yield Case(
        "run_instead_of_resume",
        ("exit/entry",),
        line(b"\3", TRAP),
        [Run(gas=97), Run(gas=97)],
        ("exit/resume/legal",),
    )
    yield Case(
        "run_elsewhere_instead_of_resume",
        ("exit/entry",),
        line(b"\3", b"\3", TRAP),
        [Run(gas=97), Run(pc=2, gas=5), Resume()],
        ("exit/resume/registers",),
    )


def resume_flow() -> Iterator[Case]:
    """After ecall, ecalli and out of gas a machine goes on as sequential flow does."""
    seq, regs_rule = "exit/resume/sequential", "exit/resume/registers"
    for word, way in CALLS:
        code = Code().op("load_imm", a=1, x=1).raw(way).op("add_64", a=1, b=2, d=3).trap()
        blob = code.blob()
        for what, step, against in (
            ("with_nothing_given", Resume(), ()),
            ("with_new_gas", Resume(gas=5), ()),
            ("with_exact_gas", Resume(gas=1), ("gas/out_of_gas",)),
            ("with_no_gas", Resume(gas=0), ()),
            ("with_all_ones_of_gas", Resume(gas=2**64 - 1), ()),
            ("with_changed_registers", Resume(regs={1: 2**63, 2: 2**63}), ()),
            ("with_all_registers", Resume(gas=9, regs=FULL), ()),
            ("with_a_register_cleared", Resume(regs={1: 0}), ()),
        ):
            yield Case(
                f"{word}_{what}",
                (seq, regs_rule),
                blob,
                [Run(gas=500, regs={2: 40}), step],
                (*against, "exit/stopped"),
            )


def resume_successors() -> Iterator[Case]:
    """What comes after the call."""
    seq, regs_rule = "exit/resume/sequential", "exit/resume/registers"
    for word, way in CALLS:
        yield Case(
            f"{word}_at_the_end_meets_the_implicit_trap",
            (seq, "isa/implicit_trap"),
            line(way),
            [Run(gas=500), Resume()],
        )
        yield Case(
            f"{word}_at_the_end_without_gas",
            (seq, "gas/implicit_trap"),
            line(way),
            [Run(gas=97), Resume(), Resume(gas=1)],
        )
        yield Case(
            f"{word}_before_no_opcode",
            (seq, "isa/implicit_trap"),
            line(way, b"\xff", TRAP),
            [Run(gas=500), Resume()],
        )
        yield Case(
            f"{word}_before_clear_bits",
            (seq, "isa/implicit_trap"),
            make_blob(way + b"\0" * 30, [0]),
            [Run(gas=500), Resume()],
        )
        yield Case(
            f"{word}_twice",
            (seq, regs_rule),
            line(way, way, TRAP),
            [Run(gas=500), Resume(), Resume()],
        )
        yield Case(
            f"{word}_in_a_loop",
            (seq,),
            Code().label("l").raw(way).op("jump", to="l").blob(),
            [Run(gas=97), Resume(gas=109), Resume(gas=109), Resume(gas=50)],
        )
        code = Code().raw(way).op("load_ind_u32", a=1, b=2, x=0).op("store_ind_u32", a=1, b=2, x=8).trap()
        steps = [Run(gas=500), Write(NEAR, b"\xde\xad\xbe\xef"), Resume(regs={2: NEAR})]
        yield Case(f"{word}_with_changed_memory", (seq, regs_rule), code.blob(), steps, pages=(page(NEAR),))


def resume_after_out_of_gas() -> Iterator[Case]:
    """The unpaid block is entered again."""
    seq, regs_rule = "exit/resume/sequential", "exit/resume/registers"
    blob = Code().op("load_imm", a=1, x=1).op("fallthrough").op("load_imm", a=2, x=2).trap().blob()
    for first in range(3):
        word = ("no", "one", "two")[first]
        yield Case(
            f"out_of_gas_with_{word}_gas_and_resumed",
            (seq,) if first < 2 else ("exit/trap",),
            blob,
            [Run(gas=first), Resume(gas=10)] if first < 2 else [Run(gas=first)],
        )
    yield Case(
        "out_of_gas_resumed_with_changed_registers",
        (seq, regs_rule),
        blob,
        [Run(gas=0, regs={5: 1}), Resume(gas=2, regs={5: 7, 6: 8})],
    )
    yield Case(
        "out_of_gas_resumed_with_none",
        (seq,),
        blob,
        [Run(gas=0), Resume(), Resume(), Resume(gas=1)],
    )
    yield Case(
        "pc_is_the_machines_own",
        (seq,),
        line(b"\3", b"\1", b"\3", TRAP),
        [Run(gas=500), Resume(), Resume()],
    )


def subjects() -> Iterator[Subject]:
    yield gathered("exit", "kinds", kinds, unpaid, host_call_ids)
    yield gathered("exit", "entries", entries, wide_entries)
    yield gathered("exit", "resume_legality", resume_legality, resume_after_other_ends)
    yield gathered("exit", "resume_flow", resume_flow, resume_successors, resume_after_out_of_gas)
