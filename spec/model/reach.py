"""Which rules decided something.

The model names a rule where the rule decides: `rule("gas/out_of_gas")`. Whoever wants to know listens:

    with reached() as rules:
        machine = load(blob, 25, [])
        machine.run(state)

Naming a rule costs next to nothing while nobody listens. Where the answer of a computation is kept for later
(a decoded instruction, the cost of a block), the rules that decided it are kept with it (`apart`) and named
again (`several`) each time the answer is used.

When a rule counts as reached
-----------------------------
A rule that gives a value or asks a question is reached when that value or answer is used. A rule about a special
case is reached only in that case:

    blob/layout                   a blob is admitted; blob/<reason>: it is rejected for that reason
    blob/jump_entry               a dynamic jump reads an entry
    blob/bitmask                  a start bit inside the code is asked for by control flow
    isa/<opcode>, isa/form/...    an instruction is executed, also when it then traps, panics or faults
    isa/skip                      an instruction's end is needed: it is executed or a walk visits it
    isa/executable                control flow arrives somewhere (run, jump, sequential flow, resume)
    isa/block_starts              the same, when the position is in E; and each step of a walk
    isa/terminators               such a position is in P because of the terminator before it
    isa/operand_past_end          a byte of an executed instruction's operands lies at or beyond code_len
    isa/operand_overlap           one lies at or beyond npc
    isa/register_clamp            a register field above 12
    isa/sign_extension            an immediate or offset of at least one byte
    isa/offset_target             a static jump or branch is taken; isa/legal_target: any jump is taken
    isa/no_halt_address           a dynamic jump to 2^32 - 2^16
    isa/jump_writes_first         load_imm_jump or load_imm_jump_ind panics
    isa/jump_reads_first          load_imm_jump_ind with rA = rB
    isa/result_32                 a 32-bit result that does not fit 31 bits
    isa/count_mask                a count of at least the width
    isa/divide_by_zero, isa/divide_overflow    exactly those operands
    isa/implicit_trap             the implicit trap is paid; gas/implicit_trap: it is met
    mem/access                    an access meets a page not given
    mem/page_given_once           pages are refused; mem/last_page: an access touches page 0 or 0xFFFFF000
    mem/address                   an address is really reduced, or is not a multiple of the width
    mem/little_endian             an access wider than a byte is done
    mem/whole_access              an access of more than one page, or past the end, faults
    mem/fault_address             a page below 2^32 fails; mem/past_end: an access would pass 2^32
    gas/range                     a charge meets a gas of 2^63 or more
    gas/block/charged_on_entry    a block is paid; gas/block/exact_is_enough: with its last gas
    gas/block/no_refund           a paid block ends in Trap, Panic or PageFault
    gas/mem_cycles                a value is refused, or an instruction costs mem_cycles
    gas/walk, gas/cost, gas/table a block's cost is needed
    gas/walk/...                  a walk meets such a position
    gas/slots                     a cycle is full; gas/dependency: a source delays an instruction
    gas/fields                    a register field decides something; gas/fields/missing: its byte is missing
    gas/slots/..., gas/branch_cost, gas/move_reg    such a row is used
    exit/definedness              a run or resume ends; exit/argument: with an argument that means something
    exit/entry                    run is called; exit/pc_wide: with a pc of 2^32 or more
    exit/resume/legal             resume is called; exit/resume/registers: it is legal
    exit/resume/sequential        it follows HostCall, Ecall or OutOfGas
    exit/stopped                  the harness stops a machine, or a machine goes on after that
    exit/stopped/guest_first      an ecall or ecalli exits where the harness would have stopped
    exit/record/block             a block is paid; exit/record/instruction: an instruction completes
"""

from contextlib import contextmanager

_listeners = []


def rule(name):
    """Says that this rule has just decided something."""
    for listener in _listeners:
        listener.add(name)


def several(names):
    """Says so of all rules that decided a kept answer."""
    for listener in _listeners:
        listener.update(names)


@contextmanager
def reached():
    """Collects the id of every rule that decides something inside the `with`."""
    listener = set()
    _listeners.append(listener)
    try:
        yield listener
    finally:
        _listeners[:] = [other for other in _listeners if other is not listener]


@contextmanager
def apart():
    """Collects likewise, and hides these rules from everybody else."""
    global _listeners
    others, own = _listeners, set()
    _listeners = [own]
    try:
        yield own
    finally:
        _listeners = others
