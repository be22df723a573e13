"""The guest linker: whole guests, from C to what their Image replies with."""

from guest_run import link, result

FIB = """
#include <assay/guest.h>
static uint64_t fib(uint64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
ASSAY_ENDPOINT(0, fibonacci) { return fib(argument0); }
"""


def test_fibonacci(tmp_path):
    image = link(tmp_path, FIB).image
    assert [result(image, n) for n in (0, 1, 2, 10, 15)] == [0, 1, 1, 55, 610]
