"""Which rule a difference breaks, of those that the specification reached where it was.

Nothing here judges: it has been found that two records differ. `reached` are the rules that decided that record.
"""

from collections.abc import Collection, Sequence

from assay.locate.divergence import Field
from assay.locate.values import Hint, Mistake
from model import table
from model.machine.isa import Instruction
from model.table import Kind

Reached = Collection[str]
PERMISSIONS = ("mem/store_permission", "mem/load_permission", "exit/page_fault")
SPECIAL = ("isa/divide_by_zero", "isa/divide_overflow", "isa/jump_reads_first")


def kind_of(insn: Instruction) -> Kind:
    """What an instruction is for (role.def)."""
    return table.ROLE_OF[insn.name.removeprefix("isa/")].kind


def written_register(insn: Instruction) -> int | None:
    """The register that an instruction writes."""
    letter = table.ROLE_OF[insn.name.removeprefix("isa/")].writes
    return {"A": insn.a, "D": insn.d}.get(letter)


def first_of(reached: Reached, *rules: str) -> str:
    """The first of these rules that was reached, else the last."""
    return next((rule for rule in rules if rule in reached), rules[-1])


def for_register(insn: Instruction | None, reached: Reached, number: int, hint: Hint) -> str:
    """A register is wrong after an instruction. insn is None when there is none."""
    if insn is None:
        return "exit/definedness"
    special = next((rule for rule in SPECIAL if rule in reached), None)
    if special is not None:
        return special
    if "isa/count_mask" in reached and not hint.is_of_32_bits:
        return "isa/count_mask"
    if hint.is_of_32_bits and "isa/result_32" in reached:
        return "isa/result_32"
    if hint.is_of_extension and "isa/sign_extension" in reached and kind_of(insn) != Kind.LOAD:
        return first_of(reached, "isa/operand_past_end", "isa/sign_extension")
    if "isa/register_clamp" in reached and number == table.LIMIT["register_last"]:
        return "isa/register_clamp"
    if hint.mistake == Mistake.REVERSED and "mem/little_endian" in reached:
        return "mem/little_endian"
    return str(insn.name)


def for_store_address(insn: Instruction, reached: Reached, hint: Hint) -> str:
    is_reduced = hint.mistake == Mistake.HIGH_HALF and "mem/address" in reached
    return "mem/address" if is_reduced else str(insn.name)


def for_store_value(insn: Instruction, hint: Hint) -> str:
    return "mem/little_endian" if hint.mistake == Mistake.REVERSED else str(insn.name)


def for_flow(insn: Instruction | None, reached: Reached, expected_pc: int, got_pc: int) -> str:
    """After insn the wrong instruction came next."""
    if insn is None:
        return "exit/entry"
    if got_pc == insn.npc and expected_pc != insn.npc:
        return str(insn.name)  # a jump or branch that was not taken
    if expected_pc == insn.npc:
        return first_of(reached, "isa/branch_not_taken", "isa/sequential")
    return first_of(reached, "isa/dynamic_jump", "isa/offset_target", insn.name)


def for_early_exit(exit: str, insn: Instruction | None, reached: Reached, at_end: bool) -> str:
    """The engine ended where execution goes on."""
    if exit == "page_fault":
        return first_of(reached, *PERMISSIONS)
    if exit == "panic":
        return first_of(reached, "isa/legal_target", "isa/dynamic_jump", "exit/entry")
    if exit == "trap" and at_end:
        return first_of(reached, "isa/skip", "isa/executable", "isa/sequential")
    if exit == "stopped":
        return "exit/stopped"
    return str(insn.name) if insn is not None else "exit/definedness"


def for_missed_exit(exit: str, insn: Instruction | None, reached: Reached) -> str:
    """Execution ends here, and the engine went on."""
    if exit == "page_fault":
        return first_of(reached, "mem/past_end", *PERMISSIONS)
    if exit == "panic":
        if "isa/sbrk" in reached or insn is None:
            return first_of(reached, "isa/sbrk", "exit/entry")
        return first_of(reached, "isa/legal_target", "isa/dynamic_jump", "exit/entry")
    if exit == "trap":
        return first_of(reached, "isa/implicit_trap", "isa/trap")
    if exit == "out_of_gas":
        return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
    return {"host_call": "isa/ecalli", "ecall": "isa/ecall"}.get(exit, "exit/stopped")


def for_end(exit: str, got_exit: str, fields: Sequence[Field], insn: Instruction | None, reached: Reached) -> str:
    """Both ended here, and the stops differ in these fields."""
    names = [field.name for field in fields]
    if "exit" in names:
        is_fault = "page_fault" in (exit, got_exit)
        return for_missed_exit("page_fault" if is_fault else exit, insn, reached)
    if "argument" in names:
        if exit == "page_fault":
            return first_of(reached, "mem/past_end", "mem/fault_address")
        return "exit/host_call_id" if exit == "host_call" else "exit/argument"
    if "pc" in names:
        return for_end_pc(exit, reached)
    if "gas" in names:
        if exit == "out_of_gas":
            return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
        return first_of(reached, "gas/implicit_trap", "gas/block/no_refund", "exit/definedness")
    if exit == "page_fault":
        return first_of(reached, "mem/whole_access", "exit/page_fault")
    if exit == "panic" and any(name.startswith("r") for name in names):
        return first_of(reached, "isa/jump_writes_first", "exit/panic")
    return "exit/definedness"


def for_end_pc(exit: str, reached: Reached) -> str:
    if exit == "trap":
        return first_of(reached, "isa/implicit_trap", "exit/trap")
    if exit == "out_of_gas":
        return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
    return {"host_call": "exit/ecall", "ecall": "exit/ecall"}.get(exit, f"exit/{exit}")
