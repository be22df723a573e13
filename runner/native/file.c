/* Reads a file whole, up to the size that the strict reader takes. */
#define _POSIX_C_SOURCE 200809L

#include "vector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool read_stream(FILE *stream, struct bytes *content)
{
    size_t room = 0;
    while (!feof(stream) && !ferror(stream) && content->size <= (size_t)JSON_SIZE_MAX) {
        if (content->size == room) {
            room = room == 0 ? (size_t)64 * 1024 : room * 2;
            content->data = memory_resize(content->data, room);
        }
        content->size += fread(content->data + content->size, 1, room - content->size, stream);
    }
    return !ferror(stream);
}

bool vector_read_file(const char *path, struct bytes *content, struct json_error *error)
{
    struct stat status;
    const char *trouble = NULL;
    *content = (struct bytes){0};
    error->offset = 0;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        trouble = strerror(errno);
    } else if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        trouble = "it is a folder; name the files in it";
    } else if (!read_stream(stream, content)) {
        trouble = strerror(errno);
    } else if (content->size > (size_t)JSON_SIZE_MAX) {
        trouble = "it has more than 64 MiB; split it";
    }
    if (stream != NULL) {
        fclose(stream);
    }
    if (trouble != NULL) {
        snprintf(error->message, sizeof error->message, "cannot be read: %s", trouble);
        free(content->data);
        *content = (struct bytes){0};
    }
    return trouble == NULL;
}
