/* Sigma: files, payloads, code, the vault and the validators, as ascending arrays (image.md, chain.md). */
#include "kernel.h"

#include <assert.h>

/* ---- encoding --------------------------------------------------------------------------------- */

static void read_files(struct ref_reader *reader, struct ref_state *state)
{
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_file file = {.id = ref_scale_read_key(&map, 8)};
        file.content = ref_scale_read_hash(reader);
        file.size = ref_scale_read_u64(reader);
        file.refcount = ref_scale_read_u32(reader);
        file.backing_quota = ref_scale_read_u64(reader);
        state->file = ref_array_append(reader->region, state->file, &state->file_count, &file, sizeof(file));
    }
}

static void read_payloads(struct ref_reader *reader, struct ref_state *state)
{
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_payload payload = {.hash = ref_scale_read_hash_key(&map)};
        payload.bytes = ref_scale_read_bytes(reader);
        state->payload =
            ref_array_append(reader->region, state->payload, &state->payload_count, &payload, sizeof(payload));
    }
}

static void read_codes(struct ref_reader *reader, struct ref_state *state)
{
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_code code = {.id = ref_scale_read_key(&map, 8)};
        code.bytes = ref_scale_read_bytes(reader);
        state->code = ref_array_append(reader->region, state->code, &state->code_count, &code, sizeof(code));
    }
}

static void read_vaults(struct ref_reader *reader, struct ref_state *state)
{
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_vault vault = {.id = ref_scale_read_key(&map, 8)};
        vault.chain = ref_scale_read_hash(reader);
        vault.content = ref_scale_read_hash(reader);
        state->vault = ref_array_append(reader->region, state->vault, &state->vault_count, &vault, sizeof(vault));
    }
}

static void read_validators(struct ref_reader *reader, struct ref_state *state)
{
    struct ref_sequence sequence = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&sequence)) {
        struct ref_hash key = ref_scale_read_hash(reader);
        state->validator =
            ref_array_append(reader->region, state->validator, &state->validator_count, &key, sizeof(key));
    }
}

struct ref_state ref_state_read(struct ref_reader *reader)
{
    struct ref_state state = {.region = reader->region};
    read_files(reader, &state);
    read_payloads(reader, &state);
    read_codes(reader, &state);
    read_vaults(reader, &state);
    read_validators(reader, &state);
    state.next_file_id = ref_scale_read_u64(reader);
    state.next_code_id = ref_scale_read_u64(reader);
    state.next_vault_id = ref_scale_read_u64(reader);
    return state;
}

void ref_state_write_file(struct ref_writer *writer, const struct ref_file *file)
{
    ref_scale_write_hash(writer, &file->content);
    ref_scale_write_u64(writer, file->size);
    ref_scale_write_u32(writer, file->refcount);
    ref_scale_write_u64(writer, file->backing_quota);
}

void ref_state_write(struct ref_writer *writer, const struct ref_state *state)
{
    ref_scale_write_u32(writer, (uint32_t)state->file_count);
    for (size_t i = 0; i < state->file_count; i++) {
        ref_scale_write_u64(writer, state->file[i].id);
        ref_state_write_file(writer, &state->file[i]);
    }
    ref_scale_write_u32(writer, (uint32_t)state->payload_count);
    for (size_t i = 0; i < state->payload_count; i++) {
        ref_scale_write_hash(writer, &state->payload[i].hash);
        ref_scale_write_bytes(writer, state->payload[i].bytes);
    }
    ref_scale_write_u32(writer, (uint32_t)state->code_count);
    for (size_t i = 0; i < state->code_count; i++) {
        ref_scale_write_u64(writer, state->code[i].id);
        ref_scale_write_bytes(writer, state->code[i].bytes);
    }
    ref_scale_write_u32(writer, (uint32_t)state->vault_count);
    for (size_t i = 0; i < state->vault_count; i++) {
        ref_scale_write_u64(writer, state->vault[i].id);
        ref_scale_write_hash(writer, &state->vault[i].chain);
        ref_scale_write_hash(writer, &state->vault[i].content);
    }
    ref_scale_write_u32(writer, (uint32_t)state->validator_count);
    for (size_t i = 0; i < state->validator_count; i++) {
        ref_scale_write_hash(writer, &state->validator[i]);
    }
    ref_scale_write_u64(writer, state->next_file_id);
    ref_scale_write_u64(writer, state->next_code_id);
    ref_scale_write_u64(writer, state->next_vault_id);
}

/* image/hash/state */
struct ref_hash ref_state_hash(const struct ref_state *state)
{
    struct ref_digest digest;
    struct ref_writer writer = {.digest = &digest};
    ref_hash_begin(&digest);
    ref_state_write(&writer, state);
    return ref_hash_end(&digest);
}

/* ---- copies ------------------------------------------------------------------------------------ */

struct ref_state ref_state_snapshot(struct ref_region *region, const struct ref_state *state)
{
    struct ref_state copy = *state;
    copy.region = region;
    copy.journal = NULL;
    copy.file = ref_array_copy(region, state->file, state->file_count, sizeof(*state->file));
    copy.payload = ref_array_copy(region, state->payload, state->payload_count, sizeof(*state->payload));
    copy.code = ref_array_copy(region, state->code, state->code_count, sizeof(*state->code));
    copy.vault = ref_array_copy(region, state->vault, state->vault_count, sizeof(*state->vault));
    return copy;
}

/* ---- maps --------------------------------------------------------------------------------------- */

/* The first payload whose hash is not below; NULL in *same unless it is that hash. */
static size_t place_of(const struct ref_state *state, const struct ref_hash *hash, struct ref_payload **same)
{
    size_t low = 0, high = state->payload_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ref_hash_is_below(&state->payload[middle].hash, hash)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there = low < state->payload_count && ref_hash_same(&state->payload[low].hash, hash);
    *same = is_there ? &state->payload[low] : NULL;
    return low;
}

const struct ref_payload *ref_state_payload(const struct ref_state *state, const struct ref_hash *hash)
{
    struct ref_payload *payload;
    place_of(state, hash, &payload);
    return payload;
}

struct ref_hash ref_state_store(struct ref_region *region, struct ref_state *state, struct assay_bytes bytes)
{
    struct ref_payload payload = {.hash = ref_hash_bytes(bytes)}, *same;
    size_t at = place_of(state, &payload.hash, &same);
    if (same != NULL) {
        return payload.hash;
    }
    payload.bytes = ref_region_copy(region, bytes);
    struct ref_journal *journal = state->journal;
    if (journal != NULL) {
        journal->stored = ref_array_append(journal->region, journal->stored, &journal->stored_count, &payload.hash,
                                           sizeof(payload.hash));
    }
    state->payload =
        ref_array_insert(state->region, state->payload, &state->payload_count, at, &payload, sizeof(payload));
    return payload.hash;
}

void ref_state_store_given(struct ref_region *region, struct ref_state *state, const struct ref_given *list,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_image) {
            ref_state_store(region, state, list[i].content);
        }
    }
}

const struct ref_file *ref_state_file(const struct ref_state *state, uint64_t id)
{
    return ref_array_find(state->file, state->file_count, id, sizeof(*state->file));
}

void ref_state_put_file(struct ref_state *state, struct ref_file file)
{
    state->file = ref_array_put(state->region, state->file, &state->file_count, &file, sizeof(file));
}

void ref_state_put_code(struct ref_state *state, uint64_t id, struct assay_bytes bytes)
{
    struct ref_code code = {id, bytes};
    state->code = ref_array_put(state->region, state->code, &state->code_count, &code, sizeof(code));
}

void ref_state_put_vault(struct ref_state *state, struct ref_vault vault)
{
    state->vault = ref_array_put(state->region, state->vault, &state->vault_count, &vault, sizeof(vault));
}

/* ---- the journal --------------------------------------------------------------------------------- */

/* chain/event/rollback: files get ascending ids, so the new ones are at the end. */
void ref_state_undo(struct ref_state *state, size_t first)
{
    struct ref_journal *journal = state->journal;
    while (journal->stored_count > first) {
        struct ref_payload *payload;
        size_t at = place_of(state, &journal->stored[--journal->stored_count], &payload);
        if (payload != NULL) { /* not when memory ended before it was there */
            ref_array_remove(state->payload, &state->payload_count, at, sizeof(*payload));
        }
    }
    state->file_count = journal->file_count;
    state->next_file_id = journal->next_file_id;
}

void ref_state_keep(struct ref_state *state, size_t first)
{
    for (size_t i = first; i < state->journal->stored_count; i++) {
        struct ref_payload *payload;
        place_of(state, &state->journal->stored[i], &payload);
        assert(payload != NULL);
        payload->bytes = ref_region_copy(state->region, payload->bytes);
    }
}
