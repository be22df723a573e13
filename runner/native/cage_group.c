/*
 * Control groups for a cage: how many processes and how much memory all of them may have together.
 *
 * Limits of a process (setrlimit) do not bound what many processes do, and the number of root's processes is not
 * limited at all. Where the host lets us make a control group, of either version, the program lives in one.
 */
#define _GNU_SOURCE
#include "cage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

/* ---- folders of cages that were killed before they could remove them ----------------------------------------------
 */

static void end_members(const char *folder)
{
    char path[CAGE_PATH + 32];
    long id;
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    FILE *members = fopen(path, "re");
    while (members != NULL && fscanf(members, "%ld", &id) == 1) {
        if (id > 1) {
            kill((pid_t)id, SIGKILL);
        }
    }
    if (members != NULL) {
        fclose(members);
    }
}

static void remove_folder(const char *folder)
{
    static const int rounds = 200;
    for (int round = 0; rmdir(folder) != 0 && errno == EBUSY && round < rounds; round++) {
        usleep(1000); /* the last of its processes is on its way out */
    }
}

static void remove_stale(const char *parent)
{
    DIR *folder = opendir(parent);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[CAGE_PATH];
        long owner;
        if (sscanf(entry->d_name, "assay-cage-%ld-", &owner) == 1 && owner > 1 && kill((pid_t)owner, 0) != 0 &&
            errno == ESRCH && snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) < CAGE_PATH) {
            end_members(path);
            remove_folder(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

/* ---- those of this cage ---------------------------------------------------------------------------------------------
 */

void cage_groups_make(struct cage_groups *groups, const struct cage_bounds *bounds)
{
    for (size_t i = 0; i < CAGE_GROUPS; i++) {
        char *path = groups->path[i];
        uint64_t value;
        remove_stale(kinds[i].folder);
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
    for (size_t i = 0; i < CAGE_GROUPS; i++) {
        if (groups->path[i][0] != '\0') {
            remove_folder(groups->path[i]);
        }
        groups->path[i][0] = '\0';
    }
}
