/* blob.h - the parts of a code blob, so that they can be changed and put together again. */
#ifndef ASSAY_FUZZ_BLOB_H
#define ASSAY_FUZZ_BLOB_H

#include "native.h"

struct blob_parts {
    unsigned entry_size;      /* of the jump table, 1..4 */
    struct assay_bytes table; /* a multiple of entry_size */
    struct assay_bytes code;
    struct assay_bytes starts; /* one bit a byte of code; what is missing is 0, what is too much is left out */
};

/* The blob of these parts, which is always admitted. */
struct assay_bytes blob_join(struct arena *arena, const struct blob_parts *parts);
/* True: the blob has these parts, and joining them gives the blob again. */
bool blob_split(struct arena *arena, struct assay_bytes blob, struct blob_parts *parts);

#endif
