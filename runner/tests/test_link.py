"""The guest linker: whole guests, from C to what their Image replies with."""

import json
import subprocess
import sys

import pytest
from guest_run import build, cc, cli, image, kernel, link, native, result, run

import model
from linker import layout, mapfile

FIB = """
#include <assay/guest.h>
static uint64_t fib(uint64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
ASSAY_ENDPOINT(0, fibonacci) { return fib(argument0); }
"""

# Function pointers, a jump table, strings, pointers in data, a computed goto, a struct copy, bss.
SAMPLE = r"""
#include <assay/guest.h>
typedef uint64_t (*function)(uint64_t);
struct box { uint64_t part[20]; };
static const uint64_t table[4] = {0x123456789abcdef0, 2, 3, 4};
uint64_t big[1000];
uint64_t *third = &big[3];
const char *const names[] = {"a", "bc"};
__attribute__((noinline)) static uint64_t triple(uint64_t v) { return v * 3; }
__attribute__((noinline)) static uint64_t scale(uint64_t v) { return v * 0x123456789abcdef5; }
function functions[] = {triple, scale};
__attribute__((noinline)) static uint64_t choose(int way, uint64_t v)
{
    switch (way) {
    case 0: return v + 1;
    case 1: return v * 7;
    case 2: return v ^ 5;
    case 3: return v / 3;
    case 4: return triple(v) + 1;
    case 5: return v % 9;
    case 6: return (uint64_t)((int)v >> 3);
    }
    return 0;
}
__attribute__((noinline)) static uint64_t steps(const unsigned char *text)
{
    static const void *const labels[] = {&&stop, &&add, &&twice};
    static const int offsets[] = {&&stop - &&stop, &&add - &&stop, &&twice - &&stop};
    uint64_t v = 1;
    goto *labels[*text++];
add:
    v += 5;
    goto *(&&stop + offsets[*text++]);
twice:
    v *= 2;
    goto *labels[*text++];
stop:
    return v;
}
__attribute__((noinline)) static struct box grow(struct box b)
{
    for (size_t n = 0; n < 20; n++)
        b.part[n] += n;
    return b;
}
ASSAY_ENDPOINT(0, sample)
{
    struct box b;
    for (size_t n = 0; n < 20; n++)
        b.part[n] = argument1 * n;
    b = grow(b);
    big[argument0] = argument1;
    big[3]++;
    return functions[argument0 & 1](argument1) + table[argument1 & 3] + choose((int)argument0, argument1) + *third
           + (uint64_t)names[argument0 & 1][0] + steps((const unsigned char *)"\1\2\2\1") + b.part[argument0 % 20];
}
ASSAY_ENDPOINT(7, second) { return argument0 == 0 ? triple(5) : scale(argument0); }
"""


def test_fibonacci(tmp_path):
    linked = link(tmp_path, FIB).image
    assert [result(linked, n) for n in (0, 1, 2, 10, 15)] == [0, 1, 1, 55, 610]


@pytest.mark.parametrize(
    "options", [["-O0"], ["-O1"], ["-O2"], ["-O3"], ["-Os"], ["-Oz"], ["-O2", "-flto"], ["-fPIE"]], ids=" ".join
)
def test_code_addresses_in_every_guise(tmp_path, options):
    text = SAMPLE.replace("big[3]++", "big[3] = 4")
    pairs = [(way, value) for way in range(9) for value in (3, 2**63 + 11)]
    linked = link(tmp_path, text, "-w", *options).image
    assert [result(linked, *pair) for pair in pairs] == native(tmp_path, text, "sample", pairs)
    assert result(linked, endpoint=7) == 15


def test_the_same_elf_gives_the_same_bytes(tmp_path):
    elf = build(tmp_path, SAMPLE, "-w", "-g")
    first = image.link(elf)
    assert first.image == image.link(elf).image
    assert first.image == link(tmp_path, SAMPLE, "-w").image
    assert list(mapfile.lines(first)) == list(mapfile.lines(image.link(elf)))


def test_the_image_says_where_everything_is(tmp_path):
    found = kernel.admit(link(tmp_path, SAMPLE, "-w").image)
    starts = [(m.source, m.start) for m in found.memory_mappings]
    assert starts == [([65], 0x10000), ([66], 0x20000), ([67], 0x21000), ([68], 0x23000)]
    assert sorted(found.pinned_slots) == [66] and sorted(found.initial_slots) == [65, 67, 68]
    assert {slot: data.size for slot, data in found.initial_slots.items()} == {65: 65536, 67: 2 * 4096, 68: 65536}
    assert found.initial_slots[65].content == found.initial_slots[68].content == b""
    assert sorted(found.endpoints) == [0, 7]
    assert all(endpoint.initial_regs == {1: 0x20000} for endpoint in found.endpoints.values())
    assert (found.gas_slots, found.quota_slots, found.yield_marker_slot) == ([7], [8], 9)


def test_a_run_without_its_endpoint_traps(tmp_path):
    found = kernel.admit(link(tmp_path, FIB).image)
    stop = model.load(found.code, 25, []).run(model.State(0, 1000, [0] * 13))
    assert stop.exit == "trap"


def test_panic_traps_and_a_null_pointer_faults(tmp_path):
    text = """#include <assay/guest.h>
    ASSAY_ENDPOINT(0, panics) { assay_panic(); }
    ASSAY_ENDPOINT(1, faults) { return *(volatile uint64_t *)argument0; }
    static uint64_t deep(volatile uint64_t *p) { uint64_t big[512]; big[*p & 511] = *p; return deep(big) + big[1]; }
    ASSAY_ENDPOINT(2, overflows) { return deep(&argument1); }
    ASSAY_ENDPOINT(3, writes) { *(volatile char *)(uintptr_t)"text" = 1; return 0; }"""
    linked = link(tmp_path, text, "-w", "-fno-optimize-sibling-calls").image
    assert [run(linked, endpoint=n)[1].exit for n in range(4)] == ["trap", "page_fault", "page_fault", "page_fault"]
    assert run(linked, endpoint=2)[1].argument == 0xF000


def test_the_heap(tmp_path):
    text = """#include <assay/guest.h>
    ASSAY_ENDPOINT(0, takes)
    {
        unsigned char *a = assay_alloc(argument0), *b = assay_alloc(1);
        a[0] = 1, b[0] = 2;
        return (uint64_t)(b - a) << 8 | ((uintptr_t)a & 15) | a[0] * b[0];
    }"""
    linked = link(tmp_path, text, "-Wl,--defsym=__heap_size=0x2000").image
    assert result(linked, 1) == 16 << 8 | 2
    assert result(linked, 0x1FF0) == 0x1FF0 << 8 | 2
    assert run(linked, 0x1FF1)[1].exit == "trap" and run(linked, 2**64 - 1)[1].exit == "trap"


def test_memory_functions(tmp_path):
    text = """#include <assay/guest.h>
    static unsigned char a[300], b[300];
    static void fill(uint64_t seed) { for (int n = 0; n < 300; n++) a[n] = b[n] = (unsigned char)((seed += 77) >> 2); }
    ASSAY_ENDPOINT(0, checks)
    {
        for (size_t from = 0; from < 24; from += 3)
            for (size_t to = 0; to < 24; to += 5)
                for (size_t size = 0; size < 80; size += 1 + size / 8) {
                    fill(size);
                    memmove(a + to, a + from, size);
                    for (size_t n = 0; n < size; n++) if (a[to + n] != b[from + n]) return 1;
                    for (size_t n = 0; n < to; n++) if (a[n] != b[n]) return 2;
                    for (size_t n = to + size; n < 300; n++) if (a[n] != b[n]) return 3;
                    memcpy(b + 150, a + from, size);
                    if (memcmp(b + 150, a + from, size) != 0) return 4;
                    if (size && (b[150 + size - 1]++, a[from + size - 1] != 255) &&
                        memcmp(b + 150, a + from, size) <= 0) return 5;
                    memset(b + to, 7, size);
                    for (size_t n = 0; n < size; n++) if (b[to + n] != 7) return 6;
                }
        return 0;
    }"""
    assert result(link(tmp_path, text, "-w").image) == 0


def test_an_event_reads_its_payload(tmp_path):
    text = """#include <assay/guest.h>
    static uint64_t seen;
    ASSAY_ENDPOINT(3, sums)
    {
        unsigned char text[16];
        size_t size = assay_payload(text, sizeof text);
        for (size_t n = 0; n < size; n++) seen += text[n];
        if (seen == 0) assay_halt(99);
        return seen << 8 | size;
    }"""
    chain = kernel.Chain(link(tmp_path, text).image)
    results = [chain.apply(3, payload, 10**6, 10**6) for payload in (bytes([1, 2, 3]), bytes(range(40)), b"")]
    assert [(r.outcome, r.value) for r in results] == [("halt", 6 << 8 | 3), ("halt", 120 << 8 | 16), ("halt", 99)]
    assert chain.apply(0, b"", 10**6, 0).exit == "trap"


def test_files_outlive_events(tmp_path):
    text = """#include <assay/guest.h>
    ASSAY_ENDPOINT(0, store)
    {
        unsigned char text[64];
        assay_mint_data(text, assay_payload(text, sizeof text), ASSAY_QUOTA, 20);
        assay_save(20, ASSAY_QUOTA, 21);
        return 0;
    }
    ASSAY_ENDPOINT(1, fetch)
    {
        uint64_t id = 0, value = 0;
        assay_payload(&id, sizeof id);
        assay_open_by_id(ASSAY_HOST_OPEN, 22, id);
        assay_copy(22, 23);
        assay_swap(22, 24);
        assay_drop(23);
        assay_move(24, 25);
        assay_type_of(ASSAY_QUOTA, 26);
        return assay_read_data(25, &value, sizeof value) << 56 | assay_same_type(26, ASSAY_QUOTA) << 48 | value;
    }"""
    chain = kernel.Chain(link(tmp_path, text).image)
    assert chain.apply(0, b"abc", 10**6, 100).outcome == "halt"
    fetched = chain.apply(1, bytes(8), 10**6, 100)
    assert (fetched.outcome, fetched.value) == ("halt", 3 << 56 | 1 << 48 | 0x636261)
    assert chain.apply(1, b"\5", 10**6, 100).exit == "trap"


def test_registers_at_entry(tmp_path):
    (tmp_path / "fib.c").write_text(FIB)
    arguments = [str(tmp_path / "fib.c"), "-o", str(tmp_path / "fib.image"), "--register", "0.a0=0xA"]
    assert cli.cc_main([*arguments, "--stack", "4096", "--heap", "0"]) == 0
    chain = kernel.Chain((tmp_path / "fib.image").read_bytes())
    assert chain.apply(0, b"", 10**6, 0).value == 55
    assert [m.size for m in chain.image.memory_mappings] == [4096]
    for wrong in ("0.a0", "0.a9=1", "a0=1", "x.a0=1", "1.a0=1"):
        assert cli.cc_main([*arguments[:-1], wrong]) == 3


def test_the_map_names_symbol_and_line(tmp_path):
    linked = link(tmp_path, FIB, "-g")
    rows = [json.loads(line) for line in mapfile.lines(linked)]
    assert [row["pc"] for row in rows] == sorted(row["pc"] for row in rows)
    assert len(rows) == len(linked.instructions)
    assert any(row["symbol"] == "fib" and row["source"].endswith("guest.c:3") for row in rows)
    assert any(row["symbol"] == "fibonacci.endpoint" for row in rows)
    entry = kernel.admit(linked.image).endpoints[0].entry_pc
    assert entry in {row["pc"] for row in rows if row["symbol"] == "fibonacci.endpoint"}


def test_a_program_without_the_linker_script(tmp_path, monkeypatch):
    with_script = cc.link_command

    def plain(*arguments):
        words = with_script(*arguments)
        at = words.index("-T")
        return words[:at] + words[at + 2 :]

    monkeypatch.setattr(cc, "link_command", plain)
    linked = link(tmp_path, FIB, "-Wl,--defsym=__heap_start=0,--defsym=__heap_end=0").image
    assert result(linked, 10) == 55
    (stack,) = kernel.admit(linked).initial_slots.values()
    assert stack.size == layout.STACK_DEFAULT


def test_the_module_is_a_command(tmp_path):
    ran = subprocess.run([sys.executable, "-m", "linker"], capture_output=True, text=True)
    assert ran.returncode == 2 and "usage" in ran.stderr
