/* Keeps inputs in a folder; see keep.h. */
#define _POSIX_C_SOURCE 200809L

#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEPT_ALIKE = 4, PATH_ROOM = 4096 };

static uint64_t mix(uint64_t hash, const char *text, bool with_digits)
{
    for (; *text != '\0'; text++) {
        bool is_digit = *text >= '0' && *text <= '9';
        hash = is_digit && !with_digits ? hash : (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The same for differences of the same engine in the same fields; which register or address it was does not matter. */
static uint64_t likeness(const struct verdict *verdict)
{
    uint64_t hash = mix(UINT64_C(0xcbf29ce484222325) + verdict->question, verdict->engine, true);
    for (size_t i = 0; i < verdict->differences.count && i < 3; i++) {
        const struct difference *item = &verdict->differences.item[i];
        hash = mix(hash, item->field, false);
        hash = mix(hash, item->expected, false);
        hash = mix(hash, item->got, false);
    }
    return hash;
}

/* Written whole under another name first: a kill leaves no half. False: the disk is full or closed. */
static bool write_whole(const char *path, const uint8_t *data, size_t size)
{
    char partial[PATH_ROOM];
    snprintf(partial, sizeof partial, "%.4000s.%ld", path, (long)getpid());
    int file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        return false;
    }
    bool good = write(file, data, size) == (ssize_t)size;
    good = close(file) == 0 && good;
    good = good && (link(partial, path) == 0 || errno == EEXIST);
    unlink(partial);
    return good;
}

bool keep_input(const struct verdict *verdict, const uint8_t *data, size_t size)
{
    const char *folder = getenv("ASSAY_FUZZ_FINDS");
    char path[PATH_ROOM];
    for (unsigned i = 0; folder != NULL && i < KEPT_ALIKE; i++) {
        snprintf(path, sizeof path, "%.3900s/differs-%016llx-%u", folder, (unsigned long long)likeness(verdict), i);
        if (access(path, F_OK) != 0) {
            return write_whole(path, data, size);
        }
    }
    return folder != NULL;
}
