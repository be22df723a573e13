"""isa/<mnemonic>, one subject an opcode: values, encodings, memory accesses, gas."""

from collections.abc import Iterator

from cases.machine.case import Case, Run, Subject
from cases.machine.code import INSN, NAMES, TRAP, Immediate, encode, line, make_blob
from cases.machine.gas_steps import exact_steps
from cases.machine.isa_forms import form_cases
from cases.machine.isa_memory import memory_cases
from cases.machine.isa_values import look_alike, value_cases


def sbrk() -> Iterator[Case]:
    """sbrk panics whatever its registers are, and writes nothing."""
    for word, value in (
        ("zero", 0),
        ("one", 1),
        ("a_page", 4096),
        ("minus_one", 2**64 - 1),
        ("min", 2**63),
        ("max", 2**63 - 1),
    ):
        for where, (a, d) in (("another_register", (1, 2)), ("the_same_register", (12, 12))):
            yield Case(
                f"of_{word}_to_{where}",
                ("isa/sbrk", "exit/panic"),
                line(encode("sbrk", a=a, d=d), TRAP),
                [Run(gas=1000, regs={a: value})],
                ("isa/trap", "isa/count_set_bits_64"),
            )


def jump() -> Iterator[Case]:
    """The offset counts from the opcode; one, two, three and four bytes carry its sign."""
    for word, distance in (("two", 2), ("three", 3), ("fourteen", 14)):
        for size in (1, 2, 3, 4):
            code = b"\x28" + distance.to_bytes(size, "little") + b"\0" * (20 - size)
            starts = [0, *range(1 + size, len(code))]
            yield Case(
                f"forward_by_{word}_with_{size}_bytes".replace(
                    f"_{size}_", f"_{('one', 'two', 'three', 'four')[size - 1]}_"
                ),
                ("isa/jump", "isa/offset_target"),
                make_blob(code, starts),
                [Run(gas=1000)],
                ("isa/jump_ind",),
            )


def jump_ind() -> Iterator[Case]:
    """The address is the sum of register and immediate."""

    def code_of(x: Immediate) -> bytes:
        return encode("jump_ind", a=6, x=x)

    for word, base, x in (
        ("register_alone", 2, 0),
        ("immediate_alone", 0, 2),
        ("both", 1, 1),
        ("negative_immediate", 10, -8),
        ("negative_register", 2**64 - 6, 8),
        ("sum_passes_two_to_32", 2**32 - 2, 4),
        ("high_half_in_register", 5 << 32, 2),
        ("sum_passes_two_to_64", 2**64 - 1, 3),
        ("odd_sum", 2, 1),
        ("zero_sum", 8, -8),
        ("second_entry", 2, 2),
        ("no_third_entry", 4, 2),
        ("register_is_max", 2**63 - 1, 3),
    ):
        head = code_of(x)
        blob = make_blob(head + TRAP + TRAP, [0, len(head), len(head) + 1], (len(head), len(head) + 1))
        yield Case(
            f"address_from_{word}",
            ("isa/jump_ind", "isa/dynamic_jump"),
            blob,
            [Run(gas=1000, regs={6: base})],
            ("isa/jump",),
        )


CONTROL = {"sbrk": sbrk, "jump": jump, "jump_ind": jump_ind}


def own_gas(name: str) -> Iterator[Case]:
    """One gas short, exact, and one more, for the opcode at the start of a block of its own or with
    a trap.
    """
    operands = {"a": 3, "b": 4, "d": 5}
    instruction = encode(name, **operands) if name != "load_imm_64" else encode(name, a=3, x=b"\1")
    blob = line(instruction, TRAP, TRAP)
    against = (f"isa/{look_alike(name)}", f"isa/form/{look_alike_form(INSN[name].form)}")
    yield Case("costs_its_block", (f"isa/{name}", "gas/table"), blob, exact_steps(blob), against)


def look_alike_form(form: str) -> str:
    """Another format, each of them for some form; the trap after most instructions has none of its
    own.
    """
    forms = list(dict.fromkeys(record.form for record in INSN.values()))
    if form in ("no_args", "one_imm"):
        return "one_imm" if form == "no_args" else "no_args"
    return forms[2 + (forms.index(form) - 1) % (len(forms) - 2)]


def value_cases_of(name: str) -> list[Case]:
    """What the opcode computes, loads, stores or jumps to, at its edges."""
    control = list(CONTROL[name]()) if name in CONTROL else []
    return value_cases(name) + control + memory_cases(name)


def subjects() -> Iterator[Subject]:
    for name in NAMES:
        yield Subject("isa", name, value_cases_of(name) + form_cases(name) + list(own_gas(name)))
