/* Ladders: the window they give holds the first differing record, however long the runs are. */
#include "ladder.h"

#include <stdio.h>

static unsigned failures;

/*
 * A run of `count` records; the one at `wrong` and all behind it differ from those of other
 * runs.
 */
static void feed(struct ladder *ladder, uint64_t count, uint64_t wrong)
{
    struct assay_observer observer = ladder_observer(ladder);
    for (uint64_t i = 0; i < count; i++) {
        struct assay_step record = {.pc = i * 3};
        record.reg[i % ASSAY_REGISTER_COUNT] = i >= wrong ? i + 1 : i;
        observer.instruction(observer.context, &record);
    }
}

static void check(uint64_t left_count, uint64_t right_count, uint64_t wrong)
{
    static struct ladder left, right;
    uint64_t first = 0, end = UINT64_MAX, expected = wrong;
    expected = expected > left_count ? left_count : expected;
    expected = expected > right_count ? right_count : expected;
    bool differs = left_count != right_count || wrong < left_count, good = true;
    for (unsigned round = 0; round < 10; round++) {
        ladder_start(&left, LEVEL_L0, first, end);
        ladder_start(&right, LEVEL_L0, first, end);
        feed(&left, left_count, UINT64_MAX);
        feed(&right, right_count, wrong);
        if (ladder_compare(&left, &right, &first, &end) != differs) {
            good = false;
            break;
        }
        good = !differs || (first <= expected && expected < end);
        if (!differs || end - first == 1 || !good) {
            break;
        }
    }
    if (!good || (differs && end - first != 1)) {
        printf("%llu and %llu records, first wrong %llu: window %llu..%llu\n", (unsigned long long)left_count,
               (unsigned long long)right_count, (unsigned long long)wrong, (unsigned long long)first,
               (unsigned long long)end);
        failures++;
    }
    ladder_free(&left);
    ladder_free(&right);
}

int main(void)
{
    static const uint64_t length[] = {0, 1, 2, 4095, 4096, 4097, 8191, 8192, 8193, 100000, 300001};
    for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
        uint64_t count = length[i];
        check(count, count, UINT64_MAX);
        check(count, count + 1, UINT64_MAX);
        check(count + 5000, count, UINT64_MAX);
        for (uint64_t wrong = 0; wrong < count; wrong = wrong * 3 + 1) {
            check(count, count, wrong);
            check(count, count + 7, wrong);
        }
        if (count > 0) {
            check(count, count, count - 1);
        }
    }
    printf("%u failures\n", failures);
    return failures == 0 ? 0 : 1;
}
