/*
 * Payloads: immutable bytes, found by their digest.
 *
 * They come in any order and are many: they are found by a table, and are put in order only when the encoding of sigma
 * is wanted. The list of all has two parts, what is in order and behind it what has arrived since, so that undoing an
 * event is cutting off its end.
 */
#include "kernel.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_TABLE_SIZE = 16 };

/* ---- bytes ----------------------------------------------------------------------------------- */

struct fast_bytes *fast_payload_bytes_new(const void *data, size_t size, const struct fast_digest *digest)
{
    struct fast_bytes *bytes = malloc(sizeof(*bytes) + size);
    if (bytes != NULL) {
        bytes->size = size;
        bytes->digest = *digest;
        if (size != 0) {
            memcpy(bytes->data, data, size);
        }
    }
    return bytes;
}

/* ---- payloads -------------------------------------------------------------------------------- */

/* Digests of a decoded State need not be digests of anything: keys drawn by lot keep them from being made to meet. */
static bool draw_keys(struct fast_payloads *payloads)
{
    return getrandom(payloads->key, sizeof(payloads->key), 0) == (ssize_t)sizeof(payloads->key);
}

/* Two different digests have the same value with a probability of 2^-32. */
static size_t mixed(const struct fast_payloads *payloads, const struct fast_digest *digest)
{
    uint64_t sum = payloads->key[0];
    for (size_t i = 1; i < FAST_PAYLOAD_KEYS; i++) {
        sum += payloads->key[i] * fast_scale_u32(digest->byte + 4 * (i - 1));
    }
    return (size_t)(sum >> 32);
}

/* Where a digest is in the table, or the free place where it belongs. */
static size_t place_of(const struct fast_payloads *payloads, const struct fast_digest *digest)
{
    size_t mask = payloads->table_size - 1, at = mixed(payloads, digest) & mask;
    while (payloads->table[at] != NULL && !fast_hash_same(&payloads->table[at]->digest, digest)) {
        at = (at + 1) & mask;
    }
    return at;
}

struct fast_bytes *fast_payload_find(const struct fast_payloads *payloads, const struct fast_digest *digest)
{
    return payloads->table_size == 0 ? NULL : payloads->table[place_of(payloads, digest)];
}

/* Keeps the table at most half full, with one more payload. */
static bool grow_table(struct fast_payloads *payloads)
{
    if (2 * (payloads->count + 1) <= payloads->table_size) {
        return true;
    }
    size_t size = payloads->table_size == 0 ? FIRST_TABLE_SIZE : 2 * payloads->table_size;
    struct fast_bytes **table = calloc(size, sizeof(struct fast_bytes *));
    if (table == NULL || (payloads->table_size == 0 && !draw_keys(payloads))) {
        free(table);
        return false;
    }
    free(payloads->table);
    payloads->table = table;
    payloads->table_size = size;
    for (size_t i = 0; i < payloads->count; i++) {
        table[place_of(payloads, &payloads->order[i]->digest)] = payloads->order[i];
    }
    return true;
}

/* Takes over the bytes. */
int fast_payload_add(struct fast_payloads *payloads, struct fast_bytes *bytes)
{
    struct fast_bytes **order =
        fast_scale_grow(payloads->order, payloads->count, &payloads->capacity, sizeof(struct fast_bytes *));
    if (order != NULL) {
        payloads->order = order;
    }
    if (order == NULL || bytes == NULL || !grow_table(payloads)) {
        free(bytes);
        return ASSAY_ERROR_MEMORY;
    }
    payloads->table[place_of(payloads, &bytes->digest)] = bytes;
    payloads->order[payloads->count++] = bytes;
    return 0;
}

int fast_payload_store(struct fast_payloads *payloads, const void *data, size_t size, const struct fast_digest *digest)
{
    if (fast_payload_find(payloads, digest) != NULL) {
        return 0;
    }
    return fast_payload_add(payloads, fast_payload_bytes_new(data, size, digest));
}

/* Empties a place and moves up what was put behind it because it was taken. */
static void empty_place(struct fast_payloads *payloads, size_t at)
{
    size_t mask = payloads->table_size - 1;
    payloads->table[at] = NULL;
    for (size_t next = (at + 1) & mask; payloads->table[next] != NULL; next = (next + 1) & mask) {
        struct fast_bytes *bytes = payloads->table[next];
        payloads->table[next] = NULL;
        payloads->table[place_of(payloads, &bytes->digest)] = bytes;
    }
}

void fast_payload_undo(struct fast_payloads *payloads, size_t count)
{
    while (payloads->count > count) {
        struct fast_bytes *bytes = payloads->order[--payloads->count];
        empty_place(payloads, place_of(payloads, &bytes->digest));
        free(bytes);
    }
}

static int by_digest(const void *a, const void *b)
{
    const struct fast_bytes *const *x = a, *const *y = b;
    return memcmp(&(*x)->digest, &(*y)->digest, sizeof((*x)->digest));
}

/* How many of the first `count` payloads are below that one. */
static size_t below(struct fast_bytes *const *order, size_t count, struct fast_bytes *const *than)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_digest(&order[middle], than) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Sorts what has arrived and puts it into the front, the greatest first, so that everything moves once. */
int fast_payload_sort(struct fast_payloads *payloads)
{
    struct fast_bytes **order = payloads->order;
    size_t arrived = payloads->count - payloads->sorted, front = payloads->sorted;
    if (arrived == 0) {
        return 0;
    }
    struct fast_bytes **back = malloc(arrived * sizeof(struct fast_bytes *));
    if (back == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(back, order + front, arrived * sizeof(struct fast_bytes *));
    qsort(back, arrived, sizeof(struct fast_bytes *), by_digest);
    while (arrived > 0) {
        size_t place = below(order, front, &back[arrived - 1]);
        memmove(order + place + arrived, order + place, (front - place) * sizeof(struct fast_bytes *));
        order[place + arrived - 1] = back[arrived - 1];
        front = place;
        arrived--;
    }
    payloads->sorted = payloads->count;
    free(back);
    return 0;
}
