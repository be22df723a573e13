/* Writes verdicts; see report.h. */
#include "report.h"

const char *const verdict_name[VERDICT_KINDS] = {"agreed", "differed", "foreign", "skipped"};
const char *const flavour_name[FLAVOUR_COUNT] = {"production", "observed", "split"};

void report_write(struct text *text, const struct target *target, const struct engines *engines,
                  const struct verdict *verdict)
{
    text_format(text, "\"target\": \"%s\", \"verdict\": \"%s\", \"limited\": %zu", target->name,
                verdict_name[verdict->kind], verdict->limited);
    if (verdict->kind == VERDICT_SKIPPED) {
        text_raw(text, ", \"reason\": ");
        text_string(text, skip_name[verdict->skipped]);
    }
    if (verdict->kind != VERDICT_DIFFERED) {
        return;
    }
    text_raw(text, ", \"engines\": [");
    text_string(text, engines->engine[0]->name);
    text_raw(text, ", ");
    text_string(text, verdict->engine);
    text_format(text, "], \"flavour\": \"%s\", \"step\": %zu", flavour_name[verdict->flavour], verdict->step);
    if (verdict->trouble[0] != '\0') {
        text_raw(text, ", \"message\": ");
        text_string(text, verdict->trouble);
    }
    write_differences(text, &verdict->differences);
}
