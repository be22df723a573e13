"""The C library of guests: each function gives what that of this machine gives, and what only a guest has."""

import re
import subprocess

import pytest
from guest_run import cc, image, link, result, run

from assay.engines import catalog
from assay.guests import oracle, programs
from model import kernel

HERE = cc.LIBRARY / "tests"
NAMES = re.findall(r"^ROW\((\w+)\)", (HERE / "list.h").read_text(), re.MULTILINE)
SEEDS = range(5)
MAIN = """
#include <stdio.h>
int main(int count, char **given)
{
    printf("%llu\\n", (unsigned long long)go(strtoul(given[1], 0, 10), strtoul(given[2], 0, 10), 0, 0));
    return count != 3;
}
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """The functions as a guest, run by the reference."""
    elf = tmp_path_factory.mktemp("libc") / "guest.elf"
    cc.build_elf([str(HERE / "functions.c"), "-w", "-I", str(HERE)], elf, heap=1 << 20)
    linked = image.link(elf.read_bytes()).image
    engine = catalog.parse("ref").open(timeout=60)

    def call(number, seed):
        found = oracle.answer(engine, kernel.encode(programs.with_arguments(linked, 0, (number, seed)))).result
        assert not isinstance(found, str) and found.outcome == "halt", found
        return found.regs[7]

    yield call
    engine.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The same as a program of this machine, with its library."""
    folder = tmp_path_factory.mktemp("host")
    source = folder / "host.c"
    source.write_text(f'#include "{HERE / "functions.c"}"\n{MAIN}')
    include = ["-I", str(HERE), "-idirafter", str(cc.LIBRARY / "include")]
    argv = ["cc", "-w", "-O1", "-fno-builtin", "-DASSAY_NATIVE", *include, str(source), "-o", str(folder / "host")]
    subprocess.run(argv, check=True)

    def call(number, seed):
        argv = [str(folder / "host"), str(number), str(seed)]
        return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    return call


@pytest.mark.parametrize("name", NAMES)
def test_as_on_this_machine(guest, host, name):
    number = NAMES.index(name)
    found = [guest(number, seed) for seed in SEEDS]
    assert found == [host(number, seed) for seed in SEEDS]


def test_every_test_is_in_the_list_and_every_function_in_a_test():
    text = (HERE / "functions.c").read_text()
    assert re.findall(r"^TEST\((\w+)\)", text, re.MULTILINE) == NAMES
    text += (HERE / "reals.c").read_text()
    headers = cc.LIBRARY / "include"
    declared = set()
    for name in ("string.h", "strings.h", "ctype.h", "stdlib.h", "setjmp.h"):
        declared |= set(re.findall(r"^[a-z_].*?\**(\w+)\(", (headers / name).read_text(), re.MULTILINE))
    elsewhere = {"abort", "exit", "atexit", "rand", "srand"}
    assert {name for name in declared - elsewhere if not re.search(rf"\b{name}\(", text)} == set()


def test_the_heap_ends(tmp_path):
    text = """#include <assay/guest.h>
    #include <errno.h>
    #include <stdlib.h>
    ASSAY_ENDPOINT(0, takes)
    {
        uint64_t count = 0;
        while (malloc(argument0) != NULL) count++;
        return count * 100 + (uint64_t)errno;
    }
    ASSAY_ENDPOINT(1, gives_back)
    {
        for (uint64_t n = 0; n < 5000; n++) { void *p = malloc(argument0); if (p == NULL) return n; free(p); }
        return assay_alloc_left() > 60000;
    }"""
    linked = link(tmp_path, text).image
    assert result(linked, 1000) == 65536 // 1024 * 100 + 12
    assert result(linked, 0) == 65536 // 32 * 100 + 12
    assert result(linked, 100, endpoint=1) == 1


def test_leaving(tmp_path):
    text = """#include <assay/guest.h>
    #include <assert.h>
    #include <stdlib.h>
    static void last(void) { assay_halt(5); }
    ASSAY_ENDPOINT(0, leaves) { if (argument1) atexit(last); exit((int)argument0); }
    ASSAY_ENDPOINT(1, aborts) { abort(); }
    ASSAY_ENDPOINT(2, asserts) { assert(argument0 == 3); return 1; }"""
    linked = link(tmp_path, text, "-w").image
    assert (result(linked, 0, 0), result(linked, 0, 1), result(linked, 3, endpoint=2)) == (0, 5, 1)
    for endpoint in range(3):
        assert run(linked, 1, 0, endpoint=endpoint)[1].exit == "trap"


def test_what_is_printed_is_kept(tmp_path):
    text = """#include <assay/guest.h>
    #include <errno.h>
    #include <stdio.h>
    #include <string.h>
    ASSAY_ENDPOINT(0, prints)
    {
        size_t size;
        errno = EINVAL;
        printf("%d,", 42); fputs("a", stderr); putchar('b'); puts("c"); fprintf(stdout, "%s", "d"); perror("e");
        fwrite("xyz", 1, 2, stdout); fputc('!', stdout);
        const char *said = assay_printed(&size);
        return size == 31 && memcmp(said, "42,abc\\nde: Invalid argument\\nxy!", 31) == 0 && fflush(stdout) == 0;
    }
    ASSAY_ENDPOINT(1, overflows)
    {
        size_t size;
        for (int n = 0; n < 5000; n++) printf("%c", 'x');
        assay_printed(&size);
        return size << 8 | (fflush(NULL) == EOF);
    }"""
    linked = link(tmp_path, text).image
    assert result(linked) == 1
    assert result(linked, endpoint=1) == 4095 << 8 | 1


def test_random_numbers_are_the_same_for_the_same_seed(tmp_path):
    text = """#include <assay/guest.h>
    #include <stdlib.h>
    ASSAY_ENDPOINT(0, draws)
    {
        srand((unsigned)argument0);
        return (uint64_t)rand() << 32 | (uint64_t)rand();
    }"""
    linked = link(tmp_path, text).image
    found = [result(linked, seed) for seed in (1, 2, 1)]
    assert found[0] == found[2] != found[1] and all(value < 2**63 for value in found)
