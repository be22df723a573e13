/*
 * Memory, mappings and calls of the host: bounds LIBRARY SYMBOL WHAT. 0: as WHAT's comment says; 1: it is not, and
 * what.
 */
#include "host.h"

#include <unistd.h>

static const struct assay_engine *engine;

static void event(const uint8_t opcode, size_t size, uint32_t count, uint64_t first, uint64_t stride, uint64_t pages)
{
    struct bytes blob = blob_of_opcode(opcode, size), image = image_of(&blob, count, first, stride, pages);
    NEED(event_of(engine, &image) == 0);
    free(image.data);
    free(blob.data);
}

/* As many runs of pages as an Image can have, and another, and then a small one. */
static void runs_beyond_the_hosts_mappings(void)
{
    event(1, 8, 65536, 0, 2, 1);
    event(1, 9, 65536, 1, 3, 1);
    event(1, 10, 33000, 0, 2, 1);
    event(1, 11, 1, 16, 1, 1);
    NEED(fault_of_guest(engine) == ASSAY_EXIT_PAGE_FAULT);
}

/* Many chains at once, each with runs that the host could have; none is refused, and the host has mappings left. */
static void runs_of_many_chains(void)
{
    struct assay_machine *machine[40];
    static struct assay_page page[2000];
    struct bytes blob = blob_of_opcode(1, 8);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = 2000};
    for (uint32_t i = 0; i < 2000; i++) {
        page[i] = (struct assay_page){.address = 2 * i * ASSAY_PAGE_SIZE, .access = ASSAY_ACCESS_RW};
    }
    for (size_t i = 0; i < 40; i++) {
        NEED(engine->machine->load(&program, &machine[i]) == 0);
    }
    NEED(mappings() < 40000);
    event(1, 12, 4000, 0, 2, 1);
    for (size_t i = 0; i < 40; i++) {
        engine->machine->unload(machine[i]);
    }
    free(blob.data);
}

static void mappings_stay(void)
{
    event(1, 8, 1000, 0, 2, 1);
    int before = mappings();
    for (size_t i = 0; i < 200; i++) {
        event(1, 9 + i, 1000, i, 2, 1);
    }
    NEED(mappings() - before <= 400);
}

static void memory_stays(void)
{
    long before = resident_kib();
    for (uint64_t i = 0; i < 16; i++) {
        event(1, 9 + i, 1000, 65000 * i, 65, 64);
    }
    for (uint64_t i = 0; i < 200; i++) { /* code, and a page each that is written */
        event(1, 60000 + i, 4, 16 * i, 2, 1);
    }
    NEED(resident_kib() - before <= 64 << 10);
}

/* Of 16 MiB each, whatever stands in it: observed and in production. */
static void largest_images(void)
{
    static const uint8_t opcode[] = {1, 180, 73};
    for (size_t i = 0; i < sizeof opcode; i++) {
        event(opcode[i], 14900000, 0, 0, 0, 0);
    }
    struct bytes blob = blob_of_opcode(1, 14900000);
    struct assay_program program = {.blob = blob.data, .blob_size = blob.size, .mem_cycles = 100};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_until until = {.instructions = 7};
    struct assay_stop stop = {0};
    NEED(engine->machine->load(&program, &machine) == 0);
    NEED(engine->machine->run(machine, &state, &until, &stop) == 0 && stop.exit == ASSAY_EXIT_STOPPED);
    NEED(stop.state.pc == 7);
    engine->machine->unload(machine);
    free(blob.data);
}

/* Bytes of what is executed in a file of memory, and of the process's other memory. */
static size_t code_and_tables(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    char line[512], access[8];
    unsigned long from, to, sum = 0, kib;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, "memfd:assay") != NULL && sscanf(line, "%lx-%lx %7s", &from, &to, access) == 3 &&
            access[2] == 'x') {
            sum += to - from;
        }
    }
    fclose(file);
    file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, file) != NULL) {
        sum += sscanf(line, "RssAnon: %lu", &kib) == 1 ? kib << 10 : 0;
    }
    fclose(file);
    return sum;
}

/* How code is made, and how many times the blob it may take with its tables. */
static const struct making {
    uint32_t runs; /* of pages; so many that the host does not guard them, or one */
    struct assay_until until;
    size_t times;
} makings[] = {
    {1, {0}, 24},
    {20000, {0}, 64},
    {1, {.blocks = 1}, 100},
    {1, {.instructions = 1}, 130},
    {20000, {.instructions = 1}, 130},
};

static void need_in_proportion(const struct making *making, unsigned opcode)
{
    enum { SIZE = 1000000, PAGES = 20000 };
    static struct assay_page page[PAGES];
    for (uint32_t i = 0; i < making->runs; i++) {
        page[i] = (struct assay_page){.address = 2 * i * ASSAY_PAGE_SIZE, .access = ASSAY_ACCESS_RW};
    }
    struct bytes blob = blob_of_opcode((uint8_t)opcode, SIZE);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = making->runs};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    NEED(engine->machine->load(&program, &machine) == 0);
    size_t before = code_and_tables();
    NEED(engine->machine->run(machine, &state, &making->until, &stop) == 0);
    size_t taken = code_and_tables() - before;
    if (taken > making->times * blob.size) {
        fprintf(stderr, "opcode %u: %zu times, not %zu\n", opcode, taken / blob.size, making->times);
    }
    NEED(taken <= making->times * blob.size);
    engine->machine->unload(machine);
    free(blob.data);
}

/* Of whichever instruction the blob is made: those that take most, and some. */
static void code_is_in_proportion(void)
{
    enum { MOST = 6 };
    static const uint8_t opcodes[] = {73, 81, 180, 1,   206, 0,   2,   3,   10,  33,  40,
                                      50, 80, 90,  130, 170, 194, 196, 204, 213, 214, 215};
    for (size_t how = 0; how < sizeof makings / sizeof *makings; how++) {
        for (size_t i = 0; i < (how == 0 ? sizeof opcodes : MOST); i++) {
            need_in_proportion(&makings[how], opcodes[i]);
        }
    }
}

/* With ASSAY_FAST_KEEP_MIB=0. */
static void keeps_nothing(void)
{
    int before = mappings();
    for (size_t i = 0; i < 10; i++) {
        event(1, 8 + i, 1, 16, 1, 1);
        NEED(fault_of_guest(engine) == ASSAY_EXIT_PAGE_FAULT);
    }
    NEED(windows() == 0 && mappings() <= before + 2);
}

/* ---- permissions, in a layout of so many runs that code checks them ----------------------------- */

enum { RUNS = 9000, FIRST = 0x100 };

/* Page FIRST + 3 * i is writable, the next read-only, the third has no access; the last page of all is writable. */
static uint32_t access_of(uint64_t address)
{
    uint64_t page = address / ASSAY_PAGE_SIZE;
    if (page == 0xfffff) {
        return ASSAY_ACCESS_RW;
    }
    if (page < FIRST || page >= FIRST + 3 * RUNS || page % 3 == 2) {
        return 0;
    }
    return (page - FIRST) % 3 == 0 ? ASSAY_ACCESS_RW : (page - FIRST) % 3 == 1 ? ASSAY_ACCESS_RO : 0;
}

/* mem/fault_address: the first page that lacks the access, or the last page of all when the end is beyond it. */
static int64_t expected_fault(uint32_t address, uint32_t width, bool is_store)
{
    for (uint64_t at = address; at < (uint64_t)address + width; at++) {
        uint32_t has = at >> 32 != 0 ? 0 : access_of(at);
        if (has < (is_store ? ASSAY_ACCESS_RW : ASSAY_ACCESS_RO)) {
            return at >> 32 != 0 ? 0xfffff000 : (int64_t)(at & ~(uint64_t)0xfff);
        }
    }
    return -1;
}

static const struct {
    uint8_t opcode;
    uint32_t width;
    bool is_store;
} accesses[] = {
    {120, 1, true},  {121, 2, true},  {122, 4, true},  {123, 8, true}, /* store_ind */
    {124, 1, false}, {125, 1, false}, {126, 2, false}, {127, 2, false},
    {128, 4, false}, {129, 4, false}, {130, 8, false},
};

static void try_access(struct assay_machine *machine, size_t which, uint32_t address)
{
    struct assay_state state = {.pc = 4 * which, .gas = 1000000};
    struct assay_stop stop = {0};
    state.reg[1] = address - 5;
    state.reg[2] = 0x1122334455667788;
    NEED(engine->machine->run(machine, &state, NULL, &stop) == 0);
    int64_t fault = expected_fault(address, accesses[which].width, accesses[which].is_store);
    NEED(stop.exit == (fault < 0 ? ASSAY_EXIT_TRAP : ASSAY_EXIT_PAGE_FAULT));
    NEED(fault < 0 || (stop.argument == (uint32_t)fault && stop.state.pc == 4 * which));
    NEED(stop.state.reg[1] == (uint32_t)(address - 5));
    uint8_t bytes[8], wanted[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}, none[8] = {0};
    if (fault < 0 && accesses[which].is_store) {
        NEED(engine->machine->read(machine, address, bytes, accesses[which].width) == 0);
        NEED(memcmp(bytes, wanted, accesses[which].width) == 0);
        NEED(engine->machine->write(machine, address, none, accesses[which].width) == 0);
    }
    if (fault < 0 && !accesses[which].is_store) {
        NEED(stop.state.reg[2] == 0);
    }
}

/* Exactly as the host would: each width, at pages of each kind and across their edges. */
static void permissions_are_exact(void)
{
    static struct assay_page page[2 * RUNS + 1];
    size_t count = 0, kinds = sizeof accesses / sizeof *accesses;
    for (uint32_t i = 0; i < 3 * RUNS; i++) {
        uint32_t address = (FIRST + i) * ASSAY_PAGE_SIZE, access = access_of(address);
        if (access != 0) {
            page[count++] = (struct assay_page){.address = address, .access = access};
        }
    }
    page[count++] = (struct assay_page){.address = 0xfffff000, .access = ASSAY_ACCESS_RW};
    uint8_t code[64] = {0}, mask[8] = {0};
    for (size_t i = 0; i < kinds; i++) { /* the access at 4 i: register 2, base register 1, 5 more; then a trap */
        memcpy(code + 4 * i, (uint8_t[]){accesses[i].opcode, 0x12, 5, 0}, 4);
        mask[4 * i / 8] |= (uint8_t)(9u << 4 * i % 8);
    }
    struct bytes blob = blob_of(code, 4 * kinds, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = count};
    struct assay_machine *machine;
    int before = mappings();
    NEED(engine->machine->load(&program, &machine) == 0);
    NEED(mappings() - before < 100);
    for (size_t which = 0; which < kinds; which++) {
        for (uint32_t at = 0; at < 12; at++) {
            for (uint32_t near = 0; near < 16; near++) {
                try_access(machine, which, (FIRST + at) * ASSAY_PAGE_SIZE - 8 + near);
                try_access(machine, which, (FIRST + 3 * RUNS - at) * ASSAY_PAGE_SIZE - 8 + near);
            }
        }
        for (uint32_t near = 1; near < 16; near++) {
            try_access(machine, which, 0 - near);
            try_access(machine, which, near);
        }
    }
    engine->machine->unload(machine);
    free(blob.data);
}

/* ---- small programs: `warm COUNT` of one layout, `layouts COUNT` of many, for who counts the calls of the host --- */

static void small_program(uint8_t value)
{
    uint8_t code[] = {51, 0, value, 59, 0, 0, 0, 1, 0, 0}; /* load_imm, store_u8 [0x10000], trap */
    static const uint8_t mask[] = {0x09, 0x02}, constant[] = {1, 2, 3};
    uint8_t content[] = {value, 7, value};
    struct assay_page page[] = {
        {.address = 0x10000, .access = ASSAY_ACCESS_RW, .data = content, .size = sizeof content},
        {.address = 0x11000, .access = ASSAY_ACCESS_RW},
        {.address = 0x20000, .access = ASSAY_ACCESS_RO, .data = constant, .size = sizeof constant},
    };
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = 3};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    uint8_t bytes[4096];
    NEED(engine->machine->load(&program, &machine) == 0);
    NEED(engine->machine->run(machine, &state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_TRAP);
    NEED(engine->machine->read(machine, 0x10000, bytes, sizeof bytes) == 0);
    NEED(bytes[0] == value && bytes[1] == 7 && bytes[2] == value && bytes[3] == 0);
    NEED(engine->machine->write(machine, 0x11fff, &value, 1) == 0);
    NEED(engine->machine->read(machine, 0x11000, bytes, sizeof bytes) == 0 && bytes[0] == 0 && bytes[4095] == value);
    engine->machine->unload(machine);
    free(blob.data);
}

/* A program of a layout and contents of its own, whose pages must be as they were given; it writes to all it may. */
static void program_of_layout(uint64_t value)
{
    enum { PAGES = 6 };
    static const uint8_t code[] = {0}, mask[] = {1};
    struct assay_page page[PAGES];
    uint8_t content[PAGES][3], bytes[4096];
    size_t count = 0;
    for (uint32_t i = 0; i < PAGES; i++, value /= 3) {
        memset(content[i], (int)(value % 251 + i), sizeof content[i]);
        page[count] = (struct assay_page){
            .address = 0x10000 + i * 0x1000 * (1 + i / 3), .data = content[i], .size = sizeof content[i]};
        page[count].access = value % 3 == 1 ? ASSAY_ACCESS_RO : ASSAY_ACCESS_RW;
        count += value % 3 != 0;
    }
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = count};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    NEED(engine->machine->load(&program, &machine) == 0);
    NEED(engine->machine->run(machine, &state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_TRAP);
    for (size_t i = 0; i < count; i++) {
        NEED(engine->machine->read(machine, page[i].address, bytes, sizeof bytes) == 0);
        NEED(memcmp(bytes, page[i].data, page[i].size) == 0 && bytes[page[i].size] == 0);
        NEED(memcmp(bytes + page[i].size, bytes + page[i].size + 1, sizeof bytes - page[i].size - 1) == 0);
        memset(bytes, 0xee, sizeof bytes);
        NEED(engine->machine->write(machine, page[i].address, bytes, sizeof bytes) == 0);
    }
    engine->machine->unload(machine);
    free(blob.data);
}

/* ---- programs that begin with their memory checked and go on with it guarded ------------------------------- */

enum { ABOUT_THE_CHANGE = 50000 }; /* gas */

static struct assay_machine *counting_machine(uint64_t seed)
{
    /* 0: count register 3 down to 0; 7: store register 2 at register 1 + 5; load it to register 4; trap */
    static const uint8_t code[] = {149, 0x33, 0xff, 82, 0x13, 0, 0xfd, 122, 0x12, 5, 128, 0x14, 5, 0};
    static const uint8_t mask[] = {0x89, 0x24};
    uint8_t content[64];
    memset(content, (int)seed | 1, sizeof content);
    struct assay_page page[] = {
        {.address = 0x10000, .access = ASSAY_ACCESS_RW, .data = content, .size = sizeof content},
        {.address = 0x11000, .access = ASSAY_ACCESS_RO, .data = content, .size = 7},
        {.address = 0xfffff000, .access = ASSAY_ACCESS_RW},
    };
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = 3};
    struct assay_machine *machine;
    NEED(engine->machine->load(&program, &machine) == 0);
    free(blob.data);
    return machine;
}

/* The same in production and with calls out, which change nothing; and again behind an exit that can be resumed. */
static uint64_t need_same(uint64_t times, uint64_t gas, uint32_t address)
{
    struct assay_until never = {.blocks = UINT64_MAX};
    const struct assay_until *until[] = {NULL, &never};
    struct assay_stop stop[2];
    uint8_t bytes[2][64];
    struct assay_machine *machine[2];
    struct assay_state state = {.gas = gas, .reg = {[1] = address - 5, [2] = 0x0102030405060708, [3] = times}};
    memset(stop, 0, sizeof stop);
    for (size_t i = 0; i < 2; i++) {
        machine[i] = counting_machine(times);
        NEED(engine->machine->run(machine[i], &state, until[i], &stop[i]) == 0);
    }
    NEED(memcmp(&stop[0], &stop[1], sizeof stop[0]) == 0);
    uint64_t used = gas - stop[0].state.gas;
    for (size_t i = 0; i < 2; i++) {
        if (stop[i].exit == ASSAY_EXIT_OUT_OF_GAS) {
            stop[i].state.gas = 2 * ABOUT_THE_CHANGE;
            NEED(engine->machine->resume(machine[i], &stop[i].state, until[i], &stop[i]) == 0);
        }
        NEED(engine->machine->read(machine[i], 0x10000, bytes[i], sizeof bytes[i]) == 0);
        engine->machine->unload(machine[i]);
    }
    NEED(memcmp(&stop[0], &stop[1], sizeof stop[0]) == 0 && memcmp(bytes[0], bytes[1], sizeof bytes[0]) == 0);
    return used;
}

/* Whatever it has used when it changes, and whatever is left; pages of each kind, and across their edges. */
static void programs_change_exactly(void)
{
    static const uint32_t address[] = {0x10000, 0x10ffe, 0x11000, 0x11ffd, 0x12000, 0xfffc, 0xfffffffe, 0xfffffffc, 0};
    uint64_t each = need_same(3, 1000, 0x10000) - need_same(2, 1000, 0x10000);
    NEED(each > 0);
    for (size_t i = 0; i < sizeof address / sizeof *address; i++) {
        need_same(1, 1000, address[i]);
        need_same(1, UINT64_MAX, address[i]);
        for (uint64_t near = 0; near < 8; near++) {
            uint64_t times = ABOUT_THE_CHANGE / each - 4 + near;
            need_same(times, UINT64_MAX - near, address[i]);
            need_same(times, times * each + near, address[i]);
            need_same(3 * times, ABOUT_THE_CHANGE - 4 + near, address[i]);
            need_same(3 * times, 2 * times * each + near, address[i]);
        }
    }
}

static const struct what whats[] = {
    {"runs_beyond_the_hosts_mappings", runs_beyond_the_hosts_mappings},
    {"runs_of_many_chains", runs_of_many_chains},
    {"mappings_stay", mappings_stay},
    {"memory_stays", memory_stays},
    {"largest_images", largest_images},
    {"code_is_in_proportion", code_is_in_proportion},
    {"keeps_nothing", keeps_nothing},
    {"permissions_are_exact", permissions_are_exact},
    {"programs_change_exactly", programs_change_exactly},
};

int main(int count_of_words, char **word)
{
    NEED(count_of_words >= 4);
    engine = engine_at(word[1], word[2]);
    if (play_what(whats, sizeof whats / sizeof *whats, word[3])) {
        return 0;
    }
    NEED(count_of_words == 5);
    bool is_warm = strcmp(word[3], "warm") == 0;
    NEED(is_warm || strcmp(word[3], "layouts") == 0);
    for (long i = 0; i < atol(word[4]); i++) {
        if (is_warm) {
            small_program((uint8_t)i);
        } else {
            program_of_layout((uint64_t)i * 0x9e3779b97f4a7c15 >> 8);
        }
    }
    return 0;
}
