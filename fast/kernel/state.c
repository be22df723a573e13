/*
 * sigma: its parts, its encoding and its root (image.md).
 *
 * Maps by number are arrays in ascending order, since ids come in ascending order. Payloads come in any order
 * and are many: they are found by a table, and are put in order only when the encoding is wanted. The root is
 * computed from the parts without building the encoding.
 */
#include "kernel.h"

#include <stdlib.h>

enum { ROOT_BUFFER = 1024, AHEAD = 12, FAR_AHEAD = 24, LINE = 64, LINES_AHEAD = 8 };

/* ---- files ----------------------------------------------------------------------------------- */

/* The index of the first file whose id is not below. */
static size_t file_place(const struct fast_state *state, uint64_t id)
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

const struct fast_file_blob *fast_state_file_find(const struct fast_state *state, uint64_t id)
{
    size_t at = file_place(state, id);
    return at < state->file_count && state->file[at].id == id ? &state->file[at].blob : NULL;
}

int fast_state_file_put(struct fast_state *state, uint64_t id, const struct fast_file_blob *blob)
{
    size_t at = file_place(state, id);
    if (at < state->file_count && state->file[at].id == id) {
        state->file[at].blob = *blob;
        return 0;
    }
    void *grown = fast_scale_grow(state->file, state->file_count, &state->file_capacity, sizeof(*state->file));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    state->file = grown;
    memmove(state->file + at + 1, state->file + at, (state->file_count - at) * sizeof(*state->file));
    state->file[at] = (struct fast_file){id, *blob};
    state->file_count++;
    return 0;
}

void fast_state_file_remove(struct fast_state *state, uint64_t id)
{
    size_t at = file_place(state, id);
    state->file_count--;
    memmove(state->file + at, state->file + at + 1, (state->file_count - at) * sizeof(*state->file));
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void decode_files(struct fast_reader *reader, struct fast_state *state)
{
    uint32_t count = fast_scale_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct fast_file_blob blob;
        key = fast_scale_read_key(reader, 8, i == 0, key);
        fast_scale_read_digest(reader, &blob.hash);
        blob.size = fast_scale_read_u64(reader);
        blob.refcount = fast_scale_read_u32(reader);
        blob.backing_quota = fast_scale_read_u64(reader);
        if (reader->error == 0 && state != NULL && fast_state_file_put(state, key, &blob) != 0) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        }
    }
}

static void decode_payloads(struct fast_reader *reader, struct fast_state *state)
{
    uint32_t count = fast_scale_read_count(reader);
    struct fast_digest key;
    memset(&key, 0, sizeof(key));
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint32_t size;
        fast_scale_read_digest_key(reader, i == 0, &key);
        const uint8_t *data = fast_scale_read_bytes(reader, &size);
        if (reader->error == 0 && state != NULL) {
            if (fast_payload_add(&state->payloads, fast_payload_bytes_new(data, size, &key)) != 0) {
                fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            }
            state->payloads.sorted = state->payloads.count;
        }
    }
}

static void add_code(struct fast_reader *reader, struct fast_state *state, uint64_t id, const uint8_t *data,
                     uint32_t size)
{
    void *grown = fast_scale_grow(state->code, state->code_count, &state->code_capacity, sizeof(*state->code));
    struct fast_bytes *bytes = fast_payload_bytes_new(data, size, &fast_hash_zero);
    if (grown != NULL) {
        state->code = grown;
    }
    if (grown == NULL || bytes == NULL) {
        free(bytes);
        fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->code[state->code_count++] = (struct fast_code_blob){id, bytes};
}

static void decode_code(struct fast_reader *reader, struct fast_state *state)
{
    uint32_t count = fast_scale_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint32_t size;
        key = fast_scale_read_key(reader, 8, i == 0, key);
        const uint8_t *data = fast_scale_read_bytes(reader, &size);
        if (reader->error == 0 && state != NULL) {
            add_code(reader, state, key, data, size);
        }
    }
}

static void add_vault(struct fast_reader *reader, struct fast_state *state, const struct fast_vault *vault)
{
    void *grown = fast_scale_grow(state->vault, state->vault_count, &state->vault_capacity, sizeof(*state->vault));
    if (grown == NULL) {
        fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->vault = grown;
    state->vault[state->vault_count++] = *vault;
}

static void decode_vaults(struct fast_reader *reader, struct fast_state *state)
{
    uint32_t count = fast_scale_read_count(reader);
    struct fast_vault vault = {.id = 0};
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        vault.id = fast_scale_read_key(reader, 8, i == 0, vault.id);
        fast_scale_read_digest(reader, &vault.chain);
        fast_scale_read_digest(reader, &vault.content);
        if (reader->error == 0 && state != NULL) {
            add_vault(reader, state, &vault);
        }
    }
}

static void add_validator(struct fast_reader *reader, struct fast_state *state, const struct fast_digest *validator)
{
    void *grown = fast_scale_grow(state->validator, state->validator_count, &state->validator_capacity,
                                  sizeof(*state->validator));
    if (grown == NULL) {
        fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        return;
    }
    state->validator = grown;
    state->validator[state->validator_count++] = *validator;
}

static void decode_validators(struct fast_reader *reader, struct fast_state *state)
{
    uint32_t count = fast_scale_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct fast_digest validator;
        fast_scale_read_digest(reader, &validator);
        if (reader->error == 0 && state != NULL) {
            add_validator(reader, state, &validator);
        }
    }
}

void fast_state_decode(struct fast_reader *reader, struct fast_state *state)
{
    if (state != NULL) {
        *state = (struct fast_state){.file = NULL};
    }
    decode_files(reader, state);
    decode_payloads(reader, state);
    decode_code(reader, state);
    decode_vaults(reader, state);
    decode_validators(reader, state);
    uint64_t file = fast_scale_read_u64(reader), code = fast_scale_read_u64(reader),
             vault = fast_scale_read_u64(reader);
    if (state != NULL) {
        state->next_file_id = file;
        state->next_code_id = code;
        state->next_vault_id = vault;
    }
}

void fast_state_clear(struct fast_state *state)
{
    for (size_t i = 0; i < state->payloads.count; i++) {
        free(state->payloads.order[i]);
    }
    for (size_t i = 0; i < state->code_count; i++) {
        free(state->code[i].bytes);
    }
    free(state->payloads.order);
    free(state->payloads.table);
    free(state->file);
    free(state->code);
    free(state->vault);
    free(state->validator);
    *state = (struct fast_state){.file = NULL};
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void encode_files(struct fast_out *out, const struct fast_state *state)
{
    fast_scale_put_u32(out, (uint32_t)state->file_count);
    for (size_t i = 0; i < state->file_count; i++) {
        const struct fast_file *file = &state->file[i];
        fast_scale_put_u64(out, file->id);
        fast_scale_put_digest(out, &file->blob.hash);
        fast_scale_put_u64(out, file->blob.size);
        fast_scale_put_u32(out, file->blob.refcount);
        fast_scale_put_u64(out, file->blob.backing_quota);
    }
}

/*
 * Payloads lie anywhere. What comes soon is fetched while what is here is hashed: the header of one a while
 * ahead, then, nearer, the bytes that its size announces. The buffer of the root is small for the same
 * reason.
 */
static void fetch_ahead(const struct fast_payloads *payloads, size_t i)
{
    if (i + FAR_AHEAD < payloads->count) {
        __builtin_prefetch(payloads->order[i + FAR_AHEAD]);
    }
    if (i + AHEAD < payloads->count) {
        const struct fast_bytes *bytes = payloads->order[i + AHEAD];
        size_t lines = bytes->size / LINE + 1;
        for (size_t line = 0; line < lines && line < LINES_AHEAD; line++) {
            __builtin_prefetch(bytes->data + LINE * line);
        }
    }
}

static void encode_payloads(struct fast_out *out, const struct fast_payloads *payloads)
{
    fast_scale_put_u32(out, (uint32_t)payloads->count);
    for (size_t i = 0; i < payloads->count; i++) {
        fetch_ahead(payloads, i);
        const struct fast_bytes *bytes = payloads->order[i];
        uint8_t head[FAST_DIGEST_SIZE + 4];
        uint32_t size = (uint32_t)bytes->size;
        memcpy(head, &bytes->digest, FAST_DIGEST_SIZE);
        memcpy(head + FAST_DIGEST_SIZE, &size, sizeof(size));
        fast_scale_put(out, head, sizeof(head));
        fast_scale_put(out, bytes->data, size);
    }
}

void fast_state_encode(struct fast_out *out, struct fast_state *state)
{
    if (fast_payload_sort(&state->payloads) != 0) {
        out->failed = true;
        return;
    }
    encode_files(out, state);
    encode_payloads(out, &state->payloads);
    fast_scale_put_u32(out, (uint32_t)state->code_count);
    for (size_t i = 0; i < state->code_count; i++) {
        fast_scale_put_u64(out, state->code[i].id);
        fast_scale_put_bytes(out, state->code[i].bytes->data, state->code[i].bytes->size);
    }
    fast_scale_put_u32(out, (uint32_t)state->vault_count);
    for (size_t i = 0; i < state->vault_count; i++) {
        fast_scale_put_u64(out, state->vault[i].id);
        fast_scale_put_digest(out, &state->vault[i].chain);
        fast_scale_put_digest(out, &state->vault[i].content);
    }
    fast_scale_put_u32(out, (uint32_t)state->validator_count);
    fast_scale_put(out, state->validator, state->validator_count * sizeof(*state->validator));
    fast_scale_put_u64(out, state->next_file_id);
    fast_scale_put_u64(out, state->next_code_id);
    fast_scale_put_u64(out, state->next_vault_id);
}

/* image/hash/state */
int fast_state_root(struct fast_state *state, struct fast_digest *root)
{
    uint8_t buffer[ROOT_BUFFER];
    blake2b_state hash;
    struct fast_out out = {.data = buffer, .capacity = sizeof(buffer), .hash = &hash};
    blake2b_init(&hash, FAST_DIGEST_SIZE);
    fast_state_encode(&out, state);
    if (out.failed) {
        return ASSAY_ERROR_MEMORY;
    }
    fast_scale_flush(&out);
    blake2b_final(&hash, root->byte, FAST_DIGEST_SIZE);
    return 0;
}
