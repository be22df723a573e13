"""What the linker refuses: each refusal says what, where, and what to do, and ends with exit
code 3.
"""

from contextlib import suppress
from pathlib import Path

import pytest
from guest_run import build, cc, cli, image

from linker import words as command_line
from linker.errors import LinkError

ENDPOINT = "#include <assay/guest.h>\nASSAY_ENDPOINT(0, start) { return argument0; }\n"


def refusal(elf):
    with pytest.raises(LinkError) as caught:
        image.link(elf)
    return str(caught.value)


def swapped(monkeypatch, *pairs):
    """Some words of the compiler's command lines, replaced."""
    words = dict(pairs)
    for name in ("TARGET", "LINK"):
        monkeypatch.setattr(cc, name, [words.get(word, word) for word in getattr(cc, name)])


KEEP = "-Wl,--no-gc-sections"  # what nobody calls is to be seen, too

LP64 = (("-march=rv64em_zbb", "-march=rv64im_zbb"), ("-mabi=lp64e", "-mabi=lp64"))
HARD = (("-march=rv64em_zbb", "-march=rv64imfd"), ("-mabi=lp64e", "-mabi=lp64d"))


def test_16_registers_are_all_there_are(tmp_path, monkeypatch):
    swapped(monkeypatch, *LP64)
    text = (
        ENDPOINT
        + "uint64_t wide(uint64_t v);\nuint64_t wide(uint64_t v)\n"
        + '{ __asm__ volatile("mv a7, %0" :: "r"(v)); return v; }'
    )
    said = refusal(build(tmp_path, text, "-g", KEEP))
    assert "wide" in said and "guest.c:5" in said and "x17" in said and "lp64e" in said and "0x4" in said


def test_an_object_with_hard_float(tmp_path, monkeypatch):
    swapped(monkeypatch, *HARD)
    assert "hard-float" in refusal(build(tmp_path, ENDPOINT))


def test_compressed_instructions(tmp_path, monkeypatch):
    swapped(monkeypatch, ("-march=rv64em_zbb", "-march=rv64emc_zbb"))
    assert "compressed" in refusal(build(tmp_path, ENDPOINT))


def test_no_relocations(tmp_path, monkeypatch):
    swapped(monkeypatch, (cc.LINK[-1], "-Wl,--relax,-e,0"))
    assert "--emit-relocs" in refusal(build(tmp_path, ENDPOINT))


@pytest.mark.parametrize(
    "text, says",
    [
        ("int nothing;", ["no endpoint", ".assay.endpoints", "ASSAY_ENDPOINT"]),
        (
            ENDPOINT + "ASSAY_ENDPOINT(0, again) { return 1; }",
            ["endpoint 0", "twice", "start.endpoint", "again.endpoint"],
        ),
        (ENDPOINT + "ASSAY_ENDPOINT(300, far) { return 1; }", None),
        (ENDPOINT + "_Thread_local int mine; int *p(void) { return &mine; }", ["thread", "_Thread_local"]),
        (ENDPOINT + '__asm__("sh1add a0, a0, a0");', None),
        (ENDPOINT + '__asm__(".word 0x20a52533");', ["beyond RV64E", "-march=rv64em_zbb"]),
        (ENDPOINT + '__asm__(".word 0x00a57553");', ["floating point", "-mabi=lp64e, for functions"]),
        (ENDPOINT + 'void f(void) { __asm__("ecall"); }', ["ecall without", "in f", "li t0"]),
        (ENDPOINT + '__asm__(".globl g\\ng: auipc a0, 1\\nret");', ["auipc without", "in g"]),
        (ENDPOINT + '__asm__("jalr zero, 4(zero)");', ["constant address"]),
        (ENDPOINT + '__asm__(".section .odd,\\"awx\\"\\nnop");', ["writable and executable"]),
        (ENDPOINT + '__asm__(".section .assay.endpoints,\\"aR\\"\\n.quad 0, 7");', ["relocation", "--emit-relocs"]),
        (ENDPOINT + '__asm__(".section .assay.endpoints,\\"aR\\"\\n.byte 9");', ["records of 16"]),
        (ENDPOINT + "extern int gone(void);\nint f(void)\n{ return gone(); }", None),
    ],
)
def test_refused(tmp_path, capsys, text, says):
    """`says` is None where the compiler or its linker refuses first: then `assay cc` ends with 3 and passes that on."""
    (tmp_path / "guest.c").write_text(text)
    arguments = [str(tmp_path / "guest.c"), "-o", str(tmp_path / "guest.image"), "-g", KEEP]
    assert cli.cc_main(arguments) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.startswith("assay cc: ")
    for word in says or []:
        assert word in said


def test_an_undefined_symbol_that_the_linker_let_pass(tmp_path):
    text = ENDPOINT + "extern int gone(void);\nint f(void);\nint f(void)\n{ return gone(); }"
    said = refusal(build(tmp_path, text, "-g", KEEP, "-Wl,--unresolved-symbols=ignore-all"))
    assert "gone is not defined" in said and "in f" in said and "guest.c:6" in said


@pytest.mark.parametrize("size, says", [(5 * 2**30, "above 2^32"), (2**30, "can be mapped")])
def test_far_too_much_memory(tmp_path, monkeypatch, size, says):
    """An array of its own, behind the code, so that the linker of the compiler finds everything within reach."""
    text = (
        ENDPOINT
        + f"""__asm__(".section .huge,\\"aw\\",@nobits\\n.globl huge\\n.type huge,@object\\n"
        ".size huge, {size}\\nhuge: .zero {size}");"""
    )
    script = (cc.LIBRARY / "guest.ld").read_text()
    behind = "    . = ALIGN(4096);\n    .huge (NOLOAD) : { *(.huge) }\n"
    (tmp_path / "huge.ld").write_text(script.replace("    /DISCARD/", behind + "    /DISCARD/"))
    said = refusal(build(tmp_path, text, KEEP, "-T", str(tmp_path / "huge.ld")))
    assert says in said and ".huge" in said and "smaller" in said


def test_an_object(tmp_path):
    (tmp_path / "guest.c").write_text(ENDPOINT)
    source = command_line.read([str(tmp_path / "guest.c")])
    (object,) = cc.compile_all(source, tmp_path)
    assert "object file" in refusal(Path(object).read_bytes())


def test_no_static_program(tmp_path, monkeypatch):
    swapped(monkeypatch, ("-static", "-Wl,-pie,--no-dynamic-linker,-z,notext"))
    assert "static" in refusal(build(tmp_path, ENDPOINT, "-fPIE"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n", bytes(4096)])
def test_no_elf_at_all(tmp_path, capsys, data):
    (tmp_path / "guest.elf").write_bytes(data)
    assert cli.link_main([str(tmp_path / "guest.elf"), "-o", str(tmp_path / "guest.image")]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_elf_is_refused_or_linked_and_never_crashes(tmp_path):
    good = build(tmp_path, ENDPOINT, "-g")
    for n in range(400):
        at = n * 7919 % len(good)
        broken = good[:at] + bytes([good[at] ^ (1 << n % 8)]) + good[at + 1 :]
        with suppress(LinkError):
            image.link(broken)


def test_a_truncated_elf_is_refused(tmp_path):
    good = build(tmp_path, ENDPOINT)
    for size in range(0, len(good) - 1, 499):
        refusal(good[:size])


def test_no_file(tmp_path, capsys):
    assert cli.link_main([str(tmp_path / "none.elf"), "-o", str(tmp_path / "x")]) == 3
    assert "none.elf" in capsys.readouterr().err
