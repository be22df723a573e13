"""A case or two for each part of a rule that has several (cases/parts.py): ways into a block, targets of a branch,
what resume goes on after.
"""

from collections.abc import Iterator, Sequence
from typing import Unpack

from cases.machine.case import PAGE, Case, CaseFields, Resume, Run, Step, Subject, gathered, page
from cases.machine.code import Code, encode, make_blob
from cases.machine.gas_steps import cost
from cases.parts import OF_MACHINE


def case(name: str, blob: bytes, steps: Sequence[Step], whole: str, **more: Unpack[CaseFields]) -> Case:
    """It is asked for the parts of one rule; whatever ends it stands beside them."""
    more["notices"] = (whole, "isa/trap", "gas/out_of_gas")
    more["probes"] = tuple(rule for rule in OF_MACHINE if rule.startswith(f"{whole}/"))
    return Case(name, (), blob, list(steps), **more)


def resumes() -> Iterator[Case]:
    whole = "exit/resume/legal"
    behind = Code().op("ecalli", x=5).op("load_imm", a=1, x=7).trap().blob()
    yield case("goes_on_after_a_host_call", behind, [Run(), Resume()], whole)
    plain = Code().op("ecall").op("load_imm", a=1, x=7).trap().blob()
    yield case("goes_on_after_an_ecall", plain, [Run(), Resume()], whole)
    three = Code().op("load_imm", a=1, x=7).op("fallthrough").op("load_imm", a=2, x=8).trap().blob()
    yield case("goes_on_after_out_of_gas", three, [Run(gas=0), Resume(gas=99)], whole)
    yield case("goes_on_after_a_stop", three, [Run(until={"instructions": 1}), Resume()], whole)
    yield case("refused_before_a_run", three, [Resume()], whole)
    for name, code in (
        ("trap", Code().trap()),
        ("panic", Code().op("sbrk")),
        ("page_fault", Code().op("load_u8", a=1, x=0x10000)),
    ):
        yield case(f"refused_after_a_{name}", code.blob(), [Run(), Resume()], whole)


def panics() -> Iterator[Case]:
    whole = "exit/panic"
    yield case("panic_of_a_jump", Code().op("load_imm", a=1, x=3).op("jump_ind", a=1).blob(), [Run()], whole)
    yield case("panic_of_an_entry", Code().op("load_imm", a=1, x=3).trap().blob(), [Run(pc=1)], whole)
    yield case("panic_of_sbrk", Code().op("load_imm", a=1, x=3).op("sbrk").blob(), [Run()], whole)
    yield case("no_panic", Code().trap().blob(), [Run()], whole)


def dynamic_jumps() -> Iterator[Case]:
    code = encode("jump_ind", a=1, x=0) + encode("trap")
    blob = make_blob(code, [0, len(code) - 1], (len(code) - 1,), 1)
    for name, address in (("zero", 0), ("an_odd_address", 1), ("the_only_entry", 2), ("beyond", 4), ("odd_beyond", 5)):
        yield case(f"jump_to_{name}", blob, [Run(regs={1: address})], "isa/dynamic_jump")


def sequences() -> Iterator[Case]:
    whole = "isa/sequential"
    blocks = Code().op("fallthrough").op("load_imm", a=1, x=7).trap().blob()
    yield case("comes_to_a_block", blocks, [Run(gas=1), Run(gas=9)], whole)
    yield case("runs_on", Code().op("load_imm", a=1, x=7).op("load_imm", a=2, x=8).trap().blob(), [Run()], whole)
    yield case("runs_past_the_end", Code().op("load_imm", a=1, x=7).blob(), [Run()], whole)
    yield case("runs_nowhere", Code().trap().blob(), [Run()], whole)


def entered_blocks() -> Iterator[Case]:
    """Each way into a block, with the gas for it and with a unit less."""
    whole = "gas/block/charged_on_entry"
    ways = {
        "run": Code().op("load_imm", a=1, x=7).trap(),
        "sequence": Code().op("fallthrough").op("load_imm", a=1, x=7).trap(),
        "jump": Code().op("jump", to="there").trap().label("there").op("load_imm", a=1, x=7).trap(),
    }
    for way, code in ways.items():
        first = 0 if way == "run" else cost(code.blob())
        for gas in range(2):
            yield case(f"by_{way}_with_{gas}_gas", code.blob(), [Run(gas=first + gas)], whole)
    called = Code().op("ecalli", x=5).op("load_imm", a=1, x=7).trap().blob()
    for gas in range(2):
        yield case(f"by_resume_with_{gas}_gas", called, [Run(gas=cost(called)), Resume(gas=gas)], whole)


def branches() -> Iterator[Case]:
    """A branch costs little only if it leads to trap or unlikely."""
    whole = "gas/branch_cost"
    for name in ("trap", "unlikely", "fallthrough", "load_imm"):
        code = Code().op("branch_eq_imm", a=1, x=5, to="there").trap().label("there").op(name).trap()
        yield case(f"branch_to_{name}", code.blob(), [Run(gas=100)], whole)
    branch = encode("branch_eq_imm", a=1, x=5, offset=bytes([100]))
    beyond = make_blob(branch + encode("trap"), [0, len(branch)])
    yield case("branch_beyond", beyond, [Run(gas=100)], whole)
    inside = encode("branch_eq_imm", a=1, x=5, offset=bytes([len(branch) + 1]))
    hidden = make_blob(inside + encode("trap") * 2, [0, len(inside)])
    yield case("branch_to_a_trap_that_is_no_start", hidden, [Run(gas=100)], whole)


def pages() -> Iterator[Case]:
    whole = "mem/page_given_once"
    blob, at = Code().trap().blob(), 0x10000
    for name, given in (
        ("twice", (page(at), page(at))),
        ("misaligned", (page(at), page(at + PAGE + 1))),
        ("oversized", (page(at, data=bytes(PAGE) + b"\1"),)),
    ):
        yield case(f"given_{name}", blob, [], whole, pages=given)
    yield case("given_once", blob, [Run()], whole, pages=(page(at), page(at + PAGE)))


def subjects() -> list[Subject]:
    return [
        gathered("exit", "parts", resumes, panics),
        gathered("gas", "parts", entered_blocks, branches),
        gathered("isa", "parts", dynamic_jumps, sequences),
        gathered("mem", "parts", pages),
    ]
