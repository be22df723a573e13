/*
 * The target codec: one value is decoded, encoded again and hashed, and an Image admitted too. An input asks one of
 * these questions, and all others that make sense of the same bytes are asked as well.
 */
#include "target.h"

#include "kernel_input.h"
#include "kernel_write.h"
#include "limits.h"

/* The questions about a value of each type. */
static const struct question {
    enum kernel_act act;
    uint32_t kind;
} asked[] = {
    {ACT_DECODE, ASSAY_TYPE_IMAGE}, {ACT_ADMIT, 0},
    {ACT_HASH, ASSAY_HASH_IMAGE},   {ACT_DECODE, ASSAY_TYPE_STATE},
    {ACT_HASH, ASSAY_HASH_STATE},   {ACT_DECODE, ASSAY_TYPE_CAP},
    {ACT_HASH, ASSAY_HASH_CAP},     {ACT_DECODE, ASSAY_TYPE_CNODE},
    {ACT_HASH, ASSAY_HASH_CNODE},   {ACT_DECODE, ASSAY_TYPE_WORLD},
    {ACT_HASH, ASSAY_HASH_BYTES},   {ACT_HASH, ASSAY_HASH_BMT},
    {ACT_HASH, ASSAY_HASH_CHAIN},
};

/* Questions with the same number are about the same type. */
static int subject_of(const struct kernel_case *input)
{
    static const int of_type[] = {0, 1, 2, 3, 4};
    static const int of_hash[] = {5, 5, 2, 3, 0, 5, 1};
    return input->act == ACT_DECODE ? of_type[input->kind] : input->act == ACT_ADMIT ? 0 : of_hash[input->kind];
}

static void play(const struct engines *engines, struct arena *arena, struct source source, struct verdict *verdict)
{
    struct kernel_case input;
    (void)arena;
    codec_input_read(source, &input);
    verdict->limited = limit_revision(engines->engine[0], &input);
    int subject = subject_of(&input);
    for (size_t i = 0; i < sizeof asked / sizeof *asked && verdict->kind != VERDICT_DIFFERED; i++) {
        struct kernel_case one = input;
        one.act = asked[i].act;
        one.kind = asked[i].kind;
        if (subject_of(&one) == subject) {
            verdict->question = i;
            kernel_pairs(engines, &one, verdict);
        }
    }
}

static void show(const struct assay_engine *engine, struct arena *arena, struct source source, bool is_whole,
                 struct text *text)
{
    struct kernel_case input;
    (void)arena;
    codec_input_read(source, &input);
    if (!is_whole) {
        limit_revision(engine, &input);
    }
    kernel_write_case(text, engine, &input);
}

const struct target target_codec = {.name = "codec", .tag = TAG_CODEC, .play = play, .show = show};
