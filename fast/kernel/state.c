/*
 * sigma: its parts, its encoding and its root (image.md).
 *
 * Maps by number are arrays in ascending order, since ids come in ascending order. Payloads come in any order
 * and are many: they are found by a table, and are put in order only when the encoding is wanted. The root is
 * computed from the parts without building the encoding.
 */
#include "kernel.h"

#include <stdlib.h>

enum { FIRST_TABLE_SIZE = 16, ROOT_BUFFER = 1024, AHEAD = 12, LINE = 64, LINES_AHEAD = 8 };

/* ---- bytes ---------------------------------------------------------------------------------- */

struct kernel_bytes *kernel_bytes_new(const void *data, size_t size, const struct kernel_digest *digest)
{
    struct kernel_bytes *bytes = malloc(sizeof(*bytes) + size);
    if (bytes != NULL) {
        bytes->references = 1;
        bytes->size = size;
        bytes->digest = *digest;
        if (size != 0) {
            memcpy(bytes->data, data, size);
        }
    }
    return bytes;
}

void kernel_bytes_release(struct kernel_bytes *bytes)
{
    if (bytes != NULL && --bytes->references == 0) {
        free(bytes);
    }
}

/* ---- payloads ------------------------------------------------------------------------------- */

/* Where a digest is in the table, or the free place where it belongs. */
static size_t place_of(const struct kernel_payloads *payloads, const struct kernel_digest *digest)
{
    size_t mask = payloads->table_size - 1, at = (size_t)kernel_u64(digest->byte) & mask;
    while (payloads->table[at] != NULL && !kernel_same(&payloads->table[at]->digest, digest)) {
        at = (at + 1) & mask;
    }
    return at;
}

struct kernel_bytes *kernel_payload_find(const struct kernel_payloads *payloads, const struct kernel_digest *digest)
{
    return payloads->table_size == 0 ? NULL : payloads->table[place_of(payloads, digest)];
}

/* Keeps the table at most half full, with one more payload. */
static bool grow_table(struct kernel_payloads *payloads)
{
    if (2 * (payloads->count + 1) <= payloads->table_size) {
        return true;
    }
    size_t size = payloads->table_size == 0 ? FIRST_TABLE_SIZE : 2 * payloads->table_size;
    struct kernel_bytes **table = calloc(size, sizeof(struct kernel_bytes *));
    if (table == NULL) {
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

/* Takes over one reference. */
static int add_payload(struct kernel_payloads *payloads, struct kernel_bytes *bytes)
{
    struct kernel_bytes **order =
        kernel_grow(payloads->order, payloads->count, &payloads->capacity, sizeof(struct kernel_bytes *));
    if (order != NULL) {
        payloads->order = order;
    }
    if (order == NULL || bytes == NULL || !grow_table(payloads)) {
        kernel_bytes_release(bytes);
        return ASSAY_ERROR_MEMORY;
    }
    payloads->table[place_of(payloads, &bytes->digest)] = bytes;
    payloads->order[payloads->count++] = bytes;
    return 0;
}

int kernel_payload_store(struct kernel_payloads *payloads, const void *data, size_t size,
                         const struct kernel_digest *digest)
{
    if (kernel_payload_find(payloads, digest) != NULL) {
        return 0;
    }
    return add_payload(payloads, kernel_bytes_new(data, size, digest));
}

/* Empties a place and moves up what was put behind it because it was taken. */
static void empty_place(struct kernel_payloads *payloads, size_t at)
{
    size_t mask = payloads->table_size - 1;
    payloads->table[at] = NULL;
    for (size_t next = (at + 1) & mask; payloads->table[next] != NULL; next = (next + 1) & mask) {
        struct kernel_bytes *bytes = payloads->table[next];
        payloads->table[next] = NULL;
        payloads->table[place_of(payloads, &bytes->digest)] = bytes;
    }
}

void kernel_payload_undo(struct kernel_payloads *payloads, size_t count)
{
    while (payloads->count > count) {
        struct kernel_bytes *bytes = payloads->order[--payloads->count];
        empty_place(payloads, place_of(payloads, &bytes->digest));
        kernel_bytes_release(bytes);
    }
}

static int by_digest(const void *a, const void *b)
{
    const struct kernel_bytes *const *x = a, *const *y = b;
    return memcmp(&(*x)->digest, &(*y)->digest, sizeof((*x)->digest));
}

/* How many of the first `count` payloads are below that one. */
static size_t below(struct kernel_bytes *const *order, size_t count, struct kernel_bytes *const *than)
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
static int sort_payloads(struct kernel_payloads *payloads)
{
    struct kernel_bytes **order = payloads->order;
    size_t arrived = payloads->count - payloads->sorted, front = payloads->sorted;
    if (arrived == 0) {
        return 0;
    }
    struct kernel_bytes **back = malloc(arrived * sizeof(struct kernel_bytes *));
    if (back == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(back, order + front, arrived * sizeof(struct kernel_bytes *));
    qsort(back, arrived, sizeof(struct kernel_bytes *), by_digest);
    while (arrived > 0) {
        size_t place = below(order, front, &back[arrived - 1]);
        memmove(order + place + arrived, order + place, (front - place) * sizeof(struct kernel_bytes *));
        order[place + arrived - 1] = back[arrived - 1];
        front = place;
        arrived--;
    }
    payloads->sorted = payloads->count;
    free(back);
    return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The index of the first file whose id is not below. */
static size_t file_place(const struct kernel_state *state, uint64_t id)
{
    size_t low = 0, high = state->file_count;
    if (high > 0 && state->file[high - 1].id < id) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (state->file[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct kernel_blob *kernel_file_find(const struct kernel_state *state, uint64_t id)
{
    size_t at = file_place(state, id);
    return at < state->file_count && state->file[at].id == id ? &state->file[at].blob : NULL;
}

int kernel_file_put(struct kernel_state *state, uint64_t id, const struct kernel_blob *blob)
{
    size_t at = file_place(state, id);
    if (at < state->file_count && state->file[at].id == id) {
        state->file[at].blob = *blob;
        return 0;
    }
    void *grown = kernel_grow(state->file, state->file_count, &state->file_capacity, sizeof(*state->file));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    state->file = grown;
    memmove(state->file + at + 1, state->file + at, (state->file_count - at) * sizeof(*state->file));
    state->file[at] = (struct kernel_file){id, *blob};
    state->file_count++;
    return 0;
}

void kernel_file_remove(struct kernel_state *state, uint64_t id)
{
    size_t at = file_place(state, id);
    state->file_count--;
    memmove(state->file + at, state->file + at + 1, (state->file_count - at) * sizeof(*state->file));
}

/* ---- decoding ------------------------------------------------------------------------------- */

static void decode_files(struct kernel_reader *reader, struct kernel_state *state)
{
    uint32_t count = kernel_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct kernel_blob blob;
        key = kernel_read_key(reader, 8, i == 0, key);
        kernel_read_digest(reader, &blob.hash);
        blob.size = kernel_read_u64(reader);
        blob.refcount = kernel_read_u32(reader);
        blob.backing_quota = kernel_read_u64(reader);
        if (reader->error == 0 && state != NULL && kernel_file_put(state, key, &blob) != 0) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
        }
    }
}

static void decode_payloads(struct kernel_reader *reader, struct kernel_state *state)
{
    uint32_t count = kernel_read_count(reader);
    struct kernel_digest key;
    memset(&key, 0, sizeof(key));
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint32_t size;
        kernel_read_digest_key(reader, i == 0, &key);
        const uint8_t *data = kernel_read_bytes(reader, &size);
        if (reader->error == 0 && state != NULL) {
            if (add_payload(&state->payloads, kernel_bytes_new(data, size, &key)) != 0) {
                kernel_fail(reader, ASSAY_ERROR_MEMORY);
            }
            state->payloads.sorted = state->payloads.count;
        }
    }
}

static void add_code(struct kernel_reader *reader, struct kernel_state *state, uint64_t id, const uint8_t *data,
                     uint32_t size)
{
    void *grown = kernel_grow(state->code, state->code_count, &state->code_capacity, sizeof(*state->code));
    struct kernel_bytes *bytes = kernel_bytes_new(data, size, &kernel_zero_digest);
    if (grown != NULL) {
        state->code = grown;
    }
    if (grown == NULL || bytes == NULL) {
        kernel_bytes_release(bytes);
        kernel_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->code[state->code_count++] = (struct kernel_code_blob){id, bytes};
}

static void decode_code(struct kernel_reader *reader, struct kernel_state *state)
{
    uint32_t count = kernel_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint32_t size;
        key = kernel_read_key(reader, 8, i == 0, key);
        const uint8_t *data = kernel_read_bytes(reader, &size);
        if (reader->error == 0 && state != NULL) {
            add_code(reader, state, key, data, size);
        }
    }
}

static void add_vault(struct kernel_reader *reader, struct kernel_state *state, const struct kernel_vault *vault)
{
    void *grown = kernel_grow(state->vault, state->vault_count, &state->vault_capacity, sizeof(*state->vault));
    if (grown == NULL) {
        kernel_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->vault = grown;
    state->vault[state->vault_count++] = *vault;
}

static void decode_vaults(struct kernel_reader *reader, struct kernel_state *state)
{
    uint32_t count = kernel_read_count(reader);
    struct kernel_vault vault = {.id = 0};
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        vault.id = kernel_read_key(reader, 8, i == 0, vault.id);
        kernel_read_digest(reader, &vault.chain);
        kernel_read_digest(reader, &vault.content);
        if (reader->error == 0 && state != NULL) {
            add_vault(reader, state, &vault);
        }
    }
}

static void add_validator(struct kernel_reader *reader, struct kernel_state *state,
                          const struct kernel_digest *validator)
{
    void *grown =
        kernel_grow(state->validator, state->validator_count, &state->validator_capacity, sizeof(*state->validator));
    if (grown == NULL) {
        kernel_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->validator = grown;
    state->validator[state->validator_count++] = *validator;
}

static void decode_validators(struct kernel_reader *reader, struct kernel_state *state)
{
    uint32_t count = kernel_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct kernel_digest validator;
        kernel_read_digest(reader, &validator);
        if (reader->error == 0 && state != NULL) {
            add_validator(reader, state, &validator);
        }
    }
}

void kernel_state_decode(struct kernel_reader *reader, struct kernel_state *state)
{
    if (state != NULL) {
        *state = (struct kernel_state){.file = NULL};
    }
    decode_files(reader, state);
    decode_payloads(reader, state);
    decode_code(reader, state);
    decode_vaults(reader, state);
    decode_validators(reader, state);
    uint64_t file = kernel_read_u64(reader), code = kernel_read_u64(reader), vault = kernel_read_u64(reader);
    if (state != NULL) {
        state->next_file_id = file;
        state->next_code_id = code;
        state->next_vault_id = vault;
    }
}

void kernel_state_clear(struct kernel_state *state)
{
    for (size_t i = 0; i < state->payloads.count; i++) {
        kernel_bytes_release(state->payloads.order[i]);
    }
    for (size_t i = 0; i < state->code_count; i++) {
        kernel_bytes_release(state->code[i].bytes);
    }
    free(state->payloads.order);
    free(state->payloads.table);
    free(state->file);
    free(state->code);
    free(state->vault);
    free(state->validator);
    *state = (struct kernel_state){.file = NULL};
}

/* ---- encoding ------------------------------------------------------------------------------- */

static void encode_files(struct kernel_out *out, const struct kernel_state *state)
{
    kernel_put_u32(out, (uint32_t)state->file_count);
    for (size_t i = 0; i < state->file_count; i++) {
        const struct kernel_file *file = &state->file[i];
        kernel_put_u64(out, file->id);
        kernel_put_digest(out, &file->blob.hash);
        kernel_put_u64(out, file->blob.size);
        kernel_put_u32(out, file->blob.refcount);
        kernel_put_u64(out, file->blob.backing_quota);
    }
}

/*
 * Payloads lie anywhere. What comes soon is fetched while what is here is hashed: the header of one a while
 * ahead, then, nearer, the bytes that its size announces. The buffer of the root is small for the same
 * reason.
 */
static void fetch_ahead(const struct kernel_payloads *payloads, size_t i)
{
    if (i + 2 * AHEAD < payloads->count) {
        __builtin_prefetch(payloads->order[i + 2 * AHEAD]);
    }
    if (i + AHEAD < payloads->count) {
        const struct kernel_bytes *bytes = payloads->order[i + AHEAD];
        size_t lines = bytes->size / LINE + 1;
        for (size_t line = 0; line < lines && line < LINES_AHEAD; line++) {
            __builtin_prefetch(bytes->data + LINE * line);
        }
    }
}

static void encode_payloads(struct kernel_out *out, const struct kernel_payloads *payloads)
{
    kernel_put_u32(out, (uint32_t)payloads->count);
    for (size_t i = 0; i < payloads->count; i++) {
        fetch_ahead(payloads, i);
        const struct kernel_bytes *bytes = payloads->order[i];
        uint8_t head[KERNEL_DIGEST_SIZE + 4];
        uint32_t size = (uint32_t)bytes->size;
        memcpy(head, &bytes->digest, KERNEL_DIGEST_SIZE);
        memcpy(head + KERNEL_DIGEST_SIZE, &size, sizeof(size));
        kernel_put(out, head, sizeof(head));
        kernel_put(out, bytes->data, size);
    }
}

void kernel_state_encode(struct kernel_out *out, struct kernel_state *state)
{
    if (sort_payloads(&state->payloads) != 0) {
        out->failed = true;
        return;
    }
    encode_files(out, state);
    encode_payloads(out, &state->payloads);
    kernel_put_u32(out, (uint32_t)state->code_count);
    for (size_t i = 0; i < state->code_count; i++) {
        kernel_put_u64(out, state->code[i].id);
        kernel_put_bytes(out, state->code[i].bytes->data, state->code[i].bytes->size);
    }
    kernel_put_u32(out, (uint32_t)state->vault_count);
    for (size_t i = 0; i < state->vault_count; i++) {
        kernel_put_u64(out, state->vault[i].id);
        kernel_put_digest(out, &state->vault[i].chain);
        kernel_put_digest(out, &state->vault[i].content);
    }
    kernel_put_u32(out, (uint32_t)state->validator_count);
    kernel_put(out, state->validator, state->validator_count * sizeof(*state->validator));
    kernel_put_u64(out, state->next_file_id);
    kernel_put_u64(out, state->next_code_id);
    kernel_put_u64(out, state->next_vault_id);
}

/* image/hash/state */
int kernel_state_root(struct kernel_state *state, struct kernel_digest *root)
{
    uint8_t buffer[ROOT_BUFFER];
    blake2b_state hash;
    struct kernel_out out = {.data = buffer, .capacity = sizeof(buffer), .hash = &hash};
    blake2b_init(&hash, KERNEL_DIGEST_SIZE);
    kernel_state_encode(&out, state);
    if (out.failed) {
        return ASSAY_ERROR_MEMORY;
    }
    kernel_out_flush(&out);
    blake2b_final(&hash, root->byte, KERNEL_DIGEST_SIZE);
    return 0;
}
