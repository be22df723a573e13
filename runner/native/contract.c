/*
 * contract: does an engine keep the sentences of assay.h that no vector can ask?
 *
 *   for each check: fork -> load the engine -> the check -> end of the child -> one line
 */
#define _GNU_SOURCE
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 400, PATIENCE_MS = 10000, CHILD_BROKEN = 41, CHILD_CANNOT = 43, SIGN_SIZE = 16, WORDS_FILENO = 3 };

void contract_broken(struct contract *contract, const char *format, ...)
{
    char words[WORDS_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    size_t length = size < 0 ? 0 : (size_t)size < sizeof words ? (size_t)size : sizeof words - 1;
    if (write(contract->words, words, length) < 0) {
        _exit(CHILD_BROKEN + 1);
    }
    _exit(CHILD_BROKEN);
}

void contract_equal(struct contract *contract, const char *what, int64_t expected, int64_t got)
{
    if (expected != got) {
        contract_broken(contract, "%s: expected %lld, got %lld", what, (long long)expected, (long long)got);
    }
}

void contract_true(struct contract *contract, const char *what, bool holds)
{
    if (!holds) {
        contract_broken(contract, "%s: does not hold", what);
    }
}

void contract_same(struct contract *contract, const char *what, const void *expected, const void *got, size_t size)
{
    const uint8_t *a = expected, *b = got;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            contract_broken(contract, "%s: byte %zu is 0x%02x and must be 0x%02x", what, i, b[i], a[i]);
        }
    }
}

/* ---- one check ------------------------------------------------------------------------------------------------- */

static bool has(const struct assay_engine *engine, enum contract_need need)
{
    switch (need) {
    case NEEDS_MACHINE:
        return true;
    case NEEDS_BLOCKS:
        return engine_has(engine, ASSAY_FEATURE_BLOCKS);
    case NEEDS_INSTRUCTIONS:
        return engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS);
    case NEEDS_CODEC:
        return engine_level(engine, ENGINE_CODEC) != NULL;
    case NEEDS_INVOCATION:
        return engine_level(engine, ENGINE_INVOCATION) != NULL;
    case NEEDS_CHAIN:
        return engine_level(engine, ENGINE_CHAIN) != NULL;
    }
    return false;
}

struct ending {
    bool is_kept, cannot, is_unusable;
    char words[WORDS_MAX + 64];
};

/* Waits for the child's words and its end; one that hangs is killed. */
static int wait_for(pid_t child, int words, struct ending *ending, size_t *size)
{
    struct pollfd ready = {.fd = words, .events = POLLIN};
    int patience = PATIENCE_MS;
    for (;;) {
        int count = poll(&ready, 1, patience);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        ssize_t got = count > 0 ? read(words, ending->words + *size, WORDS_MAX - *size) : 0;
        if (got <= 0) {
            break;
        }
        *size += (size_t)got;
    }
    int status = 0;
    for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited++) {
        if (waited == PATIENCE_MS / 5) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            *size = (size_t)snprintf(ending->words, sizeof ending->words, "it hung for %d s", PATIENCE_MS / 1000);
            return status;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return status;
}

/* What a child says when it has come to its end; that it ends with code 0 an engine can bring about as well. */
struct sign {
    uint8_t byte[SIGN_SIZE];
};

/* In the child: the engine is loaded here and nowhere else, and has no descriptor on which it could be taken for us. */
static _Noreturn void become(const char *path, const struct contract_check *check, int words, const struct sign *sign)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
        _exit(CHILD_BROKEN + 1);
    }
    words = dup2(words, WORDS_FILENO);
    close_range(WORDS_FILENO + 1, ~0u, 0);
    const struct assay_engine *engine = engine_load(path);
    if (engine == NULL) {
        _exit(CODE_ENGINE);
    }
    bool is_asked = check == NULL || has(engine, check->need);
    if (check != NULL && is_asked) {
        struct contract contract = {engine, words};
        check->run(&contract);
    }
    bool is_said = write(words, sign->byte, sizeof sign->byte) == (ssize_t)sizeof sign->byte;
    _exit(!is_said ? CHILD_BROKEN + 1 : is_asked ? 0 : CHILD_CANNOT);
}

static void how_it_ended(struct ending *ending, int status)
{
    if (WIFSIGNALED(status)) {
        snprintf(ending->words, sizeof ending->words, "the process ended with signal %d", WTERMSIG(status));
    } else {
        snprintf(ending->words, sizeof ending->words, "the process ended with code %d before the check did",
                 WEXITSTATUS(status));
    }
}

/* Without a check: whether the engine can be loaded. */
static struct ending play(const char *path, const struct contract_check *check)
{
    struct ending ending = {0};
    struct sign sign;
    int words[2];
    if (pipe2(words, O_CLOEXEC) != 0 || getrandom(sign.byte, sizeof sign.byte, 0) != (ssize_t)sizeof sign.byte) {
        complain("a pipe cannot be made: %s", strerror(errno));
        exit(CODE_HOST);
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become(path, check, words[1], &sign);
    }
    close(words[1]);
    size_t size = 0;
    int status = child < 0 ? 0 : wait_for(child, words[0], &ending, &size);
    close(words[0]);
    ending.words[size] = '\0';
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool is_signed = child > 0 && size == sizeof sign.byte && memcmp(ending.words, sign.byte, size) == 0;
    ending.is_kept = is_signed && code == 0;
    ending.cannot = is_signed && code == CHILD_CANNOT;
    ending.is_unusable = code == CODE_ENGINE;
    if (is_signed && !ending.is_kept) {
        size = 0;
    }
    if (!ending.is_kept && !ending.cannot && (size == 0 || code != CHILD_BROKEN)) {
        how_it_ended(&ending, status);
    }
    return ending;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static void say(const struct contract_check *check, const char *verdict, const char *words)
{
    struct text line = {0};
    text_raw(&line, "{\"check\": ");
    text_string(&line, check->name);
    text_format(&line, ", \"verdict\": \"%s\", \"sentence\": ", verdict);
    text_string(&line, check->sentence);
    if (*words != '\0') {
        text_raw(&line, ", \"message\": ");
        text_string(&line, words);
    }
    text_raw(&line, "}");
    text_line(&line);
    text_free(&line);
}

static int contract_command(int argument_count, char **arguments)
{
    const char *path = NULL;
    const struct option options[] = {{"--engine", "E", "libassay_NAME.so", &path, NULL}};
    int left = options_read(&command_contract, options, 1, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (left > 0 || path == NULL) {
        complain("contract takes --engine E and nothing else");
        return CODE_USAGE;
    }
    prctl(PR_SET_DUMPABLE, 0); /* no check traces the judge, or opens what it has open */
    struct ending loaded = play(path, NULL);
    if (!loaded.is_kept) {
        if (!loaded.is_unusable) {
            complain("engine %s: it does not load: %s", path, loaded.words);
        }
        return CODE_ENGINE;
    }
    const struct {
        const struct contract_check *check;
        size_t count;
    } lists[] = {{contract_machine, contract_machine_count},
                 {contract_host, contract_host_count},
                 {contract_kernel, contract_kernel_count}};
    unsigned kept = 0, broken = 0, cannot = 0;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        for (size_t i = 0; i < lists[l].count; i++) {
            const struct contract_check *check = &lists[l].check[i];
            struct ending ending = play(path, check);
            bool is_broken = !ending.is_kept && !ending.cannot;
            say(check, ending.cannot ? "cannot" : is_broken ? "broken" : "kept", is_broken ? ending.words : "");
            kept += ending.is_kept;
            cannot += ending.cannot;
            broken += is_broken;
        }
    }
    printf("{\"done\": true, \"kept\": %u, \"broken\": %u, \"cannot\": %u}\n", kept, broken, cannot);
    return broken > 0 ? CODE_DIFFERED : kept > 0 ? CODE_AGREED : CODE_NOTHING;
}

const struct command command_contract = {
    .name = "contract",
    .arguments = NULL,
    .summary = "checks the sentences of assay.h that no vector can ask",
    .help =
        "Each check runs in a process of its own and gives one line, {\"check\", \"verdict\": \"kept\", \"broken\"\n"
        "or \"cannot\", \"sentence\", \"message\"}; then {\"done\": true, \"kept\", \"broken\", \"cannot\"}. Code 1: "
        "one is broken.\n",
    .run = contract_command,
};
