/*
 * cage: runs a program so that it can do little harm, and so that nothing of it is left.
 *
 *   harness --leash--> cage --fork--> [bwrap] --> the program and whatever it starts
 *
 * The cage is the subreaper of the program: what the program starts and leaves behind becomes the cage's child. It
 * ends all of it when the program ends, when it is told to (SIGTERM), or when the leash, a pipe whose other end
 * only the harness holds, is closed: so also when the harness is killed. With bubblewrap the program has a pid
 * namespace of its own as well, no network, a read-only root, and a view without the project and without /tmp.
 */
#define _GNU_SOURCE
#include "cage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    USUAL_LEASH = 3,
    FIRST_FREE = 3,
    WORDS_MAX = 64,
    ROUNDS_MAX = 2000,
    PATH_SIZE = 4096,
    MIB = 1024 * 1024,
    CODE_CANNOT_START = 127
};

struct cage {
    const char *memory, *processes, *files, *file_size, *cpu; /* limits as given */
    const char *bubblewrap;                                   /* NULL: without */
    int leash;
    char folder[PATH_SIZE];                                   /* where it was started */
    const char *hidden[WORDS_MAX + 1], *shown[WORDS_MAX + 1]; /* up to NULL */
};

/* ---- limits ----------------------------------------------------------------------------------------------------- */

static bool read_bounds(const struct cage *cage, struct cage_bounds *bounds)
{
    *bounds = (struct cage_bounds){.memory = 4096, .processes = 256};
    bool is_read = option_number("--memory", cage->memory, UINT32_MAX, &bounds->memory) &&
                   option_number("--processes", cage->processes, UINT32_MAX, &bounds->processes);
    bounds->memory *= MIB;
    return is_read;
}

static bool limit(int resource, uint64_t value)
{
    const struct rlimit both = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &both) == 0 || errno == EPERM; /* it is lower already */
}

static bool set_limits(const struct cage *cage, const struct cage_bounds *bounds)
{
    uint64_t files = 256, file_size = 64, cpu = 3600;
    return option_number("--files", cage->files, UINT32_MAX, &files) &&
           option_number("--file-size", cage->file_size, UINT32_MAX, &file_size) &&
           option_number("--cpu", cage->cpu, UINT32_MAX, &cpu) && limit(RLIMIT_DATA, bounds->memory) &&
           limit(RLIMIT_NPROC, bounds->processes) && limit(RLIMIT_NOFILE, files) &&
           limit(RLIMIT_FSIZE, file_size * MIB) && limit(RLIMIT_CPU, cpu) && limit(RLIMIT_CORE, 0);
}

/* ---- the program --------------------------------------------------------------------------------------------------
 */

struct words {
    const char *word[8 * WORDS_MAX];
    size_t count;
};

static void add(struct words *words, const char *word)
{
    if (words->count + 1 < sizeof words->word / sizeof *words->word) {
        words->word[words->count++] = word;
    }
}

static void add_all(struct words *words, const char *const *word, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(words, word[i]);
    }
}

/* How the program is started: behind bubblewrap, if that is wanted. */
static void command_line(const struct cage *cage, int count, char **arguments, struct words *words)
{
    static const char *const always[] = {
        "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "--dev",
        "/dev",          "--tmpfs",           "/tmp"};
    if (cage->bubblewrap != NULL) {
        add(words, cage->bubblewrap);
        add_all(words, always, sizeof always / sizeof *always);
        for (const char *const *path = cage->hidden; *path != NULL; path++) {
            add_all(words, (const char *const[]){"--tmpfs", *path}, 2);
        }
        for (const char *const *path = cage->shown; *path != NULL; path++) {
            add_all(words, (const char *const[]){"--ro-bind", *path, *path}, 3);
        }
        add_all(
            words,
            (const char *const[]){"--dir", cage->folder, "--chdir", cage->folder, "--setenv", "TMPDIR", "/tmp", "--"},
            8);
    }
    for (int i = 0; i < count; i++) {
        add(words, arguments[i]);
    }
    words->word[words->count] = NULL;
}

/* In the child: a session of its own, its three descriptors, its limits. It ends when the cage does. */
static _Noreturn void become(const struct cage *cage, const struct cage_bounds *bounds, struct words *words,
                             pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(FIRST_FREE, ~0u, 0);
    if (getppid() != parent || !set_limits(cage, bounds)) {
        _exit(CODE_CANNOT_START);
    }
    union {
        const char **given;
        char *const *taken;
    } argv = {words->word};
    execvp(words->word[0], argv.taken);
    complain("%s cannot be started: %s", words->word[0], strerror(errno));
    _exit(CODE_CANNOT_START);
}

/* ---- what is left --------------------------------------------------------------------------------------------------
 */

/* Whether a process of /proc is a child of this one. */
static bool is_child(const char *name)
{
    char path[300], line[512];
    snprintf(path, sizeof path, "/proc/%s/stat", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, line, sizeof line - 1);
    if (file >= 0) {
        close(file);
    }
    if (size <= 0) {
        return false;
    }
    line[size] = '\0';
    const char *behind = strrchr(line, ')'); /* "pid (name) state parent ..." */
    int parent = 0;
    return behind != NULL && sscanf(behind + 1, " %*c %d", &parent) == 1 && parent == getpid();
}

static unsigned end_children(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_child(entry->d_name)) {
            kill((pid_t)atoi(entry->d_name), SIGKILL);
            count++;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

/* Ends every child, and what those leave behind, until none is left. Returns how many had to be ended. */
static unsigned end_all(pid_t program, int *status)
{
    unsigned left = 0;
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        int ended = 0;
        pid_t id;
        while ((id = waitpid(-1, &ended, WNOHANG)) > 0) {
            if (id == program) {
                *status = ended;
            }
        }
        if (id < 0 && errno == ECHILD) {
            return left;
        }
        left += end_children();
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return left;
}

/* ---- watching -------------------------------------------------------------------------------------------------------
 */

/* Waits until the program ends, the leash is let go, or the cage is told to end. True: the program ended by itself. */
static bool watch(pid_t program, int signals, int leash, int *status)
{
    struct pollfd source[] = {{.fd = signals, .events = POLLIN}, {.fd = leash, .events = POLLIN}};
    for (;;) {
        if (poll(source, 2, -1) < 0 && errno != EINTR) {
            return false;
        }
        struct signalfd_siginfo info;
        if ((source[0].revents & POLLIN) != 0 && read(signals, &info, sizeof info) == (ssize_t)sizeof info &&
            info.ssi_signo != SIGCHLD) {
            return false;
        }
        int ended = 0;
        pid_t id;
        while ((id = waitpid(-1, &ended, WNOHANG)) > 0) {
            if (id == program) {
                *status = ended;
                return true;
            }
        }
        if ((source[1].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0) {
            return false;
        }
    }
}

/* Ends as the program did; bubblewrap tells a signal as 128 and its number. */
static int end_like(const struct cage *cage, int status)
{
    enum { SIGNALS = 128, LAST_SIGNAL = 31 };
    bool told = cage->bubblewrap != NULL && WIFEXITED(status) && WEXITSTATUS(status) > SIGNALS &&
                WEXITSTATUS(status) <= SIGNALS + LAST_SIGNAL;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : told ? WEXITSTATUS(status) - SIGNALS : 0;
    if (number != 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(number, SIG_DFL);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
        raise(number);
    }
    return WEXITSTATUS(status);
}

static int run_caged(const struct cage *cage, int count, char **arguments)
{
    struct words words = {.count = 0};
    command_line(cage, count, arguments, &words);
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC);
    if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || prctl(PR_SET_PDEATHSIG, 0) != 0) {
        complain("cage: %s", strerror(errno));
        return CODE_HOST;
    }
    struct cage_bounds bounds;
    if (!read_bounds(cage, &bounds)) {
        return CODE_USAGE;
    }
    struct cage_groups groups = {{{0}}};
    cage_groups_make(&groups, &bounds);
    pid_t parent = getpid(), program = fork();
    if (program == 0) {
        cage_groups_enter(&groups);
        become(cage, &bounds, &words, parent);
    }
    if (program < 0) {
        complain("cage: no process can be made: %s", strerror(errno));
        return CODE_HOST;
    }
    for (int standard = STDIN_FILENO; standard <= STDOUT_FILENO; standard++) {
        close(standard); /* so that the harness sees the end of what the program says */
    }
    int status = 0;
    bool by_itself = watch(program, signals, cage->leash, &status);
    unsigned left = end_all(program, &status);
    cage_groups_remove(&groups);
    if (by_itself && left > 0 && cage->bubblewrap == NULL) { /* bubblewrap's own processes end a moment later */
        complain("cage: %u process%s left behind, ended", left, left == 1 ? " was" : "es were");
    }
    return end_like(cage, status);
}

/* ---- the command
 * ------------------------------------------------------------------------------------------------------ */

/* ASSAY_LEASH names another descriptor, for callers that cannot choose it. The program does not hear of it. */
static int leash_of_caller(void)
{
    const char *text = getenv("ASSAY_LEASH");
    int leash = text == NULL ? USUAL_LEASH : atoi(text);
    unsetenv("ASSAY_LEASH");
    return leash;
}

static int cage_command(int argument_count, char **arguments)
{
    struct cage cage = {0};
    const struct option options[] = {
        {"--bubblewrap", "PATH", "bwrap; without it no namespaces", &cage.bubblewrap, NULL},
        {"--hide", "FOLDER", "empty inside; may be repeated", cage.hidden, cage.hidden + WORDS_MAX},
        {"--show", "PATH", "seen all the same; may be repeated", cage.shown, cage.shown + WORDS_MAX},
        {"--memory", "MIB", "data of a process; 4096", &cage.memory, NULL},
        {"--processes", "N", "256", &cage.processes, NULL},
        {"--files", "N", "open at once; 256", &cage.files, NULL},
        {"--file-size", "MIB", "64", &cage.file_size, NULL},
        {"--cpu", "SECONDS", "of a process; 3600", &cage.cpu, NULL},
    };
    int left = options_read(&command_cage, options, sizeof options / sizeof *options, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (left > 0 && strcmp(arguments[0], "--") == 0) {
        left--;
        arguments++;
    }
    if (left == 0) {
        complain("cage takes a program and its arguments");
        return CODE_USAGE;
    }
    cage.leash = leash_of_caller();
    if (cage.leash < FIRST_FREE || fcntl(cage.leash, F_SETFD, FD_CLOEXEC) != 0) {
        complain("cage needs the leash: descriptor %d, a pipe whose other end the caller holds", USUAL_LEASH);
        return CODE_USAGE;
    }
    if (getcwd(cage.folder, sizeof cage.folder) == NULL) {
        strcpy(cage.folder, "/tmp");
    }
    return run_caged(&cage, left, arguments);
}

const struct command command_cage = {
    .name = "cage",
    .arguments = "PROGRAM [ARGUMENT...]",
    .summary = "runs a program so that nothing of it is left",
    .help = "Descriptors 0 to 2 are the program's. Descriptor 3 (or ASSAY_LEASH) is the leash: when its other end is "
            "closed, the program\n"
            "and whatever it has started are ended. Ends as the program ends; 127: it cannot be started.\n",
    .run = cage_command,
};
