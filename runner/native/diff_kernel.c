/*
 * Two engines on a case of the kernel, side by side. Of the first step in which they differ, the records are looked
 * at first, then the result, then what is left behind: the dump of a World, or the State and root of a chain.
 */
#include "diff_kernel.h"

#include "kernel_play.h"
#include "pipe.h"

#include <string.h>

/* One flavour of a case, as far as both agree. */
struct pair {
    struct diff *diff;
    const struct kernel_case *vector;
    bool is_observed;
    struct kernel_play play[2];
    struct kernel_answer answer[2];
};

/* ---- writing ------------------------------------------------------------------------------ */

static void write_named(struct text *text, const struct kernel_answer *answer, const char *name)
{
    const struct kernel_value *value = answer_find(answer, name);
    if (value != NULL) {
        answer_write_value(text, value);
    }
}

/* ---- records ------------------------------------------------------------------------------ */

static bool same_record(const struct kernel_records *left, const struct kernel_records *right, size_t index)
{
    if (index >= left->count || index >= right->count) {
        return false;
    }
    struct assay_bytes a = kernel_record(left, index), b = kernel_record(right, index);
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void write_event(struct text *text, const struct kernel_records *records, size_t index)
{
    if (index < records->count) {
        struct assay_bytes record = kernel_record(records, index);
        text_bytes(text, record.data, record.size);
    }
}

/* Whether the records of a side are all that there are. */
static bool has_all(const struct pair *pair, size_t side)
{
    return pair->play[side].has_result && !engine_records_cut(pair->diff->engine[side]);
}

/*
 * Compares the records of a step that both have done; of records that were cut, or of a step that one of them did not
 * end, only those that both have.
 */
static bool compare_events(struct pair *pair)
{
    const struct kernel_records *left = &pair->play[0].records, *right = &pair->play[1].records;
    struct divergence *found = &pair->diff->found;
    size_t shorter = left->count < right->count ? 0 : 1;
    size_t fewer = shorter == 0 ? left->count : right->count;
    size_t index = 0;
    while (index < fewer && same_record(left, right, index)) {
        index++;
    }
    pair->diff->records += left->count;
    for (size_t side = 0; side < 2; side++) {
        if (pair->play[side].has_result && engine_records_cut(pair->diff->engine[side])) {
            diff_unseen(pair->diff, "events");
        }
    }
    if (index == fewer && (left->count == right->count || !has_all(pair, shorter))) {
        return false;
    }
    found->kind = DIVERGENCE_EVENT;
    found->has_index = true;
    found->index = index;
    if (index > 0) {
        write_event(&found->before, left, index - 1);
    }
    write_event(&found->expected, left, index);
    write_event(&found->got, right, index);
    if (index == fewer) {
        compare_words(&found->differences, "record", index < left->count ? "present" : "none",
                      index < right->count ? "present" : "none");
    } else {
        compare_words(&found->differences, "record", "as expected", "other bytes");
    }
    return true;
}

/* ---- answers ------------------------------------------------------------------------------ */

static bool differs_in(const struct differences *differences, const char *name)
{
    for (size_t i = 0; i < differences->count && i < DIFFERENCE_MAX; i++) {
        if (strcmp(differences->item[i].field, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What a difference is about: the result first, then what is left behind. */
static enum divergence_kind kind_of(const struct differences *differences, bool is_opening)
{
    for (size_t i = 0; i < differences->count && i < DIFFERENCE_MAX; i++) {
        if (answer_is_result(differences->item[i].field)) {
            return is_opening ? DIVERGENCE_LOAD : DIVERGENCE_RESULT;
        }
    }
    return differs_in(differences, "dump")    ? DIVERGENCE_DUMP
           : differs_in(differences, "state") ? DIVERGENCE_STATE
                                              : DIVERGENCE_ROOT;
}

/* The values of both sides but the records, which have been compared one by one. */
static bool compare_answers(struct pair *pair, bool is_opening)
{
    struct divergence *found = &pair->diff->found;
    struct kernel_answer *answer = pair->answer;
    static const char *const whole[DIVERGENCE_KINDS] = {
        [DIVERGENCE_DUMP] = "dump", [DIVERGENCE_STATE] = "state", [DIVERGENCE_ROOT] = "root"};
    found->differences = (struct differences){0};
    answer_compare(&found->differences, &answer[0], &answer[1]);
    if (found->differences.count == 0) {
        return false;
    }
    bool is_codec = pair->vector->act < ACT_WORLD;
    found->kind = kind_of(&found->differences, is_opening && !is_codec);
    struct text *text[2] = {&found->expected, &found->got};
    for (size_t side = 0; side < 2; side++) {
        if (whole[found->kind] != NULL) {
            write_named(text[side], &answer[side], whole[found->kind]);
        } else {
            answer_write_result(text[side], &answer[side]);
        }
    }
    const struct kernel_records *records = &pair->play[0].records;
    if (pair->is_observed && !is_opening && records->count > 0) {
        write_event(&found->before, records, records->count - 1);
    }
    return true;
}

/* ---- an engine that breaks ----------------------------------------------------------------- */

/* Plays one side up to a step, which gets that much gas; true: it outlives it. `answer` is of the step. */
static bool outlives(struct pair *pair, size_t side, size_t step, uint64_t gas, struct kernel_play *play,
                     struct kernel_answer *answer)
{
    kernel_play_init(play, pair->diff->engine[side], pair->vector, pair->is_observed);
    play->is_cut = true;
    play->cut_step = step;
    play->cut_gas = gas;
    bool goes_on = kernel_play_open(play, answer);
    for (size_t i = 0; i <= step && goes_on; i++) {
        kernel_play_step(play, i, answer);
        goes_on = play->failure == 0;
    }
    pair->diff->runs++;
    return goes_on;
}

/* What is left behind with the most gas that it outlives: "before", and how many records there were by then. */
static void report_survivor(struct pair *pair, size_t side, size_t step, uint64_t gas)
{
    struct divergence *found = &pair->diff->found;
    struct kernel_play play;
    struct kernel_answer answer;
    if (outlives(pair, side, step, gas, &play, &answer)) {
        answer_write_result(&found->before, &answer);
        found->has_index = pair->is_observed && !engine_records_cut(pair->diff->engine[side]);
        found->index = play.records.count;
    }
    kernel_play_close(&play);
}

/* The least budget of gas that breaks it; a resume has no budget of its own. */
static void search_by_gas(struct pair *pair, size_t side, size_t step)
{
    struct divergence *found = &pair->diff->found;
    const struct kernel_case *vector = pair->vector;
    if (vector->act == ACT_WORLD && vector->step[step].is_resume) {
        return;
    }
    uint64_t least = 0, most = vector->act == ACT_WORLD ? vector->step[step].run.gas : vector->event[step].given.gas;
    while (least < most) {
        struct kernel_play play;
        struct kernel_answer answer;
        uint64_t middle = least + (most - least) / 2;
        if (outlives(pair, side, step, middle, &play, &answer)) {
            least = middle + 1;
        } else {
            most = middle;
        }
        kernel_play_close(&play);
    }
    found->by = "gas";
    found->has_gas = true;
    found->gas = most;
    if (most > 0) {
        report_survivor(pair, side, step, most - 1);
    }
}

/* Whether the records that came before an engine broke are known. */
static bool tells_all(const struct assay_engine *engine)
{
    const struct pipe *pipe = pipe_of(engine);
    return pipe == NULL || (pipe->process.told.listens && !pipe->process.told.is_cut);
}

static size_t broken_side(const struct pair *pair)
{
    return pair->play[0].failure != 0 ? 0 : 1;
}

/* Whether it broke within a step, and not when it was asked what the step has left behind. */
static bool broke_in_step(const struct pair *pair, size_t side)
{
    return !pair->play[side].has_result && pair->play[side].failure != ASSAY_ERROR_UNSUPPORTED;
}

static void report_broken(struct pair *pair, bool has_step)
{
    struct divergence *found = &pair->diff->found;
    struct text *text[2] = {&found->expected, &found->got};
    size_t side = broken_side(pair);
    found->kind = DIVERGENCE_BROKEN;
    found->during = engine_request(pair->diff->engine[side]);
    for (size_t i = 0; i < 2; i++) {
        if (pair->play[i].failure != 0) {
            diff_write_failure(text[i], pair->diff->engine[i], pair->play[i].failure);
        } else {
            answer_write_result(text[i], &pair->answer[i]);
        }
    }
    const struct kernel_records *records = &pair->play[side].records;
    found->repeats = has_step;
    if (has_step && broke_in_step(pair, side) && pair->is_observed && tells_all(pair->diff->engine[side])) {
        found->has_index = true;
        found->index = records->count;
        if (records->count > 0) {
            write_event(&found->before, records, records->count - 1);
        }
    }
}

/* Looks for the place in the step of what broke without telling its records. */
static void search_broken(struct pair *pair)
{
    struct divergence *found = &pair->diff->found;
    struct kernel_play play;
    struct kernel_answer answer;
    size_t side = broken_side(pair), step = found->step;
    if (!found->has_step || found->has_index || !broke_in_step(pair, side)) {
        return;
    }
    double was = diff_hurry(pair->diff->engine[side]);
    uint64_t gas =
        pair->vector->act == ACT_WORLD ? pair->vector->step[step].run.gas : pair->vector->event[step].given.gas;
    found->repeats = !outlives(pair, side, step, gas, &play, &answer);
    kernel_play_close(&play);
    if (found->repeats) {
        search_by_gas(pair, side, step);
    }
    diff_hurry_no_more(pair->diff->engine[side], was);
}

/* Plays the whole case on one side and closes; whether that breaks it. */
static bool breaks_at_close(struct pair *pair, size_t side)
{
    struct kernel_play play;
    struct kernel_answer answer;
    kernel_play_init(&play, pair->diff->engine[side], pair->vector, pair->is_observed);
    bool goes_on = kernel_play_open(&play, &answer);
    for (size_t i = 0; i < pair->vector->step_count && goes_on; i++) {
        kernel_play_step(&play, i, &answer);
        goes_on = play.failure == 0;
    }
    int failure = kernel_play_end(&play);
    kernel_play_close(&play);
    return failure != 0;
}

/* Closes both sides. Where all steps agree, one that breaks in that is what differs: false. */
static bool end_pair(struct pair *pair, bool is_same)
{
    struct divergence *found = &pair->diff->found;
    struct text *text[2] = {&found->expected, &found->got};
    for (size_t side = 0; side < 2; side++) {
        const struct assay_engine *engine = pair->diff->engine[side];
        int failure = kernel_play_end(&pair->play[side]);
        if (failure == 0 || !is_same) {
            continue;
        }
        is_same = false;
        found->kind = DIVERGENCE_BROKEN;
        found->has_step = false;
        found->during = engine_request(engine);
        diff_write_failure(text[side], engine, failure);
        text_string(text[1 - side], "closed");
        found->repeats = breaks_at_close(pair, side);
    }
    return is_same;
}

/* ---- a flavour ------------------------------------------------------------------------------ */

/* Compares what both have just done; false: it is the first difference. */
static bool agrees(struct pair *pair, bool is_opening, size_t step)
{
    struct diff *diff = pair->diff;
    diff->found.has_step = !is_opening;
    diff->found.step = step;
    if (pair->play[0].failure != 0 || pair->play[1].failure != 0) {
        bool has_both = pair->play[0].has_result && pair->play[1].has_result;
        bool is_before = !is_opening && pair->is_observed && compare_events(pair);
        if (!is_before && !(has_both && compare_answers(pair, is_opening))) {
            report_broken(pair, !is_opening);
        }
        return false;
    }
    return !(pair->is_observed && compare_events(pair)) && !compare_answers(pair, is_opening);
}

/* Plays a flavour on both sides until they differ; true: they do not. */
static bool play_pair(struct pair *pair, struct diff *diff, const struct kernel_case *vector, bool is_observed)
{
    bool goes_on = true;
    *pair = (struct pair){.diff = diff, .vector = vector, .is_observed = is_observed};
    for (size_t side = 0; side < 2; side++) {
        kernel_play_init(&pair->play[side], diff->engine[side], vector, is_observed);
        pair->play[side].has_state = true;
        goes_on = kernel_play_open(&pair->play[side], &pair->answer[side]) && goes_on;
    }
    diff->runs++;
    bool is_same = agrees(pair, true, 0);
    for (size_t i = 0; i < vector->step_count && goes_on && is_same; i++) {
        if (diff->has_step && i > diff->asked_step) {
            break;
        }
        for (size_t side = 0; side < 2; side++) {
            kernel_play_step(&pair->play[side], i, &pair->answer[side]);
        }
        is_same = agrees(pair, false, i);
    }
    return end_pair(pair, is_same && !diff->has_step) && is_same;
}

static void close_pair(struct pair *pair)
{
    for (size_t side = 0; side < 2 && pair->diff != NULL; side++) {
        kernel_play_close(&pair->play[side]);
    }
}

/* Whether a side does again what it has just done, up to the step in which the two differ. */
static bool is_steady(struct pair *pair, size_t side)
{
    struct diff *diff = pair->diff;
    struct differences differences = {0};
    struct kernel_play play;
    struct kernel_answer answer;
    kernel_play_init(&play, diff->engine[side], pair->vector, pair->is_observed);
    play.has_state = true;
    bool goes_on = kernel_play_open(&play, &answer);
    for (size_t i = 0; diff->found.has_step && i <= diff->found.step && goes_on; i++) {
        kernel_play_step(&play, i, &answer);
    }
    bool is_same = play.failure == pair->play[side].failure;
    if (is_same && play.failure == 0) {
        answer_compare(&differences, &pair->answer[side], &answer);
    }
    is_same = is_same && differences.count == 0;
    kernel_play_close(&play);
    if (!is_same) {
        struct divergence *found = &diff->found;
        bool has_step = found->has_step;
        size_t step = found->step;
        enum flavours flavours = found->flavours;
        divergence_clear(found);
        found->kind = DIVERGENCE_UNSTEADY;
        found->flavours = flavours;
        found->has_step = has_step;
        found->step = step;
        found->differences = differences;
        text_format(&found->message, "the engine %s answers the same step in two ways", diff->engine[side]->name);
    }
    return is_same;
}

/* Whether a side without the level that the case needs; then there is nothing to compare. */
static bool lacks_level(struct diff *diff, const struct kernel_case *vector)
{
    struct text *text[2] = {&diff->found.expected, &diff->found.got};
    bool lacks = false;
    for (size_t side = 0; side < 2; side++) {
        const char *lack = kernel_lack(diff->engine[side], vector);
        if (lack != NULL) {
            lacks = true;
            diff->found.kind = DIVERGENCE_BROKEN;
            text_raw(text[side], "{\"failure\": \"unsupported\", \"message\": ");
            text_string(text[side], lack);
            text_raw(text[side], "}");
        }
    }
    return lacks;
}

/* The beginning of a case, its steps, and its end. */
static size_t place_of(const struct divergence *found)
{
    if (found->has_step) {
        return found->step + 1;
    }
    bool is_end = found->during != NULL && strstr(found->during, "_close") != NULL;
    return is_end ? SIZE_MAX : 0;
}

/* Whether a difference comes no later than another one, or there is no other one. */
static bool is_first(const struct divergence *found, const struct divergence *other)
{
    return other->kind == DIVERGENCE_NONE || place_of(found) <= place_of(other);
}

/* Plays both flavours; a difference that shows observed is told by its records. */
void diff_kernel(struct diff *diff, const struct kernel_case *vector)
{
    struct pair production = {0}, observed = {0}, *shown = &production;
    diff->found.flavours = FLAVOUR_PRODUCTION;
    if (lacks_level(diff, vector)) {
        return;
    }
    bool is_observable = kernel_is_observable(diff->engine[0], vector) && kernel_is_observable(diff->engine[1], vector);
    if (!is_observable && vector->step_count > 0) {
        diff_unseen(diff, "events");
    }
    bool is_same = play_pair(&production, diff, vector, false);
    double was[2] = {0};
    for (size_t side = 0; side < 2; side++) { /* what hangs once need not be waited for as long again */
        was[side] = production.play[side].failure == ENGINE_HUNG ? diff_hurry(diff->engine[side]) : 0;
    }
    diff->found.flavours = FLAVOUR_PRODUCTION;
    if (is_observable) {
        struct divergence before = diff->found;
        diff->found = (struct divergence){0};
        bool shows = !play_pair(&observed, diff, vector, true);
        if (shows && is_first(&diff->found, &before)) {
            bool is_both = !is_same && is_first(&before, &diff->found);
            diff->found.flavours = is_both ? FLAVOUR_BOTH : FLAVOUR_OBSERVED;
            divergence_clear(&before);
            shown = &observed;
        } else {
            divergence_clear(&diff->found);
            diff->found = before;
        }
        is_same = is_same && !shows;
    }
    if (diff->found.kind == DIVERGENCE_BROKEN) {
        search_broken(shown);
    }
    for (size_t side = 0; side < 2; side++) {
        if (was[side] > 0) {
            diff_hurry_no_more(diff->engine[side], was[side]);
        }
    }
    if (!is_same && diff->found.kind != DIVERGENCE_BROKEN && is_steady(shown, 0)) {
        is_steady(shown, 1);
    }
    close_pair(&production);
    close_pair(&observed);
}
