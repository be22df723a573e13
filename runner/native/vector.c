/* Reads one case of a vector file: the tables below are those of vectors/README.md. */
#include "vector.h"

#include <string.h>

enum { PAGE_DATA_MAX = 1 << 20 }; /* an oversized page is a case of its own; beyond this it is a mistake */

struct assay_until vector_read_until(struct json_reader *reader, const cJSON *item)
{
    static const struct json_key key[] = {{"blocks", false}, {"instructions", false}};
    const cJSON *found[2];
    struct assay_until until = {0};
    if (json_read_object(reader, item, key, 2, found)) {
        until.blocks = json_read_number(reader, found[0], UINT64_MAX);
        until.instructions = json_read_number(reader, found[1], UINT64_MAX);
    }
    return until;
}

static uint32_t read_access(struct json_reader *reader, const cJSON *item)
{
    const char *name = json_read_string(reader, item);
    if (strcmp(name, "ro") == 0) {
        return ASSAY_ACCESS_RO;
    }
    if (strcmp(name, "rw") != 0) {
        json_reject(reader, item, "access \"%.20s\" must be \"ro\" or \"rw\"", name);
    }
    return ASSAY_ACCESS_RW;
}

void vector_read_pages(struct json_reader *reader, const cJSON *item, struct assay_program *program)
{
    size_t count = json_read_array(reader, item);
    struct assay_page *page = arena_list(reader->arena, count, sizeof *page);
    const cJSON *child = json_first(item);
    for (size_t i = 0; i < count && !reader->failed; i++, child = child->next) {
        const cJSON *part[3];
        json_read_tuple(reader, child, 3, part);
        page[i].address = (uint32_t)json_read_hex(reader, part[0], 32);
        page[i].access = read_access(reader, part[1]);
        struct bytes data = json_read_bytes(reader, part[2]);
        page[i].data = data.data;
        page[i].size = data.size;
        if (data.size > PAGE_DATA_MAX) {
            json_reject(reader, part[2], "page of %zu bytes", data.size);
        }
    }
    program->page = page;
    program->page_count = count;
}

static void check_ascending(struct json_reader *reader, const cJSON *item, const struct assay_program *program)
{
    for (size_t i = 1; i < program->page_count && !reader->failed; i++) {
        if (program->page[i].address < program->page[i - 1].address) {
            json_reject(reader, item, "pages must be in ascending order of their addresses");
        }
    }
}

const struct assay_page *vector_page_at(const struct assay_program *program, uint64_t address)
{
    for (size_t i = 0; i < program->page_count; i++) {
        if (address >= program->page[i].address && address - program->page[i].address < PAGE_BYTES) {
            return &program->page[i];
        }
    }
    return NULL;
}

/* Every byte must lie on a given page: nothing else can be compared or written. */
static void check_given(struct json_reader *reader, const cJSON *item, const struct assay_program *program,
                        const struct memory_run *run)
{
    for (uint64_t at = run->address; at < (uint64_t)run->address + run->data.size && !reader->failed;) {
        if (vector_page_at(program, at) == NULL) {
            json_reject(reader, item, "address 0x%llx lies on no page of this case", (unsigned long long)at);
        }
        at = (at / PAGE_BYTES + 1) * PAGE_BYTES;
    }
}

static void read_memory(struct json_reader *reader, const cJSON *item, const struct assay_program *program,
                        struct vector_step *step)
{
    uint64_t end = 0;
    step->memory_count = json_read_array(reader, item);
    step->memory = arena_list(reader->arena, step->memory_count, sizeof *step->memory);
    const cJSON *child = json_first(item);
    for (size_t i = 0; i < step->memory_count && !reader->failed; i++, child = child->next) {
        const cJSON *part[2];
        json_read_tuple(reader, child, 2, part);
        step->memory[i].address = (uint32_t)json_read_hex(reader, part[0], 32);
        step->memory[i].data = json_read_bytes(reader, part[1]);
        check_given(reader, child, program, &step->memory[i]);
        if (step->memory[i].data.size == 0 || (i > 0 && step->memory[i].address <= end)) {
            json_reject(reader, child, "memory must be a list of maximal runs of bytes in ascending order");
        }
        end = (uint64_t)step->memory[i].address + step->memory[i].data.size;
    }
}

/* Complete outcome of a step that begins in step->state. */
static void read_stop(struct json_reader *reader, const cJSON *item, const struct assay_program *program,
                      struct vector_step *step)
{
    static const struct json_key key[] = {{"exit", true}, {"argument", true}, {"pc", true},
                                          {"gas", true},  {"regs", true},     {"memory", true}};
    const cJSON *found[6];
    if (cJSON_IsString(item)) {
        step->refused = strcmp(item->valuestring, "refused") == 0;
        if (!step->refused) {
            json_reject(reader, item, "stop must be \"refused\" or an object");
        }
        return;
    }
    if (!json_read_object(reader, item, key, 6, found)) {
        return;
    }
    const char *name = json_read_string(reader, found[0]);
    if (!reader->failed && !exit_number(name, &step->stop.exit)) {
        json_reject(reader, found[0], "unknown exit \"%.30s\"; exit.def lists them", name);
    }
    step->stop.argument = (uint32_t)json_read_hex(reader, found[1], 32);
    step->stop.state = step->state;
    step->stop.state.pc = json_read_hex(reader, found[2], 64);
    step->stop.state.gas = json_read_hex(reader, found[3], 64);
    vector_read_registers(reader, found[4], step->stop.state.reg);
    read_memory(reader, found[5], program, step);
}

static void read_blocks(struct json_reader *reader, const cJSON *item, struct vector_step *step)
{
    static const struct json_key key[] = {{"pc", true}, {"gas", true}, {"regs", true}};
    struct assay_state now = step->state;
    step->has_blocks = item != NULL;
    step->block_count = json_read_array(reader, item);
    step->block = arena_list(reader->arena, step->block_count, sizeof *step->block);
    const cJSON *child = json_first(item);
    for (size_t i = 0; i < step->block_count && !reader->failed; i++, child = child->next) {
        const cJSON *found[3];
        json_read_object(reader, child, key, 3, found);
        now.pc = json_read_hex(reader, found[0], 64);
        now.gas = json_read_hex(reader, found[1], 64);
        vector_read_registers(reader, found[2], now.reg);
        step->block[i] = now;
    }
}

static void read_store(struct json_reader *reader, const cJSON *item, struct assay_step *record)
{
    const cJSON *part[3];
    record->store_value = 0;
    record->store_address = record->store_width = 0;
    if (item == NULL || !json_read_tuple(reader, item, 3, part)) {
        return;
    }
    record->store_address = (uint32_t)json_read_hex(reader, part[0], 32);
    record->store_width = (uint32_t)json_read_number(reader, part[1], 8);
    uint32_t width = record->store_width;
    if (width != 1 && width != 2 && width != 4 && width != 8) {
        json_reject(reader, part[1], "width of a store must be 1, 2, 4 or 8");
        return;
    }
    record->store_value = json_read_hex(reader, part[2], width * 8);
}

static void read_instructions(struct json_reader *reader, const cJSON *item, struct vector_step *step)
{
    static const struct json_key key[] = {{"pc", true}, {"regs", true}, {"store", false}};
    struct assay_step now = {0};
    memcpy(now.reg, step->state.reg, sizeof now.reg);
    step->has_instructions = item != NULL;
    step->instruction_count = json_read_array(reader, item);
    step->instruction = arena_list(reader->arena, step->instruction_count, sizeof *step->instruction);
    const cJSON *child = json_first(item);
    for (size_t i = 0; i < step->instruction_count && !reader->failed; i++, child = child->next) {
        const cJSON *found[3];
        json_read_object(reader, child, key, 3, found);
        now.pc = json_read_hex(reader, found[0], 64);
        vector_read_registers(reader, found[1], now.reg);
        read_store(reader, found[2], &now);
        step->instruction[i] = now;
    }
}

/* `machine` is the state that the steps before have left. */
static void read_start(struct json_reader *reader, const cJSON *run, const cJSON *resume,
                       const struct assay_state *machine, struct vector_step *step)
{
    static const struct json_key run_key[] = {{"gas", true}, {"regs", true}, {"pc", true}};
    static const struct json_key resume_key[] = {{"gas", false}, {"regs", false}};
    const cJSON *found[3];
    if (run != NULL) {
        step->kind = STEP_RUN;
        json_read_object(reader, run, run_key, 3, found);
        step->state.pc = json_read_hex(reader, found[2], 64);
        step->state.gas = json_read_hex(reader, found[0], 64);
    } else {
        step->kind = STEP_RESUME;
        step->state = *machine;
        json_read_object(reader, resume, resume_key, 2, found);
        if (found[0] != NULL) {
            step->state.gas = json_read_hex(reader, found[0], 64);
        }
        step->has_gas = found[0] != NULL;
    }
    step->listed = vector_read_registers(reader, found[1], step->state.reg);
}

enum { KEY_RUN, KEY_RESUME, KEY_WRITE, KEY_UNTIL, KEY_STOP, KEY_BLOCKS, KEY_INSTRUCTIONS, STEP_KEYS };

static const struct json_key step_key[STEP_KEYS] = {
    [KEY_RUN] = {"run", false},
    [KEY_RESUME] = {"resume", false},
    [KEY_WRITE] = {"write", false},
    [KEY_UNTIL] = {"until", false},
    [KEY_STOP] = {"stop", false},
    [KEY_BLOCKS] = {"blocks", false},
    [KEY_INSTRUCTIONS] = {"instructions", false},
};

static void read_write(struct json_reader *reader, const cJSON *const *member, const struct assay_program *program,
                       struct vector_step *step)
{
    static const struct json_key key[] = {{"address", true}, {"data", true}};
    const cJSON *found[2];
    step->kind = STEP_WRITE;
    for (size_t i = KEY_UNTIL; i < STEP_KEYS; i++) {
        if (member[i] != NULL) {
            json_reject(reader, member[i], "a write step has no other key");
        }
    }
    json_read_object(reader, member[KEY_WRITE], key, 2, found);
    step->write.address = (uint32_t)json_read_hex(reader, found[0], 32);
    step->write.data = json_read_bytes(reader, found[1]);
    check_given(reader, member[KEY_WRITE], program, &step->write);
}

/* A run is always legal, and what is refused leaves no records. */
static void check_refusal(struct json_reader *reader, const cJSON *const *member, const struct vector_step *step)
{
    if (!step->refused) {
        return;
    }
    if (step->kind == STEP_RUN) {
        json_reject(reader, member[KEY_STOP], "only a resume can be refused");
    }
    if (member[KEY_BLOCKS] != NULL || member[KEY_INSTRUCTIONS] != NULL) {
        json_reject(reader, member[KEY_STOP], "a refused resume has no records");
    }
}

static void read_step(struct json_reader *reader, const cJSON *item, const struct assay_program *program,
                      struct assay_state *machine, struct vector_step *step)
{
    const cJSON *member[STEP_KEYS];
    if (!json_read_object(reader, item, step_key, STEP_KEYS, member)) {
        return;
    }
    step->offset = (size_t)item->valueint;
    int kinds = (member[KEY_RUN] != NULL) + (member[KEY_RESUME] != NULL) + (member[KEY_WRITE] != NULL);
    if (kinds != 1) {
        json_reject(reader, item, "a step has exactly one of run, resume and write");
        return;
    }
    if (member[KEY_WRITE] != NULL) {
        read_write(reader, member, program, step);
        return;
    }
    read_start(reader, member[KEY_RUN], member[KEY_RESUME], machine, step);
    step->until = vector_read_until(reader, member[KEY_UNTIL]);
    if (member[KEY_UNTIL] != NULL && step->until.blocks == 0 && step->until.instructions == 0) {
        json_reject(reader, member[KEY_UNTIL], "until needs a count of at least 1; leave it out");
    }
    if (member[KEY_STOP] == NULL) {
        json_reject(reader, item, "key \"stop\" is missing; `assay fill` writes it");
        return;
    }
    read_stop(reader, member[KEY_STOP], program, step);
    check_refusal(reader, member, step);
    read_blocks(reader, member[KEY_BLOCKS], step);
    read_instructions(reader, member[KEY_INSTRUCTIONS], step);
    if (!step->refused) {
        *machine = step->stop.state;
    }
}

static int read_load(struct json_reader *reader, const cJSON *item)
{
    int number = LOAD_ADMITTED;
    const char *name = json_read_string(reader, item);
    if (strcmp(name, "refused") == 0) {
        return LOAD_REFUSED;
    }
    if (!reader->failed && strcmp(name, "admitted") != 0 && !reject_number(name, &number)) {
        json_reject(reader, item, "load \"%.40s\" must be \"admitted\", \"refused\" or a rule of reject.def", name);
    }
    return number;
}

enum { KEY_BLOB = CASE_OWN, KEY_MEM_CYCLES, KEY_PAGES, KEY_LOAD, KEY_STEPS, CASE_KEYS };

static const struct json_key case_key[CASE_KEYS] = {
    VECTOR_COMMON_KEYS,
    [KEY_BLOB] = {"blob", true},
    [KEY_MEM_CYCLES] = {"mem_cycles", true},
    [KEY_PAGES] = {"pages", true},
    [KEY_LOAD] = {"load", true},
    [KEY_STEPS] = {"steps", false},
};

static void read_steps(struct json_reader *reader, const cJSON *case_item, const cJSON *item,
                       struct vector_case *vector)
{
    struct assay_state machine = {0};
    if ((vector->load == LOAD_ADMITTED) != (item != NULL)) {
        json_reject(reader, item == NULL ? case_item : item, "steps must be there exactly when load is \"admitted\"");
        return;
    }
    vector->step_count = json_read_array(reader, item);
    if (vector->step_count == 0 && item != NULL) {
        json_reject(reader, item, "steps must hold at least one step");
    }
    vector->step = arena_list(reader->arena, vector->step_count, sizeof *vector->step);
    const cJSON *child = json_first(item);
    for (size_t i = 0; i < vector->step_count && !reader->failed; i++, child = child->next) {
        read_step(reader, child, &vector->program, &machine, &vector->step[i]);
    }
}

bool vector_read_case(struct json_reader *reader, const cJSON *item, struct vector_case *vector)
{
    const cJSON *member[CASE_KEYS];
    *vector = (struct vector_case){0};
    if (!json_read_object(reader, item, case_key, CASE_KEYS, member)) {
        return false;
    }
    uint32_t revision;
    vector->id = vector_read_common(reader, member, 1, &revision);
    struct bytes blob = json_read_bytes(reader, member[KEY_BLOB]);
    vector->program.blob = blob.data;
    vector->program.blob_size = blob.size;
    vector->program.mem_cycles = (uint32_t)json_read_number(reader, member[KEY_MEM_CYCLES], UINT32_MAX);
    vector_read_pages(reader, member[KEY_PAGES], &vector->program);
    check_ascending(reader, member[KEY_PAGES], &vector->program);
    vector->load = read_load(reader, member[KEY_LOAD]);
    read_steps(reader, item, member[KEY_STEPS], vector);
    return !reader->failed;
}
