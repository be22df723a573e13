/* The records of a case of the kernel on one engine, as encoded bytes, and what each step has led to. */
#include "trace.h"

#include "kernel_play.h"

static void write_step(struct text *text, const size_t *step)
{
    text_clear(text);
    if (step == NULL) {
        text_raw(text, "{\"step\": null");
    } else {
        text_format(text, "{\"step\": %zu", *step);
    }
}

static void write_records(struct text *text, const struct kernel_records *records, size_t step, uint64_t from,
                          uint64_t count)
{
    for (uint64_t i = from; i < records->count && i - from < count; i++) {
        struct assay_bytes record = kernel_record(records, i);
        write_step(text, &step);
        text_format(text, ", \"index\": %llu, \"record\": ", (unsigned long long)i);
        text_bytes(text, record.data, record.size);
        text_raw(text, "}");
        text_line(text);
    }
}

/* The result, and whatever the step has left behind. */
static void write_end(struct text *text, const struct kernel_play *play, const struct kernel_answer *answer,
                      const size_t *step)
{
    static const char *const left[] = {"dump", "root", "state"};
    write_step(text, step);
    text_format(text, ", \"records\": %zu, \"result\": ", play->records.count);
    if (play->failure != 0) {
        const char *trouble = engine_trouble(play->engine);
        text_string(text, trouble != NULL ? trouble : engine_error_name(play->failure));
    } else {
        answer_write_result(text, answer);
    }
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        const struct kernel_value *value = answer_find(answer, left[i]);
        if (value != NULL) {
            text_format(text, ", \"%s\": ", left[i]);
            answer_write_value(text, value);
        }
    }
    text_raw(text, "}");
    text_line(text);
}

int trace_kernel(const struct assay_engine *engine, const struct kernel_case *vector, uint64_t from, uint64_t count,
                 const uint64_t *step)
{
    struct kernel_play play;
    struct kernel_answer answer;
    struct text text = {0};
    const char *lack = kernel_lack(engine, vector);
    if (lack != NULL) {
        complain("trace: %s", lack);
        return CODE_USAGE;
    }
    if (step != NULL && *step >= vector->step_count) {
        complain("trace: %s has %zu steps; choose one with --step", vector->id, vector->step_count);
        return CODE_USAGE;
    }
    kernel_play_init(&play, engine, vector, kernel_is_observable(engine, vector));
    play.has_state = true;
    bool goes_on = kernel_play_open(&play, &answer);
    if (step == NULL || !goes_on) {
        write_end(&text, &play, &answer, NULL);
    }
    for (size_t i = 0; i < vector->step_count && goes_on && (step == NULL || i <= *step); i++) {
        kernel_play_step(&play, i, &answer);
        if (step == NULL || i == *step) {
            write_records(&text, &play.records, i, from, count);
            write_end(&text, &play, &answer, &i);
        }
        goes_on = play.failure == 0;
    }
    int failure = play.failure;
    if (failure != 0) {
        engine_complain(engine, failure);
    }
    kernel_play_close(&play);
    text_free(&text);
    return failure != 0 ? CODE_DIFFERED : CODE_AGREED;
}
