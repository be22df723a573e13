/* Sigma and the tables: sorted arrays (image.md, chain.md). */
#include "kernel.h"

#include <string.h>

/* ---- encoding --------------------------------------------------------------------------------- */

static void read_files(struct ref_reader *reader, struct ref_state *state)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_file file;
        file.id = ref_read_key(reader, 8, i == 0, i == 0 ? 0 : state->file[i - 1].id);
        file.content = ref_read_hash(reader);
        file.size = ref_read_u64(reader);
        file.refcount = ref_read_u32(reader);
        file.backing_quota = ref_read_u64(reader);
        state->file = ref_grow(reader->room, state->file, state->file_count, sizeof(file));
        state->file[state->file_count++] = file;
    }
}

static void read_payloads(struct ref_reader *reader, struct ref_state *state)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_payload payload;
        payload.hash = ref_read_hash_key(reader, i == 0, i == 0 ? NULL : &state->payload[i - 1].hash);
        payload.bytes = ref_read_bytes(reader);
        state->payload = ref_grow(reader->room, state->payload, state->payload_count, sizeof(payload));
        state->payload[state->payload_count++] = payload;
    }
}

static void read_codes(struct ref_reader *reader, struct ref_state *state)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_code code;
        code.id = ref_read_key(reader, 8, i == 0, i == 0 ? 0 : state->code[i - 1].id);
        code.bytes = ref_read_bytes(reader);
        state->code = ref_grow(reader->room, state->code, state->code_count, sizeof(code));
        state->code[state->code_count++] = code;
    }
}

static void read_vaults(struct ref_reader *reader, struct ref_state *state)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_vault vault;
        vault.id = ref_read_key(reader, 8, i == 0, i == 0 ? 0 : state->vault[i - 1].id);
        vault.chain = ref_read_hash(reader);
        vault.content = ref_read_hash(reader);
        state->vault = ref_grow(reader->room, state->vault, state->vault_count, sizeof(vault));
        state->vault[state->vault_count++] = vault;
    }
}

static void read_validators(struct ref_reader *reader, struct ref_state *state)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_hash validator = ref_read_hash(reader);
        state->validator = ref_grow(reader->room, state->validator, state->validator_count, sizeof(validator));
        state->validator[state->validator_count++] = validator;
    }
}

struct ref_state ref_read_state(struct ref_reader *reader)
{
    struct ref_state state = {0};
    read_files(reader, &state);
    read_payloads(reader, &state);
    read_codes(reader, &state);
    read_vaults(reader, &state);
    read_validators(reader, &state);
    state.next_file_id = ref_read_u64(reader);
    state.next_code_id = ref_read_u64(reader);
    state.next_vault_id = ref_read_u64(reader);
    return state;
}

void ref_write_file(struct ref_writer *writer, const struct ref_file *file)
{
    ref_write_hash(writer, &file->content);
    ref_write_u64(writer, file->size);
    ref_write_u32(writer, file->refcount);
    ref_write_u64(writer, file->backing_quota);
}

void ref_write_state(struct ref_writer *writer, const struct ref_state *state)
{
    ref_write_u32(writer, (uint32_t)state->file_count);
    for (size_t i = 0; i < state->file_count; i++) {
        ref_write_u64(writer, state->file[i].id);
        ref_write_file(writer, &state->file[i]);
    }
    ref_write_u32(writer, (uint32_t)state->payload_count);
    for (size_t i = 0; i < state->payload_count; i++) {
        ref_write_hash(writer, &state->payload[i].hash);
        ref_write_bytes(writer, state->payload[i].bytes);
    }
    ref_write_u32(writer, (uint32_t)state->code_count);
    for (size_t i = 0; i < state->code_count; i++) {
        ref_write_u64(writer, state->code[i].id);
        ref_write_bytes(writer, state->code[i].bytes);
    }
    ref_write_u32(writer, (uint32_t)state->vault_count);
    for (size_t i = 0; i < state->vault_count; i++) {
        ref_write_u64(writer, state->vault[i].id);
        ref_write_hash(writer, &state->vault[i].chain);
        ref_write_hash(writer, &state->vault[i].content);
    }
    ref_write_u32(writer, (uint32_t)state->validator_count);
    for (size_t i = 0; i < state->validator_count; i++) {
        ref_write_hash(writer, &state->validator[i]);
    }
    ref_write_u64(writer, state->next_file_id);
    ref_write_u64(writer, state->next_code_id);
    ref_write_u64(writer, state->next_vault_id);
}

struct ref_state ref_copy_state(struct ref_room *room, const struct ref_state *state)
{
    struct ref_writer writer = {.room = room};
    ref_write_state(&writer, state);
    struct ref_reader reader = {.room = room, .data = writer.data, .size = writer.size};
    return ref_read_state(&reader);
}

static struct ref_numbers read_numbers(struct ref_reader *reader)
{
    struct ref_numbers numbers = {0};
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_number entry;
        entry.id = ref_read_key(reader, 8, i == 0, i == 0 ? 0 : numbers.entry[i - 1].id);
        entry.value = ref_read_u64(reader);
        numbers.entry = ref_grow(reader->room, numbers.entry, numbers.count, sizeof(entry));
        numbers.entry[numbers.count++] = entry;
    }
    return numbers;
}

static struct ref_catcher read_markers(struct ref_reader *reader, struct ref_hash id)
{
    struct ref_catcher catcher = {.id = id};
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_hash marker = ref_read_hash(reader);
        catcher.marker = ref_grow(reader->room, catcher.marker, catcher.marker_count, sizeof(marker));
        catcher.marker[catcher.marker_count++] = marker;
    }
    return catcher;
}

struct ref_tables ref_read_tables(struct ref_reader *reader)
{
    struct ref_tables tables = {0};
    tables.meters = read_numbers(reader);
    tables.quotas = read_numbers(reader);
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_hash id = ref_read_hash_key(reader, i == 0, i == 0 ? NULL : &tables.catcher[i - 1].id);
        struct ref_catcher catcher = read_markers(reader, id);
        tables.catcher = ref_grow(reader->room, tables.catcher, tables.catcher_count, sizeof(catcher));
        tables.catcher[tables.catcher_count++] = catcher;
    }
    return tables;
}

/* chain/tables_as_functions */
static void write_numbers(struct ref_writer *writer, const struct ref_numbers *numbers)
{
    uint32_t count = 0;
    for (size_t i = 0; i < numbers->count; i++) {
        count += numbers->entry[i].value != 0;
    }
    ref_write_u32(writer, count);
    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->entry[i].value != 0) {
            ref_write_u64(writer, numbers->entry[i].id);
            ref_write_u64(writer, numbers->entry[i].value);
        }
    }
}

void ref_write_catcher_list(struct ref_writer *writer, const struct ref_catcher *catcher)
{
    ref_write_u32(writer, catcher == NULL ? 0 : (uint32_t)catcher->marker_count);
    for (size_t i = 0; catcher != NULL && i < catcher->marker_count; i++) {
        ref_write_hash(writer, &catcher->marker[i]);
    }
}

void ref_write_tables(struct ref_writer *writer, const struct ref_tables *tables)
{
    write_numbers(writer, &tables->meters);
    write_numbers(writer, &tables->quotas);
    uint32_t count = 0;
    for (size_t i = 0; i < tables->catcher_count; i++) {
        count += tables->catcher[i].marker_count != 0;
    }
    ref_write_u32(writer, count);
    for (size_t i = 0; i < tables->catcher_count; i++) {
        if (tables->catcher[i].marker_count != 0) {
            ref_write_hash(writer, &tables->catcher[i].id);
            ref_write_catcher_list(writer, &tables->catcher[i]);
        }
    }
}

/* ---- maps --------------------------------------------------------------------------------------- */

/* Makes room at `at` in an array, and returns the array. */
static void *insert(struct ref_room *room, void *array, size_t count, size_t size, size_t at)
{
    uint8_t *larger = ref_grow(room, array, count, size);
    memmove(larger + (at + 1) * size, larger + at * size, (count - at) * size);
    return larger;
}

/* An array that can be changed without changing this one; with the space that ref_grow counts on. */
static void *copy_array(struct ref_room *room, const void *array, size_t count, size_t size)
{
    size_t space = 1;
    while (space < count) {
        space *= 2;
    }
    void *copy = ref_take(room, space, size);
    if (count != 0) {
        memcpy(copy, array, count * size);
    }
    return copy;
}

struct ref_state ref_snapshot_state(struct ref_room *room, const struct ref_state *state)
{
    struct ref_state copy = *state;
    copy.file = copy_array(room, state->file, state->file_count, sizeof(*state->file));
    copy.payload = copy_array(room, state->payload, state->payload_count, sizeof(*state->payload));
    copy.code = copy_array(room, state->code, state->code_count, sizeof(*state->code));
    copy.vault = copy_array(room, state->vault, state->vault_count, sizeof(*state->vault));
    return copy;
}

struct ref_tables ref_snapshot_tables(struct ref_room *room, const struct ref_tables *tables)
{
    struct ref_tables copy = *tables; /* no operation changes the catchers */
    copy.meters.entry = copy_array(room, tables->meters.entry, tables->meters.count, sizeof(struct ref_number));
    copy.quotas.entry = copy_array(room, tables->quotas.entry, tables->quotas.count, sizeof(struct ref_number));
    return copy;
}

const struct ref_payload *ref_payload_of(const struct ref_state *state, const struct ref_hash *hash)
{
    for (size_t i = 0; i < state->payload_count; i++) {
        if (ref_same(&state->payload[i].hash, hash)) {
            return &state->payload[i];
        }
    }
    return NULL;
}

struct ref_hash ref_store_payload(struct ref_room *room, struct ref_state *state, struct ref_bytes bytes)
{
    struct ref_payload payload = {.hash = ref_hash(bytes)};
    if (ref_payload_of(state, &payload.hash) != NULL) {
        return payload.hash;
    }
    size_t at = 0;
    while (at < state->payload_count && memcmp(state->payload[at].hash.byte, payload.hash.byte, REF_HASH_SIZE) < 0) {
        at++;
    }
    payload.bytes = ref_copy(room, bytes);
    state->payload = insert(room, state->payload, state->payload_count, sizeof(payload), at);
    state->payload[at] = payload;
    state->payload_count++;
    return payload.hash;
}

const struct ref_file *ref_file_of(const struct ref_state *state, uint64_t id)
{
    for (size_t i = 0; i < state->file_count; i++) {
        if (state->file[i].id == id) {
            return &state->file[i];
        }
    }
    return NULL;
}

void ref_put_file(struct ref_room *room, struct ref_state *state, struct ref_file file)
{
    size_t at = 0;
    while (at < state->file_count && state->file[at].id < file.id) {
        at++;
    }
    if (!(at < state->file_count && state->file[at].id == file.id)) {
        state->file = insert(room, state->file, state->file_count, sizeof(file), at);
        state->file_count++;
    }
    state->file[at] = file;
}

void ref_put_code(struct ref_room *room, struct ref_state *state, uint64_t id, struct ref_bytes bytes)
{
    size_t at = 0;
    while (at < state->code_count && state->code[at].id < id) {
        at++;
    }
    if (!(at < state->code_count && state->code[at].id == id)) {
        state->code = insert(room, state->code, state->code_count, sizeof(*state->code), at);
        state->code_count++;
    }
    state->code[at] = (struct ref_code){id, ref_copy(room, bytes)};
}

void ref_put_vault(struct ref_room *room, struct ref_state *state, struct ref_vault vault)
{
    size_t at = 0;
    while (at < state->vault_count && state->vault[at].id < vault.id) {
        at++;
    }
    if (!(at < state->vault_count && state->vault[at].id == vault.id)) {
        state->vault = insert(room, state->vault, state->vault_count, sizeof(vault), at);
        state->vault_count++;
    }
    state->vault[at] = vault;
}

uint64_t ref_number_of(const struct ref_numbers *numbers, uint64_t id)
{
    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->entry[i].id == id) {
            return numbers->entry[i].value;
        }
    }
    return 0;
}

void ref_set_number(struct ref_room *room, struct ref_numbers *numbers, uint64_t id, uint64_t value)
{
    size_t at = 0;
    while (at < numbers->count && numbers->entry[at].id < id) {
        at++;
    }
    if (!(at < numbers->count && numbers->entry[at].id == id)) {
        numbers->entry = insert(room, numbers->entry, numbers->count, sizeof(*numbers->entry), at);
        numbers->count++;
    }
    numbers->entry[at] = (struct ref_number){id, value};
}

const struct ref_catcher *ref_catcher_of(const struct ref_tables *tables, const struct ref_hash *id)
{
    for (size_t i = 0; i < tables->catcher_count; i++) {
        if (ref_same(&tables->catcher[i].id, id)) {
            return &tables->catcher[i];
        }
    }
    return NULL;
}
