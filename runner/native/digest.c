/* Two multiply-and-fold lanes over the words of a record, chained from record to record. */
#include "digest.h"

static uint64_t fold(uint64_t a, uint64_t word)
{
    uint64_t mixed = (a ^ word) * UINT64_C(0x9fb21c651e98df25);
    return mixed ^ mixed >> 35;
}

static uint64_t registers(uint64_t value, const uint64_t *reg)
{
    uint64_t other = value ^ UINT64_C(0x2545f4914f6cdd1d);
    for (unsigned i = 0; i + 1 < ASSAY_REGISTER_COUNT; i += 2) {
        value = fold(value, reg[i]);
        other = fold(other, reg[i + 1]);
    }
    return fold(fold(value, reg[ASSAY_REGISTER_COUNT - 1]), other);
}

void digest_block(struct digest *digest, const struct assay_state *entry)
{
    uint64_t value = fold(fold(digest->value + 1, entry->pc), entry->gas);
    digest->value = registers(value, entry->reg);
    digest->count++;
}

void digest_instruction(struct digest *digest, const struct assay_step *record)
{
    uint64_t value = fold(digest->value + 1, record->pc);
    value = fold(value, record->store_value);
    value = fold(value, (uint64_t)record->store_address << 8 | record->store_width);
    digest->value = registers(value, record->reg);
    digest->count++;
}
