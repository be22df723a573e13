/* Chooses what is changed; see mutate.h. */
#include "mutate.h"

#include "kernel_input.h"
#include "machine_input.h"
#include "reader.h"

#include <string.h>

static const struct {
    const char *tag;
    void (*mutate)(struct mutation *mutation, struct source source, struct text *sink);
} mutators[] = {
    {TAG_MACHINE, mutate_machine}, {TAG_CODEC, mutate_codec}, {TAG_INVOCATION, mutate_invocation},
    {TAG_CHAIN, mutate_chain},     {TAG_READER, mutate_text},
};

void mutate_input(struct mutation *mutation, const uint8_t *data, size_t size, struct text *sink)
{
    text_clear(sink);
    for (size_t i = 0; i < sizeof mutators / sizeof *mutators && size >= TAG_SIZE; i++) {
        if (memcmp(data, mutators[i].tag, TAG_SIZE) == 0) {
            mutators[i].mutate(mutation, (struct source){data + TAG_SIZE, size - TAG_SIZE, 0}, sink);
        }
    }
    if (sink->size == 0 || sink->size > MUTATED_MAX) {
        text_clear(sink);
        sink_raw(sink, data, size);
    }
}
