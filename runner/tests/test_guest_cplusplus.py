"""C++ without exceptions, and functions that run before an endpoint begins."""

import subprocess

import pytest
from guest_run import GAS, REGISTERS, cc, cli, image, kernel, link, result, run

from assay.guests import programs
from linker.errors import LinkError
from model import State

SHAPES = programs.SOURCES / "shapes.cc"
LEVELS = [["-O0"], ["-O2"], ["-Oz", "-mno-relax"], ["-O3", "-mcmodel=medany"], ["-O2", "-flto"], ["-O1", "-std=c++20"]]
HEAD = "#include <assay/guest.h>\n"


@pytest.fixture(params=LEVELS, ids=" ".join)
def level(request):
    return request.param


def test_the_example_gives_what_it_gives_on_this_machine(tmp_path, level):
    arguments = [(0, 0, 0), (3, 4, 2), (2**40, 77, 9)]
    calls = "".join(
        f'printf("%llu\\n", (unsigned long long)areas({a}ull, {b}ull, {c}ull, 0));' for a, b, c in arguments
    )
    linked = [link(tmp_path, SHAPES.read_text(), *level, name="shapes.cc").image] * len(arguments)
    found = [result(each, *given) for each, given in zip(linked, arguments, strict=True)]
    for given, value in zip(arguments, found, strict=True):
        call = calls.split(";")[arguments.index(given)] + ";"
        assert [value] == native(tmp_path, call)


def native(folder, call):
    """Each call in a process of its own: static objects are new in each."""
    source, binary = folder / "native.cc", folder / "native"
    source.write_text(f'#define ASSAY_NATIVE\n#include <cstdio>\n#include "{SHAPES}"\nint main() {{ {call} }}\n')
    headers = ["-idirafter", str(cc.LIBRARY / "include")]
    subprocess.run(["g++", "-std=c++17", "-w", *headers, str(source), "-o", str(binary)], check=True)
    return [int(line) for line in subprocess.run([binary], capture_output=True, text=True, check=True).stdout.split()]


ORDERS = {
    "priorities, before those without": (
        """
    static volatile uint64_t seen = 1;
    __attribute__((constructor)) static void last(void) { seen = seen * 10 + 4; }
    __attribute__((constructor(300))) static void second(void) { seen = seen * 10 + 3; }
    __attribute__((constructor(101))) static void first(void) { seen = seen * 10 + 2; }
    ASSAY_ENDPOINT(0, go) { return seen; }""",
        1234,
    ),
    "many, that call others and keep registers": (
        """
    static uint64_t sum; static volatile uint64_t step = 2;
    __attribute__((noinline)) static uint64_t twice(uint64_t n) { return n * step; }
    #define MAKE(n) __attribute__((constructor)) static void make_##n(void) { sum += twice(n); }
    MAKE(1) MAKE(2) MAKE(3) MAKE(4) MAKE(5) MAKE(6) MAKE(7) MAKE(8) MAKE(9)
    ASSAY_ENDPOINT(0, go) { return sum + argument0 + argument1 + argument2 + argument3; }""",
        90 + 10,
    ),
    "a pointer in .preinit_array": (
        """
    static volatile uint64_t seen = 1;
    static void early(void) { seen = seen * 10 + 2; }
    __attribute__((constructor(101))) static void next(void) { seen = seen * 10 + 3; }
    __attribute__((section(".preinit_array"), used)) static void (*const list[])(void) = {early};
    ASSAY_ENDPOINT(0, go) { return seen; }""",
        123,
    ),
}


@pytest.mark.parametrize("text, expected", ORDERS.values(), ids=ORDERS)
def test_constructors_of_c_run_in_their_order(tmp_path, text, expected, level):
    level = [word for word in level if not word.startswith("-std=")]
    assert result(link(tmp_path, HEAD + text, "-w", *level).image, 1, 2, 3, 4) == expected


def test_each_endpoint_runs_them_and_once_for_a_memory(tmp_path):
    text = (
        HEAD
        + """
    static uint64_t times, calls;
    __attribute__((constructor)) static void make(void) { times++; }
    ASSAY_ENDPOINT(0, first) { return ++calls * 10 + times; }
    ASSAY_ENDPOINT(7, other) { return ++calls * 100 + times; }"""
    )
    linked = link(tmp_path, text).image
    assert (result(linked), result(linked, endpoint=7)) == (11, 101)
    machine, stop = run(linked)
    entry = kernel.admit(linked).endpoints[7]
    registers = [entry.initial_regs.get(n, 0) for n in range(REGISTERS)]
    stop = machine.run(State(entry.entry_pc, GAS, registers))
    assert stop.state.regs[7] == 201


def test_registers_of_an_endpoint_reach_it(tmp_path):
    text = (
        HEAD
        + """
    volatile uint64_t made; __attribute__((constructor)) void make(void) { made = 5; }
    ASSAY_ENDPOINT(0, go) { return argument0 * made + argument3; }"""
    )
    (tmp_path / "guest.c").write_text(text)
    words = ["--register", "0.a0=12", "--register", "0.a3=7", "-o", str(tmp_path / "guest.image")]
    assert cli.cc_main([str(tmp_path / "guest.c"), *words]) == 0
    entry = kernel.decode("image", (tmp_path / "guest.image").read_bytes()).endpoints[0]
    assert entry.initial_regs[7] == 12 and entry.initial_regs[10] == 7
    assert result((tmp_path / "guest.image").read_bytes(), 12, 0, 0, 7) == 67


OBJECTS = {
    "static ones of several files of one name": (
        """
    struct Count { uint64_t n; Count(uint64_t v) : n(v * 3) {} };
    static Count one(2); namespace a { static Count two(one.n); } static Count &three = a::two;
    uint64_t here() { static Count local(three.n); return local.n++; }
    ASSAY_ENDPOINT(0, go) { return here() * 1000 + here(); }""",
        54055,
    ),
    "templates, inline variables and references": (
        """
    template <typename T> struct Kind { static T made; static T value() { return made; } };
    template <typename T> T Kind<T>::made = T(sizeof(T)) + T(1);
    inline uint64_t counter = Kind<uint32_t>::value() + Kind<uint64_t>::value();
    ASSAY_ENDPOINT(0, go) { return counter * 100 + Kind<uint16_t>::value(); }""",
        1403,
    ),
    "pointers to members and virtual bases": (
        """
    struct Base { uint64_t n = 4; virtual uint64_t f() { return n; } };
    struct Left : virtual Base { uint64_t f() override { return n + 1; } };
    struct Right : virtual Base { uint64_t m = 3; };
    struct Both : Left, Right { uint64_t g() { return m; } };
    ASSAY_ENDPOINT(0, go)
    {
        Both both; uint64_t (Both::*volatile how)() = &Both::g; uint64_t (Base::*volatile what)() = &Base::f;
        Base *base = &both; return (both.*how)() * 10 + (base->*what)();
    }""",
        35,
    ),
    "new and delete, aligned, of arrays, and without memory": (
        """
    #include <new>
    struct alignas(64) Wide { char c[64]; ~Wide() {} };
    ASSAY_ENDPOINT(0, go)
    {
        Wide *wide = new Wide, *many = new Wide[3]; uint64_t *numbers = new uint64_t[5]();
        bool ok = (uintptr_t)wide % 64 == 0 && (uintptr_t)many % 64 == 0 && numbers[4] == 0;
        delete wide; delete[] many; delete[] numbers;
        return ok + 2 * (new (std::nothrow) char[1 << 20] == nullptr);
    }""",
        3,
    ),
}


@pytest.mark.parametrize("text, expected", OBJECTS.values(), ids=OBJECTS)
def test_objects(tmp_path, text, expected, level):
    assert result(link(tmp_path, HEAD + text, "-w", *level, name="guest.cc").image) == expected


@pytest.mark.parametrize(
    "text",
    [
        "struct Base { Base() { call(); } void call() { f(); } virtual void f() = 0; };"
        "struct Made : Base { void f() override {} }; ASSAY_ENDPOINT(0, go) { Made made; return 1; }",
        "ASSAY_ENDPOINT(0, go) { char *volatile p = new char[1 << 20]; return *p; }",
    ],
)
def test_what_has_no_body_and_what_has_no_memory_trap(tmp_path, text):
    assert run(link(tmp_path, HEAD + text, "-w", name="guest.cc").image)[1].exit in ("trap", "panic")


LIST = '__asm__(".section {},@progbits\\n.balign 8\\n{}\\n.text");'
ARRAY = '__asm__(".section .init_array,\\"aw\\",@init_array\\n.balign 8\\n{}\\n.text");'


@pytest.mark.parametrize(
    "text, name, options, says",
    [
        ("__attribute__((destructor)) void late(void) {}", "guest.c", (), [".fini_array", "end of the program"]),
        ("struct S { ~S(); }; void g(); void f() { S s; g(); } S::~S() {} void g() { throw 1; }", "guest.cc",
         ("-fexceptions", "-Wl,--unresolved-symbols=ignore-all"), ["__cxa_", "-fno-exceptions"]),
        (LIST.format('.ctors,\\"aw\\"', ".quad go"), "guest.c", (), [".ctors", "old form"]),
        (LIST.format('.gcc_except_table,\\"a\\"', ".word 0"), "guest.c", (), ["-fno-exceptions"]),
        (ARRAY.format(".quad v"), "guest.c", (), ["entry of .init_array", "no function"]),
        (ARRAY.format(".quad 0"), "guest.c", (), ["entry of .init_array", "no function"]),
        (ARRAY.format(".word 0"), "guest.c", (), [".init_array", "8-byte addresses"]),
        (ARRAY.format(".quad go+2"), "guest.c", (), ["entry of .init_array", "no function"]),
    ],
)  # fmt: skip
def test_refused(tmp_path, text, name, options, says):
    text = f"{HEAD}volatile int v;\nASSAY_ENDPOINT(0, go) {{ return v; }}\n{text}"
    with pytest.raises(LinkError) as caught:
        link(tmp_path, text, "-w", "-Wl,--no-gc-sections", *options, name=name)
    assert [word for word in says if word not in str(caught.value)] == []


def test_the_code_that_is_added_is_in_the_map(tmp_path):
    linked = link(tmp_path, SHAPES.read_text(), name="shapes.cc")
    code = max(section.end for section in linked.guest.code)
    assert {i.name for i in linked.instructions if i.address > code} >= {"call", "la", "beq", "sd", "ld", "jal"}
    assert image.link(link_elf(tmp_path)).image == linked.image


def link_elf(folder):
    return (folder / "guest.elf").read_bytes()
