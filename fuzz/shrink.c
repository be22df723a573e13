/* Leaves things out of inputs, one at a time: for the trimmers of fuzzers; see mutate.h. */
#include "code.h"
#include "kernel_input.h"
#include "machine_input.h"
#include "mutate.h"

#include <string.h>

/* Counts candidates down to the one that is wanted. */
struct chooser {
    size_t left;
};

/* True: the wanted candidate is among the next `count`, and *index says which. */
static bool is_among(struct chooser *chooser, size_t count, size_t *index)
{
    *index = chooser->left;
    bool found = chooser->left < count;
    chooser->left -= found ? 0 : count;
    return found;
}

static void remove_item(void *list, size_t *count, size_t size, size_t index)
{
    uint8_t *data = list;
    (*count)--;
    memmove(data + index * size, data + (index + 1) * size, (*count - index) * size);
}

/* ---- machine ------------------------------------------------------------------------------------- */

/* Without the instructions of one of the pieces into which the code is cut: halves, then quarters, down to single ones.
 */
static bool shrink_code(struct chooser *chooser, struct arena *arena, struct blob_parts *parts)
{
    struct code *code = arena_take(arena, sizeof *code);
    size_t index;
    if (!code_load(code, parts)) {
        return false;
    }
    size_t count = code_count(code);
    for (size_t piece = (count + 1) / 2; piece > 0; piece /= 2) {
        if (is_among(chooser, (count + piece - 1) / piece, &index)) {
            size_t at = code_nth(code, index * piece), end = code_nth(code, (index + 1) * piece);
            code_replace(code, at, end - at, NULL, NULL, 0);
            code_store(code, arena, parts);
            return true;
        }
    }
    return false;
}

static bool shrink_machine(struct chooser *chooser, struct arena *arena, struct source source, struct text *sink)
{
    struct machine_input input;
    size_t index;
    machine_input_read(arena, source, &input);
    struct assay_page *page = arena_list(arena, input.program.page_count + 1, sizeof *page);
    if (input.program.page_count > 0) {
        memcpy(page, input.program.page, input.program.page_count * sizeof *page);
    }
    input.program.page = page;
    if (is_among(chooser, input.step_count, &index)) {
        remove_item(input.step, &input.step_count, sizeof *input.step, index);
    } else if (is_among(chooser, input.program.page_count, &index)) {
        remove_item(page, &input.program.page_count, sizeof *page, index);
    } else if (is_among(chooser, input.program.page_count, &index)) {
        page[index].size /= 2;
    } else if (is_among(chooser, input.step_count, &index)) {
        input.step[index].changed = 0;
    } else if (!input.has_parts || !shrink_code(chooser, arena, &input.parts)) {
        return false;
    }
    machine_input_write(sink, &input);
    return true;
}

/* ---- kernel -------------------------------------------------------------------------------------- */

/* An Image with less code. */
static bool shrink_image(struct chooser *chooser, struct arena *arena, struct assay_bytes *image)
{
    struct blob_parts parts;
    struct source source = {image->data, image->size, 0};
    size_t size = (size_t)source_fixed(&source, 4); /* the code is an Image's first field */
    if (image->size < 4 || size > image->size - 4) {
        return false;
    }
    struct assay_bytes code = {image->data + 4, size};
    if (!blob_split(arena, code, &parts) || !shrink_code(chooser, arena, &parts)) {
        return false;
    }
    struct assay_bytes less = blob_join(arena, &parts);
    uint8_t *data = arena_take(arena, image->size - size + less.size);
    for (unsigned i = 0; i < 4; i++) {
        data[i] = (uint8_t)(less.size >> (8 * i));
    }
    memcpy(data + 4, less.data, less.size);
    memcpy(data + 4 + less.size, image->data + 4 + size, image->size - 4 - size);
    *image = (struct assay_bytes){data, image->size - size + less.size};
    return true;
}

static bool shrink_invocation(struct chooser *chooser, struct arena *arena, struct source source, struct text *sink)
{
    struct kernel_case input;
    size_t index;
    invocation_input_read(arena, source, &input);
    if (is_among(chooser, input.step_count, &index)) {
        remove_item(input.step, &input.step_count, sizeof *input.step, index);
        kernel_input_write(sink, &input);
        return true;
    }
    for (size_t i = 0; i < input.step_count; i++) {
        if (shrink_image(chooser, arena, &input.step[i].run.image)) {
            kernel_input_write(sink, &input);
            return true;
        }
    }
    return false;
}

static bool shrink_chain(struct chooser *chooser, struct arena *arena, struct source source, struct text *sink)
{
    struct kernel_case input;
    size_t index;
    chain_input_read(arena, source, &input);
    if (is_among(chooser, input.step_count, &index)) {
        remove_item(input.event, &input.step_count, sizeof *input.event, index);
    } else if (is_among(chooser, input.step_count, &index)) {
        input.event[index].given.payload.size = 0;
    } else if (!shrink_image(chooser, arena, &input.given)) {
        return false;
    }
    kernel_input_write(sink, &input);
    return true;
}

/* ---- any ----------------------------------------------------------------------------------------- */

/* Without one of the pieces into which the bytes behind the tag are cut: halves, then quarters, down to 1/64. */
static bool shrink_bytes(struct chooser *chooser, const uint8_t *data, size_t size, struct text *sink)
{
    size_t behind = size - TAG_SIZE, index;
    for (size_t pieces = 2; pieces <= 64 && pieces <= behind; pieces *= 2) {
        size_t piece = behind / pieces;
        if (is_among(chooser, pieces, &index)) {
            size_t at = TAG_SIZE + index * piece;
            sink_raw(sink, data, at);
            sink_raw(sink, data + at + piece, size - at - piece);
            return true;
        }
    }
    return false;
}

bool shrink_input(const uint8_t *data, size_t size, size_t candidate, struct text *sink)
{
    static const struct {
        const char *tag;
        bool (*shrink)(struct chooser *chooser, struct arena *arena, struct source source, struct text *sink);
    } shrinkers[] = {{TAG_MACHINE, shrink_machine}, {TAG_INVOCATION, shrink_invocation}, {TAG_CHAIN, shrink_chain}};
    struct chooser chooser = {candidate};
    text_clear(sink);
    if (size < TAG_SIZE) {
        return false;
    }
    for (size_t i = 0; i < sizeof shrinkers / sizeof *shrinkers; i++) {
        if (memcmp(data, shrinkers[i].tag, TAG_SIZE) == 0) {
            struct arena arena = {0};
            bool found =
                shrinkers[i].shrink(&chooser, &arena, (struct source){data + TAG_SIZE, size - TAG_SIZE, 0}, sink);
            arena_clear(&arena);
            return found;
        }
    }
    return shrink_bytes(&chooser, data, size, sink);
}
