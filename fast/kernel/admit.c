/*
 * Admission: one predicate a reason, tried in the order of the reasons' numbers (image/admit/...).
 *
 * In: a decoded Image. Out: 0 with the program of its code, or the first reason that holds. A predicate may
 * rely on those before it.
 */
#include "kernel.h"

#include <stdlib.h>

static const uint64_t ADDRESS_END = UINT64_C(1) << 32;

typedef bool holds_fn(const struct fast_view *view, const struct fast_program *program);

/* ---- slots ----------------------------------------------------------------------------------- */

static bool any_word_too_large(const uint8_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (fast_scale_u32(words + 4 * (size_t)i) >= FAST_slot_count) {
            return true;
        }
    }
    return false;
}

/* Keys ascend. */
static bool last_too_large(const struct fast_content *list, size_t count)
{
    return count > 0 && list[count - 1].slot >= FAST_slot_count;
}

static bool holds_slot_range(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (any_word_too_large(view->mapping[i].step, view->mapping[i].step_count > 0)) {
            return true;
        }
    }
    return any_word_too_large(view->gas, view->gas_count) || any_word_too_large(view->quota, view->quota_count) ||
           last_too_large(view->pinned, view->pinned_count) || last_too_large(view->initial, view->initial_count) ||
           (view->has_yield_slot && view->yield_slot >= FAST_slot_count);
}

static bool is_pinned(const struct fast_view *view, uint32_t slot)
{
    for (size_t i = 0; i < view->pinned_count; i++) {
        if (view->pinned[i].slot == slot) {
            return true;
        }
    }
    return false;
}

/* At most 256 pinned and 256 initial slots got past the range. */
static bool holds_pinned_and_initial(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->initial_count; i++) {
        if (is_pinned(view, view->initial[i].slot)) {
            return true;
        }
    }
    return false;
}

static bool any_reserved(const struct fast_content *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = list[i].slot;
        if (slot == FAST_payload_slot || (slot >= FAST_reserved_slot_min && slot <= FAST_reserved_slot_max)) {
            return true;
        }
    }
    return false;
}

static bool holds_reserved_slot(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    return any_reserved(view->pinned, view->pinned_count) || any_reserved(view->initial, view->initial_count);
}

static bool any_word_pinned(const bool pinned[FAST_slot_count], const uint8_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pinned[fast_scale_u32(words + 4 * (size_t)i)]) {
            return true;
        }
    }
    return false;
}

static bool holds_unit_slot_pinned(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    bool pinned[FAST_slot_count] = {false};
    for (size_t i = 0; i < view->pinned_count; i++) {
        pinned[view->pinned[i].slot] = true;
    }
    return any_word_pinned(pinned, view->gas, view->gas_count) ||
           any_word_pinned(pinned, view->quota, view->quota_count) ||
           (view->has_yield_slot && pinned[view->yield_slot]);
}

/* ---- contents -------------------------------------------------------------------------------- */

static bool any_too_long(const struct fast_content *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_image && list[i].length > list[i].size) {
            return true;
        }
    }
    return false;
}

static bool holds_content_too_long(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    return any_too_long(view->pinned, view->pinned_count) || any_too_long(view->initial, view->initial_count);
}

static bool any_unstripped(const struct fast_content *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_image && list[i].length > 0 && list[i].content[list[i].length - 1] == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_content_unstripped(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    return any_unstripped(view->pinned, view->pinned_count) || any_unstripped(view->initial, view->initial_count);
}

/* ---- mappings -------------------------------------------------------------------------------- */

static bool holds_empty_path(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (view->mapping[i].step_count == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_start_unaligned(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (view->mapping[i].start % ASSAY_PAGE_SIZE != 0) {
            return true;
        }
    }
    return false;
}

static bool holds_size_unaligned(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (view->mapping[i].size % ASSAY_PAGE_SIZE != 0) {
            return true;
        }
    }
    return false;
}

static bool holds_end_range(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        uint64_t start = view->mapping[i].start;
        if (start > ADDRESS_END || view->mapping[i].size > ADDRESS_END - start) {
            return true;
        }
    }
    return false;
}

static bool holds_size_zero(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (view->mapping[i].size == 0) {
            return true;
        }
    }
    return false;
}

enum { PAGE_COUNT = 1 << 20 };

/* Mappings are aligned, end by 2^32 and are not empty: each marks pages, and 2^20 of them fill the memory. */
static int find_overlap(const struct fast_view *view)
{
    if (view->mapping_count < 2) {
        return 0;
    }
    uint8_t *used = calloc(1, PAGE_COUNT);
    if (used == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    int found = 0;
    for (size_t i = 0; i < view->mapping_count && found == 0; i++) {
        uint64_t page = view->mapping[i].start / ASSAY_PAGE_SIZE, count = view->mapping[i].size / ASSAY_PAGE_SIZE;
        if (memchr(used + page, 1, count) != NULL) {
            found = ASSAY_ADMIT_OVERLAP;
        }
        memset(used + page, 1, count);
    }
    free(used);
    return found;
}

static bool holds_path_from_slot_0(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (fast_scale_u32(view->mapping[i].step) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_too_many_pages(const struct fast_view *view, const struct fast_program *program)
{
    (void)program;
    uint64_t pages = 0;
    for (size_t i = 0; i < view->mapping_count; i++) {
        pages += view->mapping[i].size / ASSAY_PAGE_SIZE;
    }
    return pages > FAST_mapped_page_max;
}

/* ---- code ------------------------------------------------------------------------------------ */

static bool holds_entry_pc(const struct fast_view *view, const struct fast_program *program)
{
    for (size_t i = 0; i < view->endpoint_count; i++) {
        if (!fast_isa_begins_block(program, view->endpoint[i].entry_pc)) {
            return true;
        }
    }
    return false;
}

static int parse_code(const struct fast_view *view, struct fast_program *program)
{
    int outcome = fast_blob_parse(view->code, view->code_size, program);
    switch (outcome) {
    case ASSAY_REJECT_HEADER_SHORT:
        return ASSAY_ADMIT_CODE_HEADER_SHORT;
    case ASSAY_REJECT_ENTRY_SIZE:
        return ASSAY_ADMIT_CODE_ENTRY_SIZE;
    case ASSAY_REJECT_TRUNCATED:
        return ASSAY_ADMIT_CODE_TRUNCATED;
    case ASSAY_REJECT_TRAILING_BYTES:
        return ASSAY_ADMIT_CODE_TRAILING_BYTES;
    case ASSAY_REJECT_STRAY_BITS:
        return ASSAY_ADMIT_CODE_STRAY_BITS;
    default:
        return outcome;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct predicate {
    holds_fn *holds;
    int reason;
};

static const struct predicate before_overlap[] = {
    {holds_slot_range, ASSAY_ADMIT_SLOT_RANGE},
    {holds_empty_path, ASSAY_ADMIT_EMPTY_PATH},
    {holds_start_unaligned, ASSAY_ADMIT_START_UNALIGNED},
    {holds_size_unaligned, ASSAY_ADMIT_SIZE_UNALIGNED},
    {holds_end_range, ASSAY_ADMIT_END_RANGE},
    {holds_size_zero, ASSAY_ADMIT_SIZE_ZERO},
};

static const struct predicate behind_overlap[] = {
    {holds_pinned_and_initial, ASSAY_ADMIT_PINNED_AND_INITIAL},
    {holds_content_too_long, ASSAY_ADMIT_CONTENT_TOO_LONG},
    {holds_reserved_slot, ASSAY_ADMIT_RESERVED_SLOT},
    {holds_unit_slot_pinned, ASSAY_ADMIT_UNIT_SLOT_PINNED},
    {holds_entry_pc, ASSAY_ADMIT_ENTRY_PC},
    {holds_content_unstripped, ASSAY_ADMIT_CONTENT_UNSTRIPPED},
    {holds_path_from_slot_0, ASSAY_ADMIT_PATH_FROM_SLOT_0},
    {holds_too_many_pages, ASSAY_ADMIT_TOO_MANY_PAGES},
};

static int first_that_holds(const struct predicate *list, size_t count, const struct fast_view *view,
                            const struct fast_program *program)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].holds(view, program)) {
            return list[i].reason;
        }
    }
    return 0;
}

int fast_admit_image(const struct fast_view *view, struct fast_program *program)
{
    int reason = parse_code(view, program);
    if (reason != 0) {
        return reason;
    }
    reason = first_that_holds(before_overlap, sizeof(before_overlap) / sizeof(before_overlap[0]), view, program);
    if (reason == 0) {
        reason = find_overlap(view);
    }
    if (reason == 0) {
        reason = first_that_holds(behind_overlap, sizeof(behind_overlap) / sizeof(behind_overlap[0]), view, program);
    }
    if (reason != 0) {
        fast_blob_clear(program);
    }
    return reason;
}
