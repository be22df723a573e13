/* Fibonacci numbers: by doubly recursive calls (test 0) and by a loop (test 1). */
#include "common/program.h"

__attribute__((noinline)) static uint64_t recursive(uint64_t n)
{
    return n < 2 ? n : recursive(n - 1) + recursive(n - 2);
}

__attribute__((noinline)) static uint64_t by_loop(uint64_t n)
{
    uint64_t a = 0, b = 1;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}

RUN(test, iterations)
{
    return test == 0 ? recursive(iterations) : by_loop(iterations);
}

SELF_TEST()
{
    if (recursive(20) != 6765) {
        return 1;
    }
    return by_loop(90) != 2880067194370816120u ? 2 : 0;
}
