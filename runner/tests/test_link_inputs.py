"""What a linker is given beside plain C: objects, archives, symbols and sections of all kinds. Right, or refused."""

import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from guest_run import build, cc, image, link, result

from linker.errors import LinkError

HEAD = "#include <assay/guest.h>\n#define FAR __attribute__((noinline))\n"
COMPILE = [*cc.TARGET, *cc.COMPILE, "-w", "-mrelax", "-isystem", str(cc.LIBRARY / "include")]


def made(folder, name, text, *options):
    """An object of this text."""
    source, target = folder / f"{name}.c", folder / f"{name}.o"
    source.write_text(text)
    subprocess.run([cc.compiler(), *COMPILE, *options, "-c", str(source), "-o", str(target)], check=True)
    return str(target)


def archive(folder, name, *objects):
    subprocess.run(["ar", "qcs", str(folder / name), *objects], check=True, capture_output=True)
    return str(folder / name)


def value(folder, text, *words):
    return result(link(folder, HEAD + text, "-w", *words).image)


OBJECTS = {
    "a common symbol and its definition": ("int c; extern int d;", "c + d", ["int c = 7; int d = 5;"], 12),
    "common symbols of two sizes": ("int c[2];", "(c[1] = 3) + sizeof c", ["int c[9];"], 11),
    "weak, then strong": ("int k(void);", "k()", ["__attribute__((weak)) int h(void) { return 1; }"
     "int k(void) { return h(); }", "int h(void) { return 9; }"], 9),
    "hidden, in another file": ("__attribute__((visibility(\"hidden\"))) int h(void);", "h()",
     ["__attribute__((visibility(\"hidden\"))) int h(void) { return 8; }"], 8),
    "strings that are one in the end": ("extern const char *q; const char *volatile a = \"shared tail\";",
     "a[7] == q[0] && q[4] == 0", ["const char *q = \"tail\";"], 1),
    "a group of sections, twice": ("int f(void), g(void);", "f() * 10 + g()", [
     "__asm__(\".section .text.one,\\\"axG\\\",@progbits,one,comdat\\n.weak one\\none: li a0, 4\\nret\\n.text\");"
     f"int one(void); int {name}(void) {{ return one(); }}" for name in "fg"], 44),
}  # fmt: skip


@pytest.mark.parametrize("text, what, others, expected", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("form", ["objects", "archive", "archive, each twice"])
def test_several_files(tmp_path, text, what, others, expected, form):
    objects = [made(tmp_path, f"other{n}", other, "-fcommon") for n, other in enumerate(others)]
    if form != "objects":
        # a member that nobody asks for stays out: the strong one behind a weak one in an archive
        members = objects * (2 if "twice" in form else 1)
        if "weak" in others[0]:
            objects, members = objects[1:], members
        objects = [*(objects if "weak" in others[0] else []), archive(tmp_path, "others.a", *members)]
    own = f"{text} ASSAY_ENDPOINT(0, go) {{ return {what}; }}"
    assert value(tmp_path, own, "-fcommon", *objects) == expected


def test_an_archive_gives_what_is_missing_in_the_order_of_the_command_line(tmp_path):
    one = archive(tmp_path, "libone.a", made(tmp_path, "one", "int f(void) { return 1; }"))
    two = archive(tmp_path, "libtwo.a", made(tmp_path, "two", "int f(void) { return 2; }"))
    own = "int f(void); ASSAY_ENDPOINT(0, go) { return f(); }"
    assert (value(tmp_path, own, one, two), value(tmp_path, own, two, one)) == (1, 2)
    assert value(tmp_path, own, "-L", str(tmp_path), "-ltwo", "-lone") == 2


def data(section, lines):
    return f'__asm__(".section {section}\\n{lines}\\n.text");'


RIGHT = {
    "an absolute symbol": ('extern char at[]; __asm__(".globl at\\nat = 0x1234");', "(uintptr_t)at + 5", [], 0x1239),
    "a small one": ('extern char at[]; __asm__(".globl at\\nat = 0x10");', "(uintptr_t)at + 5", [], 0x15),
    "one of --defsym": ("extern char at[];", "(uintptr_t)at", ["-Wl,--defsym=at=77"], 77),
    "a function of --defsym": ("int f(void); FAR int real(void) { return 5; } int (*volatile p)(void) = f;",
     "p() + real()", ["-Wl,--defsym=f=real"], 10),
    "a version": ('FAR int v(void) { return 6; } __asm__(".symver v, v@@V1");', "v()", [], 6),
    "an alias": ("FAR int f(int x) { return x + 5; } int a(int) __attribute__((alias(\"f\")));",
     "a(4) + (a != f)", [], 9),
    "data aligned to 16 MiB": ("static char z[64] __attribute__((aligned(1 << 24)));",
     "(z[9] = 1) + (uintptr_t)z % (1 << 24)", [], 1),
    "code aligned to 64 KiB": ("__attribute__((aligned(65536))) FAR int f(int x) { return x * 2 + 1; }"
     "int (*volatile p)(int) = f;", "p(5)", [], 11),
    "a section of no bytes": ("struct e {}; static struct e v[3] __attribute__((section(\"emp\"), used));"
     "extern char __start_emp[] __attribute__((weak)), __stop_emp[] __attribute__((weak));",
     "5 + (__stop_emp - __start_emp)", [], 5),
    ".org in data": (data('.rodata.t,\\"a\\"', ".globl t\\nt: .word 1\\n.org t+16\\n.word 7") +
     "extern const uint32_t t[];", "t[4] + t[0]", [], 8),
    ".org in code": ('int f(int); __asm__(".section .text.f,\\"ax\\"\\n.globl f\\nf: addi a0, a0, 4\\nj 1f\\n'
     '.org f+64\\n1: ret\\n.text");', "f(5)", [], 9),
    "a difference across sections": (data('.rodata.d,\\"a\\"', ".balign 4\\n.globl d\\nd: .word y-x") +
     "int x = 1; int y = 2; extern const int32_t d;", "(int *)((char *)&x + d) == &y", [], 1),
    "a function's distance from data": (data('.rodata.d,\\"a\\"', ".balign 4\\n.globl d\\nd: .word fn - .") +
     "FAR int fn(void) { return 5; } extern const int32_t d;", "((int (*)(void))((char *)&d + d))()", [], 5),
    "a function in 32 bits": (data('.rodata.d,\\"a\\"', ".balign 4\\n.globl d\\nd: .word fn") +
     "FAR int fn(void) { return 5; } extern const uint32_t d;", "((int (*)(void))(uintptr_t)d)()", [], 5),
    "a function at an odd address": ("FAR int fn(void) { return 5; }"
     "struct __attribute__((packed)) { char c; int (*p)(void); } s = {1, fn};", "s.p()", [], 5),
    "a pointer that bears a mark": ("FAR int fn(int x) { return x + 5; } volatile uintptr_t a = (uintptr_t)fn;",
     "(a |= 1, ((int (*)(int))(a & ~(uintptr_t)1))(2))", [], 7),
    "a resolver that chooses": ("static int a(void) { return 4; } static int b(void) { return 6; }"
     "volatile int n = 1; int (*choose(void))(void) { return n ? b : a; }", "choose()()", [], 6),
    "the middle of a function": ("FAR int fn(int x) { return x + 5; }"
     "int (*volatile p)(int) = (int (*)(int))((char *)fn + 4);", "p(1)", [], 1),
    "what was there before a difference": (data('.rodata.d,\\"a\\"', ".balign 4\\n.globl d\\nd: .word 3\\n"
     ".reloc d, R_RISCV_ADD32, y\\n.reloc d, R_RISCV_SUB32, y") + "int y = 2; extern const int32_t d;", "d", [], 3),
    "what was there before a difference of functions": (data('.rodata.d,\\"a\\"', ".balign 4\\n.globl d\\nd: .word 3\\n"
     ".reloc d, R_RISCV_ADD32, fn\\n.reloc d, R_RISCV_SUB32, fn") + "FAR void fn(void) {} extern const int32_t d;",
     "(fn(), d)", [], 3),
    "what nobody calls": ("extern int nowhere(void); FAR int dead(void) { return nowhere(); }", "3", [], 3),
}  # fmt: skip


@pytest.mark.parametrize("text, what, words, expected", RIGHT.values(), ids=RIGHT)
def test_right(tmp_path, text, what, words, expected):
    assert value(tmp_path, f"{text} ASSAY_ENDPOINT(0, go) {{ return (uint64_t)({what}); }}", *words) == expected


FN = "FAR int fn(void) { return 5; } extern char o[]; "
READ = "ASSAY_ENDPOINT(0, go) { return o[0] + fn(); }"
PLACE = '.data.o,\\"aw\\"'
REFUSED = {
    "two addresses at one place": (data(PLACE, ".globl o\\no: .quad fn\\n.reloc o, R_RISCV_64, fn"), "several code"),
    "an address and a sum": (data(PLACE, ".globl o\\no: .quad fn\\n.reloc o, R_RISCV_ADD64, fn"), "several code"),
    "terms of two sizes": (data(PLACE, ".globl o\\no: .quad 0\\n.reloc o, R_RISCV_ADD64, fn\\n"
     ".reloc o, R_RISCV_SUB32, fn"), "several code"),
    "addresses that overlap": (data(PLACE, ".globl o\\no: .quad 0, 0\\n.reloc o, R_RISCV_64, fn\\n"
     ".reloc o+4, R_RISCV_32, fn"), "overlaps|does not fit"),
    "an address over data": (data(PLACE, ".globl o\\no: .quad 0, 0\\n.reloc o, R_RISCV_64, o\\n"
     ".reloc o+6, R_RISCV_64, fn"), "overlaps"),
    "an address over half a difference": (data(PLACE, ".globl o\\no: .quad 0, 0\\n.reloc o, R_RISCV_ADD32, o\\n"
     ".reloc o, R_RISCV_SUB32, o\\n.reloc o+2, R_RISCV_64, fn"), "overlaps"),
    "a difference of any length": (data(PLACE, ".globl o\\no: .uleb128 b9-a9") +
     '__asm__("a9: nop\\ncall fn\\nb9: nop");', "keep differences of labels in"),
    "a distance of 32 bits": (data(PLACE, ".globl o\\no: .word 0\\n.reloc o, R_RISCV_32_PCREL, fn"),
     "keep differences of labels in"),
    "a distance to a call": (data(PLACE, ".globl o\\no: .word 0\\n.reloc o, R_RISCV_PLT32, fn"),
     "keep differences of labels in"),
    "a symbol within an instruction": ('extern int in(void); int (*volatile p)(void) = in;'
     '__asm__(".globl in\\n.set in, fn+2");' + data(PLACE, ".globl o\\no: .quad in"), "no instruction"),
    "thread-local data": ("_Thread_local volatile int t = 3; int *where(void) { return (int *)&t; }" +
     data(PLACE, ".globl o\\no: .quad 0"), "_Thread_local"),
    "thread-local zeros": ("_Thread_local volatile int t; int *where(void) { return (int *)&t; }" +
     data(PLACE, ".globl o\\no: .quad 0"), "_Thread_local"),
}  # fmt: skip


@pytest.mark.parametrize("text, says", REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, text, says):
    with pytest.raises(LinkError, match=says):
        value(tmp_path, FN + text + READ, "-Wl,--no-gc-sections")


@pytest.mark.parametrize("at, more, is_right", [(0x7FFFF7FE, 1, True), (0x7FFFF7FF, 1, False), (0x7FFFFFFF, 0, False)])
def test_an_address_that_lui_and_addi_cannot_make_is_refused(tmp_path, at, more, is_right):
    """Not an address 2^32 - 2^31 higher: its low 32 bits are those of the right one."""
    text = f"extern char at[]; ASSAY_ENDPOINT(0, go) {{ return (uintptr_t)at + {more}; }}"
    defined = f"-Wl,--defsym=at={at:#x}"
    if is_right:
        assert value(tmp_path, text, defined) == at + more
    else:
        with pytest.raises(LinkError, match=r"lui and addi cannot make|out of range"):
            value(tmp_path, text, defined)


def test_a_big_endian_object_is_refused(tmp_path):
    own = HEAD + "ASSAY_ENDPOINT(0, go) { return 1; }"
    elf = bytearray(build(tmp_path, own))
    elf[5] = 2
    with pytest.raises(LinkError):
        image.link(bytes(elf))
    other = tmp_path / "big.o"
    content = bytearray(Path(made(tmp_path, "small", "int x;")).read_bytes())
    content[5] = 2
    other.write_bytes(content)
    with pytest.raises(LinkError, match="does not compile or link"):
        value(tmp_path, own, str(other))


@pytest.mark.parametrize("seed", range(4))
def test_any_damage_is_refused_or_linked(tmp_path, seed):
    """Bits, bytes and words that are changed, mostly in the headers of sections; files that end early."""
    text = """int n(int); static const int t[] = {1, 2, 3};
    FAR int f(int x)
    {
        static const void *const q[] = {&&a, &&b};
        goto *q[x & 1];
    a: return t[x % 3];
    b: return 7;
    }
    int (*volatile p)(int) = f; __attribute__((constructor)) void early(void) { p = p; }
    ASSAY_ENDPOINT(0, go) { return p((int)argument0) + f(3); }"""
    good = build(tmp_path, HEAD + text, "-w", "-g", "-mcmodel=medany" if seed % 2 else "-O1")
    headers = int.from_bytes(good[0x28:0x30], "little")
    draw = random.Random(seed)
    for _ in range(60):
        broken = bytearray(good)
        for _ in range(draw.choice((1, 1, 3, 12))):
            at = draw.randrange(*draw.choice(((0, 64), (headers, len(good)), (0, len(good)))))
            if draw.random() < 0.6:
                broken[at] ^= 1 << draw.randrange(8)
            else:
                word = draw.choice((2**64 - 1, 2**63, 2**32, 2**31, 0, 8, len(good)))
                broken[at : at + 8] = word.to_bytes(8, "little")
        if draw.random() < 0.1:
            broken = broken[: draw.randrange(len(broken))]
        with suppress(LinkError):
            image.link(bytes(broken))
