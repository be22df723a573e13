/*
 * What the host does about SIGSEGV, kept while the engine's handler stands in front of it.
 *
 * In: signals that no guest caused. Out: what the host asked for: its handler is called as the kernel would call it,
 * with its mask and flags; the default ends the process; an ignored signal is ignored. The engine's handler stays.
 *
 * A host may install another handler later. The engine looks before each run and steps in front again. A
 * handler that hands on what it does not know may then call this engine, which it found when it was installed: so
 * dispositions are kept in a chain, the latest first, and such a call goes to the one behind.
 */
#include "disposition.h"
#include "machine.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct disposition {
    struct sigaction action;
    bool is_spent; /* SA_RESETHAND: it has been called, from now on it is the default */
    struct disposition *behind, *older;
};

static struct disposition *front; /* what stands behind the engine */
static struct disposition *known; /* all of them, never freed: a handler may be reading */

/* Whose handler this thread is in, and for which signal. */
static __thread struct disposition *handling __attribute__((tls_model("initial-exec")));
static __thread const void *handling_context __attribute__((tls_model("initial-exec")));

/* ---- standing in front ----------------------------------------------------------------------- */

enum { KNOWN_SIGNALS_SIZE = 8 }; /* of a mask: what the kernel fills in; behind it is whatever was there */

static bool same_action(const struct sigaction *a, const struct sigaction *b)
{
    return a->sa_sigaction == b->sa_sigaction && a->sa_flags == b->sa_flags &&
           memcmp(&a->sa_mask, &b->sa_mask, KNOWN_SIGNALS_SIZE) == 0;
}

static int remember(const struct sigaction *action)
{
    for (struct disposition *each = known; each != NULL; each = each->older) {
        if (same_action(&each->action, action)) {
            __atomic_store_n(&each->is_spent, false, __ATOMIC_RELAXED);
            __atomic_store_n(&front, each, __ATOMIC_RELEASE);
            return 0;
        }
    }
    struct disposition *fresh = malloc(sizeof(*fresh));
    if (fresh == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *fresh = (struct disposition){.action = *action, .behind = front, .older = known};
    known = fresh;
    __atomic_store_n(&front, fresh, __ATOMIC_RELEASE);
    return 0;
}

/* A host that restarts calls that the signal interrupted, or ignores it, goes on doing so. */
static int step_in_front(const struct sigaction *before, fast_disposition_handler *handler)
{
    struct sigaction now, action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    if (before->sa_handler == SIG_IGN || (before->sa_flags & SA_RESTART) != 0) {
        action.sa_flags |= SA_RESTART;
    }
    int error = remember(before);
    if (error == 0 && (sigaction(SIGSEGV, &action, NULL) != 0 || sigaction(SIGSEGV, NULL, &now) != 0 ||
                       now.sa_sigaction != handler)) {
        error = ASSAY_ERROR_HOST;
    }
    return error;
}

static bool stands_in_front(const struct sigaction *now, fast_disposition_handler *handler)
{
    return (now->sa_flags & SA_SIGINFO) != 0 && now->sa_sigaction == handler;
}

int fast_disposition_stand_in_front(fast_disposition_handler *handler)
{
    struct sigaction now;
    if (sigaction(SIGSEGV, NULL, &now) != 0) {
        return ASSAY_ERROR_HOST;
    }
    if (stands_in_front(&now, handler)) {
        return 0;
    }
    fast_lock_take();
    int error = sigaction(SIGSEGV, NULL, &now) == 0 ? 0 : ASSAY_ERROR_HOST;
    if (error == 0 && !stands_in_front(&now, handler)) {
        error = step_in_front(&now, handler);
    }
    fast_lock_give();
    return error;
}

/* ---- handing on ------------------------------------------------------------------------------ */

/* The default: the process ends by this signal, wherever it came from. */
static void end_process(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    sigaction(SIGSEGV, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    syscall(SYS_tgkill, getpid(), gettid(), SIGSEGV);
}

/* As the kernel calls it; the mask of before comes back when the signal's frame is left. */
static void call(const struct sigaction *action, siginfo_t *info, void *context)
{
    sigset_t mask = action->sa_mask;
    if ((action->sa_flags & SA_NODEFER) == 0) {
        sigaddset(&mask, SIGSEGV);
    }
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    if ((action->sa_flags & SA_SIGINFO) != 0) {
        action->sa_sigaction(SIGSEGV, info, context);
    } else {
        action->sa_handler(SIGSEGV);
    }
}

static bool has_handler(struct disposition *which)
{
    if (which == NULL || which->action.sa_handler == SIG_DFL || which->action.sa_handler == SIG_IGN) {
        return false;
    }
    return (which->action.sa_flags & (int)SA_RESETHAND) == 0 ||
           !__atomic_exchange_n(&which->is_spent, true, __ATOMIC_RELAXED);
}

/* The kernel ends a process that ignores a fault of its own; what a process sent can be ignored. */
static bool is_ignored(const struct disposition *which, const siginfo_t *info)
{
    return which != NULL && which->action.sa_handler == SIG_IGN && info->si_code <= 0;
}

void fast_disposition_hand_on(siginfo_t *info, void *context, bool by_kernel)
{
    struct disposition *outer = handling;
    const void *outer_context = handling_context;
    bool is_nested = !by_kernel && outer != NULL && outer_context == context;
    struct disposition *which = is_nested ? outer->behind : __atomic_load_n(&front, __ATOMIC_ACQUIRE);
    if (has_handler(which)) {
        handling = which;
        handling_context = context;
        call(&which->action, info, context);
        handling = outer;
        handling_context = outer_context;
    } else if (!is_ignored(which, info)) {
        end_process();
    }
}
