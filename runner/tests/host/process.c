/*
 * Loading, forking and limits of a process that uses an engine: process LIBRARY SYMBOL WHAT. 0: as WHAT's comment says;
 * 1: it is not, and what.
 */
#include "host.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *library, *symbol;
static sigjmp_buf back;
static volatile sig_atomic_t hits;

static const struct assay_engine *engine(void)
{
    return engine_at(library, symbol);
}

static void leave(int number)
{
    (void)number;
    hits++;
    siglongjmp(back, 1);
}

/* ---- loading --------------------------------------------------------------------------------- */

static void load_use_close(void)
{
    void *handle = dlopen(library, RTLD_NOW);
    const struct assay_engine *opened = dlsym(handle, symbol);
    NEED(fault_of_guest(opened) == ASSAY_EXIT_PAGE_FAULT);
    NEED(dlclose(handle) == 0);
}

/* Nothing leaks, and what the process does afterwards works. */
static void opened_again_and_again(void)
{
    load_use_close();
    int first = windows();
    for (int i = 0; i < 10; i++) {
        load_use_close();
    }
    NEED(windows() == first && first <= 2);
    FILE *child = popen("true", "r");
    NEED(child != NULL && pclose(child) == 0);
}

/* The handler that stood before gets the host's fault after the library is closed. */
static void closed_then_a_fault(void)
{
    signal(SIGSEGV, leave);
    load_use_close();
    if (sigsetjmp(back, 1) == 0) {
        *(volatile int *)8 = 1;
    }
    NEED(hits == 1);
}

/* ---- forking --------------------------------------------------------------------------------- */

static struct bytes big, small; /* Images */
static volatile bool is_compiling;

static void *compile_big(void *unused)
{
    is_compiling = true;
    NEED(event_of(engine(), &big) == 0);
    is_compiling = false;
    return unused;
}

static void need_child(pid_t child)
{
    int status;
    NEED(waitpid(child, &status, 0) == child);
    NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void make_images(size_t size)
{
    struct bytes blob = blob_of_opcode(180, size), little = blob_of_opcode(1, 16);
    big = image_of(&blob, 0, 0, 0, 0);
    small = image_of(&little, 1, 0, 1, 1);
}

/* Neither another thread nor a child waits for it. */
static void forked_while_compiling(void)
{
    pthread_t thread;
    make_images(4000000);
    NEED(event_of(engine(), &small) == 0);
    NEED(pthread_create(&thread, NULL, compile_big, NULL) == 0);
    while (!is_compiling) {
    }
    for (int i = 0; i < 8; i++) {
        usleep(5000);
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            NEED(event_of(engine(), &small) == 0);
            NEED(fault_of_guest(engine()) == ASSAY_EXIT_PAGE_FAULT);
            _exit(0);
        }
        NEED(event_of(engine(), &small) == 0);
        need_child(child);
    }
    pthread_join(thread, NULL);
}

static void *compile_small_ones(void *stop)
{
    size_t size = 0;
    while (!*(volatile bool *)stop) {
        struct bytes blob = blob_of_opcode(51, 8 + size++ % 500);
        struct assay_program program = {.blob = blob.data, .blob_size = blob.size, .mem_cycles = 25};
        struct assay_machine *machine;
        struct assay_state state = {.gas = 1000};
        struct assay_stop answer;
        NEED(engine()->machine->load(&program, &machine) == 0);
        NEED(engine()->machine->run(machine, &state, NULL, &answer) == 0 && answer.exit == ASSAY_EXIT_TRAP);
        engine()->machine->unload(machine);
        free(blob.data);
    }
    return NULL;
}

/* At any moment: the child's lists are whole. */
static void forked_at_any_moment(void)
{
    bool stop = false;
    pthread_t thread[2];
    make_images(64);
    for (int i = 0; i < 2; i++) {
        NEED(pthread_create(&thread[i], NULL, compile_small_ones, &stop) == 0);
    }
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            NEED(event_of(engine(), &small) == 0 && fault_of_guest(engine()) == ASSAY_EXIT_PAGE_FAULT);
            _exit(0);
        }
        need_child(child);
    }
    *(volatile bool *)&stop = true;
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
    }
}

/* Adds `step` to register 0 and to the byte at 0x10000, then asks its host, again and again. */
static struct assay_machine *adder(uint8_t step)
{
    uint8_t code[] = {
        149, 0x00, step,                   /* add_imm_64 r0 = r0 + step */
        59,  0x00, 0x00, 0x00, 0x01, 0x00, /* store_u8 [0x10000] = r0, the address in four bytes */
        10,  7,                            /* ecalli 7 */
        40,  0xf5,                         /* jump to 0 */
    };
    const uint8_t mask[] = {0x09, 0x0a};
    static const uint8_t nothing[1];
    struct assay_page page = {.address = 0x10000, .access = ASSAY_ACCESS_RW, .data = nothing};
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = &page, .page_count = 1};
    struct assay_machine *machine;
    NEED(engine()->machine->load(&program, &machine) == 0);
    free(blob.data);
    return machine;
}

/* From its start or from where it stopped, `times` steps on; register 0 and the byte are told to be `expected`. */
static void step(struct assay_machine *machine, struct assay_stop *stop, int times, uint8_t expected)
{
    for (int i = 0; i < times; i++) {
        stop->state.gas = 100000;
        int result = stop->exit == ASSAY_EXIT_HOST_CALL ? engine()->machine->resume(machine, &stop->state, NULL, stop)
                                                        : engine()->machine->run(machine, &stop->state, NULL, stop);
        NEED(result == 0 && stop->exit == ASSAY_EXIT_HOST_CALL && stop->argument == 7);
    }
    uint8_t byte;
    NEED(engine()->machine->read(machine, 0x10000, &byte, 1) == 0);
    NEED(byte == expected && (uint8_t)stop->state.reg[0] == expected);
}

static void one_process_of_two(struct assay_machine *machine, struct assay_stop *stop, uint8_t own)
{
    for (int i = 0; i < 50; i++) { /* made, compiled and dropped while the other process does the same */
        struct assay_machine *fresh = adder(own);
        struct assay_stop begin = {.exit = ASSAY_EXIT_TRAP};
        step(fresh, &begin, 3, (uint8_t)(3 * own));
        step(machine, stop, 1, (uint8_t)(10 + i + 1));
        engine()->machine->unload(fresh);
        usleep(200);
    }
}

/* Both go on with the machine that was there, and compile others; neither sees what the other writes. */
static void parent_and_child_compile(void)
{
    struct assay_machine *machine = adder(1), *dropped = adder(9);
    struct assay_stop stop = {.exit = ASSAY_EXIT_TRAP}, other = {.exit = ASSAY_EXIT_TRAP};
    step(machine, &stop, 10, 10);
    step(dropped, &other, 1, 9);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        one_process_of_two(machine, &stop, 3);
        step(dropped, &other, 1, 18);
        engine()->machine->unload(dropped);
        engine()->machine->unload(machine);
        one_process_of_two(adder(1), &(struct assay_stop){.exit = ASSAY_EXIT_TRAP, .state.reg[0] = 10}, 4);
        _exit(0);
    }
    engine()->machine->unload(dropped);
    one_process_of_two(machine, &stop, 5);
    engine()->machine->unload(machine);
    need_child(child);
}

/* ---- executable memory ----------------------------------------------------------------------- */

static volatile bool is_done;
static int written_views, executed_views;

static void look_at_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], access[8];
    while (fgets(line, sizeof line, maps) != NULL) {
        NEED(sscanf(line, "%*s %7s", access) == 1);
        NEED(access[1] != 'w' || access[2] != 'x');
        written_views += strstr(line, "memfd:assay") != NULL && access[1] == 'w';
        executed_views += strstr(line, "memfd:assay") != NULL && access[2] == 'x';
    }
    fclose(maps);
}

static void *look(void *unused)
{
    while (!is_done) {
        look_at_maps();
    }
    return unused;
}

/* While programs of all sizes are compiled, no address is writable and executable; both views are seen. */
static void never_writable_and_executable(void)
{
    pthread_t thread;
    NEED(pthread_create(&thread, NULL, look, NULL) == 0);
    for (size_t size = 64; size < 3000000; size *= 3) {
        for (int i = 0; i < 5; i++) {
            make_images(size + (size_t)i);
            NEED(event_of(engine(), &big) == 0 && event_of(engine(), &small) == 0);
        }
    }
    is_done = true;
    pthread_join(thread, NULL);
    NEED(written_views > 0 && executed_views > 0);
}

/* Once a host refuses to make memory executable that was writable, code has to come through the other view. */
static void executable_memory_is_never_gained(void)
{
    enum { SET_MDWE = 65, REFUSE_EXEC_GAIN = 1 };
    make_images(64);
    if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0) { /* Linux 6.3 */
        NEED(event_of(engine(), &small) == 0 && fault_of_guest(engine()) == ASSAY_EXIT_PAGE_FAULT);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void limit(rlim_t size)
{
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    NEED(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Refused as no memory, at both levels; and all is well when the limit is gone. */
static void address_space(void)
{
    const struct assay_engine *opened = engine();
    make_images(64);
    limit((rlim_t)1 << 30);
    NEED(fault_of_guest(opened) == ASSAY_ERROR_MEMORY);
    NEED(event_of(opened, &small) == ASSAY_ERROR_MEMORY);
    limit(RLIM_INFINITY);
    NEED(fault_of_guest(opened) == ASSAY_EXIT_PAGE_FAULT);
    NEED(event_of(opened, &small) == 0);
}

/* Something in front of the host refuses, or does nothing and says that it did. */
/* ASSAY_ERROR_HOST, again and again, and never a signal. */
static void host_misses_something(void)
{
    make_images(64);
    for (int i = 0; i < 3; i++) {
        NEED(fault_of_guest(engine()) == ASSAY_ERROR_HOST);
        NEED(event_of(engine(), &small) == ASSAY_ERROR_HOST);
    }
}

/* The same where the thread has SIGSEGV blocked. */
static void host_misses_something_blocked(void)
{
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    NEED(sigprocmask(SIG_BLOCK, &only, NULL) == 0);
    struct bytes blob = blob_of_fault(), image = image_of(&blob, 0, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        NEED(fault_of_guest(engine()) == ASSAY_ERROR_HOST);
        NEED(event_of(engine(), &image) == ASSAY_ERROR_HOST);
    }
    free(image.data);
    free(blob.data);
}

static const struct what whats[] = {
    {"opened_again_and_again", opened_again_and_again},
    {"closed_then_a_fault", closed_then_a_fault},
    {"forked_while_compiling", forked_while_compiling},
    {"forked_at_any_moment", forked_at_any_moment},
    {"parent_and_child_compile", parent_and_child_compile},
    {"never_writable_and_executable", never_writable_and_executable},
    {"executable_memory_is_never_gained", executable_memory_is_never_gained},
    {"address_space", address_space},
    {"host_misses_something", host_misses_something},
    {"host_misses_something_blocked", host_misses_something_blocked},
};

int main(int count_of_words, char **word)
{
    NEED(count_of_words == 4);
    library = word[1];
    symbol = word[2];
    NEED(play_what(whats, sizeof whats / sizeof *whats, word[3]));
    return 0;
}
