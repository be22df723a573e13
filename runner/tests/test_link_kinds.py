"""Kinds of C that a linker easily makes wrong programs of: each in several forms, at several levels of optimisation,
against the same text as an ordinary program, or known values.
"""

import subprocess

import pytest
from guest_run import build, cc, image, link, native, result, run

from assay.assembly import disasm
from linker import elf as reader
from linker import labels
from linker.errors import LinkError

HEAD = "#include <assay/guest.h>\n#define FAR __attribute__((noinline))\n"
LEVELS = [
    ["-O0"],
    ["-O1"],
    ["-Oz"],
    ["-O3", "-mno-relax"],
    ["-O2", "-mcmodel=medany"],
    ["-O2", "-flto"],
    ["-Os", "-fPIC"],
]
ARGUMENTS = [(0, 1), (1, 2), (5, 2**63 + 9), (2**64 - 1, 77)]


@pytest.fixture(params=LEVELS, ids=" ".join)
def level(request):
    return request.param


def same_as_native(folder, text, level, arguments=ARGUMENTS):
    linked = link(folder, HEAD + text, "-w", *level).image
    assert [result(linked, *given) for given in arguments] == native(folder, HEAD + text, "go", arguments)


ALIGNED = {
    "a table of functions, each aligned": """
    typedef uint64_t F(uint64_t);
    FAR __attribute__((aligned(8))) static uint64_t one(uint64_t x) { return x * 3 + 1; }
    FAR __attribute__((aligned(64))) static uint64_t two(uint64_t x) { return x ^ 0x1234567; }
    FAR __attribute__((aligned(256))) static uint64_t three(uint64_t x) { return one(x) - two(x); }
    F *volatile table[3] = {one, two, three};
    FAR __attribute__((aligned(32))) static F *choose(uint64_t n) { return n > 3 ? three : table[n % 3]; }
    ASSAY_ENDPOINT(0, go) { return choose(argument0)(argument1) + table[argument1 % 3](argument0); }
    """,
    "constants and calls behind an alignment": """
    static uint64_t seen[40];
    FAR static void put(uint64_t n, uint64_t v) { seen[n % 40] = v; }
    FAR __attribute__((aligned(1024))) static uint64_t *where(uint64_t n)
    {
        put(n, n + 9); put(n + 1, 11); return &seen[n % 39 + 1];
    }
    FAR __attribute__((aligned(16))) static uint64_t *next(uint64_t *at) { return at == seen ? seen + 1 : at; }
    ASSAY_ENDPOINT(0, go) { uint64_t v = *next(where(argument0)) * 5; return v + argument1 + seen[argument0 % 40]; }
    """,
    "a loop with .p2align inside of a function": """
    FAR static uint64_t step(uint64_t v) { return v * 0x9e3779b97f4a7c15 + 1; }
    FAR __attribute__((aligned(128))) static uint64_t loop(uint64_t n, uint64_t v)
    {
        uint64_t (*volatile f)(uint64_t) = step;
        for (n %= 20; n; n--) { __asm__ volatile(".p2align 5" ::: "memory"); v = f(v) + step(n); }
        return v + (f == step);
    }
    ASSAY_ENDPOINT(0, go) { return loop(argument0, argument1); }
    """,
    "-falign-functions by attribute of all": """
    FAR __attribute__((aligned(32))) static uint64_t a(uint64_t n, uint64_t m);
    FAR __attribute__((aligned(32))) static uint64_t b(uint64_t n, uint64_t m) { return n ? a(n - 1, m) + m : m; }
    static uint64_t a(uint64_t n, uint64_t m) { return n ? b(n - 1, m * 3) ^ n : 1; }
    static uint64_t (*const both[])(uint64_t, uint64_t) = {a, b};
    ASSAY_ENDPOINT(0, go) { return both[argument1 & 1](argument0 % 9, argument1); }
    """,
}


@pytest.mark.parametrize("text", ALIGNED.values(), ids=ALIGNED)
def test_aligned_code(tmp_path, text, level):
    same_as_native(tmp_path, text, level)


GOTO = """
    static const TYPE t[] = {&&a - &&BASE, &&b - &&BASE, &&c - &&BASE, &&d - &&BASE};
    uint64_t r = argument1, n = argument0;
    for (int i = 0; i < 9; i++, n >>= 2) {
        goto *(&&BASE + t[n & 3]);
    a: r = r * 2 + 1; continue;
    b: r ^= 0x55; continue;
    c: r += 1000; continue;
    d: r >>= 1;
    }
    return r;
"""
LABELS = {
    "int, from the first": "int a",
    "int, from another": "int c",
    "long": "long b",
    "short": "short a",
}


@pytest.mark.parametrize("text", LABELS.values(), ids=LABELS)
def test_differences_of_labels(tmp_path, text, level):
    type, base = text.split()
    body = GOTO.replace("TYPE", type).replace("BASE", base)
    if type == "long":
        body = body.replace("&&", "(char *)&&").replace("+ t[", "+ t[")
    same_as_native(tmp_path, f"ASSAY_ENDPOINT(0, go)\n{{{body}}}\n", level)


def test_differences_of_labels_in_a_machine_of_its_own(tmp_path, level):
    """Two interpreters, each with its table; one is in a function that is copied into its callers."""
    text = """
    FAR static uint64_t run(const unsigned char *p, uint64_t r)
    {
        static const int t[] = {&&stop - &&stop, &&inc - &&stop, &&dbl - &&stop, &&inv - &&stop};
        goto *(&&stop + t[*p++]);
    inc: r++; goto *(&&stop + t[*p++]);
    dbl: r *= 2; goto *(&&stop + t[*p++]);
    inv: r = ~r; goto *(&&stop + t[*p++]);
    stop: return r;
    }
    ASSAY_ENDPOINT(0, go)
    {
        static const int u[] = {&&odd - &&even, &&even - &&even};
        uint64_t r = run((const unsigned char *)"\\1\\2\\3\\1\\0", argument0);
        goto *(&&even + u[r & 1]);
    even: r += run((const unsigned char *)"\\3\\0", argument1); goto odd;
    odd: return r;
    }"""
    same_as_native(tmp_path, text, level)


@pytest.mark.parametrize(
    "statement", [".word b - a + 4", ".word (b - a) / 4", "li a0, b - a", ".set size, b - a", ".half 1, (b-a)>>1"]
)
def test_a_difference_that_cannot_be_kept_is_refused_with_its_line(statement):
    with pytest.raises(LinkError, match=r"x\.s:5 at t: .*difference of code labels") as caught:
        labels.kept(f".text\na: nop\nb: nop\n.section .rodata\nt: {statement}\n", "x.s")
    assert statement.split(" ", 1)[1].split(",")[-1].strip() in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        ".text\na: nop\nb:\n.size a, b-a\n",
        ".data\nx: .word 1\ny: .word y - x\n",
        '.section .debug_x,"",@progbits\n.word b - a\n.text\na: nop\nb:\n',
        '.text\na: .ascii "b - a; .word b-a"\nb: addi a0, a0, -1\n',
    ],
)
def test_other_assembly_stays_as_it_is(text):
    assert labels.kept(text, "x.s") == text


def test_a_difference_becomes_relocations():
    text = '.text\na: nop\n1: nop\nb:\n.pushsection .rodata,"a"\nt: .word b-a, 7; .byte 1b-a\n.popsection\n.word b - a'
    assert labels.kept(text, "x.s").split("\n")[5:] == [
        "t: .reloc ., R_RISCV_ADD32, b; .reloc ., R_RISCV_SUB32, a; .word 0; .word 7;"
        " .reloc ., R_RISCV_ADD8, 1b; .reloc ., R_RISCV_SUB8, a; .byte 0",
        ".popsection",
        ".reloc ., R_RISCV_ADD32, b; .reloc ., R_RISCV_SUB32, a; .word 0",
    ]


WEAK = {
    "a call": "extern void hook(void) __attribute__((weak)); ASSAY_ENDPOINT(0, go) { if (hook) hook(); return 7; }",
    "a result and an argument": """
    extern uint64_t filter(uint64_t) __attribute__((weak));
    FAR static uint64_t passed(uint64_t v) { return filter ? filter(v) : v + 1; }
    ASSAY_ENDPOINT(0, go) { return passed(argument0) * 3 + passed(argument1); }""",
    "a table and a variable": """
    extern uint64_t one(uint64_t) __attribute__((weak));
    extern uint64_t level __attribute__((weak));
    uint64_t two(uint64_t v) { return v ^ 5; }
    static uint64_t (*const table[])(uint64_t) = {one, two};
    ASSAY_ENDPOINT(0, go)
    {
        uint64_t v = &level ? level : 9;
        for (int n = 0; n < 2; n++) if (table[n]) v += table[n](argument0 + n);
        return v;
    }""",
    "one that is defined": """
    uint64_t twice(uint64_t v) __attribute__((weak));
    FAR uint64_t twice(uint64_t v) { return 2 * v; }
    extern void tail(uint64_t *) __attribute__((weak));
    FAR static void last(uint64_t *v) { *v += 3; if (tail) tail(v); }
    ASSAY_ENDPOINT(0, go) { uint64_t v = twice ? twice(argument0) : 1; last(&v); return v; }""",
}


@pytest.mark.parametrize("text", WEAK.values(), ids=WEAK)
def test_weak_symbols(tmp_path, text, level):
    same_as_native(tmp_path, text, level)


def test_a_weak_function_that_nobody_defined_traps_when_called(tmp_path):
    text = HEAD + "extern void hook(void) __attribute__((weak)); ASSAY_ENDPOINT(0, go) { hook(); return 7; }"
    assert run(link(tmp_path, text).image)[1].exit in ("trap", "panic")


NORETURN = {
    "one calls another": """
    _Noreturn void die(uint64_t code); _Noreturn void fail(uint64_t code, const char *why);
    _Noreturn FAR void fail(uint64_t code, const char *why) { assay_halt(code + (why != 0)); }
    ASSAY_ENDPOINT(0, go) { if (argument0 == 5) die(argument1); return 7; }
    FAR _Noreturn void die(uint64_t code) { fail(code + 1, "x"); }""",
    "by a pointer": """
    typedef void F(uint64_t);
    _Noreturn FAR static void out(uint64_t code) { assay_halt(code + 2); }
    F *volatile how = out;
    ASSAY_ENDPOINT(0, go) { if (argument0 == 5) { how(argument1); __builtin_unreachable(); } return 7; }""",
    "in a loop without end": """
    _Noreturn FAR void out(uint64_t code) { assay_halt(code); }
    ASSAY_ENDPOINT(0, go) { if (argument0 != 5) return 7;
        for (uint64_t n = argument1;; n++) if (n % 4 == 3) out(argument1 + 2); }""",
}


@pytest.mark.parametrize("text", NORETURN.values(), ids=NORETURN)
def test_calls_that_do_not_return(tmp_path, text, level):
    linked = link(tmp_path, HEAD + text, "-w", *level).image
    assert [result(linked, *given) for given in ((5, 40), (4, 40), (5, 0))] == [42, 7, 2]


SECTIONS = {
    "a list of structs": """
    struct rule { const char *name; uint64_t (*f)(uint64_t); };
    #define RULE(n, e) static uint64_t n##_f(uint64_t x) { return e; } \\
        static const struct rule n __attribute__((used, section("rules"))) = {#n, n##_f};
    RULE(alpha, x + 1) RULE(beta, x * 5) RULE(gamma, x ^ 0xff)
    extern const struct rule __start_rules[], __stop_rules[];
    ASSAY_ENDPOINT(0, go)
    {
        uint64_t r = argument0;
        for (const struct rule *c = __start_rules; c < __stop_rules; c++) r = c->f(r) + c->name[0];
        return r * 10 + (uint64_t)(__stop_rules - __start_rules);
    }""",
    "writable, zero and code": """
    static uint64_t counters[4] __attribute__((section("the_counters"))) = {1, 2, 3, 4};
    static uint64_t large[1000] __attribute__((section("the_large")));
    static const uint64_t fixed[] __attribute__((section("a_table"))) = {5, 6, 7};
    __attribute__((section(".fastcode"), noinline)) static uint64_t fast(uint64_t x) { return x * 11; }
    __attribute__((section("slow_code"), noinline)) static uint64_t slow(uint64_t x) { return fast(x) - 1; }
    uint64_t (*volatile how)(uint64_t) = slow;
    ASSAY_ENDPOINT(0, go)
    {
        counters[argument0 & 3] += argument1; large[argument0 % 1000] = counters[1] + fixed[argument1 % 3];
        return how(large[argument0 % 1000]) + fast(counters[2]);
    }""",
    "two lists, one of pointers into data": """
    extern uint64_t *const __start_cells[], *const __stop_cells[];
    extern const uint32_t __start_words[], __stop_words[];
    #define CELL(n, v) static uint64_t n = v; \\
        static uint64_t *const n##_at __attribute__((used, retain, section("cells"))) = &n;
    CELL(a, 3) CELL(b, 0) CELL(c, 77)
    #define WORD __attribute__((used, section("words")))
    WORD static const uint32_t w1 = 4; WORD static const uint32_t w2 = 9;
    ASSAY_ENDPOINT(0, go)
    {
        uint64_t sum = 0;
        for (uint64_t *const *p = __start_cells; p < __stop_cells; p++) sum += (**p += argument0);
        for (const uint32_t *p = __start_words; p < __stop_words; p++) sum = sum * 3 + *p;
        return sum;
    }""",
}


@pytest.mark.parametrize("text", SECTIONS.values(), ids=SECTIONS)
def test_sections_of_other_names(tmp_path, text, level):
    cells = [(0, 1)] if "__start_cells" in text or "counters" in text else ARGUMENTS
    same_as_native(tmp_path, text, level, cells)


WIDE = {
    "unsigned": "unsigned __int128 a = (unsigned __int128)argument0 << 64 | argument1 * 0x9e3779b97f4a7c15;"
    "unsigned __int128 b = ((unsigned __int128)argument2 << 64 | argument3) | !(argument2 | argument3);"
    "return (uint64_t)(a / b) ^ (uint64_t)(a / b >> 64) * 3 + (uint64_t)(a % b) * 7 ^ (uint64_t)(a % b >> 64);",
    "signed": "__int128 a = (__int128)argument0 << 64 | argument1, b = (__int128)argument2 << 64 | argument3 | 3;"
    "return (uint64_t)(a / b) ^ (uint64_t)(a / b >> 64) * 3 + (uint64_t)(a % b) * 7 ^ (uint64_t)(a % b >> 64);",
    "shifts": "unsigned __int128 a = (unsigned __int128)argument0 << 64 | argument1; __int128 c = (__int128)a;"
    "unsigned s = argument2 & 127; return (uint64_t)(a << s) + (uint64_t)(a << s >> 64) * 3 + (uint64_t)(a >> s) * 5"
    " + (uint64_t)(a >> s >> 64) * 7 + (uint64_t)(c >> s) * 11 + (uint64_t)(c >> s >> 64) * 13;",
    "products": "__int128 a = (__int128)argument0 << 64 | argument1, b = (__int128)argument2 << 64 | argument3, r;"
    "int o = __builtin_mul_overflow(a, b, &r); return (uint64_t)r + (uint64_t)(r >> 64) * 3 + (uint64_t)o;",
}
EDGES = [0, 1, 3, 64, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 0x123456789ABCDEF]
QUADS = [(EDGES[n % 9], EDGES[n * 5 % 9], EDGES[n * n % 9], EDGES[(n // 9 + n) % 9]) for n in range(120)]


@pytest.mark.parametrize("body", WIDE.values(), ids=WIDE)
def test_128_bits(tmp_path, body, level):
    same_as_native(tmp_path, f"ASSAY_ENDPOINT(0, go) {{ {body} }}", level, QUADS)


@pytest.mark.parametrize(
    "operation", [64, 2047, 2048, 4096, 0xFFFFF, 2**31 - 1, 2**31, 2**31 + 5, 2**32 - 2049, 2**32 - 1]
)
def test_any_operation_of_32_bits(tmp_path, operation):
    text = HEAD + f"ASSAY_ENDPOINT(0, go) {{ return assay_operate({operation}u, argument0, 0, 0, 0) + 1; }}"
    linked = link(tmp_path, text).image
    admitted = image.kernel.admit(linked)
    assert operation in operations(admitted.code)
    assert result(linked, 41) == 42


def operations(blob):
    """The operands of every ecalli of a code blob."""
    lines = (line.text.split() for line in disasm.disassemble(blob))
    return {int(words[1], 0) % 2**32 for words in lines if words[0] == "ecalli"}


def test_an_operation_of_more_bits_is_refused(tmp_path):
    with pytest.raises(LinkError, match="more than 32 bits"):
        link(tmp_path, HEAD + 'ASSAY_ENDPOINT(0, go) { __asm__("li t0, 0x1234567890\\n\\tecall"); return 1; }')


@pytest.mark.parametrize("model", ["medlow", "medany"])
@pytest.mark.parametrize(
    "text", [ALIGNED["a table of functions, each aligned"], ALIGNED["-falign-functions by attribute of all"]]
)
def test_objects_without_relaxation(tmp_path, text, model, monkeypatch):
    """As another compile step makes them: the assembler resolved what it could, and left no relocation there."""
    plain = cc.assemble

    def without_relaxation(given, assembly, stem, written=""):
        made = plain(given, assembly, stem, written)
        words = [cc.compiler(), *cc.TARGET, "-mno-relax", "-c", str(assembly), "-o", made]
        subprocess.run(words, check=True)
        return made

    monkeypatch.setattr(cc, "assemble", without_relaxation)
    recursive = (
        text
        + """
    FAR uint64_t own(uint64_t n) { uint64_t (*volatile f)(uint64_t) = own; return n ? f(n - 1) + own(n / 2) : 1; }"""
    )
    recursive = recursive.replace(
        "ASSAY_ENDPOINT(0, go) { return", "uint64_t own(uint64_t); ASSAY_ENDPOINT(0, go) { return own(argument0 % 6) +"
    )
    same_as_native(tmp_path, recursive, ["-O2", f"-mcmodel={model}"])


def test_relocations_beside_their_instructions_are_refused(tmp_path, monkeypatch):
    """What lld makes of aligned code when it does not relax, and the compile step did."""
    relaxing = [word.replace("--relax", "--no-relax") for word in cc.LINK]
    monkeypatch.setattr(cc, "LINK", relaxing)
    for text in ALIGNED.values():
        with pytest.raises(
            LinkError, match=r"(does not fit its instruction|outside of its section); link with --emit-relocs --relax"
        ):
            link(tmp_path, HEAD + text, "-w")


@pytest.mark.parametrize(
    "was, becomes",
    [("R_RISCV_HI20", 27), ("R_RISCV_LO12_I", 26), ("R_RISCV_JAL", 16), ("R_RISCV_BRANCH", 17), ("R_RISCV_LO12_S", 27)],
)
def test_a_relocation_of_another_kind_is_refused(tmp_path, was, becomes):
    """One relocation of the ELF, changed."""
    text = (
        HEAD
        + """uint64_t v[9]; FAR void put(uint64_t n) { v[3] = n; if (n & 4) assay_drop(n); }
    ASSAY_ENDPOINT(0, go) { put(argument0); put(argument1); return v[argument1 % 9]; }"""
    )
    elf = bytearray(build(tmp_path, text))
    number = next(n for n, name in reader.RELOCATION_NAME.items() if name == was)
    guest = reader.read(bytes(elf))
    address = next(a for a, found in guest.relocations.items() for r in found if r.kind == was)
    at = elf.index(address.to_bytes(8, "little") + number.to_bytes(4, "little"))
    elf[at + 8 : at + 12] = becomes.to_bytes(4, "little")
    with pytest.raises(LinkError, match="does not fit its instruction"):
        image.link(bytes(elf))


def test_words_before_functions_are_explained(tmp_path):
    text = (
        HEAD
        + """FAR uint64_t twice(uint64_t v) { return 2 * v; } uint64_t (*volatile f)(uint64_t) = twice;
    ASSAY_ENDPOINT(0, go) { return f(argument0); }"""
    )
    with pytest.raises(LinkError, match=r"before twice, compile without -fsanitize=kcfi, -fsanitize=function"):
        link(tmp_path, text, "-fsanitize=undefined", "-fsanitize-trap=undefined")
