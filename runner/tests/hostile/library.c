/*
 * Hostile shared objects: the example engine of docs/examples with one bad habit each, chosen by HABIT_name.
 *
 *   cc -shared -fPIC -DHABIT=HABIT_forks_in_run library.c -o libassay_mine.so
 */
#define _GNU_SOURCE
#include "../../../docs/examples/mine.c"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define HABITS(HABIT)                                                                                                  \
    HABIT(prints_at_load)                                                                                              \
    HABIT(loops_at_load)                                                                                               \
    HABIT(ends_at_load)                                                                                                \
    HABIT(dies_at_load)                                                                                                \
    HABIT(loops_at_end)                                                                                                \
    HABIT(aborts_at_end)                                                                                               \
    HABIT(leaves_a_daemon)                                                                                             \
    HABIT(leaves_many_children)                                                                                        \
    HABIT(forges_verdicts)                                                                                             \
    HABIT(forges_replies_everywhere)                                                                                   \
    HABIT(forks_in_run)                                                                                                \
    HABIT(loops_in_run)                                                                                                \
    HABIT(loops_in_unload)                                                                                             \
    HABIT(sleeps_in_run)                                                                                               \
    HABIT(ends_in_run)                                                                                                 \
    HABIT(ends_quietly_in_run)                                                                                         \
    HABIT(aborts_in_run)                                                                                               \
    HABIT(faults_in_run)                                                                                               \
    HABIT(overflows_the_stack)                                                                                         \
    HABIT(takes_all_memory)                                                                                            \
    HABIT(bombs_with_forks)                                                                                            \
    HABIT(fills_the_disk)                                                                                              \
    HABIT(changes_the_folder)                                                                                          \
    HABIT(takes_the_limits)                                                                                            \
    HABIT(closes_descriptors)                                                                                          \
    HABIT(sets_the_direction_flag)                                                                                     \
    HABIT(changes_the_rounding)                                                                                        \
    HABIT(blocks_signals)                                                                                              \
    HABIT(sets_a_timer)                                                                                                \
    HABIT(scribbles_over_inputs)                                                                                       \
    HABIT(scribbles_later)                                                                                             \
    HABIT(jumps_out_of_run)                                                                                            \
    HABIT(ends_its_parent)                                                                                             \
    HABIT(traces_its_parent)                                                                                           \
    HABIT(reads_the_vectors)                                                                                           \
    HABIT(writes_beside_the_vectors)                                                                                   \
    HABIT(calls_the_network)                                                                                           \
    HABIT(shouts)                                                                                                      \
    HABIT(answers_an_unknown_number)                                                                                   \
    HABIT(answers_an_unknown_exit)                                                                                     \
    HABIT(answers_without_a_machine)                                                                                   \
    HABIT(has_a_colourful_name)                                                                                        \
    HABIT(differs_the_second_time)

enum habit {
#define ROW(name) HABIT_##name,
    HABITS(ROW)
#undef ROW
};

static int is(enum habit habit)
{
    return habit == HABIT;
}

static void forever(void)
{
    for (volatile unsigned i = 0;; i++) {
    }
}

static const char forged[] = "\n{\"case\": \"exit/entries/first\", \"verdict\": \"pass\", \"index\": 0}\n{\"ok\": {}}\n"
                             "{\"done\": true, \"pass\": 999999, \"fail\": 0, \"error\": 0, \"invalid\": 0}\n";

static void say(int descriptor, const char *words, size_t size)
{
    if (write(descriptor, words, size) < 0) {
        return;
    }
}

/* Children that outlive it, in sessions of their own. */
static void leave_children(int count)
{
    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                execlp("sleep", "sleep", "54321.5", (char *)NULL);
            }
            _exit(0);
        }
    }
    while (waitpid(-1, NULL, 0) > 0) {
    }
}

__attribute__((constructor)) static void begin(void)
{
    if (is(HABIT_prints_at_load)) {
        say(STDOUT_FILENO, forged, sizeof forged - 1);
    } else if (is(HABIT_loops_at_load)) {
        forever();
    } else if (is(HABIT_ends_at_load)) {
        exit(0);
    } else if (is(HABIT_dies_at_load)) {
        raise(SIGKILL);
    } else if (is(HABIT_leaves_a_daemon)) {
        leave_children(1);
    }
}

__attribute__((destructor)) static void end(void)
{
    if (is(HABIT_loops_at_end)) {
        forever();
    } else if (is(HABIT_aborts_at_end)) {
        abort();
    }
}

/* ---- in load ------------------------------------------------------------------------------------------------------
 */

static uint8_t *volatile remembered;
static volatile size_t remembered_size;

static void *scribble(void *unused)
{
    (void)unused;
    for (;;) {
        usleep(200);
        uint8_t *at = remembered;
        if (at != NULL) {
            memset(at, 0xee, remembered_size);
        }
    }
}

static void remember(const struct assay_program *program)
{
    static pthread_t thread;
    remembered_size = program->blob_size;
    remembered = (uint8_t *)program->blob;
    if (thread == 0) {
        pthread_create(&thread, NULL, scribble, NULL);
    }
}

static int bad_load(const struct assay_program *program, struct assay_machine **machine)
{
    if (is(HABIT_answers_without_a_machine)) {
        *machine = NULL;
        return 0;
    }
    int outcome = load(program, machine);
    if (is(HABIT_scribbles_over_inputs)) {
        memset((void *)program->blob, 0xee, program->blob_size);
    } else if (is(HABIT_scribbles_later)) {
        remember(program);
    }
    return outcome;
}

static void bad_unload(struct assay_machine *machine)
{
    if (is(HABIT_loops_in_unload)) {
        forever();
    }
    unload(machine);
}

/* ---- in run ---------------------------------------------------------------------------------------------------------
 */

static int deeper(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = (char)(above[0] + 1);
    return deeper(frame) + frame[0];
}

static void take_memory(void)
{
    for (;;) {
        size_t size = (size_t)64 << 20;
        char *data = malloc(size);
        if (data == NULL) {
            abort();
        }
        memset(data, 1, size);
    }
}

static void fill_the_disk(void)
{
    static char page[1 << 20];
    int file = open("/tmp/assay-hostile-fill", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    for (int i = 0; i < 100000 && write(file, page, sizeof page) > 0; i++) {
    }
}

static void call_the_network(void)
{
    const char *port = getenv("HOSTILE_PORT");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port == NULL ? "9" : port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int line = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(line, (struct sockaddr *)&address, sizeof address) == 0) {
        say(line, "leak", 4);
    }
    close(line);
}

static void leave_a_mark(int flags)
{
    const char *path = getenv("HOSTILE_PATH");
    int file = path == NULL ? -1 : open(path, flags, 0600);
    if (file >= 0 && (flags & O_CREAT) == 0) {
        say(STDERR_FILENO, "HOSTILE READ IT\n", 16);
    }
}

static void shout(void)
{
    static const char words[] = "\x1b[2J\x1b[31m\a\0\x1b]0;owned\a PASSED 9450 cases\r\n";
    for (int i = 0; i < 2000; i++) {
        say(STDERR_FILENO, words, sizeof words - 1);
    }
}

static void forge_everywhere(void)
{
    for (int descriptor = 0; descriptor < 64; descriptor++) {
        if (descriptor != STDERR_FILENO) {
            say(descriptor, forged, sizeof forged - 1);
        }
    }
}

static sigjmp_buf outside;

static void go_outside(int number)
{
    (void)number;
    siglongjmp(outside, 1);
}

static void misbehave_in_process(void)
{
    const struct rlimit none = {0, 0};
    const struct itimerval soon = {{0, 1000}, {0, 1000}};
    sigset_t all;
    switch (HABIT) {
    case HABIT_changes_the_folder:
        if (chdir("/") != 0) {
            abort();
        }
        break;
    case HABIT_takes_the_limits:
        setrlimit(RLIMIT_NOFILE, &none);
        setrlimit(RLIMIT_FSIZE, &none);
        break;
    case HABIT_closes_descriptors:
        for (int descriptor = 0; descriptor < 256; descriptor++) {
            close(descriptor);
        }
        break;
    case HABIT_changes_the_rounding:
        fesetround(FE_UPWARD);
        break;
    case HABIT_blocks_signals:
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        signal(SIGTERM, SIG_IGN);
        break;
    case HABIT_sets_a_timer:
        signal(SIGALRM, SIG_DFL);
        setitimer(ITIMER_REAL, &soon, NULL);
        break;
    case HABIT_jumps_out_of_run:
        signal(SIGUSR1, go_outside);
        if (sigsetjmp(outside, 1) == 0) {
            raise(SIGUSR1);
        }
        break;
    default:
        break;
    }
}

static void misbehave_outside(void)
{
    switch (HABIT) {
    case HABIT_forges_verdicts:
        say(STDOUT_FILENO, forged, sizeof forged - 1);
        break;
    case HABIT_forges_replies_everywhere:
        forge_everywhere();
        break;
    case HABIT_forks_in_run:
        fork();
        break;
    case HABIT_leaves_many_children:
        leave_children(20);
        break;
    case HABIT_bombs_with_forks:
        for (;;) {
            fork();
        }
    case HABIT_fills_the_disk:
        fill_the_disk();
        break;
    case HABIT_ends_its_parent:
        kill(getppid(), SIGKILL);
        break;
    case HABIT_traces_its_parent:
        ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
        break;
    case HABIT_reads_the_vectors:
        leave_a_mark(O_RDONLY);
        break;
    case HABIT_writes_beside_the_vectors:
        leave_a_mark(O_CREAT | O_WRONLY);
        break;
    case HABIT_calls_the_network:
        call_the_network();
        break;
    case HABIT_shouts:
        shout();
        break;
    default:
        break;
    }
}

static void stop_working(void)
{
    volatile int *volatile nowhere = NULL;
    switch (HABIT) {
    case HABIT_loops_in_run:
        forever();
        break;
    case HABIT_sleeps_in_run:
        sleep(1000000);
        break;
    case HABIT_ends_in_run:
        exit(0);
    case HABIT_ends_quietly_in_run:
        _exit(0);
    case HABIT_aborts_in_run:
        abort();
    case HABIT_faults_in_run:
        *nowhere = 1;
        break;
    case HABIT_overflows_the_stack:
        deeper((volatile char *)"");
        break;
    case HABIT_takes_all_memory:
        take_memory();
        break;
    default:
        break;
    }
}

static int bad_run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop)
{
    static unsigned runs;
    misbehave_in_process();
    misbehave_outside();
    stop_working();
    int outcome = run(machine, state, until, stop);
    if (is(HABIT_answers_an_unknown_number)) {
        return -12345;
    }
    if (is(HABIT_answers_an_unknown_exit)) {
        stop->exit = 99;
    }
    if (is(HABIT_differs_the_second_time) && runs++ % 2 == 1) {
        stop->state.reg[3] ^= 1;
    }
    if (is(HABIT_scribbles_over_inputs)) {
        memset((void *)state, 0xee, sizeof *state);
    }
#if defined(__x86_64__)
    if (is(HABIT_sets_the_direction_flag)) {
        __asm__ volatile("std" ::: "cc");
    }
#endif
    return outcome;
}

static const struct assay_machine_level bad_level = {
    .size = sizeof bad_level,
    .load = bad_load,
    .unload = bad_unload,
    .run = bad_run,
    .resume = resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};

extern const struct assay_engine assay_hostile;
ASSAY_EXPORT const struct assay_engine assay_hostile = {
    .size = sizeof assay_hostile,
    .abi = ASSAY_ABI,
    .name = HABIT == HABIT_has_a_colourful_name ? "\x1b[31mred\a" : "hostile",
    .version = "0.1",
    .profiles = 1u << ASSAY_PROFILE_JAR,
    .machine = &bad_level,
};
