/*
 * SIGSEGV in a process that uses an engine: signals LIBRARY SYMBOL WHAT. 0: as WHAT's comment says; 1: it is not, and
 * what; a signal where the comment says that the process ends by it.
 */
#include "host.h"

#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct assay_engine *engine;
static sigjmp_buf back;
static volatile sig_atomic_t hits, blocked_meanwhile;

static void count(int number)
{
    sigset_t now;
    (void)number;
    hits++;
    sigprocmask(SIG_BLOCK, NULL, &now);
    blocked_meanwhile = sigismember(&now, SIGUSR1) == 1;
}

static void count_and_leave(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    hits++;
    siglongjmp(back, 1);
}

static void need_guest(void)
{
    NEED(fault_of_guest(engine) == ASSAY_EXIT_PAGE_FAULT);
}

static void touch_nothing(void)
{
    *(volatile int *)8 = 1;
}

static void install(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaddset(&action.sa_mask, SIGUSR1);
    NEED(sigaction(SIGSEGV, &action, NULL) == 0);
}

static void install_leaving(void)
{
    struct sigaction action = {.sa_sigaction = count_and_leave, .sa_flags = SA_SIGINFO};
    NEED(sigaction(SIGSEGV, &action, NULL) == 0);
}

/* Ends by SIGSEGV. */
static void raised_by_default(void)
{
    need_guest();
    raise(SIGSEGV);
    NEED(!"raise was swallowed");
}

/* Ends by SIGSEGV. */
static void killed_by_default(void)
{
    need_guest();
    pid_t parent = getpid();
    if (fork() == 0) {
        kill(parent, SIGSEGV);
        _exit(0);
    }
    for (int i = 0; i < 100; i++) {
        usleep(100000);
    }
    NEED(!"kill was swallowed");
}

/* Ends by SIGSEGV: nobody may ignore a fault of his own. */
static void faults_while_ignoring(void)
{
    signal(SIGSEGV, SIG_IGN);
    need_guest();
    touch_nothing();
    NEED(!"the fault was swallowed");
}

static void raised_while_ignoring(void)
{
    signal(SIGSEGV, SIG_IGN);
    need_guest();
    raise(SIGSEGV);
    need_guest();
    raise(SIGSEGV);
    need_guest();
}

/* Each time, with its mask; the guest's faults never reach it. */
static void raised_to_a_handler(void)
{
    install(count, 0);
    for (int i = 1; i <= 3; i++) {
        need_guest();
        raise(SIGSEGV);
        NEED(hits == i && blocked_meanwhile);
        sigset_t now;
        sigprocmask(SIG_BLOCK, NULL, &now);
        NEED(sigismember(&now, SIGUSR1) == 0 && sigismember(&now, SIGSEGV) == 0);
    }
}

static void sent_while_a_guest_runs(void)
{
    static const uint8_t code[] = {40, 0}, mask[] = {1}; /* jump to itself */
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {.blob = blob.data, .blob_size = blob.size, .mem_cycles = 25};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 10000000};
    struct assay_stop stop = {0};
    install(count, 0);
    need_guest();
    NEED(engine->machine->load(&program, &machine) == 0);
    pid_t parent = getpid();
    if (fork() == 0) {
        for (int i = 0; i < 20; i++) {
            usleep(1000);
            kill(parent, SIGSEGV);
        }
        _exit(0);
    }
    do {
        NEED(engine->machine->run(machine, &state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_OUT_OF_GAS);
    } while (waitpid(-1, NULL, WNOHANG) == 0);
    NEED(hits > 0);
    need_guest();
    free(blob.data);
}

static void faults_with_a_handler(void)
{
    install_leaving();
    for (int i = 1; i <= 3; i++) {
        need_guest();
        if (sigsetjmp(back, 1) == 0) {
            touch_nothing();
        }
        NEED(hits == i);
    }
    need_guest();
}

/* A handler that comes later gets the host's faults, the engine the guest's. */
static void handler_comes_later(void)
{
    need_guest();
    install_leaving();
    faults_with_a_handler();
}

/* What stands deeper on the stack is other each time. */
__attribute__((noinline)) static void soil_the_stack(int value)
{
    volatile uint8_t deep[16384];
    for (size_t i = 0; i < sizeof deep; i++) {
        deep[i] = (uint8_t)value;
    }
}

/* Three that take turns, before each run: each works, and the process takes no more memory for the thousandth. */
static void handlers_come_again(void)
{
    size_t warm = 0;
    for (int i = 0; i < 3000; i++) {
        install(count, i % 3 == 0 ? SA_RESTART : i % 3 == 1 ? SA_NODEFER : 0);
        soil_the_stack(i);
        need_guest();
        raise(SIGSEGV);
        warm = i == 30 ? mallinfo2().uordblks : warm;
    }
    NEED(hits == 3000);
    NEED(mallinfo2().uordblks - warm < 4096);
}

static struct sigaction before_chaining;

static void chaining(int number, siginfo_t *info, void *context)
{
    hits++;
    before_chaining.sa_sigaction(number, info, context);
}

/* Ends by SIGSEGV, not in a circle: a later handler that hands on what it does not know stands between twice. */
static void handlers_chain(void)
{
    struct sigaction action = {.sa_sigaction = chaining, .sa_flags = SA_SIGINFO | SA_NODEFER};
    need_guest();
    NEED(sigaction(SIGSEGV, &action, &before_chaining) == 0);
    need_guest();
    NEED(hits == 0);
    touch_nothing();
    NEED(!"the fault was swallowed");
}

/* A handler that comes while a machine is there hands the guest's fault on to the engine, as assay.h asks. */
static void handler_comes_between(void)
{
    static const uint8_t code[] = {10, 1, 30, 4, 0, 0x50, 0, 0, 1}, mask[] = {5, 0}; /* ecalli, store to no page */
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {.blob = blob.data, .blob_size = blob.size, .mem_cycles = 25};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    struct sigaction action = {.sa_sigaction = chaining, .sa_flags = SA_SIGINFO | SA_NODEFER};
    NEED(engine->machine->load(&program, &machine) == 0);
    NEED(engine->machine->run(machine, &state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_HOST_CALL);
    NEED(sigaction(SIGSEGV, &action, &before_chaining) == 0);
    NEED(engine->machine->resume(machine, &stop.state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_PAGE_FAULT);
    engine->machine->unload(machine);
    free(blob.data);
}

/* Ends by SIGSEGV, the second time. */
static void one_shot_handler(void)
{
    install(count, (int)SA_RESETHAND);
    need_guest();
    raise(SIGSEGV);
    need_guest();
    NEED(hits == 1);
    raise(SIGSEGV);
    NEED(!"it was called twice, or the signal was swallowed");
}

static void block(void)
{
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    NEED(pthread_sigmask(SIG_BLOCK, &only, NULL) == 0);
}

static void need_blocked(void)
{
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    NEED(sigismember(&now, SIGSEGV) == 1);
}

static void blocked(void)
{
    block();
    need_guest();
    need_blocked();
}

static void *run_blocked(void *unused)
{
    blocked();
    return unused;
}

static void blocked_in_one_thread(void)
{
    pthread_t thread;
    need_guest();
    NEED(pthread_create(&thread, NULL, run_blocked, NULL) == 0 && pthread_join(thread, NULL) == 0);
    need_guest();
}

static void blocked_in_an_event(void)
{
    struct bytes blob = blob_of_fault(), image = image_of(&blob, 0, 0, 0, 0);
    block();
    NEED(event_of(engine, &image) == 0);
    need_blocked();
    free(image.data);
    free(blob.data);
}

static const struct what whats[] = {
    {"raised_by_default", raised_by_default},
    {"killed_by_default", killed_by_default},
    {"faults_while_ignoring", faults_while_ignoring},
    {"raised_while_ignoring", raised_while_ignoring},
    {"raised_to_a_handler", raised_to_a_handler},
    {"sent_while_a_guest_runs", sent_while_a_guest_runs},
    {"faults_with_a_handler", faults_with_a_handler},
    {"handler_comes_later", handler_comes_later},
    {"handlers_come_again", handlers_come_again},
    {"handlers_chain", handlers_chain},
    {"handler_comes_between", handler_comes_between},
    {"one_shot_handler", one_shot_handler},
    {"blocked", blocked},
    {"blocked_in_one_thread", blocked_in_one_thread},
    {"blocked_in_an_event", blocked_in_an_event},
};

int main(int count_of_words, char **word)
{
    NEED(count_of_words == 4);
    engine = engine_at(word[1], word[2]);
    NEED(play_what(whats, sizeof whats / sizeof *whats, word[3]));
    return 0;
}
