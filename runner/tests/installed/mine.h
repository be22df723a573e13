/*
 * A small engine of a stranger, in C and in C++: it knows which blobs are well formed (spec/machine/blob.md) and
 * nothing else. It sees the installed tree only.
 */
#include <assay.h>
#include <stdlib.h>

#define LIMIT(name, value) MINE_##name = value,
enum {
#include <machine/limit.def>
};
#undef LIMIT

static uint64_t mine_number(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    while (count > 0) {
        value = value << 8 | bytes[--count];
    }
    return value;
}

static int mine_load(const struct assay_program *program, struct assay_machine **machine)
{
    const uint8_t *blob = program->blob;
    uint64_t table, code, bitmask, needed;
    *machine = NULL;
    if (program->blob_size < MINE_header_size) {
        return ASSAY_REJECT_HEADER_SHORT;
    }
    if (blob[4] == 0 || blob[4] > MINE_entry_size_max) {
        return ASSAY_REJECT_ENTRY_SIZE;
    }
    table = mine_number(blob, 4) * blob[4];
    code = mine_number(blob + 5, 4);
    bitmask = (code + 7) / 8;
    needed = MINE_header_size + table + code + bitmask;
    if (program->blob_size != needed) {
        return program->blob_size < needed ? ASSAY_REJECT_TRUNCATED : ASSAY_REJECT_TRAILING_BYTES;
    }
    if (code % 8 != 0 && blob[needed - 1] >> code % 8 != 0) {
        return ASSAY_REJECT_STRAY_BITS;
    }
    *machine = (struct assay_machine *)malloc(1);
    return *machine == NULL ? ASSAY_ERROR_MEMORY : 0;
}

static void mine_unload(struct assay_machine *machine)
{
    free(machine);
}

static int mine_run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                    struct assay_stop *stop)
{
    (void)machine, (void)state, (void)until, (void)stop;
    return ASSAY_ERROR_UNSUPPORTED;
}

static int mine_read(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    (void)machine, (void)address, (void)data, (void)size;
    return ASSAY_ERROR_UNSUPPORTED;
}

static int mine_write(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    (void)machine, (void)address, (void)data, (void)size;
    return ASSAY_ERROR_UNSUPPORTED;
}

/* In the order of the header, since C++17 has no designated members. */
static const struct assay_machine_level mine_machine = {
    sizeof(struct assay_machine_level), mine_load, mine_unload, mine_run, mine_run, mine_read, mine_write, NULL,
};

ASSAY_EXPORT const struct assay_engine assay_mine = {
    sizeof(struct assay_engine), ASSAY_ABI, "mine", "1", 0, 0, 1u << ASSAY_PROFILE_JAR, &mine_machine, NULL, NULL, NULL,
};
