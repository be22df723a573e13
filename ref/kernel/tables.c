/* The kernel's tables: gas meters and storage quotas by id, and who catches which markers (chain.md, yield.md). */
#include "kernel.h"

static struct ref_amounts read_amounts(struct ref_reader *reader)
{
    struct ref_amounts amounts = {0};
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_amount amount = {.id = ref_scale_read_key(&map, 8)};
        amount.value = ref_scale_read_u64(reader);
        amounts.entry = ref_array_append(reader->region, amounts.entry, &amounts.count, &amount, sizeof(amount));
    }
    return amounts;
}

static struct ref_catcher read_catcher(struct ref_reader *reader, struct ref_hash id)
{
    struct ref_catcher catcher = {.id = id};
    struct ref_sequence sequence = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&sequence)) {
        struct ref_hash marker = ref_scale_read_hash(reader);
        catcher.marker =
            ref_array_append(reader->region, catcher.marker, &catcher.marker_count, &marker, sizeof(marker));
    }
    return catcher;
}

struct ref_tables ref_tables_read(struct ref_reader *reader)
{
    struct ref_tables tables = {0};
    tables.meters = read_amounts(reader);
    tables.quotas = read_amounts(reader);
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_catcher catcher = read_catcher(reader, ref_scale_read_hash_key(&map));
        tables.catcher =
            ref_array_append(reader->region, tables.catcher, &tables.catcher_count, &catcher, sizeof(catcher));
    }
    return tables;
}

/* chain/tables_as_functions */
static void write_amounts(struct ref_writer *writer, const struct ref_amounts *amounts)
{
    uint32_t count = 0;
    for (size_t i = 0; i < amounts->count; i++) {
        count += amounts->entry[i].value != 0;
    }
    ref_scale_write_u32(writer, count);
    for (size_t i = 0; i < amounts->count; i++) {
        if (amounts->entry[i].value != 0) {
            ref_scale_write_u64(writer, amounts->entry[i].id);
            ref_scale_write_u64(writer, amounts->entry[i].value);
        }
    }
}

static void write_markers(struct ref_writer *writer, const struct ref_catcher *catcher)
{
    ref_scale_write_u32(writer, (uint32_t)catcher->marker_count);
    for (size_t i = 0; i < catcher->marker_count; i++) {
        ref_scale_write_hash(writer, &catcher->marker[i]);
    }
}

void ref_tables_write(struct ref_writer *writer, const struct ref_tables *tables)
{
    write_amounts(writer, &tables->meters);
    write_amounts(writer, &tables->quotas);
    uint32_t count = 0;
    for (size_t i = 0; i < tables->catcher_count; i++) {
        count += tables->catcher[i].marker_count != 0;
    }
    ref_scale_write_u32(writer, count);
    for (size_t i = 0; i < tables->catcher_count; i++) {
        if (tables->catcher[i].marker_count != 0) {
            ref_scale_write_hash(writer, &tables->catcher[i].id);
            write_markers(writer, &tables->catcher[i]);
        }
    }
}

struct ref_tables ref_tables_snapshot(struct ref_region *region, const struct ref_tables *tables)
{
    struct ref_tables copy = *tables; /* no operation changes the catchers */
    copy.meters.entry = ref_array_copy(region, tables->meters.entry, tables->meters.count, sizeof(struct ref_amount));
    copy.quotas.entry = ref_array_copy(region, tables->quotas.entry, tables->quotas.count, sizeof(struct ref_amount));
    return copy;
}

uint64_t ref_tables_get(const struct ref_amounts *amounts, uint64_t id)
{
    const struct ref_amount *amount = ref_array_find(amounts->entry, amounts->count, id, sizeof(*amount));
    return amount == NULL ? 0 : amount->value;
}

void ref_tables_set(struct ref_region *region, struct ref_amounts *amounts, uint64_t id, uint64_t value)
{
    struct ref_amount amount = {id, value};
    amounts->entry = ref_array_put(region, amounts->entry, &amounts->count, &amount, sizeof(amount));
}

const struct ref_catcher *ref_tables_catcher(const struct ref_tables *tables, const struct ref_hash *id)
{
    for (size_t i = 0; i < tables->catcher_count; i++) {
        if (ref_hash_same(&tables->catcher[i].id, id)) {
            return &tables->catcher[i];
        }
    }
    return NULL;
}
