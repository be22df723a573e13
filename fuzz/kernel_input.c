/* Reads and writes inputs of the kernel's targets; see kernel_input.h. */
#include "kernel_input.h"

#include <string.h>

enum { STEP_RUNS, STEP_RESUMES, STEP_RESUMES_WITH, STEP_FORMS };

static uint32_t read_revision(struct source *source)
{
    return ASSAY_REVISION_1 + (source_byte(source) & 1u);
}

/* ---- codec --------------------------------------------------------------------------------- */

void codec_input_read(struct source source, struct kernel_case *input)
{
    *input = (struct kernel_case){.id = "fuzz/find/input"};
    uint32_t question = source_byte(&source) % CODEC_QUESTIONS;
    input->revision = read_revision(&source);
    input->act = question < CODEC_TYPES ? ACT_DECODE : question == CODEC_TYPES ? ACT_ADMIT : ACT_HASH;
    input->kind = question < CODEC_TYPES ? question : question == CODEC_TYPES ? 0 : question - CODEC_TYPES - 1;
    input->given = source_rest(&source);
}

static void write_codec(struct text *sink, const struct kernel_case *input)
{
    uint32_t question = input->act == ACT_DECODE  ? input->kind
                        : input->act == ACT_ADMIT ? CODEC_TYPES
                                                  : input->kind + CODEC_TYPES + 1;
    text_raw(sink, TAG_CODEC);
    sink_byte(sink, question);
    sink_byte(sink, input->revision - ASSAY_REVISION_1);
    sink_raw(sink, input->given.data, input->given.size);
}

/* ---- invocation ---------------------------------------------------------------------------- */

/* Images that an input holds; a later run may name one of them. */
struct shared_images {
    struct assay_bytes *image;
    size_t count;
};

static struct assay_bytes read_image(struct source *source, struct shared_images *images)
{
    uint64_t number = source_number(source);
    if (number != 0 && images->count != 0) {
        return images->image[(number - 1) % images->count];
    }
    images->image[images->count++] = source_bytes(source);
    return images->image[images->count - 1];
}

static void read_run(struct source *source, struct shared_images *images, struct assay_invocation *run)
{
    if ((source_byte(source) & 1) != 0) {
        struct assay_bytes instance = source_take(source, INSTANCE_BYTES);
        if (instance.size > 0) {
            memcpy(run->instance, instance.data, instance.size);
        }
    }
    run->image = read_image(source, images);
    run->cnode = source_bytes(source);
    run->endpoint = source_byte(source);
    run->gas = source_number(source);
}

void invocation_input_read(struct arena *arena, struct source source, struct kernel_case *input)
{
    *input = (struct kernel_case){.id = "fuzz/find/input", .act = ACT_WORLD};
    input->revision = read_revision(&source);
    input->given = source_bytes(&source);
    input->step_count = source_count(&source);
    input->step = arena_list(arena, input->step_count, sizeof *input->step);
    struct shared_images images = {arena_list(arena, input->step_count, sizeof *images.image), 0};
    for (size_t i = 0; i < input->step_count; i++) {
        struct kernel_step *step = &input->step[i];
        unsigned form = source_byte(&source) % STEP_FORMS;
        step->is_resume = form != STEP_RUNS;
        step->has_scratchpad = form == STEP_RESUMES_WITH;
        if (!step->is_resume) {
            read_run(&source, &images, &step->run);
        } else if (step->has_scratchpad) {
            step->scratchpad = source_bytes(&source);
        }
    }
}

static bool is_same(struct assay_bytes a, struct assay_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Which of the Images written so far it is, counted from 1; 0: none of them. `last` is the step that holds it. */
static uint64_t find_image(const struct kernel_case *input, size_t last)
{
    uint64_t number = 0;
    for (size_t i = 0; i < last; i++) {
        bool is_new = !input->step[i].is_resume;
        for (size_t k = 0; k < i && is_new; k++) {
            is_new = input->step[k].is_resume || !is_same(input->step[k].run.image, input->step[i].run.image);
        }
        number += is_new;
        if (is_new && is_same(input->step[i].run.image, input->step[last].run.image)) {
            return number;
        }
    }
    return 0;
}

static void write_run(struct text *sink, const struct kernel_case *input, size_t index)
{
    static const uint8_t nobody[INSTANCE_BYTES] = {0};
    const struct assay_invocation *run = &input->step[index].run;
    bool has_instance = memcmp(run->instance, nobody, INSTANCE_BYTES) != 0;
    uint64_t image = find_image(input, index);
    sink_byte(sink, has_instance);
    sink_raw(sink, run->instance, has_instance ? INSTANCE_BYTES : 0);
    sink_number(sink, image);
    if (image == 0) {
        sink_bytes(sink, run->image.data, run->image.size);
    }
    sink_bytes(sink, run->cnode.data, run->cnode.size);
    sink_byte(sink, run->endpoint);
    sink_number(sink, run->gas);
}

static void write_invocation(struct text *sink, const struct kernel_case *input)
{
    text_raw(sink, TAG_INVOCATION);
    sink_byte(sink, input->revision - ASSAY_REVISION_1);
    sink_bytes(sink, input->given.data, input->given.size);
    sink_number(sink, input->step_count);
    for (size_t i = 0; i < input->step_count; i++) {
        const struct kernel_step *step = &input->step[i];
        sink_byte(sink, !step->is_resume ? STEP_RUNS : step->has_scratchpad ? STEP_RESUMES_WITH : STEP_RESUMES);
        if (!step->is_resume) {
            write_run(sink, input, i);
        } else if (step->has_scratchpad) {
            sink_bytes(sink, step->scratchpad.data, step->scratchpad.size);
        }
    }
}

/* ---- chain --------------------------------------------------------------------------------- */

void chain_input_read(struct arena *arena, struct source source, struct kernel_case *input)
{
    *input = (struct kernel_case){.id = "fuzz/find/input", .act = ACT_GENESIS};
    input->revision = read_revision(&source);
    input->given = source_bytes(&source);
    input->step_count = source_count(&source);
    input->event = arena_list(arena, input->step_count, sizeof *input->event);
    for (size_t i = 0; i < input->step_count; i++) {
        struct assay_event *event = &input->event[i].given;
        event->endpoint = source_byte(&source);
        event->payload = source_bytes(&source);
        event->gas = source_number(&source);
        event->quota = source_number(&source);
    }
}

static void write_chain(struct text *sink, const struct kernel_case *input)
{
    text_raw(sink, TAG_CHAIN);
    sink_byte(sink, input->revision - ASSAY_REVISION_1);
    sink_bytes(sink, input->given.data, input->given.size);
    sink_number(sink, input->step_count);
    for (size_t i = 0; i < input->step_count; i++) {
        const struct assay_event *event = &input->event[i].given;
        sink_byte(sink, event->endpoint);
        sink_bytes(sink, event->payload.data, event->payload.size);
        sink_number(sink, event->gas);
        sink_number(sink, event->quota);
    }
}

void kernel_input_write(struct text *sink, const struct kernel_case *input)
{
    if (input->act == ACT_WORLD) {
        write_invocation(sink, input);
    } else if (input->act == ACT_GENESIS) {
        write_chain(sink, input);
    } else {
        write_codec(sink, input);
    }
}
