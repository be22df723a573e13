"""isa: answers that were found by running other machines, and the traps recompilers have fallen
into.

Each row names the outcome; `assay fill` fails when the model says something else.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cases.machine.case import BIG_GAS, RO, RW, Case, Known, Pages, Registers, Run, Subject, page
from cases.machine.code import make_blob
from cases.machine.gas_steps import exact_steps

ADD = "c81002"
LOAD = "330001"

# name, code, start digits, mem_cycles, cost of each block
COSTS = (
    ("trap", "00", "1", 25, {0: 1}),
    ("fallthrough", "0100", "11", 25, {0: 1, 1: 1}),
    ("unlikely", "0200", "11", 25, {0: 37, 1: 1}),
    ("ecalli", "0a0000", "101", 25, {0: 97, 2: 1}),
    ("ecall", "0300", "11", 25, {0: 97, 1: 1}),
    ("jump_to_itself", "280000000000", "100001", 25, {0: 12, 5: 1}),
    ("jump_ind", "320000", "101", 25, {0: 19, 2: 1}),
    ("load_imm_jump_to_itself", "5010010000000000", "10000001", 25, {0: 12, 7: 1}),
    ("load_imm_jump_ind", "b4100000", "1001", 25, {0: 19, 3: 1}),
    ("branch_to_fallthrough", "511000070000000100", "100000011", 25, {0: 17, 7: 1, 8: 1}),
    ("branch_to_trap", "5110000700000000", "10000001", 25, {0: 1, 7: 1}),
    ("branch_to_unlikely", "511000070000000200", "100000011", 25, {0: 1, 7: 37, 8: 1}),
    ("div_u_64", "cb100200", "1001", 25, {0: 57}),
    ("load_u8_at_tier_25", "34000000", "1001", 25, {0: 22}),
    ("load_u8_at_tier_50", "34000000", "1001", 50, {0: 47}),
    ("load_u8_at_tier_75", "34000000", "1001", 75, {0: 72}),
    ("load_u8_at_tier_100", "34000000", "1001", 100, {0: 97}),
    ("two_dependent_loads", "8210820100", "10101", 25, {0: 47}),
    ("two_independent_loads", "8210823200", "10101", 25, {0: 22}),
    ("two_stores", "7a107a3200", "10101", 25, {0: 22}),
    ("eight_add_64_apart", ADD * 8 + "00", "100" * 8 + "1", 25, {0: 3}),
    ("eight_add_64_in_place", "c80000" * 8 + "00", "100" * 8 + "1", 25, {0: 5}),
    ("eight_mul_64_in_place", "ca0000" * 8 + "00", "100" * 8 + "1", 25, {0: 21}),
    ("eight_mul_upper_without_chain", "d60100" * 8 + "00", "100" * 8 + "1", 25, {0: 8}),
    ("twenty_load_imm", LOAD * 20 + "00", "100" * 20 + "1", 25, {0: 4}),
    ("forty_load_imm", LOAD * 40 + "00", "100" * 40 + "1", 25, {0: 9}),
    ("twenty_load_imm_64", "14000000000000000000" * 20 + "00", "1000000000" * 20 + "1", 25, {0: 9}),
    ("twenty_move_reg", "6410" * 20 + "00", "10" * 20 + "1", 25, {0: 4}),
    ("move_reg_passes_a_load_on", "340100641095020100", "100101001", 25, {0: 23}),
    ("load_imm_cuts_the_chain", "34010033010195120100", "1001001001", 25, {0: 22}),
    ("twelve_zero_extend_16", "6e10" * 12 + "00", "10" * 12 + "1", 25, {0: 5}),
    ("twelve_reverse_bytes", "6f10" * 12 + "00", "10" * 12 + "1", 25, {0: 2}),
    ("first_source_is_not_seen", "340100c8210300", "1001001", 25, {0: 22}),
    ("second_source_is_seen", "340200c8210300", "1001001", 25, {0: 23}),
    ("third_byte_by_its_low_nibble", "340000c8211000", "1001001", 25, {0: 23}),
    ("forty_div_u_32", "c11002" * 40 + "00", "100" * 40 + "1", 25, {0: 96}),
)


class Outcome(NamedTuple):
    name: str
    code: str
    starts: str  # a digit for each byte of the code
    regs: Registers
    table: tuple[int, ...]
    known: Known
    gas: int = BIG_GAS
    pages: Pages = ()
    pc: int = 0


OUTCOMES: tuple[Outcome, ...] = (
    Outcome("third_byte_is_clamped", "c8102000", "1001", {0: 1, 1: 2}, (), dict(exit="trap", pc=3, r12=3)),
    Outcome(
        "ecalli_sign_extends_its_id",
        "0aff00",
        "101",
        {},
        (),
        dict(exit="host_call", argument=2**32 - 1, pc=2),
    ),
    Outcome("ecalli_of_two_bytes", "0a0701", "100", {}, (), dict(exit="host_call", argument=263, pc=3)),
    Outcome("ecall_alone", "03", "1", {}, (), dict(exit="ecall", pc=1, spent=97)),
    Outcome("sbrk_panics", "330001651000", "100101", {}, (), dict(exit="panic", pc=3, r0=1, spent=1)),
    Outcome(
        "division_looks_at_low_halves",
        "c1100200",
        "1001",
        {0: 5, 1: 2**32},
        (),
        dict(r2=2**64 - 1, spent=57),
    ),
    Outcome(
        "div_s_32_overflow",
        "c2100200",
        "1001",
        {0: 2**31, 1: 2**32 - 1},
        (),
        dict(r2=0xFFFFFFFF80000000),
    ),
    Outcome("rem_s_32_overflow", "c4100200", "1001", {0: 2**31, 1: 2**32 - 1, 2: 9}, (), dict(r2=0)),
    Outcome("div_s_64_overflow", "cc100200", "1001", {0: 2**63, 1: 2**64 - 1}, (), dict(r2=2**63)),
    Outcome("rem_s_64_overflow", "ce100200", "1001", {0: 2**63, 1: 2**64 - 1, 2: 9}, (), dict(r2=0)),
    Outcome(
        "rem_u_32_by_zero_sign_extends",
        "c3100200",
        "1001",
        {0: 0x180000001},
        (),
        dict(r2=0xFFFFFFFF80000001),
    ),
    Outcome("shift_into_the_last_register", "c5100c00", "1001", {0: 3, 1: 4}, (), dict(r12=0x30)),
    Outcome(
        "load_imm_jump_panics_after_writing",
        "501063f401000000",
        "10000001",
        {},
        (),
        dict(exit="panic", pc=0, r0=0x63, spent=12),
    ),
    Outcome(
        "load_imm_jump_ind_to_odd_address",
        "b41001630133010700",
        "100001001",
        {},
        (5,),
        dict(exit="panic", pc=0, r0=0x63, spent=19),
    ),
    Outcome(
        "load_imm_jump_ind_reads_the_old_base",
        "b47701630633010700",
        "100001001",
        {7: 2},
        (0, 0, 0, 5),
        dict(exit="trap", pc=8, r1=7),
    ),
    Outcome(
        "no_halt_address",
        "320033000100",
        "101001",
        {0: 0xFFFF0000},
        (2, 2),
        dict(exit="panic", pc=0),
    ),
    Outcome("odd_address", "32000333000100", "1001001", {}, (3, 3), dict(exit="panic", pc=0)),
    Outcome("first_entry", "32000233000100", "1001001", {}, (3,), dict(exit="trap", pc=6, r0=1, spent=20)),
    Outcome(
        "entry_inside_a_block",
        "32000233000133010200",
        "1001001001",
        {},
        (6,),
        dict(exit="panic", pc=0),
    ),
    Outcome(
        "short_jump_inside_a_block",
        "280533000133010200",
        "101001001",
        {},
        (),
        dict(exit="panic", pc=0),
    ),
    Outcome("short_jump_to_a_block", "28030133010200", "1011001", {}, (), dict(exit="trap", pc=6, r1=2)),
    Outcome(
        "branch_inside_a_block",
        "5110000a00000033000133010200",
        "10000001001001",
        {},
        (),
        dict(exit="panic", pc=0),
    ),
    Outcome("negative_target", "28fbffffff00", "100001", {}, (), dict(exit="panic", pc=0, gas=88), 100),
    Outcome(
        "jump_to_itself_until_gas_is_gone",
        "280000000000",
        "100001",
        {},
        (),
        dict(exit="out_of_gas", pc=0, gas=0),
        100,
    ),
    Outcome(
        "unpaid_block_does_nothing",
        "3300010a0000",
        "100101",
        {},
        (),
        dict(exit="out_of_gas", pc=0, gas=0, r0=0),
        50,
    ),
    Outcome("runs_off_the_end", "330001", "100", {}, (), dict(exit="trap", pc=3, spent=2)),
    Outcome(
        "runs_off_the_end_with_one_gas",
        "330001",
        "100",
        {},
        (),
        dict(exit="out_of_gas", pc=3, gas=0),
        1,
    ),
    Outcome(
        "runs_into_no_opcode",
        "330001e733010200",
        "10011001",
        {},
        (),
        dict(exit="trap", pc=8, r1=0, spent=2),
    ),
    Outcome(
        "crosses_from_page_zero_to_the_top",
        "3801fc00",
        "1001",
        {},
        (),
        dict(exit="page_fault", argument=0xFFFFF000, pc=0, spent=22),
        BIG_GAS,
        (page(0, RW),),
    ),
    Outcome(
        "load_crosses_into_absent_page",
        "3a01fc0f00",
        "10001",
        {},
        (),
        dict(exit="page_fault", argument=0x1000, pc=0),
        BIG_GAS,
        (page(0, RW),),
    ),
    Outcome(
        "store_crosses_into_read_only_page",
        "3e01fc0f00",
        "10001",
        {1: 2**64 - 1},
        (),
        dict(exit="page_fault", argument=0x1000, pc=0),
        BIG_GAS,
        (page(0, RW), page(4096, RO)),
    ),
    Outcome(
        "skip_of_twenty_four",
        "330001" + "00" * 22 + "33010700",
        "1" + "0" * 24 + "1001",
        {},
        (),
        dict(exit="trap", pc=28, r1=7),
    ),
    Outcome(
        "no_start_within_twenty_five",
        "330001" + "00" * 23 + "33010700",
        "1" + "0" * 25 + "1001",
        {},
        (),
        dict(exit="trap", pc=30, spent=2),
    ),
)

# what recompilers got wrong, by behaviour
DEFECTS: tuple[Outcome, ...] = (
    Outcome("unlikely_costs_forty_cycles", "0200", "11", {}, (), dict(exit="trap", spent=38)),
    Outcome(
        "target_inside_a_block_that_is_never_taken",
        "5110000a00000033000133010200",
        "10000001001001",
        {0: 1},
        (),
        dict(exit="trap", pc=13, r1=2),
    ),
    Outcome(
        "target_inside_a_block_that_is_taken",
        "5110000a00000033000133010200",
        "10000001001001",
        {},
        (),
        dict(exit="panic", pc=0),
    ),
    Outcome(
        "dynamic_jump_inside_a_block",
        "32000233000133010200",
        "1001001001",
        {},
        (6,),
        dict(exit="panic", pc=0),
    ),
    Outcome(
        "entry_inside_a_block",
        "33010233020300",
        "1001001",
        {},
        (),
        dict(exit="panic", pc=3, spent=0),
        BIG_GAS,
        (),
        3,
    ),
    Outcome(
        "entry_at_code_length",
        "33010233020300",
        "1001001",
        {},
        (),
        dict(exit="panic", pc=7, spent=0),
        BIG_GAS,
        (),
        7,
    ),
    Outcome(
        "entry_far_beyond",
        "33010233020300",
        "1001001",
        {},
        (),
        dict(exit="panic", pc=2**32, spent=0),
        BIG_GAS,
        (),
        2**32,
    ),
    Outcome("entry_of_empty_code", "", "", {}, (), dict(exit="panic", pc=0, spent=0)),
    Outcome("end_of_code_is_a_trap", "330001", "100", {}, (), dict(exit="trap", pc=3)),
    Outcome(
        "divisor_of_two_to_32_unsigned_quotient",
        "c1100200",
        "1001",
        {0: 5, 1: 2**32},
        (),
        dict(r2=2**64 - 1),
    ),
    Outcome(
        "divisor_of_two_to_32_signed_quotient",
        "c2100200",
        "1001",
        {0: 5, 1: 2**32},
        (),
        dict(r2=2**64 - 1),
    ),
    Outcome(
        "divisor_of_two_to_32_unsigned_remainder",
        "c3100200",
        "1001",
        {0: 5, 1: 2**32},
        (),
        dict(r2=5),
    ),
    Outcome("divisor_of_two_to_32_signed_remainder", "c4100200", "1001", {0: 5, 1: 2**32}, (), dict(r2=5)),
    Outcome(
        "least_by_minus_one_32_quotient",
        "c2100200",
        "1001",
        {0: 2**31, 1: 2**64 - 1},
        (),
        dict(r2=0xFFFFFFFF80000000),
    ),
    Outcome(
        "least_by_minus_one_32_remainder",
        "c4100200",
        "1001",
        {0: 2**31, 1: 2**64 - 1, 2: 4},
        (),
        dict(r2=0),
    ),
    Outcome(
        "least_by_minus_one_64_quotient",
        "cc100200",
        "1001",
        {0: 2**63, 1: 2**64 - 1},
        (),
        dict(r2=2**63),
    ),
    Outcome(
        "least_by_minus_one_64_remainder",
        "ce100200",
        "1001",
        {0: 2**63, 1: 2**64 - 1, 2: 4},
        (),
        dict(r2=0),
    ),
    Outcome(
        "unsigned_remainder_by_zero_keeps_no_high_half",
        "c3100200",
        "1001",
        {0: 0x180000001},
        (),
        dict(r2=0xFFFFFFFF80000001),
    ),
    Outcome(
        "signed_remainder_by_zero_keeps_no_high_half",
        "c4100200",
        "1001",
        {0: 0x180000001},
        (),
        dict(r2=0xFFFFFFFF80000001),
    ),
    Outcome("shift_32_writes_the_last_register", "c5100c00", "1001", {0: 3, 1: 4}, (), dict(r12=0x30)),
    Outcome(
        "shift_32_counts_by_the_last_register_it_writes",
        "c5c00c00",
        "1001",
        {0: 3, 12: 4},
        (),
        dict(r12=0x30),
    ),
    Outcome(
        "shift_64_counts_by_the_last_register_it_writes",
        "cfc00c00",
        "1001",
        {0: 3, 12: 4},
        (),
        dict(r12=0x30),
    ),
    Outcome("shift_right_64_of_the_last_register", "d01c0c00", "1001", {1: 4, 12: 0x30}, (), dict(r12=3)),
    Outcome("rotate_writes_the_last_register", "dfc00c00", "1001", {0: 0x30, 12: 4}, (), dict(r12=3)),
    Outcome(
        "shift_of_immediate_by_the_last_register_in_place",
        "90cc0300",
        "1001",
        {12: 4},
        (),
        dict(r12=0x30),
    ),
    Outcome(
        "carry_of_an_overwritten_operand",
        "c82000d80101d8200000",
        "1001001001",
        {0: 2**64 - 1, 1: 2**64 - 8, 2: 2**63},
        (),
        dict(r0=1),
    ),
    Outcome(
        "address_keeps_the_old_base",
        "971203c82000820300",
        "100100101",
        {0: 8, 1: 2},
        (),
        dict(exit="trap"),
        BIG_GAS,
        (page(0, RW, bytes(range(64))),),
    ),
    Outcome(
        "address_description_of_a_moved_register",
        "9712026421c81000820300",
        "10010100101",
        {0: 8, 1: 2, 2: 4},
        (),
        dict(exit="trap"),
        BIG_GAS,
        (page(0, RW, bytes(range(64))),),
    ),
    Outcome(
        "scaled_index_writes_its_intermediates",
        "c81102c82202c82004824500",
        "100100100101",
        {0: 8, 1: 2},
        (),
        dict(exit="trap", r2=8, r4=16),
        BIG_GAS,
        (page(0, RW, bytes(range(64))),),
    ),
    Outcome(
        "failed_fusion_charges_once",
        "c81102c82202c82004c1450600",
        "1001001001001",
        {0: 8, 1: 2, 5: 1},
        (),
        dict(exit="trap", spent=58),
    ),
    Outcome(
        "no_opcode_does_not_merge_blocks",
        "01ffc11002c11002c1100200",
        "111001001001",
        {},
        (),
        dict(exit="trap", pc=12),
    ),
    Outcome(
        "missing_operand_byte_is_register_twelve_for_gas",
        "340c0086",
        "1001",
        {},
        (),
        dict(spent=24),
        BIG_GAS,
        (page(0, RW),),
    ),
    Outcome("gas_of_two_to_63", "0100", "11", {}, (), dict(exit="trap", gas=2**63 - 2), 2**63),
    Outcome("gas_of_all_ones", "0100", "11", {}, (), dict(exit="trap", gas=2**64 - 3), 2**64 - 1),
    Outcome(
        "gas_is_zero_when_it_is_gone",
        "cb1002cb000000",
        "1001001",
        {},
        (),
        dict(exit="out_of_gas", gas=0),
        30,
    ),
    Outcome(
        "fault_argument_is_a_page_base",
        "3a01fc0f00",
        "10001",
        {},
        (),
        dict(exit="page_fault", argument=0),
        BIG_GAS,
    ),
    Outcome(
        "read_only_page_is_not_written",
        "3b010400",
        "1001",
        {1: 5},
        (),
        dict(exit="page_fault", argument=0, pc=0),
        BIG_GAS,
        (page(0, RO, b"\1"),),
    ),
    Outcome(
        "hole_is_not_read",
        "34010400",
        "1001",
        {1: 5},
        (),
        dict(exit="page_fault", argument=0, pc=0, r1=5),
        BIG_GAS,
        (page(4096),),
    ),
    Outcome(
        "ecalli_is_the_last_instruction",
        "0a01",
        "10",
        {},
        (),
        dict(exit="host_call", argument=1, pc=2),
    ),
    Outcome(
        "wide_access_at_the_end_of_memory",
        "3a01ff00",
        "1001",
        {1: 5},
        (),
        dict(exit="page_fault", argument=0xFFFFF000, pc=0, r1=5),
        BIG_GAS,
        (page(2**32 - 4096),),
    ),
    Outcome("trap_is_not_panic", "00", "1", {}, (), dict(exit="trap")),
    Outcome("ecall_is_not_panic", "03", "1", {}, (), dict(exit="ecall")),
    Outcome(
        "free_loop_is_charged",
        "330000641028feffffff00",
        "10010100001",
        {},
        (),
        dict(exit="panic", pc=5),
        100,
    ),
)


def cost_case(name: str, code: str, starts: str, mem_cycles: int, costs: dict[int, int]) -> Case:
    """The blocks of one program, each with one gas short, exact and one more."""
    blob = make_blob(bytes.fromhex(code), starts)
    steps: list[Run] = []
    for pc, price in costs.items():
        runs = exact_steps(blob, pc, mem_cycles)
        if runs[1].gas != price:
            raise ValueError(f"{name}: the block at {pc} is known to cost {price}, the model says {runs[1].gas}")
        steps += runs
    return Case(name, ("gas/cost",), blob, steps, ("gas/range",), mem_cycles=mem_cycles)


def outcome_case(outcome: Outcome) -> Case:
    name, code, starts, regs, table, expected, gas, pages, pc = outcome
    known = {key: value for key, value in expected.items() if key != "spent"}
    if "spent" in expected:
        known["gas"] = gas - int(expected["spent"])
    rule = {
        "panic": "exit/panic",
        "page_fault": "exit/page_fault",
        "host_call": "exit/host_call_id",
        "ecall": "exit/ecall",
        "out_of_gas": "exit/definedness",
    }.get(str(known.get("exit")), "exit/trap")
    return Case(
        name,
        (rule,),
        make_blob(bytes.fromhex(code), starts, table),
        [Run(pc, gas, regs)],
        ("exit/stopped",),
        pages=pages,
        known=known,
    )


def subjects() -> Iterator[Subject]:
    yield Subject("gas", "known_costs", [cost_case(*row) for row in COSTS])
    yield Subject("isa", "known_outcomes", [outcome_case(outcome) for outcome in OUTCOMES])
    yield Subject("isa", "defects", [outcome_case(outcome) for outcome in DEFECTS])
