"""Every lowering against an emulator of RISC-V, from the same ELF."""

import subprocess

import link_cases
import pytest
from guest_run import build, image, run

from linker import code, decode, lower

QEMU = "qemu-riscv64"


def test_every_lowering_does_what_riscv_does(tmp_path):
    text, count = link_cases.assembly()
    (tmp_path / "cases.s").write_text(text)
    elf = build(tmp_path, link_cases.driver(count), str(tmp_path / "cases.s"), "-Wl,-e,_start")
    expected = subprocess.run([QEMU, str(tmp_path / "guest.elf")], capture_output=True, check=True).stdout
    machine, stop = run(image.link(elf).image)
    assert stop.exit == "host_call", stop
    results = machine.read(stop.state.regs[7], 8 * count)
    wrong = [case for n, case in enumerate(link_cases.cases()) if results[8 * n :][:8] != expected[8 * n :][:8]]
    assert len(expected) == 8 * count and not wrong


def test_every_instruction_of_the_table_is_lowered_and_tried():
    tried = {part.split()[0] for case in link_cases.cases() for part in case.split(";")}
    known = {name for name, *_ in decode.TABLE}
    unseen = {"auipc", "ecall", "ebreak", "unimp", "select", "jal", "jalr"}  # seen elsewhere or as `call` and `ret`
    assert known - tried - unseen == set()
    assert known | {"call", "la", "nowhere"} == set(lower.LOWER)  # these are of two words


def test_the_shortest_immediates_are_used():
    assert [len(code.immediate(v)) for v in (0, 1, -1, 127, 128, -128, -129, 2**15, 2**23, 2**31 - 1)] == [
        0, 1, 1, 1, 2, 1, 2, 3, 4, 4,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no 32-bit immediate"):
        code.immediate(2**31)


@pytest.mark.parametrize(
    "word, said",
    [
        (0x00000033 | 16 << 7, "x16"),
        (0x00000033 | 31 << 15, "x31"),
        (0x00000033 | 17 << 20, "x17"),
        (0x00018193, "x3 (gp)"),
        (0x00020213, "x4 (tp)"),
        (0x00008082, "compressed"),
        (0x02A5F553, "floating point"),
        (0x0000B52F, "atomic"),
        (0x20B52533, "beyond RV64E"),
        (0xC0102573, "system"),
    ],
)
def test_a_word_that_no_guest_may_have_says_why(word, said):
    with pytest.raises(decode.Unsupported, match=said.replace("(", r"\(").replace(")", r"\)")):
        decode.decode(0x1000, word)
