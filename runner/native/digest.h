/*
 * digest.h - a running digest of records: equal digests of equally many records mean equal
 * records.
 *
 * It is a checksum against accidents, not against an adversary.
 */
#ifndef ASSAY_NATIVE_DIGEST_H
#define ASSAY_NATIVE_DIGEST_H

#include "native.h"

struct digest {
    uint64_t value;
    uint64_t count;
};

void digest_block(struct digest *digest, const struct assay_state *entry);
void digest_instruction(struct digest *digest, const struct assay_step *record);

#endif
