/* The contract with the process: threads, signals, and what an engine must leave as it found it. */
#define _GNU_SOURCE
#include "contract.h"

#include <dirent.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ADDRESS = 0x10000, PATH_ROOM = 4096 };

#define LEVEL(contract) ((contract)->engine->machine)

static const struct assay_page one_page = {ADDRESS, ASSAY_ACCESS_RW, NULL, 0};

static struct assay_machine *load_store(struct contract *contract, bool with_page)
{
    struct contract_blob blob = contract_store();
    struct assay_program program = contract_program(&blob);
    program.page = with_page ? &one_page : NULL;
    program.page_count = with_page ? 1 : 0;
    return contract_load(contract, &program);
}

/* Everything that a check does with an engine: a good run, a fault, and a machine that goes. */
static void use(struct contract *contract)
{
    struct assay_machine *good = load_store(contract, true), *bad = load_store(contract, false);
    struct assay_stop stop = contract_run(contract, good, 1);
    contract_equal(contract, "exit", ASSAY_EXIT_HOST_CALL, stop.exit);
    stop = contract_run(contract, bad, 1);
    contract_equal(contract, "exit of a store to a page not given", ASSAY_EXIT_PAGE_FAULT, stop.exit);
    contract_equal(contract, "argument", ADDRESS, stop.argument);
    LEVEL(contract)->unload(good);
    LEVEL(contract)->unload(bad);
}

/* ---- threads -------------------------------------------------------------------------------------------------------
 */

enum { THREADS = 4, ROUNDS = 200 };

static void *use_often(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        use(context);
    }
    return NULL;
}

static void threads(struct contract *contract)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
        contract_equal(contract, "a thread can be made", 0, pthread_create(&thread[i], NULL, use_often, contract));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
}

struct handed_over {
    struct contract *contract;
    struct assay_machine *machine;
};

static void *run_handed_over(void *context)
{
    struct handed_over *task = context;
    struct assay_stop stop = contract_run(task->contract, task->machine, 3);
    contract_equal(task->contract, "exit in another thread", ASSAY_EXIT_HOST_CALL, stop.exit);
    return NULL;
}

static void another_thread(struct contract *contract)
{
    struct handed_over task = {contract, load_store(contract, true)};
    pthread_t thread;
    contract_run(contract, task.machine, 2);
    contract_equal(contract, "a thread can be made", 0, pthread_create(&thread, NULL, run_handed_over, &task));
    pthread_join(thread, NULL);
    contract_run(contract, task.machine, 4);
    LEVEL(contract)->unload(task.machine);
}

/* ---- signals -------------------------------------------------------------------------------------------------------
 */

static sigjmp_buf after_fault;
static volatile sig_atomic_t faults;

static void count_fault(int number)
{
    (void)number;
    faults = faults + 1;
    siglongjmp(after_fault, 1);
}

/* A fault of the host, at an address that can be no guest's. */
static void fault(void)
{
    volatile int *volatile nowhere = NULL;
    if (sigsetjmp(after_fault, 1) == 0) {
        *nowhere = 1; /* NOLINT(clang-analyzer-core.NullDereference): the fault is what is asked for */
    }
}

static void handler_is_chained(struct contract *contract)
{
    struct sigaction action = {.sa_handler = count_fault};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    use(contract);
    fault();
    contract_equal(contract, "faults that reached the host's handler", 1, faults);
    use(contract);
    fault();
    contract_equal(contract, "faults that reached it after more runs", 2, faults);
}

/* ---- what must be as it was -----------------------------------------------------------------------------------------
 */

static long count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    long count = 0;
    if (folder != NULL) {
        while (readdir(folder) != NULL) {
            count++;
        }
        closedir(folder);
    }
    return count;
}

static void descriptors(struct contract *contract)
{
    use(contract);
    long before = count_descriptors();
    for (int i = 0; i < 100; i++) {
        use(contract);
    }
    contract_equal(contract, "open descriptors", before, count_descriptors());
}

static void process_state(struct contract *contract)
{
    char before[PATH_ROOM] = "", after[PATH_ROOM] = "";
    sigset_t mask_before, mask_after;
    struct rlimit files_before, files_after;
    contract_true(contract, "the folder is known", getcwd(before, sizeof before) != NULL);
    mode_t umask_before = umask(022);
    umask(umask_before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    getrlimit(RLIMIT_NOFILE, &files_before);
    use(contract);
    contract_true(contract, "the folder is known", getcwd(after, sizeof after) != NULL);
    mode_t umask_after = umask(umask_before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    getrlimit(RLIMIT_NOFILE, &files_after);
    contract_true(contract, "the current folder stays", strcmp(before, after) == 0);
    contract_equal(contract, "umask", umask_before, umask_after);
    contract_equal(contract, "limit of open files", (int64_t)files_before.rlim_cur, (int64_t)files_after.rlim_cur);
    for (int number = 1; number < 32; number++) {
        contract_equal(contract, "a blocked signal", sigismember(&mask_before, number),
                       sigismember(&mask_after, number));
    }
}

static void floating_point(struct contract *contract)
{
    fesetround(FE_UPWARD);
    use(contract);
    contract_equal(contract, "rounding mode", FE_UPWARD, fegetround());
}

const struct contract_check contract_host[] = {
    {"host/threads", "different machines may be used by different threads", NEEDS_MACHINE, threads},
    {"host/another_thread", "a machine may be used by one thread after the other", NEEDS_MACHINE, another_thread},
    {"host/signal", "a signal handler of the host is chained", NEEDS_MACHINE, handler_is_chained},
    {"host/descriptors", "no descriptor stays open", NEEDS_MACHINE, descriptors},
    {"host/process", "folder, umask, signal mask and limits stay as they were", NEEDS_MACHINE, process_state},
    {"host/rounding", "the floating-point environment stays as it was", NEEDS_MACHINE, floating_point},
};
const size_t contract_host_count = sizeof contract_host / sizeof *contract_host;
