/* Sigma: files, payloads, code, the vault and the validators, as ascending arrays (image.md, chain.md). */
#include "kernel.h"

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
    struct ref_state state = {0};
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

struct ref_state ref_state_copy(struct ref_region *region, const struct ref_state *state)
{
    struct ref_writer writer = {.region = region};
    ref_state_write(&writer, state);
    struct ref_reader reader = {.region = region, .data = writer.data, .size = writer.size};
    return ref_state_read(&reader);
}

struct ref_state ref_state_snapshot(struct ref_region *region, const struct ref_state *state)
{
    struct ref_state copy = *state;
    copy.file = ref_array_copy(region, state->file, state->file_count, sizeof(*state->file));
    copy.payload = ref_array_copy(region, state->payload, state->payload_count, sizeof(*state->payload));
    copy.code = ref_array_copy(region, state->code, state->code_count, sizeof(*state->code));
    copy.vault = ref_array_copy(region, state->vault, state->vault_count, sizeof(*state->vault));
    return copy;
}

/* ---- maps --------------------------------------------------------------------------------------- */

const struct ref_payload *ref_state_payload(const struct ref_state *state, const struct ref_hash *hash)
{
    for (size_t i = 0; i < state->payload_count; i++) {
        if (ref_hash_same(&state->payload[i].hash, hash)) {
            return &state->payload[i];
        }
    }
    return NULL;
}

struct ref_hash ref_state_store(struct ref_region *region, struct ref_state *state, struct assay_bytes bytes)
{
    struct ref_payload payload = {.hash = ref_hash_bytes(bytes)};
    if (ref_state_payload(state, &payload.hash) != NULL) {
        return payload.hash;
    }
    size_t at = 0;
    while (at < state->payload_count && ref_hash_is_below(&state->payload[at].hash, &payload.hash)) {
        at++;
    }
    payload.bytes = ref_region_copy(region, bytes);
    state->payload = ref_array_insert(region, state->payload, &state->payload_count, at, &payload, sizeof(payload));
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

void ref_state_put_file(struct ref_region *region, struct ref_state *state, struct ref_file file)
{
    state->file = ref_array_put(region, state->file, &state->file_count, &file, sizeof(file));
}

void ref_state_put_code(struct ref_region *region, struct ref_state *state, uint64_t id, struct assay_bytes bytes)
{
    struct ref_code code = {id, ref_region_copy(region, bytes)};
    state->code = ref_array_put(region, state->code, &state->code_count, &code, sizeof(code));
}

void ref_state_put_vault(struct ref_region *region, struct ref_state *state, struct ref_vault vault)
{
    state->vault = ref_array_put(region, state->vault, &state->vault_count, &vault, sizeof(vault));
}
