/*
 * kernel_case.h - a case of schema assay-kernel-1 in memory, and how it is read.
 *
 * Like machine cases it holds everything that the format leaves unsaid: names of Images are resolved, and
 * registers that are not listed are 0.
 */
#ifndef ASSAY_NATIVE_KERNEL_CASE_H
#define ASSAY_NATIVE_KERNEL_CASE_H

#include "json.h"
#include "native.h"

enum { HASH_BYTES = 32, INSTANCE_BYTES = 64 };

/* What a case asks of an engine. */
enum kernel_act { ACT_DECODE, ACT_ADMIT, ACT_HASH, ACT_WORLD, ACT_GENESIS, ACT_COUNT };

extern const char *const kernel_act_name[ACT_COUNT];

/* What a run or resume must end in; cnode and pages are hashes of the encoded values. */
struct kernel_result {
    uint32_t outcome, exit;
    uint64_t argument, gas_used;
    struct assay_state state;
    uint8_t instance[INSTANCE_BYTES], cnode[HASH_BYTES], pages[HASH_BYTES];
    struct assay_bytes payload;
};

struct kernel_step {
    bool is_resume;
    struct assay_invocation run;
    bool has_scratchpad;
    struct assay_bytes scratchpad;
    const char *word; /* "refused", "stack_full", ...; NULL: `result` */
    struct kernel_result result;
    uint8_t dump[HASH_BYTES], records[HASH_BYTES];
};

struct kernel_event {
    struct assay_event given;
    uint32_t outcome, exit;
    uint64_t argument, value, gas_used;
    uint8_t root[HASH_BYTES], instance[INSTANCE_BYTES], records[HASH_BYTES];
};

struct kernel_case {
    const char *id;
    uint32_t revision;
    enum kernel_act act;
    uint32_t kind;              /* enum assay_type of decode, enum assay_hash of hash */
    struct assay_bytes given;   /* what is decoded, admitted or hashed; the World; the Image */
    const char *verdict;        /* "admitted", "decoded", a rule, "opened" or "refused" of a World; NULL: a digest */
    uint8_t digest[HASH_BYTES]; /* of hash */
    uint8_t root[HASH_BYTES];   /* of genesis when it is admitted */
    struct kernel_step *step;   /* of a World */
    struct kernel_event *event; /* of a chain */
    size_t step_count;          /* of either */
};

/* The Images that a vector file names. */
struct kernel_image {
    const char *name;
    struct assay_bytes bytes;
};

struct kernel_images {
    struct kernel_image *image;
    size_t count;
};

/* Reads the "images" of a file into storage of the reader's arena; false after an error. */
bool kernel_read_images(struct json_reader *reader, const cJSON *item, struct kernel_images *images);
/* Reads a case into storage of the reader's arena, which may borrow from `images`; false after an error. */
bool kernel_read_case(struct json_reader *reader, const cJSON *item, const struct kernel_images *images,
                      struct kernel_case *vector);

#endif
