/* A program behind three pipes; see pipe_process.h. */
#define _GNU_SOURCE

#include "pipe_process.h"

#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOMENT 0.1 /* seconds after which to look whether it still lives */

enum { PART_SIZE = 64 * 1024, PARTS_MAX = 16, HEAD_SIZE = 4, LEASH = 3, FIRST_FREE = 4 };

/* ---- starting ---------------------------------------------------------------------------- */

static void close_end(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

/* A pipe whose ends are none of the three standard descriptors, so that none is lost when they are put there. */
static bool open_pipe(int end[2])
{
    int made[2];
    end[0] = end[1] = -1;
    if (pipe2(made, O_CLOEXEC) != 0) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        end[i] = fcntl(made[i], F_DUPFD_CLOEXEC, FIRST_FREE);
        close(made[i]);
    }
    return end[0] >= 0 && end[1] >= 0;
}

/* The ends that the process gets. */
struct ends {
    int input, output, words, leash;
};

/*
 * In the child. It inherits nothing but its four pipes: no file of vectors or verdicts. It dies when the harness
 * does, even if that is killed.
 */
static _Noreturn void become(const char *command, const struct ends *its, pid_t harness)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    if (getppid() != harness || dup2(its->input, STDIN_FILENO) < 0 || dup2(its->output, STDOUT_FILENO) < 0 ||
        dup2(its->words, STDERR_FILENO) < 0 || dup2(its->leash, LEASH) < 0) {
        _exit(127);
    }
    close_range(FIRST_FREE, ~0u, 0);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static bool spawn(struct pipe_process *process, const struct ends *its)
{
    struct text line = {0};
    pid_t harness = getpid();
    text_format(&line, "exec %s", process->command);
    process->id = fork();
    if (process->id == 0) {
        become(line.data, its, harness);
    }
    text_free(&line);
    if (process->id < 0) {
        process->id = 0;
        return false;
    }
    setpgid(process->id, process->id); /* whoever comes first, so that it is done before anything is killed */
    return true;
}

static bool stays_free(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool process_start(struct pipe_process *process)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1}, words[2] = {-1, -1}, leash[2] = {-1, -1};
    signal(SIGPIPE, SIG_IGN); /* a process that has ended is seen at its output */
    process->start = process->received_size = process->searched = 0;
    process->taken = 0;
    process->tail_size = 0;
    bool started = open_pipe(input) && open_pipe(output) && open_pipe(words) && open_pipe(leash) &&
                   stays_free(input[1]) && stays_free(output[0]) && stays_free(words[0]) &&
                   spawn(process, &(struct ends){input[0], output[1], words[1], leash[0]});
    close_end(&input[0]);
    close_end(&output[1]);
    close_end(&words[1]);
    close_end(&leash[0]);
    if (!started) {
        close_end(&input[1]);
        close_end(&output[0]);
        close_end(&words[0]);
        close_end(&leash[1]);
    }
    process->input = input[1];
    process->output = output[0];
    process->words = words[0];
    process->leash = leash[1];
    return started;
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool is_for_later(ssize_t got)
{
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void keep_words(struct pipe_process *process, const char *words, size_t count)
{
    size_t size = count < WORDS_KEPT ? count : WORDS_KEPT;
    size_t kept = process->tail_size + size > WORDS_KEPT ? WORDS_KEPT - size : process->tail_size;
    memmove(process->tail, process->tail + process->tail_size - kept, kept);
    if (size > 0) {
        memcpy(process->tail + kept, words + count - size, size);
    }
    process->tail_size = kept + size;
}

/* Keeps the end of what it says on standard error, and all records that it tells there. */
static void take_words(struct pipe_process *process)
{
    char part[PART_SIZE];
    for (unsigned i = 0; i < PARTS_MAX && process->words >= 0; i++) {
        ssize_t got = read(process->words, part, sizeof part);
        if (is_for_later(got)) {
            return;
        }
        if (got <= 0) {
            close_end(&process->words);
            return;
        }
        if (process->told.listens) {
            struct text others = {0};
            told_take(&process->told, part, (size_t)got, &others);
            keep_words(process, others.data, others.size);
            text_free(&others);
        } else {
            keep_words(process, part, (size_t)got);
        }
    }
}

void process_hear(struct pipe_process *process)
{
    take_words(process);
}

/* One read of its output; false at its end. */
static bool receive(struct pipe_process *process)
{
    if (process->received_room - process->received_size < PART_SIZE) {
        process->received_room = process->received_size + PART_SIZE + process->received_size / 2;
        process->received = memory_resize(process->received, process->received_room);
    }
    ssize_t got = read(process->output, process->received + process->received_size, PART_SIZE);
    if (is_for_later(got)) {
        return true;
    }
    process->received_size += got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void forget_taken(struct pipe_process *process)
{
    size_t left = process->received_size - process->start;
    if (process->start > 0) {
        memmove(process->received, process->received + process->start, left);
    }
    process->taken += process->start;
    process->start = process->searched = 0;
    process->received_size = left;
}

/* Takes a reply of bytes [from, from + size), after which `behind` more are skipped. Nothing may follow it. */
static enum exchange take(struct pipe_process *process, size_t from, size_t size, size_t behind, struct bytes *reply,
                          uint64_t *offset)
{
    *reply = (struct bytes){process->received + from, size};
    *offset = process->taken + from;
    process->start = from + size + behind;
    return process->start == process->received_size ? EXCHANGE_REPLY : EXCHANGE_UNASKED;
}

/* EXCHANGE_LATE stands for: not complete yet. */
static enum exchange whole_frame(struct pipe_process *process, struct bytes *reply, uint64_t *offset)
{
    const uint8_t *head = process->received;
    if (process->received_size < HEAD_SIZE) {
        return EXCHANGE_LATE;
    }
    size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (size > REPLY_MAX) {
        return EXCHANGE_TOO_LONG;
    }
    return process->received_size - HEAD_SIZE < size ? EXCHANGE_LATE : take(process, HEAD_SIZE, size, 0, reply, offset);
}

static enum exchange whole_line(struct pipe_process *process, struct bytes *reply, uint64_t *offset)
{
    const uint8_t *newline = NULL;
    if (process->received_size > process->searched) {
        newline = memchr(process->received + process->searched, '\n', process->received_size - process->searched);
    }
    process->searched = process->received_size;
    size_t size = newline == NULL ? process->received_size : (size_t)(newline - process->received);
    if (size > REPLY_MAX) {
        return EXCHANGE_TOO_LONG;
    }
    return newline == NULL ? EXCHANGE_LATE : take(process, 0, size, 1, reply, offset);
}

static enum exchange whole_reply(struct pipe_process *process, struct bytes *reply, uint64_t *offset)
{
    return process->framed ? whole_frame(process, reply, offset) : whole_line(process, reply, offset);
}

/* ---- an exchange ------------------------------------------------------------------------- */

struct outgoing {
    const char *data;
    size_t size;
};

/* Writes what fits. What cannot be written any more is dropped: the end of its output tells why. */
static void send_some(struct pipe_process *process, struct outgoing *outgoing)
{
    ssize_t sent = write(process->input, outgoing->data, outgoing->size);
    if (is_for_later(sent)) {
        return;
    }
    size_t done = sent < 0 ? outgoing->size : (size_t)sent;
    outgoing->data += done;
    outgoing->size -= done;
}

/* Its id stays taken until it is waited for, so that what is ended as its group cannot be somebody else's. */
static bool has_ended(const struct pipe_process *process)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->id, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == process->id;
}

enum news { NEWS_SOME, NEWS_NONE, NEWS_LATE };

/* Waits a moment for anything to happen, not beyond `deadline`. */
static enum news wait_for_news(const struct pipe_process *process, bool wants_to_write, double deadline,
                               struct pollfd news[3])
{
    double left = deadline - seconds_now();
    news[0] = (struct pollfd){.fd = process->output, .events = POLLIN};
    news[1] = (struct pollfd){.fd = process->words, .events = POLLIN};
    news[2] = (struct pollfd){.fd = wants_to_write ? process->input : -1, .events = POLLOUT};
    if (left <= 0) {
        return NEWS_LATE;
    }
    left = left > MOMENT ? MOMENT : left;
    return poll(news, 3, (int)(left * 1000) + 1) > 0 ? NEWS_SOME : NEWS_NONE;
}

/* Answers to the news. EXCHANGE_LATE stands for: there is more to wait for. */
static enum exchange follow(struct pipe_process *process, const struct pollfd news[3], struct outgoing *outgoing,
                            struct bytes *reply, uint64_t *offset)
{
    if (news[2].revents != 0) {
        send_some(process, outgoing);
    }
    if (news[1].revents != 0) {
        take_words(process);
    }
    if (news[0].revents == 0) {
        return EXCHANGE_LATE;
    }
    bool lives = receive(process);
    enum exchange found = whole_reply(process, reply, offset);
    return found == EXCHANGE_LATE && !lives ? EXCHANGE_ENDED : found;
}

enum exchange process_exchange(struct pipe_process *process, const char *message, size_t size, double seconds,
                               struct bytes *reply, uint64_t *offset)
{
    double deadline = seconds_now() + seconds;
    struct outgoing outgoing = {message, size};
    struct pollfd news[3];
    forget_taken(process);
    bool lives = receive(process);
    if (process->received_size > 0) {
        return EXCHANGE_UNASKED;
    }
    send_some(process, &outgoing);
    enum exchange found = lives ? EXCHANGE_LATE : EXCHANGE_ENDED;
    while (found == EXCHANGE_LATE) {
        enum news kind = wait_for_news(process, outgoing.size > 0, deadline, news);
        if (kind == NEWS_LATE) {
            break;
        }
        found = follow(process, news, &outgoing, reply, offset);
        if (found == EXCHANGE_LATE && kind == NEWS_NONE && has_ended(process)) {
            found = EXCHANGE_ENDED; /* a child of it may keep its output open */
        }
    }
    return found;
}

/* ---- ending ------------------------------------------------------------------------------ */

/* Waits for its end, and hears its words meanwhile. */
static bool ends_within(struct pipe_process *process, double seconds)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    double deadline = seconds_now() + seconds;
    bool ended = has_ended(process);
    while (!ended && seconds_now() < deadline) {
        take_words(process);
        nanosleep(&moment, NULL);
        ended = has_ended(process);
    }
    return ended;
}

bool process_end(struct pipe_process *process, double grace)
{
    static const double last_chance = 2; /* for a cage, to end what is in it */
    close_end(&process->input);
    bool by_itself = ends_within(process, grace);
    close_end(&process->leash);
    if (!by_itself) {
        kill(process->id, SIGTERM);
        ends_within(process, last_chance);
    }
    kill(-process->id, SIGKILL); /* whatever it has left behind, too */
    while (waitpid(process->id, &process->status, 0) < 0 && errno == EINTR) {
    }
    take_words(process);
    close_end(&process->output);
    close_end(&process->words);
    process->id = 0;
    return by_itself;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\0';
}

void process_last_words(const struct pipe_process *process, struct text *text)
{
    size_t end = process->tail_size;
    while (end > 0 && is_blank(process->tail[end - 1])) {
        end--;
    }
    size_t start = end > WORDS_SHOWN ? end - WORDS_SHOWN : 0;
    while (start < end && (is_blank(process->tail[start]) || ((uint8_t)process->tail[start] & 0xc0) == 0x80)) {
        start++; /* not in the middle of a character */
    }
    for (size_t i = start; i < end; i++) {
        text_visible(text, (uint8_t)process->tail[i]);
    }
}

bool process_ended_well(const struct pipe_process *process)
{
    return WIFEXITED(process->status) && WEXITSTATUS(process->status) == 0;
}

void process_how_it_ended(const struct pipe_process *process, struct text *text)
{
    if (WIFEXITED(process->status)) {
        text_format(text, "ended with code %d", WEXITSTATUS(process->status));
        return;
    }
    int number = WTERMSIG(process->status);
    const char *name = sigabbrev_np(number);
    if (name != NULL) {
        text_format(text, "killed by SIG%s", name);
    } else {
        text_format(text, "killed by signal %d", number);
    }
}
