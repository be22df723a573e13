"""The planted faults: what each changes in an engine, and what the card of it must name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    name: str
    engine: str
    file: str
    right: str
    wrong: str
    blames: str  # what the card must name: a part of the rule or of the first wrong instruction
    kind: str = ""  # the class of defects that it stands for, where it has a name (defects.py)

    @property
    def group(self) -> str:
        """The class, or the part of the specification that it is about."""
        area, slash, _ = self.blames.partition("/")
        return self.kind or (area if slash else "isa")

    def __str__(self) -> str:
        return f"{self.engine}: {self.name}"


# What is planted in the kernel: the rule or the event that the card must name.
KERNEL_FAULTS = (
    Fault(
        "rollback_forgotten",
        "ref",
        "kernel/chain.c",
        "        ref_state_undo(state, first);",
        "        ref_state_keep(state, first);",
        "chain/event/rollback",
    ),
    Fault(
        "quota_charged_twice",
        "ref",
        "kernel/host.c",
        "quota, holds - amount);",
        "quota, holds - amount - (holds - amount >= amount ? amount : 0));",
        "host/quota",
    ),
    Fault(
        "pinned_check_skipped",
        "ref",
        "kernel/host.c",
        "ref_root_has(root, slot) && !ref_image_pins(&activation->entry->current, slot);",
        "ref_root_has(root, slot);",
        "cap/pinned",
    ),
    Fault(
        "catcher_searched_from_the_wrong_end",
        "ref",
        "kernel/yield.c",
        "for (size_t i = kernel->depth - 1; i > 0; i--) {",
        "for (size_t i = 1; i < kernel->depth; i++) {",
        "yield/",
    ),
    Fault(
        "counter_not_written_back",
        "ref",
        "kernel/host.c",
        ".id = kernel->state->next_file_id++,",
        ".id = kernel->state->next_file_id,",
        "host/save",
    ),
    Fault(
        "trailing_zero_kept",
        "ref",
        "kernel/image.c",
        "while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0) {",
        "while (bytes.size > 1 && bytes.data[bytes.size - 1] == 0) {",
        "image/admit/content_unstripped",
    ),
    Fault(
        "map_order",
        "ref",
        "kernel/scale.c",
        "!ref_hash_is_below(&map->hash_key, &key)",
        "!ref_hash_is_below(&key, &map->hash_key)",
        "image/decode/",
    ),
    Fault(
        "hash_tag",
        "ref",
        "kernel/cap.c",
        "return ref_hash_tagged(REF_TAG_type, &cap->chain, NULL);",
        "return ref_hash_tagged(REF_TAG_image, &cap->chain, NULL);",
        "image/hash/cap",
    ),
    Fault(
        "stale_image_after_set_image",
        "ref",
        "kernel/host.c",
        "    entry->current = image;\n",
        "    (void)image;\n",
        "host/set_image",
    ),
    Fault(
        "slot_0_lost",
        "ref",
        "kernel/root.c",
        "    for (uint32_t i = 0; i < REF_slot_count; i++) {\n        if (root->slot[i].kind",
        "    for (uint32_t i = 1; i < REF_slot_count; i++) {\n        if (root->slot[i].kind",
        "call/halt/result",
    ),
    Fault(
        "meter_not_written_back",
        "ref",
        "kernel/call.c",
        "set_meter(activation, activation->stop.state.gas); /* call/gas/write_back */",
        "(void)activation;",
        "call/gas/write_back",
    ),
    Fault(
        "scratchpad_in_slot_1",
        "ref",
        "kernel/call.c",
        "ref_root_write(entry->root, REF_payload_slot, *scratchpad);",
        "ref_root_write(entry->root, 1, *scratchpad);",
        "yield/resume/scratchpad",
    ),
)

FAULTS = (
    Fault(
        "sign_extension_from_the_wrong_bit",
        "ref",
        "machine/alu_two.c",
        "ref_number_sign_extend(a, 16)",
        "ref_number_sign_extend(a, 15)",
        "isa/sign_extend_16",
    ),
    Fault(
        "missed_mask_of_a_32_bit_source",
        "ref",
        "machine/alu_two.c",
        "ref_number_leading_zeros(a & UINT32_MAX, 32)",
        "ref_number_leading_zeros(a, 64) - 32",
        "isa/leading_zero_bits_32",
    ),
    Fault(
        "bytes_of_a_load_in_the_wrong_order",
        "ref",
        "machine/mem.c",
        "uint32_t at = address + i - 1;",
        "uint32_t at = address + width - i;",
        "mem/little_endian",
    ),
    Fault(
        "fault_address_of_the_access_and_not_its_page",
        "ref",
        "machine/mem.c",
        "*fault = (uint32_t)at;",
        "*fault = address;",
        "mem/fault_address",
    ),
    Fault(
        "one_permission_for_loads_and_stores",
        "ref",
        "machine/mem.c",
        "page == NULL || page->access < access",
        "page == NULL",
        "mem/store_permission",
    ),
    Fault(
        "gas_row_off_by_one",
        "ref",
        "machine/gas.c",
        "    return row->cycles;",
        "    return row->cycles + (row->cycles == 3);",
        "gas/",
    ),
    Fault(
        "cold_branch_not_seen",
        "ref",
        "machine/gas.c",
        "blob->code[target] == REF_OPCODE_unlikely",
        "blob->code[target] == REF_OPCODE_trap",
        "gas/branch_cost",
    ),
    Fault(
        "block_charged_again_after_a_resume",
        "ref",
        "machine/run.c",
        "                machine->paid = true;",
        "                machine->paid = false;",
        "exit/stopped",
    ),
    Fault(
        "gas_left_when_a_block_cannot_be_paid",
        "ref",
        "machine/run.c",
        "        machine->gas = 0;\n        return false;",
        "        return false;",
        "gas/out_of_gas",
    ),
    Fault(
        "jump_writes_its_register_first",
        "ref",
        "machine/flow.c",
        "uint64_t sum = machine->reg[insn->rb] + insn->y; /* isa/jump_reads_first */\n"
        "    machine->reg[insn->ra] = insn->x;                /* isa/jump_writes_first */",
        "machine->reg[insn->ra] = insn->x;\n    uint64_t sum = machine->reg[insn->rb] + insn->y;",
        "load_imm_jump_ind",
    ),
    Fault(
        "unsigned_for_signed_comparison",
        "fast",
        "machine/alu_imm.c",
        "compare(e, i, X64_LESS);",
        "compare(e, i, X64_BELOW);",
        "isa/set_lt_s_imm",
    ),
    Fault(
        "32_bit_result_not_extended",
        "fast",
        "machine/alu_imm.c",
        "    add(e, i, X64_32);\n    x64_movsxd(&e->at, fast_emit_reg(i->ra), fast_emit_reg(i->ra));",
        "    add(e, i, X64_32);",
        "isa/result_32",
    ),
    Fault(
        "stale_count_when_the_destination_is_the_count",
        "fast",
        "machine/alu_imm.c",
        "    x64_mov(&e->at, X64_32, SCRATCH, fast_emit_reg(i->rb));\n    x64_mov_imm(&e->at, to, i->x);",
        "    x64_mov_imm(&e->at, to, i->x);\n    x64_mov(&e->at, X64_32, SCRATCH, fast_emit_reg(i->rb));",
        "isa/",
    ),
    Fault(
        "zero_extending_load_of_a_signed_byte",
        "fast",
        "machine/x64.h",
        "sign_extend[] = {[X64_8] = 0x0fbe,",
        "sign_extend[] = {[X64_8] = 0x0fb6,",
        "isa/",
    ),
    Fault(
        "cold_branch_costs_like_a_plain_one",
        "fast",
        "machine/gas.h",
        "return FAST_branch_cost_cold;",
        "return FAST_branch_cost_plain;",
        "gas/branch_cost",
    ),
    Fault(
        "move_takes_the_time_of_its_target",
        "fast",
        "machine/gas.h",
        "gas->ready[a] = gas->ready[b];",
        "gas->ready[b] = gas->ready[a];",
        "gas/",
    ),
    Fault(
        "immediate_shift_count_not_masked",
        "fast",
        "machine/alu_imm.c",
        "x64_shift_imm(&e->at, X64_32, op, to, i->x & 31);",
        "x64_shift_imm(&e->at, X64_32, op, to, (i->x & 63) > 31 ? 31 : i->x & 31);",
        "isa/",
    ),
    Fault(
        "illegal_jump_goes_on",
        "fast",
        "machine/flow.c",
        "        fast_emit_exit(e, TAIL_PANIC, i->pc);\n    }\n}\n\n/* The flags",
        "        fast_emit_exit(e, TAIL_TRAP, i->pc);\n    }\n}\n\n/* The flags",
        "isa/legal_target",
    ),
    Fault(
        "host_call_at_its_own_pc",
        "fast",
        "machine/flow.c",
        "fast_emit_exit(e, TAIL_HOST_CALL, i->npc);",
        "fast_emit_exit(e, TAIL_HOST_CALL, i->pc);",
        "exit/ecall",
    ),
    Fault(
        "gas_left_after_out_of_gas",
        "fast",
        "machine/compile.c",
        "    x64_alu(&e->at, X64_32, X64_XOR, GAS, GAS);\n    emit_leave(e, ASSAY_EXIT_OUT_OF_GAS",
        "    emit_leave(e, ASSAY_EXIT_OUT_OF_GAS",
        "gas/out_of_gas",
    ),
)


def named(name: str) -> Fault:
    return next(fault for fault in (*FAULTS, *KERNEL_FAULTS) if fault.name == name)
