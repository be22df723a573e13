"""Which rules decided something.

The model names a rule where it decides, `rule("gas/out_of_gas")`. Whoever wants to know listens:

    with reached() as rules:
        machine = load(blob, 25, [])
        machine.run(state)

Naming a rule costs next to nothing while nobody listens. Where the answer of a computation is kept
for later (a decoded instruction, the cost of a block), the rules that decided it are kept with it
(`apart`) and named again (`several`) each time the answer is used.

A rule that gives a value or answers a question is reached when the value or the answer is used. A
rule about a special case is reached in that case only:

    blob/layout                 a blob is admitted; blob/<reason>: it is rejected for that reason
    blob/jump_entry             a dynamic jump reads an entry
    blob/bitmask                control flow asks for a start bit inside the code

    isa/<opcode>, isa/form/*    an instruction runs, also when it then traps, panics or faults
    isa/skip                    an instruction's end is used: it runs, or a walk visits it
    isa/executable              control flow arrives somewhere: run, jump, sequential flow, resume
    isa/block_starts            the same, if the position is in E; also each step of a walk
    isa/terminators             the same, if the position is in P because of a terminator
    isa/operand_past_end        an operand byte of a running instruction is at code_len or beyond
    isa/operand_overlap         ... at npc or beyond
    isa/register_clamp          a register field holds more than 12
    isa/sign_extension          an immediate or offset of at least one byte
    isa/offset_target           a static jump or branch is taken
    isa/legal_target            a static jump or branch is taken, or a dynamic jump finds its entry
    isa/branch_not_taken        exactly then; isa/sequential: no jump was taken
    isa/dynamic_jump            any dynamic jump; isa/no_halt_address: one to 2^32 - 2^16
    isa/jump_writes_first       load_imm_jump or load_imm_jump_ind panics
    isa/jump_reads_first        load_imm_jump_ind with rA = rB
    isa/implicit_trap           the implicit trap is paid; gas/implicit_trap: it is met
    isa/result_32               a 32-bit result that does not fit 31 bits
    isa/count_mask              a count of at least the width
    isa/divide_by_zero          exactly then; isa/divide_overflow likewise

    mem/access                  an access meets a page not given
    mem/page_given_once         pages are refused
    mem/last_page               an access touches page 0 or page 0xFFFFF000
    mem/address                 an address is reduced, or is no multiple of the width
    mem/little_endian           an access wider than a byte succeeds
    mem/load_permission         any load; mem/store_permission: any store
    mem/whole_access            an access to more than one page, or past the end, faults
    mem/fault_address           a page below 2^32 fails
    mem/past_end                an access would pass 2^32

    gas/range                   a charge meets a gas of 2^63 or more
    gas/block/charged_on_entry  a block is paid; gas/block/exact_is_enough: with the last gas
    gas/block/no_refund         a paid block ends in Trap, Panic or PageFault
    gas/out_of_gas              a block is not paid
    gas/mem_cycles              a value is refused, or an instruction of the block costs mem_cycles
    gas/walk, gas/cost          the cost of a block is used; gas/walk/*: its walk meets such a place
    gas/table                   ... and an opcode gave its record
    gas/slots                   a cycle is full
    gas/dependency              a source delays an instruction; gas/move_reg: any move_reg
    gas/fields                  a register field is used; gas/fields/missing: its byte is missing
    gas/slots/*                 an OVERLAP or SHIFT row is used; gas/branch_cost: a BRANCH row

    exit/definedness            a run or resume ends
    exit/argument               ... by PageFault or HostCall, whose argument means something
    exit/<way it ends>          exactly then; exit/host_call_id: HostCall
    exit/entry                  run is called; exit/pc_wide: with a pc of 2^32 or more
    exit/resume/legal           resume is called; exit/resume/registers: and goes on
    exit/resume/sequential      ... after HostCall, Ecall or OutOfGas
    exit/stopped                the harness stops a machine; a machine goes on after that
    exit/stopped/guest_first    ecall or ecalli exits where the harness would have stopped
    exit/record/block           a block is paid, observed or not
    exit/record/instruction     an instruction completes, observed or not
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_listeners: list[set[str]] = []


def rule(name: str) -> None:
    """Says that this rule has just decided something."""
    for listener in _listeners:
        listener.add(name)


def several(names: Iterable[str]) -> None:
    """Says so of all rules that decided a kept answer."""
    for listener in _listeners:
        listener.update(names)


@contextmanager
def reached() -> Iterator[set[str]]:
    """Collects the id of every rule that decides something inside the `with`."""
    listener: set[str] = set()
    _listeners.append(listener)
    try:
        yield listener
    finally:
        _listeners[:] = [other for other in _listeners if other is not listener]


@contextmanager
def apart() -> Iterator[set[str]]:
    """Collects likewise, and hides these rules from everybody else."""
    global _listeners
    own: set[str] = set()
    others, _listeners = _listeners, [own]
    try:
        yield own
    finally:
        _listeners = others
