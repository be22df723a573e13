/*
 * vector.h - a case of a vector file in memory, how it is read, written and walked.
 *
 * Reading resolves everything that the format leaves unsaid: registers not listed, records that
 * say only what changed. So a step holds complete states, and nobody downstream knows about the
 * short forms.
 */
#ifndef ASSAY_NATIVE_VECTOR_H
#define ASSAY_NATIVE_VECTOR_H

#include "json.h"
#include "kernel_case.h"
#include "native.h"

/* Values of vector_case.load besides the numbers of reject.def. */
enum { LOAD_ADMITTED = 0, LOAD_REFUSED = ASSAY_ERROR_ARGUMENT };

enum step_kind { STEP_RUN, STEP_RESUME, STEP_WRITE };

struct memory_run {
    uint32_t address;
    struct bytes data;
};

struct vector_step {
    enum step_kind kind;
    size_t offset;            /* in the file */
    struct assay_state state; /* at the start; pc is unused by resume */
    uint16_t listed;          /* of a resume: bit i says that it gives register i; the others stay */
    bool has_gas;             /* of a resume: it gives the gas too */
    struct assay_until until;
    bool refused;
    struct assay_stop stop;
    struct memory_run *memory; /* what differs after the step */
    size_t memory_count;
    bool has_blocks, has_instructions;
    struct assay_state *block;
    size_t block_count;
    struct assay_step *instruction;
    size_t instruction_count;
    struct memory_run write; /* STEP_WRITE only */
};

struct vector_case {
    const char *id;
    struct assay_program program;
    int load; /* LOAD_ADMITTED, LOAD_REFUSED or an enum assay_reject */
    struct vector_step *step;
    size_t step_count;
};

/* Reads a case out of JSON into storage of the reader's arena; false after an error. */
bool vector_read_case(struct json_reader *reader, const cJSON *item, struct vector_case *vector);

/* The keys that a case of either level begins its table of keys with. */
enum { CASE_ID, CASE_RULES, CASE_AGAINST, CASE_REVISION, CASE_NOTE, CASE_VOTES, CASE_OWN };

#define VECTOR_COMMON_KEYS                                                                                             \
    [CASE_ID] = {"id", true}, [CASE_RULES] = {"rules", true}, [CASE_AGAINST] = {"against", true},                      \
    [CASE_REVISION] = {"revision", false}, [CASE_NOTE] = {"note", false}, [CASE_VOTES] = {"votes", false}

/* Reads those members; returns the id, copied. */
const char *vector_read_common(struct json_reader *reader, const cJSON *const *member, uint32_t revision_max,
                               uint32_t *revision);
void vector_read_votes(struct json_reader *reader, const cJSON *item);
/* Overwrites the registers that are listed; bit i of what it returns is set for register i. */
uint16_t vector_read_registers(struct json_reader *reader, const cJSON *item, uint64_t reg[ASSAY_REGISTER_COUNT]);
bool vector_is_word(const char *name); /* a letter, then letters, digits and _, all in lower case */

/* Shared with the messages of the engine protocol. */
struct assay_until vector_read_until(struct json_reader *reader, const cJSON *item);
void vector_read_pages(struct json_reader *reader, const cJSON *item, struct assay_program *program);

/* The page of the program that holds the address, or NULL. */
const struct assay_page *vector_page_at(const struct assay_program *program, uint64_t address);

/* ---- writing ----------------------------------------------------------------------------- */

/* Adds the case as one line of a vector file, without comma or newline. */
void vector_write_case(struct text *text, const struct vector_case *vector);
void vector_write_head(struct text *text, const char *area, const char *subject, const char *const *vote,
                       size_t vote_count);

/* ---- walking files ----------------------------------------------------------------------- */

/* What the walk found: a readable case, or an error in place of one. */
struct vector_item {
    const char *file;
    size_t index;                     /* counts cases and broken places over all files */
    const char *id;                   /* NULL: not known */
    bool is_kernel;                   /* of a file of the kernel */
    bool is_readable;                 /* false: `error` says why, and no case is there */
    size_t start, end;                /* where the case stands in the file, when it is readable */
    const struct vector_case *vector; /* of the machine, or NULL */
    const struct kernel_case *kernel; /* of the kernel, or NULL */
    struct json_error error;
};

const char *vector_level(const struct vector_item *item); /* "machine", "kernel" */

/* Returns false to end the walk. The item and all it points at live for the call. */
typedef bool vector_visit_fn(void *context, const struct vector_item *item);

/* Goes through all cases of all files in order; ids that come twice are reported as errors. */
void vector_walk(char *const *file, size_t file_count, vector_visit_fn *visit, void *context);

/* The same of one file that is in memory. */
void vector_walk_text(struct bytes text, vector_visit_fn *visit, void *context);

/* Reads the file whole; false with an error message when it cannot. */
bool vector_read_file(const char *path, struct bytes *content, struct json_error *error);

#endif
