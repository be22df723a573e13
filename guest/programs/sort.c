/* Sorting 64-bit numbers in place: heap sort (test 0), quick sort (test 1), insertion sort (test 2). */
#include "common/program.h"

enum { COUNT = 4096 };

static uint64_t number[COUNT];

static void sift(uint64_t *heap, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && heap[child] < heap[child + 1]) {
            child++;
        }
        if (heap[root] >= heap[child]) {
            return;
        }
        uint64_t kept = heap[root];
        heap[root] = heap[child];
        heap[child] = kept;
        root = child;
    }
}

static void heap_sort(uint64_t *list, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift(list, i - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        uint64_t kept = list[0];
        list[0] = list[end - 1];
        list[end - 1] = kept;
        sift(list, 0, end - 1);
    }
}

static void insertion_sort(uint64_t *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = list[i];
        size_t at = i;
        while (at > 0 && list[at - 1] > value) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = value;
    }
}

static void quick_sort(uint64_t *list, size_t count)
{
    while (count > 16) {
        uint64_t pivot = list[count / 2];
        size_t low = 0, high = count - 1;
        for (;;) {
            while (list[low] < pivot) {
                low++;
            }
            while (list[high] > pivot) {
                high--;
            }
            if (low >= high) {
                break;
            }
            uint64_t kept = list[low];
            list[low++] = list[high];
            list[high--] = kept;
        }
        quick_sort(list, low);
        list += low;
        count -= low;
    }
    insertion_sort(list, count);
}

static uint64_t sorted_digest(uint64_t test, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        number[i] = next_random(&seed);
    }
    if (test == 0) {
        heap_sort(number, count);
    } else if (test == 1) {
        quick_sort(number, count);
    } else {
        insertion_sort(number, count);
    }
    uint64_t digest = MIX_START;
    for (size_t i = 0; i < count; i++) {
        digest = mix(digest, number[i]);
        if (i > 0 && number[i - 1] > number[i]) {
            return 0;
        }
    }
    return digest;
}

RUN(test, iterations)
{
    uint64_t digest = MIX_START;
    for (uint64_t i = 0; i < iterations; i++) {
        digest = mix(digest, sorted_digest(test, test == 2 ? 256 : COUNT, i + 1));
    }
    return digest;
}

SELF_TEST()
{
    for (uint64_t test = 0; test < 3; test++) {
        if (sorted_digest(test, 200, 7) == 0 || sorted_digest(test, 200, 7) != sorted_digest(0, 200, 7)) {
            return test + 1;
        }
    }
    return 0;
}
