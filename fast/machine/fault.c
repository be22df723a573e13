/*
 * SIGSEGV becomes PageFault.
 *
 * In: a signal while compiled code of this thread's machine touches guest memory. Out: the same context, edited to go
 * on at the page-fault exit with pc and argument in the frame. The page is computed by the guest's own rules from the
 * instruction's address and width, not taken from the host, which may report either page of a straddling access.
 * Every other signal becomes what it would without this engine (disposition.c).
 */
#include "disposition.h"
#include "emit.h"

#include <signal.h>
#include <ucontext.h>

__thread struct assay_machine *fast_fault_running __attribute__((tls_model("initial-exec")));

/* Where the kernel saves the host registers, in the order of enum x64_reg. */
static const int saved_register[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static const struct fast_fault *find_fault(const struct fast_code *code, uint64_t native)
{
    size_t low = 0, high = code->fault_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code->fault[middle].native == native) {
            return &code->fault[middle];
        }
        if (code->fault[middle].native < native) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* The argument of the guest's PageFault, or -1 if the guest may do what it did. */
static int64_t guest_fault(const struct assay_machine *machine, uint32_t pc, const mcontext_t *context)
{
    struct fast_insn insn;
    struct fast_access access;
    fast_isa_decode(&machine->program, pc, &insn);
    fast_isa_decode_access(&insn, &access);
    uint64_t base = 0;
    if (access.base >= 0) {
        base = (uint64_t)context->gregs[saved_register[fast_emit_register[access.base]]];
    }
    return fast_mem_fault(&machine->mem, (uint32_t)(base + access.disp), access.width, access.is_store);
}

/* True when the signal was a guest's doing; the context is edited then. */
static bool become_page_fault(mcontext_t *context)
{
    struct assay_machine *machine = fast_fault_running;
    if (machine == NULL) {
        return false;
    }
    const struct fast_code *code = &machine->code[machine->flavour];
    uint64_t native = (uint64_t)context->gregs[REG_RIP] - (uint64_t)(uintptr_t)code->arena.base;
    const struct fast_fault *fault = find_fault(code, native);
    if (fault == NULL) {
        return false;
    }
    int64_t argument = guest_fault(machine, fault->pc, context);
    if (argument < 0) {
        return false;
    }
    uint8_t *frame = (uint8_t *)(uintptr_t)context->gregs[REG_RSP];
    uint32_t page = (uint32_t)argument;
    memcpy(frame + FRAME_PC, &fault->pc, sizeof(fault->pc));
    memcpy(frame + FRAME_ARGUMENT, &page, sizeof(page));
    context->gregs[REG_RIP] = (greg_t)(uintptr_t)(code->arena.base + code->fault_exit);
    return true;
}

/* The host's handler may fault, leave by a jump, or use the engine: meanwhile no guest of this thread runs. */
static void hand_on(siginfo_t *info, void *context, bool by_kernel)
{
    struct assay_machine *machine = fast_fault_running;
    fast_fault_running = NULL;
    fast_disposition_hand_on(info, context, by_kernel);
    fast_fault_running = machine;
    if (machine != NULL) {
        (void)fast_cpu_set_gs(machine->mem.base); /* it could be set when the guest was entered */
    }
}

/*
 * A signal that a process sent, which si_code tells, is never a guest's. The kernel calls a handler with the saved
 * context right above its frame; a handler that stands in front of this one calls it with a frame somewhere else.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    ucontext_t *user = context;
    if (info->si_code <= 0 || !become_page_fault(&user->uc_mcontext)) {
        hand_on(info, context, __builtin_dwarf_cfa() == context);
    }
}

int fast_fault_install(void)
{
    return fast_disposition_stand_in_front(on_signal);
}

/* ---- around a run ---------------------------------------------------------------------------- */

/* All signals are, to a host that does not tell. */
static bool is_blocked(void)
{
    sigset_t now;
    sigfillset(&now);
    return pthread_sigmask(SIG_BLOCK, NULL, &now) != 0 || sigismember(&now, SIGSEGV) == 1;
}

/* The kernel ends a process that faults with SIGSEGV blocked, so it is let through while a guest runs. */
int fast_fault_begin(struct fast_fault_mask *mask)
{
    int error = fast_fault_install();
    if (error != 0) {
        return error;
    }
    mask->was_blocked = is_blocked();
    if (mask->was_blocked) {
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, SIGSEGV);
        error = pthread_sigmask(SIG_UNBLOCK, &only, NULL) == 0 && !is_blocked() ? 0 : ASSAY_ERROR_HOST;
    }
    return error;
}

static __thread bool lets_through __attribute__((tls_model("initial-exec")));

void fast_fault_ask_again(void)
{
    lets_through = false;
}

/*
 * Asking costs as much as a small event: the mask of a thread is asked once a chain or world, and nothing for code that
 * has no instruction which could fault.
 */
int fast_fault_begin_event(const struct assay_machine *machine, struct fast_fault_mask *mask)
{
    mask->was_blocked = false;
    if (machine->code[FAST_PRODUCTION].fault_count == 0) {
        return 0;
    }
    if (lets_through) {
        return fast_fault_install();
    }
    int error = fast_fault_begin(mask);
    lets_through = error == 0 && !mask->was_blocked;
    return error;
}

void fast_fault_end(const struct fast_fault_mask *mask)
{
    if (mask->was_blocked) {
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, SIGSEGV);
        pthread_sigmask(SIG_BLOCK, &only, NULL);
    }
}
