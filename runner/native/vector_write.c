/* Writes cases in the form of vectors/README.md: what did not change is not listed. */
#include "vector.h"

#include <string.h>

static void write_registers(struct text *text, const uint64_t before[ASSAY_REGISTER_COUNT],
                            const uint64_t after[ASSAY_REGISTER_COUNT])
{
    const char *comma = "";
    text_raw(text, "{");
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        if (before[i] != after[i]) {
            text_format(text, "%s\"r%zu\": ", comma, i);
            text_hex(text, after[i]);
            comma = ", ";
        }
    }
    text_raw(text, "}");
}

static void write_run(struct text *text, const struct memory_run *run)
{
    text_raw(text, "[");
    text_hex(text, run->address);
    text_raw(text, ", ");
    text_bytes(text, run->data.data, run->data.size);
    text_raw(text, "]");
}

static void write_until(struct text *text, const struct assay_until *until)
{
    if (until->blocks == 0 && until->instructions == 0) {
        return;
    }
    text_raw(text, ", \"until\": {");
    if (until->blocks != 0) {
        text_format(text, "\"blocks\": %llu%s", (unsigned long long)until->blocks,
                    until->instructions != 0 ? ", " : "");
    }
    if (until->instructions != 0) {
        text_format(text, "\"instructions\": %llu", (unsigned long long)until->instructions);
    }
    text_raw(text, "}");
}

static void write_outcome(struct text *text, const struct vector_step *step)
{
    if (step->refused) {
        text_raw(text, ", \"stop\": \"refused\"");
        return;
    }
    text_format(text, ", \"stop\": {\"exit\": \"%s\", \"argument\": ", exit_name(step->stop.exit));
    text_hex(text, step->stop.argument);
    text_raw(text, ", \"pc\": ");
    text_hex(text, step->stop.state.pc);
    text_raw(text, ", \"gas\": ");
    text_hex(text, step->stop.state.gas);
    text_raw(text, ", \"regs\": ");
    write_registers(text, step->state.reg, step->stop.state.reg);
    text_raw(text, ", \"memory\": [");
    for (size_t i = 0; i < step->memory_count; i++) {
        text_raw(text, i == 0 ? "" : ", ");
        write_run(text, &step->memory[i]);
    }
    text_raw(text, "]}");
}

static void write_step(struct text *text, const struct vector_step *step, const uint64_t *machine_reg)
{
    static const uint64_t zero[ASSAY_REGISTER_COUNT] = {0};
    if (step->kind == STEP_WRITE) {
        text_raw(text, "{\"write\": {\"address\": ");
        text_hex(text, step->write.address);
        text_raw(text, ", \"data\": ");
        text_bytes(text, step->write.data.data, step->write.data.size);
        text_raw(text, "}}");
        return;
    }
    if (step->kind == STEP_RUN) {
        text_raw(text, "{\"run\": {\"pc\": ");
        text_hex(text, step->state.pc);
        text_raw(text, ", \"gas\": ");
    } else {
        text_raw(text, "{\"resume\": {\"gas\": ");
    }
    text_hex(text, step->state.gas);
    text_raw(text, ", \"regs\": ");
    write_registers(text, step->kind == STEP_RUN ? zero : machine_reg, step->state.reg);
    text_raw(text, "}");
    write_until(text, &step->until);
    write_outcome(text, step);
    text_raw(text, "}");
}

static void write_program(struct text *text, const struct assay_program *program)
{
    text_raw(text, ", \"blob\": ");
    text_bytes(text, program->blob, program->blob_size);
    text_format(text, ", \"mem_cycles\": %u, \"pages\": [", program->mem_cycles);
    for (size_t i = 0; i < program->page_count; i++) {
        const struct assay_page *page = &program->page[i];
        text_raw(text, i == 0 ? "[" : ", [");
        text_hex(text, page->address);
        text_raw(text, page->access == ASSAY_ACCESS_RO ? ", \"ro\", " : ", \"rw\", ");
        text_bytes(text, page->data, page->size);
        text_raw(text, "]");
    }
    text_raw(text, "], \"load\": ");
}

void vector_write_case(struct text *text, const struct vector_case *vector)
{
    static const uint64_t zero[ASSAY_REGISTER_COUNT] = {0};
    const uint64_t *machine_reg = zero;
    text_raw(text, "{\"id\": ");
    text_string(text, vector->id);
    text_raw(text, ", \"rules\": [], \"against\": []");
    write_program(text, &vector->program);
    if (vector->load != LOAD_ADMITTED) {
        text_string(text, vector->load == LOAD_REFUSED ? "refused" : reject_name(vector->load));
        text_raw(text, "}");
        return;
    }
    text_raw(text, "\"admitted\", \"steps\": [");
    for (size_t i = 0; i < vector->step_count; i++) {
        const struct vector_step *step = &vector->step[i];
        text_raw(text, i == 0 ? "" : ", ");
        write_step(text, step, machine_reg);
        if (step->kind != STEP_WRITE && !step->refused) {
            machine_reg = step->stop.state.reg;
        }
    }
    text_raw(text, "]}");
}

void vector_write_head(struct text *text, const char *area, const char *subject, const char *const *vote,
                       size_t vote_count)
{
    text_format(text,
                "{\n\"schema\": \"assay-machine-1\",\n\"area\": \"%s\",\n\"subject\": "
                "\"%s\",\n\"votes\": [",
                area, subject);
    for (size_t i = 0; i < vote_count; i++) {
        text_raw(text, i == 0 ? "" : ", ");
        text_string(text, vote[i]);
    }
    text_raw(text, "],\n\"cases\": [");
}
