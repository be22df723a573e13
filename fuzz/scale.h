/*
 * scale.h - where the leaves of an encoded Image, World or other value are.
 *
 * The fuzzer looks at values in order to bound and to change them; it judges nothing. A value that does not decode
 * has the leaves up to where it stops.
 */
#ifndef ASSAY_FUZZ_SCALE_H
#define ASSAY_FUZZ_SCALE_H

#include "native.h"

/* What a leaf is; the letters of the schemas in scale.c. */
enum leaf_kind {
    LEAF_COUNT = '#',  /* u32 of a Vec, Map or Set */
    LEAF_TAG = '!',    /* u8 of an enum or Option */
    LEAF_BYTE = 'b',   /* u8 */
    LEAF_WORD = 'w',   /* u32 */
    LEAF_NUMBER = 'q', /* u64 */
    LEAF_HASH = 'h',   /* 32 bytes */
    LEAF_SLOT = 's',   /* u32, a slot */
    LEAF_PC = 'p',     /* u64, where an endpoint begins */
    LEAF_START = 'a',  /* u64, where a mapping begins */
    LEAF_EXTENT = 'z', /* u64, how long a mapping is */
    LEAF_GAS = 'g',    /* u64, of a meter */
    LEAF_BYTES = 'B',  /* the bytes of a Vec<u8> */
    LEAF_CODE = 'c',   /* likewise, a code blob */
    LEAF_IMAGE = 'I',  /* likewise, an encoded Image */
};

struct leaf {
    enum leaf_kind kind;
    size_t at, size;
};

struct leaves {
    struct leaf *leaf;
    size_t count;
    bool is_whole; /* the value decodes, as far as this walk looks */
};

/* Leaves of a value of enum assay_type, in order; storage of the arena. */
void scale_leaves(struct arena *arena, uint32_t type, struct assay_bytes value, struct leaves *leaves);

uint64_t leaf_read(const uint8_t *data, const struct leaf *leaf);
void leaf_write(uint8_t *data, const struct leaf *leaf, uint64_t value);

#endif
