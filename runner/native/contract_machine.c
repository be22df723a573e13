/* The contract of the machine level: what load refuses, memory, resumption, observers, two machines at once. */
#include "contract.h"

#include <string.h>

enum { ADDRESS = 0x10000 };
#define LAST_PAGE UINT32_C(0xfffff000)

#define LEVEL(contract) ((contract)->engine->machine)

/* ---- load ------------------------------------------------------------------------------------------------------- */

static void refuse(struct contract *contract, const struct assay_program *program, int expected)
{
    struct assay_machine *machine = (struct assay_machine *)&machine; /* anything but NULL */
    contract_equal(contract, "load", expected, LEVEL(contract)->load(program, &machine));
    contract_true(contract, "*machine is NULL", machine == NULL);
}

static void load_mem_cycles(struct contract *contract)
{
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    const uint32_t wrong[] = {0, 1, 24, 26, 49, 99, 101, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        program.mem_cycles = wrong[i];
        refuse(contract, &program, ASSAY_ERROR_ARGUMENT);
    }
}

static void load_pages(struct contract *contract)
{
    static const uint8_t data[ASSAY_PAGE_SIZE + 1];
    const struct assay_page wrong[] = {
        {ADDRESS + 1, ASSAY_ACCESS_RW, NULL, 0},
        {ADDRESS + 2048, ASSAY_ACCESS_RW, NULL, 0},
        {ADDRESS, 0, NULL, 0},
        {ADDRESS, 3, NULL, 0},
        {ADDRESS, ASSAY_ACCESS_RO, data, ASSAY_PAGE_SIZE + 1},
    };
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    program.page_count = 1;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        program.page = &wrong[i];
        refuse(contract, &program, ASSAY_ERROR_ARGUMENT);
    }
}

static void load_page_twice(struct contract *contract)
{
    const struct assay_page twice[] = {{ADDRESS, ASSAY_ACCESS_RO, NULL, 0},
                                       {ADDRESS + ASSAY_PAGE_SIZE, ASSAY_ACCESS_RO, NULL, 0},
                                       {ADDRESS, ASSAY_ACCESS_RW, NULL, 0}};
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    program.page = twice;
    program.page_count = 3;
    refuse(contract, &program, ASSAY_ERROR_ARGUMENT);
}

static void load_arguments_first(struct contract *contract)
{
    const struct assay_page page = {ADDRESS + 1, ASSAY_ACCESS_RW, NULL, 0};
    struct contract_blob blob = contract_trap();
    blob.size--; /* truncated as well */
    struct assay_program program = contract_program(&blob);
    program.page = &page;
    program.page_count = 1;
    refuse(contract, &program, ASSAY_ERROR_ARGUMENT);
}

static void load_reject(struct contract *contract)
{
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    program.blob_size = 3;
    refuse(contract, &program, ASSAY_REJECT_HEADER_SHORT);
    program.blob_size = blob.size - 1;
    refuse(contract, &program, ASSAY_REJECT_TRUNCATED);
    program.blob_size = 0;
    program.blob = NULL;
    refuse(contract, &program, ASSAY_REJECT_HEADER_SHORT);
}

static void load_profile(struct contract *contract)
{
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    program.profile = UINT32_MAX;
    refuse(contract, &program, ASSAY_ERROR_UNSUPPORTED);
    program.profile = ASSAY_PROFILE_JAR;
    program.reserved[3] = 1;
    refuse(contract, &program, ASSAY_ERROR_UNSUPPORTED);
}

/* JAR is listed when load takes it, and whatever is listed is known. */
static void load_listed_profiles(struct contract *contract)
{
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    for (uint32_t profile = 0; profile < 64; profile++) {
        bool is_listed = (contract->engine->profiles >> profile & 1) != 0;
        struct assay_machine *machine = NULL;
        program.profile = profile;
        int result = is_listed || profile == ASSAY_PROFILE_JAR ? LEVEL(contract)->load(&program, &machine) : 0;
        if (is_listed) {
            contract_true(contract, "load knows a profile that is listed", result != ASSAY_ERROR_UNSUPPORTED);
        } else if (profile == ASSAY_PROFILE_JAR) {
            contract_equal(contract, "load of JAR, which is not listed", ASSAY_ERROR_UNSUPPORTED, result);
        }
        if (machine != NULL) {
            LEVEL(contract)->unload(machine);
        }
    }
}

static void load_copies(struct contract *contract)
{
    uint8_t data[16] = {1, 2, 3};
    struct assay_page page = {ADDRESS, ASSAY_ACCESS_RW, data, sizeof data};
    struct contract_blob blob = contract_host_call();
    const struct contract_blob given = blob;
    struct assay_program program = contract_program(&blob);
    program.page = &page;
    program.page_count = 1;
    struct assay_machine *machine = contract_load(contract, &program);
    contract_same(contract, "the blob given to load", given.data, blob.data, sizeof blob.data);
    memset(blob.data, 0xff, sizeof blob.data);
    memset(data, 0xff, sizeof data);
    memset(&page, 0xff, sizeof page);
    struct assay_stop stop = contract_run(contract, machine, 0);
    contract_equal(contract, "exit after the caller's blob is overwritten", ASSAY_EXIT_HOST_CALL, stop.exit);
    const uint8_t expected[4] = {1, 2, 3, 0};
    uint8_t got[4];
    contract_equal(contract, "read", 0, LEVEL(contract)->read(machine, ADDRESS, got, sizeof got));
    contract_same(contract, "memory after the caller's page is overwritten", expected, got, sizeof got);
    LEVEL(contract)->unload(machine);
}

static void unload_null(struct contract *contract)
{
    LEVEL(contract)->unload(NULL);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static struct assay_machine *with_pages(struct contract *contract)
{
    static const uint8_t data[] = {1, 2, 3, 4};
    static const struct assay_page page[] = {{ADDRESS, ASSAY_ACCESS_RO, data, sizeof data},
                                             {ADDRESS + ASSAY_PAGE_SIZE, ASSAY_ACCESS_RW, NULL, 0},
                                             {LAST_PAGE, ASSAY_ACCESS_RW, NULL, 0}};
    struct contract_blob blob = contract_trap();
    struct assay_program program = contract_program(&blob);
    program.page = page;
    program.page_count = 3;
    return contract_load(contract, &program);
}

static void read_part(struct contract *contract)
{
    struct assay_machine *machine = with_pages(contract);
    const uint8_t expected[] = {2, 3};
    uint8_t got[] = {9, 9, 9};
    contract_equal(contract, "read of a part", 0, LEVEL(contract)->read(machine, ADDRESS + 1, got, 2));
    contract_same(contract, "the part", expected, got, 2);
    contract_equal(contract, "the byte behind it", 9, got[2]);
    uint8_t both[8];
    const uint32_t border = ADDRESS + ASSAY_PAGE_SIZE - 4;
    contract_equal(contract, "read over two pages", 0, LEVEL(contract)->read(machine, border, both, 8));
    contract_equal(contract, "read of the last byte", 0, LEVEL(contract)->read(machine, UINT32_MAX, both, 1));
    contract_equal(contract, "read of nothing", 0, LEVEL(contract)->read(machine, ADDRESS, both, 0));
    LEVEL(contract)->unload(machine);
}

static void read_absent(struct contract *contract)
{
    struct assay_machine *machine = with_pages(contract);
    const struct {
        uint32_t address;
        size_t size;
    } wrong[] = {
        {0, 1}, {ADDRESS - 1, 2}, {ADDRESS + 2 * ASSAY_PAGE_SIZE - 1, 2}, {UINT32_MAX, 2}, {ADDRESS, 1u << 20}};
    static uint8_t data[1u << 20];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memset(data, 0x55, sizeof data);
        contract_equal(contract, "read of a page not given", ASSAY_ERROR_ARGUMENT,
                       LEVEL(contract)->read(machine, wrong[i].address, data, wrong[i].size));
        for (size_t at = 0; at < wrong[i].size; at++) {
            contract_equal(contract, "nothing is copied", 0x55, data[at]);
        }
        contract_equal(contract, "write to a page not given", ASSAY_ERROR_ARGUMENT,
                       LEVEL(contract)->write(machine, wrong[i].address, data, wrong[i].size));
    }
    uint8_t got = 0;
    contract_equal(contract, "read", 0, LEVEL(contract)->read(machine, ADDRESS, &got, 1));
    contract_equal(contract, "a refused write changes nothing", 1, got);
    LEVEL(contract)->unload(machine);
}

static void write_any_access(struct contract *contract)
{
    struct assay_machine *machine = with_pages(contract);
    const uint8_t data[] = {7, 8};
    uint8_t got[2] = {0};
    contract_equal(contract, "write to a read-only page", 0, LEVEL(contract)->write(machine, ADDRESS, data, 2));
    contract_equal(contract, "read", 0, LEVEL(contract)->read(machine, ADDRESS, got, 2));
    contract_same(contract, "what was written", data, got, 2);
    LEVEL(contract)->unload(machine);
}

/* ---- run and resume -----------------------------------------------------------------------------------------------
 */

static void refuse_resume(struct contract *contract, struct assay_machine *machine, const char *when)
{
    const struct assay_state state = {.gas = 1000};
    struct assay_stop stop;
    contract_equal(contract, when, ASSAY_ERROR_ARGUMENT, LEVEL(contract)->resume(machine, &state, NULL, &stop));
}

static void resume_needs_a_stop(struct contract *contract)
{
    struct contract_blob blob = contract_host_call();
    struct assay_program program = contract_program(&blob);
    struct assay_machine *machine = contract_load(contract, &program);
    refuse_resume(contract, machine, "resume before any run");
    struct assay_stop stop = contract_run(contract, machine, 5);
    contract_equal(contract, "exit", ASSAY_EXIT_HOST_CALL, stop.exit);
    contract_equal(contract, "argument", 7, stop.argument);
    stop = contract_resume(contract, machine, &stop);
    contract_equal(contract, "exit of resume", ASSAY_EXIT_TRAP, stop.exit);
    contract_equal(contract, "r0 stays", 5, (int64_t)stop.state.reg[0]);
    refuse_resume(contract, machine, "resume after a trap");
    stop = contract_run(contract, machine, 6);
    contract_equal(contract, "exit of a run after a refusal", ASSAY_EXIT_HOST_CALL, stop.exit);
    LEVEL(contract)->unload(machine);
}

static void repeats_itself(struct contract *contract)
{
    struct contract_blob blob = contract_three();
    struct assay_program program = contract_program(&blob);
    struct assay_machine *machine = contract_load(contract, &program);
    struct assay_stop first = contract_run(contract, machine, 1);
    contract_equal(contract, "exit", ASSAY_EXIT_TRAP, first.exit);
    for (int i = 0; i < 100; i++) {
        struct assay_stop again = contract_run(contract, machine, 1);
        contract_same_stop(contract, "the same run again", &first, &again);
    }
    LEVEL(contract)->unload(machine);
}

static void two_machines(struct contract *contract)
{
    static const struct assay_page page = {ADDRESS, ASSAY_ACCESS_RW, NULL, 0};
    struct contract_blob blob = contract_store();
    struct assay_program program = contract_program(&blob);
    program.page = &page;
    program.page_count = 1;
    struct assay_machine *one = contract_load(contract, &program);
    struct assay_machine *two = contract_load(contract, &program);
    struct assay_stop a = contract_run(contract, one, 0x11), b = contract_run(contract, two, 0x22);
    uint8_t in_one = 0, in_two = 0;
    contract_equal(contract, "read", 0, LEVEL(contract)->read(one, ADDRESS, &in_one, 1));
    contract_equal(contract, "read", 0, LEVEL(contract)->read(two, ADDRESS, &in_two, 1));
    contract_equal(contract, "memory of the first machine", 0x11, in_one);
    contract_equal(contract, "memory of the second machine", 0x22, in_two);
    LEVEL(contract)->unload(one);
    contract_equal(contract, "exit of the first", ASSAY_EXIT_HOST_CALL, a.exit);
    b = contract_resume(contract, two, &b);
    contract_equal(contract, "exit of the second after the first is gone", ASSAY_EXIT_TRAP, b.exit);
    contract_equal(contract, "r0 of the second", 0x22, (int64_t)b.state.reg[0]);
    LEVEL(contract)->unload(two);
}

/* ---- observers -----------------------------------------------------------------------------------------------------
 */

struct seen {
    uint64_t blocks, instructions;
};

static void see_block(void *context, const struct assay_state *entry)
{
    (void)entry;
    ((struct seen *)context)->blocks++;
}

static void see_instruction(void *context, const struct assay_step *step)
{
    (void)step;
    ((struct seen *)context)->instructions++;
}

static void observe_blocks(struct contract *contract)
{
    struct contract_blob blob = contract_three();
    struct assay_program program = contract_program(&blob);
    struct assay_machine *machine = contract_load(contract, &program);
    struct assay_stop plain = contract_run(contract, machine, 0);
    struct seen seen = {0};
    struct assay_observer observer = {.context = &seen, .block = see_block};
    contract_equal(contract, "observe", 0, LEVEL(contract)->observe(machine, &observer));
    memset(&observer, 0, sizeof observer); /* it was copied */
    struct assay_stop watched = contract_run(contract, machine, 0);
    contract_same_stop(contract, "observed and production", &plain, &watched);
    contract_equal(contract, "blocks seen", 3, (int64_t)seen.blocks);
    contract_equal(contract, "observe(NULL)", 0, LEVEL(contract)->observe(machine, NULL));
    contract_run(contract, machine, 0);
    contract_equal(contract, "blocks seen after observe(NULL)", 3, (int64_t)seen.blocks);
    LEVEL(contract)->unload(machine);
}

static void observe_instructions(struct contract *contract)
{
    struct contract_blob blob = contract_three();
    struct assay_program program = contract_program(&blob);
    struct assay_machine *machine = contract_load(contract, &program);
    struct seen seen = {0};
    const struct assay_observer observer = {.context = &seen, .instruction = see_instruction};
    contract_equal(contract, "observe", 0, LEVEL(contract)->observe(machine, &observer));
    contract_run(contract, machine, 0);
    contract_equal(contract, "instructions seen", 4, (int64_t)seen.instructions);
    LEVEL(contract)->unload(machine);
}

static void until_of_zero(struct contract *contract)
{
    struct contract_blob blob = contract_three();
    struct assay_program program = contract_program(&blob);
    struct assay_machine *machine = contract_load(contract, &program);
    const struct assay_state state = {.gas = 1000};
    const struct assay_until never = {0};
    struct assay_stop stop;
    contract_equal(contract, "run", 0, LEVEL(contract)->run(machine, &state, &never, &stop));
    contract_equal(contract, "exit with until of 0 and 0", ASSAY_EXIT_TRAP, stop.exit);
    LEVEL(contract)->unload(machine);
}

const struct contract_check contract_machine[] = {
    {"machine/load/mem_cycles", "mem_cycles other than 25, 50, 75 or 100 is ASSAY_ERROR_ARGUMENT", NEEDS_MACHINE,
     load_mem_cycles},
    {"machine/load/page", "a page that breaks its comment is ASSAY_ERROR_ARGUMENT", NEEDS_MACHINE, load_pages},
    {"machine/load/page_twice", "a page given twice is ASSAY_ERROR_ARGUMENT", NEEDS_MACHINE, load_page_twice},
    {"machine/load/arguments_first", "pages are checked before the blob is looked at", NEEDS_MACHINE,
     load_arguments_first},
    {"machine/load/rejected", "a rejected blob is enum assay_reject and leaves no machine", NEEDS_MACHINE, load_reject},
    {"machine/load/profile", "an unknown profile or reserved member is ASSAY_ERROR_UNSUPPORTED", NEEDS_MACHINE,
     load_profile},
    {"machine/load/profiles", "load knows the profiles that the engine lists, and lists JAR if it takes it",
     NEEDS_MACHINE, load_listed_profiles},
    {"machine/load/copies", "load copies what it needs and leaves the caller's bytes alone", NEEDS_MACHINE,
     load_copies},
    {"machine/unload/null", "unload(NULL) is allowed", NEEDS_MACHINE, unload_null},
    {"machine/read/part", "read copies a part of a page, and over pages", NEEDS_MACHINE, read_part},
    {"machine/read/absent", "a byte on a page not given, or past 2^32, is ASSAY_ERROR_ARGUMENT and nothing is copied",
     NEEDS_MACHINE, read_absent},
    {"machine/write/access", "write works whatever the access of the page", NEEDS_MACHINE, write_any_access},
    {"machine/resume/refused", "resume is ASSAY_ERROR_ARGUMENT unless the last run or resume can go on", NEEDS_MACHINE,
     resume_needs_a_stop},
    {"machine/run/repeats", "the same run gives the same stop", NEEDS_MACHINE, repeats_itself},
    {"machine/two", "two machines do not touch each other", NEEDS_MACHINE, two_machines},
    {"machine/until/zero", "an until of 0 never stops", NEEDS_BLOCKS, until_of_zero},
    {"machine/observe/blocks", "an observer is copied, changes nothing, and can be detached", NEEDS_BLOCKS,
     observe_blocks},
    {"machine/observe/instructions", "each completed instruction is told", NEEDS_INSTRUCTIONS, observe_instructions},
};
const size_t contract_machine_count = sizeof contract_machine / sizeof *contract_machine;
