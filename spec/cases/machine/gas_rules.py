"""gas: the rules around the table: when a block is charged, what the walk visits, how the
simulation counts.
"""

from collections.abc import Iterator

from cases.machine.case import PAGE, Case, Pages, Registers, Resume, Rules, Run, Subject, gathered, page
from cases.machine.code import INSN, TRAP, Code, encode, immediate, make_blob
from cases.machine.gas_rows import ROW, code_of, slow_register
from cases.machine.gas_steps import cost, exact_steps, short_then_resumed

LOAD_1 = encode("load_imm", a=1, x=1)
NEAR = 0x10000
HUGE = (
    ("two_to_63", 2**63),
    ("two_to_63_less_one", 2**63 - 1),
    ("two_to_63_and_one", 2**63 + 1),
    ("all_ones", 2**64 - 1),
    ("two_to_31", 2**31),
    ("two_to_32", 2**32),
    ("low_half_too_small", 2**32 + 5),
    ("low_63_bits_too_small", 2**63 + 5),
)


ENTERED = "gas/block/charged_on_entry"
ENOUGH = "gas/block/exact_is_enough"
OUT = "gas/out_of_gas"
NO_REFUND = "gas/block/no_refund"
TIERS = (25, 50, 75, 100)
ODD_WALKS = (
    "gas/walk/through_terminator",
    "gas/walk/ignores_start_bits",
    "gas/walk/invalid_opcode",
)


def exact(
    name: str,
    rules: Rules,
    blob: bytes,
    against: Rules = (),
    mem_cycles: int = 25,
    pages: Pages = (),
    regs: Registers | None = None,
    pc: int = 0,
) -> Case:
    return Case(
        name,
        (*rules, "gas/cost"),
        blob,
        exact_steps(blob, pc, mem_cycles, pages, regs),
        tuple(against),
        pages=tuple(pages),
        mem_cycles=mem_cycles,
    )


def gas_range() -> Iterator[Case]:
    """Budgets over the whole range."""
    programs = {
        "one_trap": make_blob(TRAP, [0]),
        "two_blocks": make_blob(b"\1" + TRAP, [0, 1]),
        "implicit_trap": make_blob(b"\1", [0]),
        "division": make_blob(encode("div_u_64", a=0, b=1, d=2) + TRAP, [0, 3]),
        "ecall": make_blob(b"\3" + TRAP, [0, 1]),
    }
    for word, blob in programs.items():
        for amount, gas in HUGE:
            high = gas >= 2**63
            yield Case(
                f"{word}_with_{amount}",
                ("gas/range",) if high else ("gas/cost",),
                blob,
                [Run(gas=gas)],
                () if high else ("gas/range",),
            )
    blob = make_blob(b"\3" + TRAP, [0, 1])
    yield Case(
        "resumed_with_all_ones",
        ("gas/range", "exit/resume/registers"),
        blob,
        [Run(gas=97), Resume(gas=2**64 - 1)],
    )
    yield Case("resumed_with_two_to_63", ("gas/range",), blob, [Run(gas=2**63), Resume(gas=2**63)])
    yield Case(
        "bad_entry_with_all_ones_keeps_it",
        ("exit/entry",),
        blob,
        [Run(pc=7, gas=2**64 - 1)],
        ("gas/range",),
    )


def charging() -> Iterator[Case]:
    """A block is paid in full before anything of it runs, each time."""
    long = Code()
    for register in range(12):
        long.op("load_imm", a=register, x=register + 1)
    long.op("ecalli", x=5).trap()
    blob = long.blob()
    price = cost(blob)
    for word, gas in (("zero", 0), ("one", 1), ("one_short", price - 1)):
        yield Case(
            f"nothing_runs_with_{word}",
            (OUT,),
            blob,
            [Run(gas=gas)],
            (ENTERED, ENOUGH, "exit/record/block", "exit/record/instruction", NO_REFUND),
        )
    yield Case("exact", (ENTERED, ENOUGH), blob, [Run(gas=price)], (OUT, NO_REFUND))
    yield Case("one_more", (ENTERED,), blob, [Run(gas=price + 1)], (OUT, ENOUGH))
    yield Case(
        "short_then_resumed_with_enough",
        (OUT, ENTERED, "exit/resume/sequential"),
        blob,
        short_then_resumed(blob),
    )
    yield Case(
        "short_again_and_again",
        (OUT,),
        blob,
        [Run(gas=3), Resume(gas=4), Resume(gas=price - 1), Resume(gas=price)],
        ("exit/stopped",),
    )


def no_refund() -> Iterator[Case]:
    """What is charged stays charged."""
    store = encode("store_u8", a=1, x=NEAR)
    blob = make_blob(store + encode("ecalli", x=1) + TRAP, [0, len(store), len(store) + 2])
    yield Case(
        "unpaid_store_is_not_done",
        (OUT,),
        blob,
        [Run(gas=96, regs={1: 5})],
        (ENTERED, "mem/store_permission"),
        pages=(page(NEAR),),
    )
    for word, middle, rules in (
        ("trap", TRAP, ("exit/trap",)),
        ("sbrk", encode("sbrk", a=1, d=1), ("exit/panic",)),
        ("page_fault", encode("load_u8", a=1, x=NEAR), ("exit/page_fault",)),
        ("panic", encode("jump", offset=b"\x7f"), ("exit/panic",)),
    ):
        blob = make_blob(
            LOAD_1 + middle + encode("div_u_64", a=1, b=1, d=1) + TRAP,
            [0, 3, 3 + len(middle), 6 + len(middle)],
        )
        yield Case(
            f"{word}_gives_nothing_back",
            (NO_REFUND, *rules),
            blob,
            [*exact_steps(blob), Run(gas=1000)],
        )


def charged_each_time() -> Iterator[Case]:
    """Each entry of a block is charged again."""
    blob = make_blob(b"\1\1\1\1\1" + TRAP, range(6))
    for gas in range(7):
        word = ("no", "one", "two", "three", "four", "five", "six")[gas]
        yield Case(
            f"six_blocks_of_one_with_{word}_gas",
            (ENTERED,) if gas else (OUT,),
            blob,
            [Run(gas=gas)],
            () if gas else (ENTERED,),
        )
    loop = Code().label("loop").op("add_imm_64", a=1, b=1, x=1).op("jump", to="loop")
    price = cost(loop.blob())
    for turns, word in ((0, "no"), (1, "one"), (2, "two"), (5, "five")):
        for more, extra in ((0, "exactly"), (1, "and_one_gas"), (price - 1, "and_all_but_one_gas")):
            rules = (OUT,) + ((ENTERED,) if turns else ())
            yield Case(
                f"loop_of_{word}_turns_{extra}",
                rules,
                loop.blob(),
                [Run(gas=turns * price + more)],
                () if turns else (ENTERED,),
            )
    blob = make_blob(encode("branch_ne_imm", a=1, x=5, offset=b"\0") + TRAP, [0, 4])
    yield Case("own_block_is_charged_each_turn", (ENTERED, OUT), blob, [Run(gas=100)])
    blob = make_blob(b"\1" + LOAD_1 + encode("jump", offset=b"\xfd") + TRAP, [0, 1, 4, 6])
    yield Case("jump_back_past_the_first_block", (ENTERED, OUT), blob, [Run(gas=60)])


def implicit_trap() -> Iterator[Case]:
    one, met = "isa/implicit_trap", "gas/implicit_trap"
    for word, code, starts in (
        ("at_the_end", b"\1", [0]),
        ("at_no_opcode", b"\1\xff\0", [0, 1, 2]),
        ("at_clear_bit", b"\1" + b"\0" * 30, [0]),
    ):
        blob = make_blob(code, starts)
        yield Case(f"{word}_with_no_gas", (met,), blob, [Run(gas=1)], (one,))
        yield Case(f"{word}_with_one_gas", (met, one), blob, [Run(gas=2)], ("gas/out_of_gas",))
        yield Case(f"{word}_with_two_gas", (met, one), blob, [Run(gas=3)], ("gas/out_of_gas",))
        yield Case(
            f"{word}_resumed_without_gas_and_with",
            (met, one, "exit/resume/sequential"),
            blob,
            [Run(gas=1), Resume(gas=0), Resume(gas=1)],
        )
        yield Case(f"{word}_resumed_with_plenty", (met, one), blob, [Run(gas=1), Resume(gas=2**64 - 1)])
    yield Case(
        "explicit_trap_needs_its_block_only",
        ("isa/trap",),
        make_blob(TRAP, [0]),
        [Run(gas=1)],
        (met, one),
    )


def mem_cycles() -> Iterator[Case]:
    """The four tiers, whatever the pages, and the values that are refused."""
    for tier in TIERS:
        for name in (
            "load_u8",
            "load_u64",
            "store_u8",
            "store_imm_u32",
            "store_imm_ind_u16",
            "store_ind_u64",
            "load_ind_i32",
        ):
            code = code_of(encode(name, **({"a": 1} if name != "store_imm_u32" else {})), TRAP)
            yield exact(
                f"{name}_of_{tier}",
                ("gas/mem_cycles",),
                code.blob(),
                ("gas/branch_cost",),
                tier,
                (page(0),),
            )
        chain = code_of(*[encode("load_ind_u64", a=2, b=2)] * 3, TRAP).blob()
        yield exact(
            f"three_dependent_loads_of_{tier}",
            ("gas/mem_cycles", "gas/dependency"),
            chain,
            (),
            tier,
            (page(0),),
        )
        apart = code_of(*[encode("load_ind_u64", a=2 + n, b=7) for n in range(3)], TRAP).blob()
        yield exact(
            f"three_independent_loads_of_{tier}",
            ("gas/mem_cycles",),
            apart,
            ("gas/dependency",),
            tier,
            (page(0),),
        )


def tiers_and_pages() -> Iterator[Case]:
    """The tier does not depend on the pages; other tiers are refused."""
    for tier in TIERS:
        yield exact(
            f"no_memory_at_{tier}",
            (),
            code_of(encode("div_u_32", a=1, b=2, d=3), TRAP).blob(),
            ("gas/mem_cycles",),
            tier,
        )
        for count in (0, 1, 9):
            pages = [page(NEAR + PAGE * n) for n in range(count)]
            blob = code_of(encode("load_u8", a=1, x=NEAR), TRAP).blob()
            yield exact(
                f"{('no', 'one', 'nine')[min(count, 2)]}_pages_at_{tier}",
                ("gas/mem_cycles",),
                blob,
                (),
                tier,
                pages,
            )
    for value in (
        0,
        1,
        24,
        26,
        49,
        51,
        74,
        76,
        99,
        101,
        125,
        200,
        255,
        256,
        281,
        65561,
        2**31,
        2**32 - 1,
    ):
        yield Case(
            f"refused_{value:010d}",
            ("gas/mem_cycles",),
            make_blob(TRAP, [0]),
            [],
            ("blob/layout", "gas/table"),
            mem_cycles=value,
        )


def slots() -> Iterator[Case]:
    """Four slots a cycle, the excess is lost."""
    rule = "gas/slots"
    for count in [*range(1, 14), 20, 40]:
        blob = code_of(*[LOAD_1] * count, TRAP).blob()
        against = (rule,) if count < 4 else ()
        yield exact(f"loads_of_one_slot_{count:02d}_times", () if against else (rule,), blob, against)
    for count in (1, 2, 3, 4, 5, 9, 20):
        yield exact(
            f"loads_of_two_slots_{count:02d}_times",
            (rule,) if count > 1 else (),
            code_of(*[encode("load_imm_64", a=1)] * count, TRAP).blob(),
        )
    for name, operands in (
        ("set_lt_u", {"a": 1, "b": 2, "d": 3}),
        ("neg_add_imm_32", {"a": 1, "b": 2}),
        ("mul_upper_u_u", {"a": 1, "b": 2, "d": 3}),
    ):
        for count in (1, 2, 3, 7):
            yield exact(
                f"{name}_{count:02d}_times",
                (rule,) if count > 1 or name != "set_lt_u" else (),
                code_of(*[encode(name, **operands)] * count, TRAP).blob(),
            )
    wide, slow = encode("set_lt_u", a=1, b=2, d=3), encode("div_u_64", a=9, b=10, d=11)
    for before in range(5):
        word = ("no", "one", "two", "three", "four")[before]
        blob = code_of(*[LOAD_1] * before, wide, *[encode("load_imm", a=4, x=1)] * 2, slow, TRAP).blob()
        yield exact(f"three_slots_after_{word}_used", (rule,), blob)
        blob = code_of(*[LOAD_1] * before, slow, slow, TRAP).blob()
        yield exact(f"four_slots_after_{word}_used", (rule,), blob)


def move_reg() -> Iterator[Case]:
    """A move passes its ready time on and takes no time itself."""
    rule = "gas/move_reg"

    def move(d: int, a: int) -> bytes:
        return encode("move_reg", d=d, a=a)

    def use(register: int) -> bytes:
        return encode("reverse_bytes", d=9, a=register)

    for count in (1, 2, 4, 5, 20):
        yield exact(
            f"moves_alone_{count:02d}_times",
            (rule,),
            code_of(*[move(0, 1)] * count, TRAP).blob(),
            ("gas/dependency",),
        )
    for word, instructions in (
        ("passes_a_late_register_on", [slow_register(1), move(2, 1), use(2)]),
        ("passes_an_early_register_on", [slow_register(2), move(2, 1), use(2)]),
        ("to_itself", [slow_register(1), move(1, 1), use(1)]),
        ("of_a_move", [slow_register(1), move(2, 1), move(3, 2), use(3)]),
        ("before_the_load", [move(2, 1), slow_register(1), use(2)]),
        ("raises_no_last", [slow_register(1), move(2, 1)]),
        (
            "forgets_the_old_time",
            [slow_register(1), slow_register(2), move(2, 3), move(1, 2), use(1)],
        ),
        ("clamped_fields", [slow_register(12), b"\x64\xf2", use(2)]),
        ("to_clamped_field", [slow_register(1), b"\x64\x1e", use(12)]),
    ):
        yield exact(word, (rule,), code_of(*instructions, TRAP).blob())
    yield exact("no_move_at_all", (), code_of(slow_register(1), use(1), TRAP).blob(), (rule,))


def dependency() -> Iterator[Case]:
    """Chains through the gas fields, which are not the registers of the instruction's meaning."""
    rule = "gas/dependency"

    def add(a: int, b: int, d: int) -> bytes:
        return encode("add_64", a=a, b=b, d=d)

    for word, instructions, linked in (
        ("chain_of_eight", [add(0, 0, 0)] * 8, True),
        ("eight_apart", [add(0, 1, 2)] * 8, False),
        (
            "three_reg_target_is_the_first_field",
            [slow_register(2), add(1, 2, 3), encode("reverse_bytes", d=6, a=1)],
            True,
        ),
        (
            "three_reg_third_field_is_no_target",
            [slow_register(2), add(1, 2, 3), encode("reverse_bytes", d=6, a=3)],
            True,
        ),
        ("three_reg_first_source_is_not_seen", [slow_register(1), add(1, 2, 3)], False),
        ("three_reg_second_source_is_seen", [slow_register(2), add(1, 2, 3)], True),
        ("three_reg_third_register_is_a_source", [slow_register(3), add(1, 2, 3)], True),
        ("third_byte_counts_by_its_low_nibble", [slow_register(0), bytes([200, 0x21, 0x10])], True),
        ("third_byte_above_twelve_is_twelve", [slow_register(12), bytes([200, 0x21, 0x0F])], True),
        ("register_forms_read_the_high_nibble", [slow_register(4), bytes([52, 0x41])], True),
        ("store_reads_both_nibbles_low", [slow_register(1), bytes([59, 0x41])], True),
        ("store_reads_both_nibbles_high", [slow_register(4), bytes([59, 0x41])], True),
        (
            "written_again_early",
            [slow_register(1), encode("load_imm", a=1, x=1), encode("add_imm_64", a=2, b=1, x=1)],
            True,
        ),
        (
            "waits_for_the_latest_source",
            [slow_register(2), encode("div_u_64", a=3, b=8, d=9), add(1, 2, 3)],
            True,
        ),
        (
            "cycle_can_be_later_than_the_source",
            [LOAD_1] + [encode("load_imm", a=2, x=1)] * 8 + [encode("reverse_bytes", d=6, a=1)],
            False,
        ),
        ("branch_waits", [slow_register(1), encode("branch_eq", a=1, b=2, offset=b"\x03")], True),
        ("jump_ind_does_not_wait", [slow_register(1), encode("jump_ind", a=1, x=2)], False),
        (
            "load_imm_jump_ind_waits_for_its_base",
            [slow_register(2), encode("load_imm_jump_ind", a=1, b=2, x=1, y=2)],
            True,
        ),
    ):
        yield exact(
            word,
            (rule,) if linked else (),
            code_of(*instructions, TRAP).blob(),
            () if linked else (rule,),
        )


def long_chains() -> Iterator[Case]:
    """Sums of many cycles."""
    rule = "gas/dependency"
    for length in (1, 2, 3, 5, 10):
        blob = code_of(*[encode("div_u_64", a=1, b=1, d=1)] * length, TRAP).blob()
        yield exact(f"chain_of_{length:02d}_divisions", (rule,) if length > 1 else (), blob)
    blob = code_of(*[encode("load_ind_u64", a=1, b=1)] * 40, TRAP).blob()
    yield exact("chain_of_forty_loads", (rule,), blob, mem_cycles=100)


def cost_bounds() -> Iterator[Case]:
    """max(last - 3, 1) on unbounded integers."""
    for word, instructions in (
        ("of_moves_only", [encode("move_reg", d=1, a=2)]),
        ("of_one_cycle", [LOAD_1]),
        ("of_two_cycles", [b"\1"]),
        ("of_three_cycles", [encode("set_lt_u", a=1, b=2, d=3)]),
        ("of_four_cycles", [encode("mul_32", a=1, b=2, d=3)]),
        ("of_six_cycles", [encode("mul_upper_s_u", a=1, b=2, d=3)]),
    ):
        yield exact(
            word,
            (),
            code_of(*instructions, TRAP).blob(),
            ("gas/move_reg",) if "moves" not in word else (),
        )
    for word, code, starts in (
        ("of_code_without_trap", LOAD_1, [0]),
        ("of_move_at_the_end", b"\x64\x12", [0]),
        ("of_fallthrough_at_the_end", b"\1", [0]),
    ):
        yield exact(word, (), make_blob(code, starts), ("gas/block/no_refund",))
    moves = make_blob(b"\x64\x12" * 40, range(0, 80, 2))
    yield exact("of_many_moves_at_the_end", ("gas/move_reg",), moves)
    costly = code_of(*[encode("load_ind_u64", a=1, b=1)] * 700, TRAP).blob()
    yield exact("beyond_two_to_16", ("gas/dependency",), costly, mem_cycles=100)
    yield exact("of_a_long_block", ("gas/slots",), code_of(*[LOAD_1] * 1000, TRAP).blob())


def fields() -> Iterator[Case]:
    """Clamping, and register bytes beyond the code."""
    missing = "gas/fields/missing"
    for low in (11, 12, 13, 14, 15):
        for high in (11, 12, 13, 15):
            for name in ("add_imm_64", "shlo_l_64", "and"):
                rule = {"OVERLAP": "gas/slots/overlap", "SHIFT": "gas/slots/shift"}[ROW[name].slot_rule]
                code = code_of(
                    *[bytes([INSN[name].byte, low | high << 4, 0x0C])] * 4,
                    encode("div_u_64", a=8, b=8, d=8),
                    TRAP,
                )
                yield exact(f"{name}_{low}_and_{high}", ("gas/fields", rule), code.blob(), (missing,))


def missing_fields() -> Iterator[Case]:
    """A register byte beyond the code is register 12."""
    missing = "gas/fields/missing"
    for name in (
        "add_imm_64",
        "zero_extend_16",
        "and",
        "shlo_l_64",
        "rot_r_32",
        "load_u8",
        "store_u8",
        "move_reg",
        "load_imm",
        "branch_eq",
        "load_imm_jump_ind",
        "div_u_64",
        "set_lt_u",
        "load_imm_64",
        "store_imm_ind_u8",
        "cmov_iz",
        "branch_eq_imm",
    ):
        for word, register in (("twelve", 12), ("zero", 0)):
            code = slow_register(register) + bytes([INSN[name].byte])
            yield exact(f"{name}_without_operands_after_slow_{word}", (missing,), make_blob(code, [0, 2]))
    for name in ("and", "shlo_l_64", "div_u_64", "cmov_iz", "set_lt_u", "add_32"):
        for register in (0, 1, 2, 12):
            code = slow_register(register) + bytes([INSN[name].byte, 0x21])
            yield exact(
                f"{name}_without_third_byte_after_slow_{register:02d}",
                (missing,),
                make_blob(code, [0, 2]),
            )
    yield exact(
        "complete_at_the_end_of_code",
        ("gas/fields",),
        make_blob(slow_register(3) + encode("and", a=1, b=2, d=3), [0, 2]),
        (missing,),
    )
    yield exact(
        "register_byte_in_the_next_instruction",
        ("gas/fields",),
        make_blob(slow_register(3) + b"\x6e" + LOAD_1 + TRAP, [0, 2, 3, 6]),
        (missing,),
    )


FIELD_BYTES = ((0x11, 2), (0x21, 1), (0x21, 2), (0x21, 3), (0xCD, 2), (0x21, 0x11))


def slot_rules() -> Iterator[Case]:
    """Every row whose slots depend on its fields: A is B, A is D, B is D, all apart, A and B equal
    only after clamping, A is only the low nibble of the third byte. A block for each, paid exactly.
    """
    slow = encode("div_u_64", a=8, b=8, d=8)
    for name, row in ROW.items():
        if row.slot_rule == "FIXED":
            continue
        names = ["gas/slots/overlap", "gas/slots/shift"]
        rule, other = names if row.slot_rule == "OVERLAP" else reversed(names)
        code, entries = Code(), []
        for fields_ in FIELD_BYTES:
            entries.append(len(code))
            test = bytes([INSN[name].byte, *fields_])
            for instruction in (test, test, test, slow, TRAP):
                code.raw(instruction)
        blob = code.blob()
        steps = [Run(pc, cost(blob, pc)) for pc in entries]
        yield Case(f"{name}_by_its_fields", (rule, "gas/cost"), blob, steps, (other,))


def branch_cost() -> Iterator[Case]:
    """1 cycle to a trap or an unlikely, 20 to anything else, for each branch."""
    rule = "gas/branch_cost"
    for record in INSN.values():
        if ROW[record.name].kind != "BRANCH":
            continue
        head = (
            encode(record.name, a=1, x=immediate(5, 1), offset=b"\0")
            if record.form == "one_reg_imm_offset"
            else encode(record.name, a=1, b=2, offset=b"\0")
        )
        size = len(head)
        for word, tail, target in (
            ("trap", b"\0\1\0", 0),
            ("unlikely", b"\2\1\0", 0),
            ("fallthrough", b"\1\1\0", 0),
            ("another_instruction", b"\1" + LOAD_1 + b"\0", 1),
            ("itself", b"\0", -size),
            ("zero_operand_byte", b"\1" + encode("load_imm", a=1, x=immediate(0, 2)) + b"\0", 3),
            ("end_of_code", b"\1\0", 2),
            ("before_the_code", b"\1\0", -size - 1),
            ("trap_in_a_block", b"\1" + LOAD_1 + b"\0", 4),
            ("no_opcode", b"\1\xff\0", 1),
        ):
            code = head[:-1] + bytes([(size + target) % 256]) + tail
            starts = [0] + (
                [size + n for n in (0, 1, 4)]
                if word in ("another_instruction", "trap_in_a_block")
                else [size, size + 1, size + 5]
                if word == "zero_operand_byte"
                else [size + n for n in range(len(tail))]
            )
            yield exact(f"{record.name}_to_{word}", (rule,), make_blob(code, starts), ("gas/mem_cycles",))
    for word, code, starts in (
        ("fall_through_successor_does_not_count", b"\xaa\x21\x05\0\1\1\0", [0, 3, 4, 5, 6]),
        ("four_offset_bytes", b"\xaa\x21\x06\0\0\0\0\0", [0, 6, 7]),
        ("missing_offset_is_the_branch_itself", b"\xaa\x21", [0]),
        ("target_below_two_to_32_only_after_truncation", b"\xaa\x21\xff\xff\xff\x7f\0", [0, 6]),
        ("target_without_start_bit", b"\xaa\x21\x04\0\0\0", [0, 3]),
    ):
        yield exact(word, (rule,), make_blob(code, starts))
    for word, first in (("trap", TRAP), ("unlikely", b"\2"), ("fallthrough", b"\1")):
        blob = make_blob(first + b"\xaa\x21\xff\0", [0, 1, 4])
        yield exact(f"back_to_{word}_at_zero", (rule,), blob, pc=1)
    yield exact("jump_to_a_trap_is_no_branch", (), make_blob(b"\x28\x02\0", [0, 2]), (rule,))
    yield exact("load_imm_jump_to_a_trap_is_no_branch", (), make_blob(b"\x50\x01\x03\0", [0, 3]), (rule,))


def walk() -> Iterator[Case]:
    """What the walk visits beyond well-formed code."""
    through, bits, invalid = ODD_WALKS
    plain = "gas/walk"
    slow = encode("div_u_64", a=1, b=2, d=3)
    none = (through, bits, invalid)
    yield exact("well_formed", (plain,), make_blob(LOAD_1 + TRAP, [0, 3]), none)
    yield exact(
        "through_terminator_without_successor",
        (plain, through, bits),
        make_blob(b"\1" + b"\0" * 24 + b"\xcb\x21\x03\0", [0, 28]),
        (invalid,),
    )
    yield exact("through_far_fallthrough", (through, bits), make_blob(b"\1" + b"\2" * 30, [0]), (invalid,))
    yield exact(
        "over_position_without_start_bit",
        (bits,),
        make_blob(b"\x33\x01" + b"\0" * 23 + slow + TRAP, [0, 28]),
        (invalid,),
    )
    yield exact(
        "over_load_without_start_bit",
        (bits,),
        make_blob(b"\x33\x01" + b"\0" * 23 + b"\x34\x01\0", [0, 27]),
        (invalid,),
    )
    for word, byte in (("four", 4), ("ninety_nine", 99), ("all_ones", 255)):
        yield exact(
            f"over_no_opcode_{word}",
            (invalid,),
            make_blob(LOAD_1 + bytes([byte]) + slow + TRAP, [0, 3, 4, 7]),
            (through, bits),
        )
    for count in (1, 4, 5, 12):
        blob = make_blob(LOAD_1 + b"\xff" * count + slow + TRAP, [0, *range(3, 4 + count), 6 + count])
        yield exact(f"over_{count:02d}_no_opcodes", (invalid,), blob, (through,))
    yield exact(
        "no_opcode_has_no_registers",
        (invalid,),
        make_blob(slow_register(12) + b"\xff\xcc\xcc" + b"\x6f\x1c" + TRAP, [0, 2, 5, 7]),
    )
    yield exact(
        "no_opcode_without_start_bit",
        (invalid, bits),
        make_blob(b"\x33\x01" + b"\0" * 23 + b"\xff\0" + TRAP, [0, 27]),
    )
    yield exact(
        "no_opcode_after_terminator_is_a_start",
        (plain,),
        make_blob(b"\1\xff" + slow + TRAP, [0, 1, 2, 5]),
        (invalid, through),
    )


def walk_ends() -> Iterator[Case]:
    """Where the walk stops."""
    through, bits, _invalid = ODD_WALKS
    plain, none = "gas/walk", ODD_WALKS
    slow = encode("div_u_64", a=1, b=2, d=3)
    yield exact("ends_at_the_next_block_start", (plain,), make_blob(b"\1" + slow + TRAP, [0, 1, 4]), none)
    yield exact("ends_at_the_end_of_code", (plain,), make_blob(slow, [0]), none)
    yield exact("last_skip_reaches_the_end", (plain,), make_blob(slow + b"\0\0\0", [0]), none)
    yield exact(
        "overlapping_instructions",
        (plain, "isa/operand_overlap"),
        make_blob(b"\x33\x34\x35\x6f\0", range(5)),
        none,
    )
    yield exact("entry_at_a_later_block", (plain,), make_blob(TRAP + slow + TRAP, [0, 1, 4]), none, pc=1)
    blob = make_blob(b"\x28\x05" + slow + TRAP + TRAP, [0, 2, 5, 6])
    yield exact("not_where_a_jump_leads", (plain,), blob, none)
    yield exact("unlikely_alone", (plain,), make_blob(b"\2" + TRAP, [0, 1]), none)
    yield exact("terminator_at_the_end", (plain,), make_blob(b"\1", [0]), none)
    yield exact(
        "branch_in_the_middle_by_missing_bits",
        (through, bits, "gas/branch_cost"),
        make_blob(b"\xaa\x21\x19" + b"\0" * 22 + slow + TRAP, [0, 28]),
    )


def subjects() -> Iterator[Subject]:
    yield gathered("gas", "gas_range", gas_range)
    yield gathered("gas", "charging", charging, no_refund, charged_each_time)
    yield gathered("gas", "implicit_trap", implicit_trap)
    yield gathered("gas", "mem_cycles", mem_cycles, tiers_and_pages)
    yield gathered("gas", "slots", slots)
    yield gathered("gas", "move_reg", move_reg)
    yield gathered("gas", "dependency", dependency, long_chains)
    yield gathered("gas", "cost_bounds", cost_bounds)
    yield gathered("gas", "fields", fields, missing_fields)
    yield gathered("gas", "slot_rules", slot_rules)
    yield gathered("gas", "branch_cost", branch_cost)
    yield gathered("gas", "walk", walk, walk_ends)
