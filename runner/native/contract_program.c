/* Small programs for the checks of the contract, and what every check does with them. */
#include "contract.h"

#include <string.h>

enum { PLENTY = 100000 };

struct contract_blob contract_blob(const uint8_t *code, size_t size, const char *starts)
{
    struct contract_blob blob = {.size = 9};
    blob.data[4] = 1; /* entry_size; no jump table */
    blob.data[5] = (uint8_t)size;
    memcpy(blob.data + blob.size, code, size);
    blob.size += size;
    for (size_t i = 0; i < size; i++) {
        if (starts[i] == '1') {
            blob.data[blob.size + i / 8] |= (uint8_t)(1u << i % 8);
        }
    }
    blob.size += (size + 7) / 8;
    return blob;
}

struct contract_blob contract_trap(void)
{
    const uint8_t code[] = {OP_trap};
    return contract_blob(code, sizeof code, "1");
}

struct contract_blob contract_host_call(void)
{
    const uint8_t code[] = {OP_ecalli, 7, OP_trap};
    return contract_blob(code, sizeof code, "101");
}

struct contract_blob contract_store(void)
{
    const uint8_t code[] = {OP_store_u8, 0, 0, 0, 1, OP_ecalli, 7, OP_trap};
    return contract_blob(code, sizeof code, "10000101");
}

struct contract_blob contract_three(void)
{
    const uint8_t code[] = {OP_load_imm, 1, 1, OP_fallthrough, OP_load_imm, 2, 2, OP_fallthrough, OP_trap};
    return contract_blob(code, sizeof code, "100110011");
}

struct assay_program contract_program(const struct contract_blob *blob)
{
    return (struct assay_program){.blob = blob->data, .blob_size = blob->size, .mem_cycles = 25};
}

struct assay_machine *contract_load(struct contract *contract, const struct assay_program *program)
{
    struct assay_machine *machine = NULL;
    contract_equal(contract, "load of a good program", 0, contract->engine->machine->load(program, &machine));
    contract_true(contract, "load gives a machine", machine != NULL);
    return machine;
}

struct assay_stop contract_run(struct contract *contract, struct assay_machine *machine, uint64_t r0)
{
    struct assay_state state = {.pc = 0, .gas = PLENTY, .reg = {r0}};
    const struct assay_state given = state;
    struct assay_stop stop;
    memset(&stop, 0xaa, sizeof stop);
    contract_equal(contract, "run", 0, contract->engine->machine->run(machine, &state, NULL, &stop));
    contract_same(contract, "the state given to run", &given, &state, sizeof state);
    return stop;
}

struct assay_stop contract_resume(struct contract *contract, struct assay_machine *machine, const struct assay_stop *at)
{
    struct assay_stop stop;
    memset(&stop, 0xaa, sizeof stop);
    contract_equal(contract, "resume", 0, contract->engine->machine->resume(machine, &at->state, NULL, &stop));
    return stop;
}

void contract_same_stop(struct contract *contract, const char *what, const struct assay_stop *a,
                        const struct assay_stop *b)
{
    contract_equal(contract, what, a->exit, b->exit);
    contract_equal(contract, what, a->argument, b->argument);
    contract_same(contract, what, &a->state, &b->state, sizeof a->state);
}
