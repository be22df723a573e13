/* Changes of inputs of the kernel's targets: codec, invocation and chain; see mutate.h. */
#include "kernel_input.h"
#include "mutate.h"

#include <string.h>

enum { STEPS_MAX = 48 };

static void read_other(struct mutation *mutation, bool is_chain, struct kernel_case *other)
{
    struct source source = {mutation->other.data, mutation->other.size, 0};
    if (is_chain) {
        chain_input_read(&mutation->arena, source, other);
    } else {
        invocation_input_read(&mutation->arena, source, other);
    }
}

/* ---- lists of steps and events ----------------------------------------------------------------- */

/* One more, one less, or two of them exchanged; returns how many there are then. `item` has room for one more. */
static size_t change_list(struct random *random, void *item, size_t count, size_t size)
{
    uint8_t *data = item, kept[sizeof(struct kernel_event) + sizeof(struct kernel_step)];
    if (count == 0) {
        return 0;
    }
    size_t at = random_below(random, count), second = random_below(random, count);
    switch (random_below(random, 3)) {
    case 0: /* again, at the end */
        if (count < STEPS_MAX) {
            memcpy(data + count * size, data + at * size, size);
            count++;
        }
        break;
    case 1:
        if (count > 1) {
            count--;
            memmove(data + at * size, data + (at + 1) * size, (count - at) * size);
        }
        break;
    default:
        memcpy(kept, data + at * size, size);
        memcpy(data + at * size, data + second * size, size);
        memcpy(data + second * size, kept, size);
    }
    return count;
}

/* ---- chain ------------------------------------------------------------------------------------- */

static void change_event(struct mutation *mutation, struct assay_event *event, const struct kernel_case *other)
{
    struct random *random = &mutation->random;
    struct assay_bytes nothing = {0};
    switch (random_below(random, 5)) {
    case 0:
        event->endpoint = (uint8_t)random_below(random, 4);
        break;
    case 1:
        event->gas = mutate_gas(random, event->gas);
        break;
    case 2:
        event->quota = random_chance(random, 2) ? random_below(random, 10000) : mutate_gas(random, event->quota);
        break;
    case 3:
        if (other->step_count > 0) {
            *event = other->event[random_below(random, other->step_count)].given;
        }
        break;
    default:
        event->payload = mutate_bytes(mutation, event->payload, nothing);
    }
}

void mutate_chain(struct mutation *mutation, struct source source, struct text *sink)
{
    struct random *random = &mutation->random;
    struct kernel_case input, other;
    chain_input_read(&mutation->arena, source, &input);
    read_other(mutation, true, &other);
    struct kernel_event *event = arena_list(&mutation->arena, input.step_count + STEPS_MAX, sizeof *event);
    if (input.step_count > 0) {
        memcpy(event, input.event, input.step_count * sizeof *event);
    }
    input.event = event;
    for (uint64_t count = 1 + random_below(random, 3); count > 0; count--) {
        if (input.step_count == 0) {
            event[input.step_count++].given = (struct assay_event){.gas = 10000, .quota = 10000};
        } else if (random_chance(random, 2)) {
            input.given = mutate_value(mutation, ASSAY_TYPE_IMAGE, input.given, other.given);
        } else if (random_chance(random, 2)) {
            change_event(mutation, &event[random_below(random, input.step_count)].given, &other);
        } else {
            input.step_count = change_list(random, event, input.step_count, sizeof *event);
        }
    }
    kernel_input_write(sink, &input);
}

/* ---- invocation -------------------------------------------------------------------------------- */

static void change_run(struct mutation *mutation, struct assay_invocation *run, const struct assay_invocation *other)
{
    struct random *random = &mutation->random;
    switch (random_below(random, 8)) {
    case 0:
        run->endpoint = (uint8_t)random_below(random, 4);
        break;
    case 1:
    case 2:
        run->gas = mutate_gas(random, run->gas);
        break;
    case 3:
        run->cnode = mutate_value(mutation, ASSAY_TYPE_CNODE, run->cnode, other->cnode);
        break;
    case 4:
        run->cnode = other->cnode.size > 0 ? other->cnode : run->cnode;
        break;
    default:
        run->image = mutate_value(mutation, ASSAY_TYPE_IMAGE, run->image, other->image);
    }
}

static void change_call(struct mutation *mutation, struct kernel_step *step, const struct kernel_case *other)
{
    struct random *random = &mutation->random;
    const struct kernel_step none = {0};
    const struct kernel_step *second =
        other->step_count == 0 ? &none : &other->step[random_below(random, other->step_count)];
    if (random_chance(random, 8)) {
        step->is_resume = !step->is_resume && step->run.image.size > 0;
    } else if (!step->is_resume) {
        change_run(mutation, &step->run, &second->run);
    } else if (random_chance(random, 3)) {
        step->has_scratchpad = !step->has_scratchpad;
    } else {
        step->scratchpad = mutate_value(mutation, ASSAY_TYPE_CAP, step->scratchpad, second->scratchpad);
    }
}

void mutate_invocation(struct mutation *mutation, struct source source, struct text *sink)
{
    struct random *random = &mutation->random;
    struct kernel_case input, other;
    invocation_input_read(&mutation->arena, source, &input);
    read_other(mutation, false, &other);
    struct kernel_step *step = arena_list(&mutation->arena, input.step_count + STEPS_MAX, sizeof *step);
    if (input.step_count > 0) {
        memcpy(step, input.step, input.step_count * sizeof *step);
    }
    input.step = step;
    for (uint64_t count = 1 + random_below(random, 3); count > 0; count--) {
        if (random_chance(random, 5) || (input.step_count == 0 && other.step_count == 0)) {
            input.given = mutate_value(mutation, ASSAY_TYPE_WORLD, input.given, other.given);
        } else if (input.step_count == 0 || (other.step_count > 0 && random_chance(random, 8))) {
            step[input.step_count < STEPS_MAX ? input.step_count++ : 0] =
                other.step[random_below(random, other.step_count)];
        } else if (random_chance(random, 5)) {
            input.step_count = change_list(random, step, input.step_count, sizeof *step);
        } else {
            change_call(mutation, &step[random_below(random, input.step_count)], &other);
        }
    }
    kernel_input_write(sink, &input);
}

/* ---- codec ------------------------------------------------------------------------------------- */

void mutate_codec(struct mutation *mutation, struct source source, struct text *sink)
{
    static const uint32_t type_of_hash[] = {ASSAY_TYPE_IMAGE, ASSAY_TYPE_IMAGE, ASSAY_TYPE_CAP,  ASSAY_TYPE_CNODE,
                                            ASSAY_TYPE_IMAGE, ASSAY_TYPE_IMAGE, ASSAY_TYPE_STATE};
    struct kernel_case input, other;
    codec_input_read(source, &input);
    codec_input_read((struct source){mutation->other.data, mutation->other.size, 0}, &other);
    uint32_t type = input.act == ACT_DECODE ? input.kind : input.act == ACT_ADMIT ? 0u : type_of_hash[input.kind];
    input.given = mutate_value(mutation, type, input.given, other.given);
    if (random_chance(&mutation->random, 32)) {
        input.act = ACT_DECODE;
        input.kind = (uint32_t)random_below(&mutation->random, CODEC_TYPES);
    }
    kernel_input_write(sink, &input);
}
