/*
 * An engine that is linked in, in many threads at once: machines, chains and forks. `threads ROUNDS`; 0 when every
 * answer was right. Built with a race detector by its test.
 */
#include "host.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct assay_engine assay_fast;

enum { THREADS = 8, IMAGES = 12 };

static struct bytes images[IMAGES];
static long rounds;

/* Some layouts are shared by threads, some are each one's own. */
static void play_machine(uint32_t number)
{
    uint8_t code[] = {51, 0, (uint8_t)number, 59, 0, 0, 0, 1, 0, 0}; /* load_imm, store_u8 [0x10000], trap */
    static const uint8_t mask[] = {0x09, 0x02};
    struct assay_page page[] = {
        {.address = 0x10000, .access = ASSAY_ACCESS_RW},
        {.address = 0x20000 + number % 16 * 0x1000, .access = ASSAY_ACCESS_RO},
    };
    struct bytes blob = blob_of(code, sizeof code, mask);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = 2};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    uint8_t byte;
    NEED(assay_fast.machine->load(&program, &machine) == 0);
    NEED(assay_fast.machine->run(machine, &state, NULL, &stop) == 0 && stop.exit == ASSAY_EXIT_TRAP);
    NEED(assay_fast.machine->read(machine, 0x10000, &byte, 1) == 0 && byte == (uint8_t)number);
    assay_fast.machine->unload(machine);
    free(blob.data);
}

static void *play(void *context)
{
    uint32_t own = *(uint32_t *)context;
    for (long i = 0; i < rounds; i++) {
        uint32_t number = own * 1000003 + (uint32_t)i;
        play_machine(number);
        NEED(event_of(&assay_fast, &images[number % IMAGES]) == 0);
        NEED(fault_of_guest(&assay_fast) == ASSAY_EXIT_PAGE_FAULT);
    }
    return NULL;
}

int main(int count_of_words, char **word)
{
    pthread_t thread[THREADS];
    uint32_t number[THREADS];
    NEED(count_of_words == 2);
    rounds = atol(word[1]);
    for (size_t i = 0; i < IMAGES; i++) {
        struct bytes blob = blob_of_opcode(51, 100 + i * 1000);
        images[i] = image_of(&blob, (uint32_t)i, i, 3, 2);
        free(blob.data);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        number[i] = i;
        NEED(pthread_create(&thread[i], NULL, play, &number[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}
