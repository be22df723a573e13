/* Admission: one predicate a reason, tried in the order of kernel.def (image.md). */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = ASSAY_PAGE_SIZE };

static const uint64_t ADDRESS_END = UINT64_C(1) << 32;

static bool any_beyond(const struct ref_slots *slots)
{
    for (size_t i = 0; i < slots->count; i++) {
        if (slots->slot[i] >= REF_slot_count) {
            return true;
        }
    }
    return false;
}

/* image/admit/slot_range */
static bool slot_range(const struct ref_image *image)
{
    bool bad = any_beyond(&image->gas_slots) || any_beyond(&image->quota_slots) ||
               (image->has_yield_slot && image->yield_slot >= REF_slot_count);
    for (size_t i = 0; i < image->pinned_count; i++) {
        bad = bad || image->pinned[i].slot >= REF_slot_count;
    }
    for (size_t i = 0; i < image->initial_count; i++) {
        bad = bad || image->initial[i].slot >= REF_slot_count;
    }
    for (size_t i = 0; i < image->mapping_count; i++) {
        const struct ref_slots *path = &image->mapping[i].path;
        bad = bad || (path->count > 0 && path->slot[0] >= REF_slot_count);
    }
    return bad;
}

typedef bool mapping_is_fn(const struct ref_mapping *mapping);

static bool any_mapping(const struct ref_image *image, mapping_is_fn *is)
{
    for (size_t i = 0; i < image->mapping_count; i++) {
        if (is(&image->mapping[i])) {
            return true;
        }
    }
    return false;
}

static bool has_empty_path(const struct ref_mapping *mapping)
{
    return mapping->path.count == 0;
}

static bool is_start_unaligned(const struct ref_mapping *mapping)
{
    return mapping->start % PAGE != 0;
}

static bool is_size_unaligned(const struct ref_mapping *mapping)
{
    return mapping->size % PAGE != 0;
}

static bool ends_beyond(const struct ref_mapping *mapping)
{
    return mapping->start > ADDRESS_END || mapping->size > ADDRESS_END - mapping->start;
}

static bool is_empty(const struct ref_mapping *mapping)
{
    return mapping->size == 0;
}

static bool begins_with_slot_0(const struct ref_mapping *mapping)
{
    return mapping->path.slot[0] == REF_payload_slot;
}

static int by_start(const void *a, const void *b)
{
    uint64_t x = ((const struct ref_mapping *)a)->start, y = ((const struct ref_mapping *)b)->start;
    return (x > y) - (x < y);
}

/* image/admit/overlap; no mapping is empty and none ends beyond 2^32. */
static bool overlap(struct ref_region *region, const struct ref_image *image)
{
    struct ref_mapping *sorted = ref_region_take(region, image->mapping_count + 1, sizeof(*sorted));
    if (image->mapping_count > 0) {
        memcpy(sorted, image->mapping, image->mapping_count * sizeof(*sorted));
        qsort(sorted, image->mapping_count, sizeof(*sorted), by_start);
    }
    for (size_t i = 1; i < image->mapping_count; i++) {
        if (sorted[i].start < sorted[i - 1].start + sorted[i - 1].size) {
            return true;
        }
    }
    return false;
}

static bool pinned_and_initial(const struct ref_image *image)
{
    for (size_t i = 0; i < image->initial_count; i++) {
        if (ref_image_pins(image, image->initial[i].slot)) {
            return true;
        }
    }
    return false;
}

typedef bool given_is_fn(const struct ref_given *given);

static bool any_given(const struct ref_image *image, given_is_fn *is)
{
    for (size_t i = 0; i < image->pinned_count; i++) {
        if (is(&image->pinned[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < image->initial_count; i++) {
        if (is(&image->initial[i])) {
            return true;
        }
    }
    return false;
}

static bool is_too_long(const struct ref_given *given)
{
    return !given->is_image && given->content.size > given->size;
}

static bool is_reserved(const struct ref_given *given)
{
    return given->slot == REF_payload_slot ||
           (given->slot >= REF_reserved_slot_min && given->slot <= REF_reserved_slot_max);
}

static bool is_unstripped(const struct ref_given *given)
{
    return !given->is_image && ref_image_strip(given->content).size != given->content.size;
}

static bool pins_any(const struct ref_image *image, const struct ref_slots *slots)
{
    for (size_t i = 0; i < slots->count; i++) {
        if (ref_image_pins(image, slots->slot[i])) {
            return true;
        }
    }
    return false;
}

/* image/admit/unit_slot_pinned */
static bool unit_slot_pinned(const struct ref_image *image)
{
    return pins_any(image, &image->gas_slots) || pins_any(image, &image->quota_slots) ||
           (image->has_yield_slot && ref_image_pins(image, image->yield_slot));
}

/* image/admit/entry_pc; the code is a good blob. */
static bool entry_pc(struct ref_region *region, const struct ref_image *image, const struct ref_blob *blob)
{
    uint8_t *in_p = ref_region_take(region, (size_t)blob->code_len + 1, 1);
    ref_isa_mark_block_starts(blob, in_p);
    for (size_t i = 0; i < image->endpoint_count; i++) {
        if (!ref_isa_begins_block(blob, in_p, image->endpoint[i].entry_pc)) {
            return true;
        }
    }
    return false;
}

static bool too_many_pages(const struct ref_image *image)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < image->mapping_count; i++) {
        pages += image->mapping[i].size / PAGE;
    }
    return pages > REF_mapped_page_max;
}

static int code_reason(int reject)
{
    switch (reject) {
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
        return 0;
    }
}

static int reason(struct ref_region *region, const struct ref_image *image)
{
    struct ref_blob blob;
    struct assay_bytes code = ref_region_copy(region, image->code);
    int rejected = ref_blob_parse((uint8_t *)(uintptr_t)code.data, code.size, &blob);
    if (rejected != 0) {
        return code_reason(rejected);
    }
    if (slot_range(image)) {
        return ASSAY_ADMIT_SLOT_RANGE;
    }
    if (any_mapping(image, has_empty_path)) {
        return ASSAY_ADMIT_EMPTY_PATH;
    }
    if (any_mapping(image, is_start_unaligned)) {
        return ASSAY_ADMIT_START_UNALIGNED;
    }
    if (any_mapping(image, is_size_unaligned)) {
        return ASSAY_ADMIT_SIZE_UNALIGNED;
    }
    if (any_mapping(image, ends_beyond)) {
        return ASSAY_ADMIT_END_RANGE;
    }
    if (any_mapping(image, is_empty)) {
        return ASSAY_ADMIT_SIZE_ZERO;
    }
    if (overlap(region, image)) {
        return ASSAY_ADMIT_OVERLAP;
    }
    if (pinned_and_initial(image)) {
        return ASSAY_ADMIT_PINNED_AND_INITIAL;
    }
    if (any_given(image, is_too_long)) {
        return ASSAY_ADMIT_CONTENT_TOO_LONG;
    }
    if (any_given(image, is_reserved)) {
        return ASSAY_ADMIT_RESERVED_SLOT;
    }
    if (unit_slot_pinned(image)) {
        return ASSAY_ADMIT_UNIT_SLOT_PINNED;
    }
    if (entry_pc(region, image, &blob)) {
        return ASSAY_ADMIT_ENTRY_PC;
    }
    if (any_given(image, is_unstripped)) {
        return ASSAY_ADMIT_CONTENT_UNSTRIPPED;
    }
    if (any_mapping(image, begins_with_slot_0)) {
        return ASSAY_ADMIT_PATH_FROM_SLOT_0;
    }
    return too_many_pages(image) ? ASSAY_ADMIT_TOO_MANY_PAGES : 0;
}

int ref_admit_image(struct ref_region *region, struct assay_bytes bytes, struct ref_image *image, size_t *offset)
{
    struct ref_reader reader = {.region = region, .data = bytes.data, .size = bytes.size};
    *image = ref_image_read(&reader);
    int error = ref_scale_read_end(&reader);
    if (offset != NULL) {
        *offset = reader.offset;
    }
    return error != 0 ? error : reason(region, image);
}
