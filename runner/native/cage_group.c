/*
 * Control groups for a cage: how many processes and how much memory all of them may have together.
 *
 * Limits of a process (setrlimit) do not bound what many processes do, and the number of root's processes is not
 * limited at all. Where the host lets us make a control group, of either version, the program lives in one.
 */
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *folder, *file;
    size_t member; /* of struct cage_bounds */
} kinds[CAGE_GROUPS] = {
    {"/sys/fs/cgroup/pids", "pids.max", offsetof(struct cage_bounds, processes)},
    {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", offsetof(struct cage_bounds, memory)},
    {"/sys/fs/cgroup", "pids.max", offsetof(struct cage_bounds, processes)},
    {"/sys/fs/cgroup", "memory.max", offsetof(struct cage_bounds, memory)},
};

static bool write_number(const char *folder, const char *file, uint64_t value)
{
    char path[CAGE_PATH + 32], digits[24];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    bool done = descriptor >= 0 && write(descriptor, digits, (size_t)size) == size;
    if (descriptor >= 0) {
        close(descriptor);
    }
    return done;
}

void cage_groups_make(struct cage_groups *groups, const struct cage_bounds *bounds)
{
    for (size_t i = 0; i < CAGE_GROUPS; i++) {
        char *path = groups->path[i];
        uint64_t value;
        memcpy(&value, (const char *)bounds + kinds[i].member, sizeof value);
        snprintf(path, CAGE_PATH, "%s/assay-cage-%ld-%zu", kinds[i].folder, (long)getpid(), i);
        if (mkdir(path, 0700) != 0) {
            path[0] = '\0';
        } else if (!write_number(path, kinds[i].file, value)) {
            rmdir(path);
            path[0] = '\0';
        }
    }
}

void cage_groups_enter(const struct cage_groups *groups)
{
    for (size_t i = 0; i < CAGE_GROUPS; i++) {
        if (groups->path[i][0] != '\0') {
            write_number(groups->path[i], "cgroup.procs", (uint64_t)getpid());
        }
    }
}

void cage_groups_remove(struct cage_groups *groups)
{
    static const int rounds = 200;
    for (size_t i = 0; i < CAGE_GROUPS; i++) {
        for (int round = 0; groups->path[i][0] != '\0' && rmdir(groups->path[i]) != 0 && round < rounds; round++) {
            usleep(1000); /* the last of its processes is on its way out */
        }
        groups->path[i][0] = '\0';
    }
}
