/*
 * native.h - what every file of the harness needs: exit codes, memory, text, options and
 * engines.
 *
 * The harness trusts nothing it reads and no engine it runs: files and messages pass the strict
 * reader of json.h first, and every answer of an engine is compared or checked before it is
 * used.
 */
#ifndef ASSAY_NATIVE_H
#define ASSAY_NATIVE_H

#include "assay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of assay-native, by kind of trouble. */
enum exit_code {
    CODE_AGREED = 0,   /* everything ran and agreed */
    CODE_DIFFERED = 1, /* a case failed or two engines differ */
    CODE_USAGE = 2,    /* the command line is wrong */
    CODE_VECTORS = 3,  /* a vector file or a selection is unusable, in part or as a whole */
    CODE_ENGINE = 4,   /* an engine cannot be loaded */
    CODE_NOTHING = 5,  /* nothing was run */
    CODE_HOST = 6,     /* no memory left, or a file or the output cannot be written */
};

/* ---- memory ------------------------------------------------------------------------------ */

/* Storage that is given back all at once. Running out of memory ends the process with CODE_HOST. */
struct arena {
    struct arena_chunk *chunk;
};

void *arena_take(struct arena *arena, size_t size); /* zeroed */
void *arena_list(struct arena *arena, size_t count, size_t size);
char *arena_copy(struct arena *arena, const char *text);
void arena_clear(struct arena *arena);

/* realloc that ends the process with CODE_HOST instead of failing. */
void *memory_resize(void *data, size_t size);

struct bytes {
    uint8_t *data;
    size_t size;
};

/* ---- text -------------------------------------------------------------------------------- */

/* A growing text; all output of the harness is put together in one and written as a whole line. */
struct text {
    char *data; /* always ends with a NUL once something was added */
    size_t size;
    size_t room;
};

/* How many bytes the well-formed UTF-8 character at `at` has; 0 when it is none. */
size_t utf8_size(const uint8_t *at, size_t left);

void text_clear(struct text *text); /* empties it and keeps its storage */
void text_free(struct text *text);
void text_add(struct text *text, const char *data, size_t size);
void text_raw(struct text *text, const char *raw);
void text_visible(struct text *text, uint8_t byte); /* one that moves a terminal as \x1b; line breaks stay */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_string(struct text *text, const char *string);              /* quoted, as JSON; broken UTF-8 is replaced */
void text_hex(struct text *text, uint64_t value);                     /* "0x1f", quoted */
void text_bytes(struct text *text, const uint8_t *data, size_t size); /* "00ff", quoted */
void text_registers(struct text *text, const uint64_t reg[ASSAY_REGISTER_COUNT]); /* ["0x0", ...] */
void text_line(struct text *text); /* writes it with a newline to standard output, flushes, empties it */

/* ---- messages and options ---------------------------------------------------------------- */

/* One line on standard error, after "assay-native: ". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct option {
    const char *name;       /* with its dashes */
    const char *value_name; /* NULL for a flag */
    const char *help;
    const char **value; /* where the value is put; a flag puts its own name there */
    const char **end;   /* NULL, or one past the last place: the option may be repeated */
};

struct command {
    const char *name;
    const char *arguments; /* what follows the options, NULL if nothing may */
    const char *summary;
    const char *help; /* what it does, prints and returns */
    int (*run)(int argument_count, char **arguments);
};

/*
 * Reads options up to the first argument that is none. Returns how many arguments are left,
 * moved to the front of `arguments`; -1 after a complaint; -2 after --help was printed.
 */
int options_read(const struct command *command, const struct option *option, size_t option_count, int argument_count,
                 char **arguments);

/* Two options of every command that takes an engine. */
#define ENGINE_HELP "libassay_NAME.so, or NAME=cmd:COMMAND: a program that speaks runner/PROTOCOL.md"
#define NO_BYE_HELP "end programs without bye, and do not look at how they end"
#define TIMEOUT_HELP "how long such a program has for one request (10)"

/* A decimal or 0x number of an option; false after a complaint. NULL leaves *value as it is. */
bool option_number(const char *name, const char *text, uint64_t max, uint64_t *value);

extern const struct command command_cage, command_contract, command_list, command_replay, command_serve,
    command_lockstep, command_diff, command_trace, command_bench, command_bench_chain, command_bench_guests;

/* ---- facts ------------------------------------------------------------------------------- */

enum form {
#define FORM(name, operands, low, high, second) FORM_##name,
#include "machine/form.def"
#undef FORM
};

/* OP_add_64 and so on. */
enum opcode {
#define INSN(name, byte, form, flow) OP_##name = byte,
#include "machine/isa.def"
#undef INSN
};

struct instruction {
    const char *name;
    uint8_t byte;
    enum form form;
    bool ends;
};

enum {
    INSTRUCTION_COUNT = 0
#define INSN(name, byte, form, flow) +1
#include "machine/isa.def"
#undef INSN
};

/* Where the operand of a load or store comes from; the letters are those of isa.md. */
enum operand { OPERAND_NONE, OPERAND_A, OPERAND_B, OPERAND_IMMEDIATE };

/* A load or a store (access.def). */
struct access {
    bool stores;
    bool is_signed;      /* how a load widens */
    unsigned width;      /* bytes */
    enum operand base;   /* register added to the address */
    enum operand source; /* of what is stored */
};

enum { PAGE_BYTES = ASSAY_PAGE_SIZE };

extern const struct instruction instruction_table[INSTRUCTION_COUNT];
const struct instruction *instruction_of(uint8_t byte); /* NULL: no opcode */
const struct access *access_of(uint8_t byte);           /* NULL: it does not touch memory */
const char *exit_name(uint32_t number);                 /* NULL: no such exit */
bool exit_number(const char *name, uint32_t *number);
const char *rejection_name(int number); /* "image/decode/not_sorted", "image/admit/overlap"; NULL: none such */
const char *reject_name(int number);    /* "blob/truncated"; NULL: no such reason */
bool reject_number(const char *name, int *number);
bool rejection_number(const char *name, int *number);
const char *profile_name(uint32_t number); /* "jar"; NULL: no such machine profile */
bool profile_number(const char *name, uint32_t *number);
/* Words of runner/PROTOCOL.md; NULL: no such number. */
const char *type_name(uint32_t type);       /* enum assay_type: "image" */
const char *hash_name(uint32_t hash);       /* enum assay_hash: "bmt" */
const char *outcome_name(uint32_t outcome); /* enum assay_outcome: "halt" */

/*
 * The parts of a blob that passes the checks of its own header; the harness uses it for reports
 * only.
 */
struct code_view {
    const uint8_t *code;
    const uint8_t *bitmask;
    uint64_t code_size;
};

bool code_view(const uint8_t *blob, size_t blob_size, struct code_view *view);
bool code_is_executable(const struct code_view *view, uint64_t pc);

/* ---- engines ----------------------------------------------------------------------------- */

/* The versions of runner/PROTOCOL.md that are spoken here. */
enum { PROTOCOL_OLDEST = 1, PROTOCOL_NEWEST = 2 };

/*
 * Opens the engine that --engine names: the path of a libassay_NAME.so, or NAME=cmd:COMMAND, a program that
 * speaks runner/PROTOCOL.md (pipe.h). `timeout` is the text of --timeout, or NULL for the default: the seconds
 * that a program has to answer one request. NULL after a complaint that says what is wrong. It stays open until
 * the process ends.
 */
const struct assay_engine *engine_open(const char *spec, const char *timeout);
/* The same of a shared object only. */
const struct assay_engine *engine_load(const char *path);

/*
 * Results besides those of enum assay_error, of an engine that is a program. After the first three its process
 * has been ended; the next load, open, genesis or call of the codec level starts it again.
 */
enum engine_failure {
    ENGINE_DIED = -101,    /* the process ended */
    ENGINE_HUNG = -102,    /* no whole reply in time */
    ENGINE_GARBAGE = -103, /* a reply that is not of the protocol */
    ENGINE_BLAMES = -104,  /* it says that the request was wrong */
    ENGINE_MISUSED = -105, /* the harness used a machine, world or chain that the process has forgotten */
};

bool engine_is_broken(int result); /* died, hung or garbage */
/* How a program broke in the last unload or close, which return nothing; 0: it did not, or there is no program. */
int engine_end_failure(const struct assay_engine *engine);
/* The request of a program that went out last, "run"; NULL: no program. */
const char *engine_request(const struct assay_engine *engine);
/* What went wrong at the last failure, with the engine's last words; NULL: nothing, or no program. */
const char *engine_trouble(const struct assay_engine *engine);
/* The same as a complaint; `result` says it of a shared object. */
void engine_complain(const struct assay_engine *engine, int result);
/* Starts the process of an engine afresh; false when that fails, with engine_trouble. True for shared objects. */
bool engine_restart(const struct assay_engine *engine);
/* Says bye to a program and waits for its end; false when that is not as it should be, with engine_trouble. */
bool engine_farewell(const struct assay_engine *engine);
/*
 * The same of all engines of a command. Of those that do not end well `, "endings": [null, "why", ...]` is added to a
 * line, in their order; nothing when all do.
 */
bool engines_farewell(struct text *text, const struct assay_engine *const *engine, size_t count);
/* The last observed run had more records than one reply carries; the observer was told the first ones. */
enum { RECORD_MAX = 65536 }; /* of a kind in one reply, as PROTOCOL.md says */
bool engine_records_cut(const struct assay_engine *engine);
bool engine_has(const struct assay_engine *engine, uint64_t feature);
/* A level of the kernel, or NULL when the engine lacks a part of it. */
enum engine_level { ENGINE_CODEC, ENGINE_INVOCATION, ENGINE_CHAIN };
const void *engine_level(const struct assay_engine *engine, enum engine_level level);
const char *engine_error_name(int error); /* of a negative result */

#endif
