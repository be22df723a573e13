/*
 * Admitted Images, kept by the hash of their bytes.
 *
 * In: the bytes of an Image. Out: what is derived from them: the view, the program, the content hashes, the
 * areas. An Image that was used lately is found again, with its compiled code and its idle machines, for the
 * price of one hash. The cache holds one reference to each of its Images, and the least lately used gives
 * way.
 */
#include "kernel.h"

#include <stdlib.h>

#ifdef ASSAY_SMALL
enum { KEPT_MAX = 2 };
#else
enum { KEPT_MAX = 64 };
#endif

/* The most lately used first. */
static struct fast_image *kept[KEPT_MAX];
static size_t kept_count, kept_bytes;
static struct fast_image *all;

/* Idle machines have the other half. */
static size_t bytes_allowed(void)
{
    return fast_budget_share(FAST_BUDGET_IMAGES) / 2;
}

/* ---- all Images that there are --------------------------------------------------------------- */

static void link_in(struct fast_image *image)
{
    fast_lock_take();
    image->behind = all;
    if (all != NULL) {
        all->before = image;
    }
    all = image;
    fast_lock_give();
}

static void link_out(const struct fast_image *image)
{
    fast_lock_take();
    if (image->behind != NULL) {
        image->behind->before = image->before;
    }
    if (image->before != NULL) {
        image->before->behind = image->behind;
    } else {
        all = image->behind;
    }
    fast_lock_give();
}

void fast_cache_each(void (*visit)(struct fast_image *image, void *context), void *context)
{
    for (struct fast_image *image = all; image != NULL; image = image->behind) {
        visit(image, context);
    }
}

/* ---- one Image ------------------------------------------------------------------------------- */

static void destroy(struct fast_image *image)
{
    fast_pool_drop_idle(image);
    link_out(image);
    for (int checked = 0; checked < 2; checked++) {
        if (image->is_compiled[checked]) {
            fast_compile_discard(&image->code[checked]);
        }
    }
    fast_blob_clear(&image->program);
    fast_image_clear(&image->view);
    free(image->pinned_hash);
    free(image->initial_hash);
    free(image->area);
    free(image->bytes);
    free(image);
}

struct fast_image *fast_cache_keep(struct fast_image *image)
{
    __atomic_fetch_add(&image->references, 1, __ATOMIC_RELAXED);
    return image;
}

void fast_cache_release(struct fast_image *image)
{
    if (image != NULL && __atomic_fetch_sub(&image->references, 1, __ATOMIC_ACQ_REL) == 1) {
        destroy(image);
    }
}

static struct fast_digest *hash_contents(const struct fast_content *list, size_t count)
{
    struct fast_digest *hash = malloc((count + 1) * sizeof(*hash));
    for (size_t i = 0; hash != NULL && i < count; i++) {
        if (list[i].is_image) {
            memcpy(&hash[i], list[i].content, sizeof(hash[i]));
        } else {
            fast_hash_bytes(list[i].content, list[i].length, &hash[i]);
        }
    }
    return hash;
}

/* call/map/permission, call/map/multi_step */
static void make_areas(struct fast_image *image)
{
    for (size_t i = 0; i < image->view.mapping_count; i++) {
        const struct fast_mapping *mapping = &image->view.mapping[i];
        if (mapping->step_count == 1) {
            uint8_t slot = (uint8_t)fast_scale_u32(mapping->step);
            image->area[image->area_count++] = (struct fast_area){
                .address = (uint32_t)mapping->start,
                .slot = slot,
                .is_read_only = image->pinned[slot],
                .size = mapping->size,
            };
            image->page_count += mapping->size / ASSAY_PAGE_SIZE;
        }
    }
}

static int derive(struct fast_image *image)
{
    const struct fast_view *view = &image->view;
    image->program.mem_cycles = FAST_mem_cycles;
    image->pinned_hash = hash_contents(view->pinned, view->pinned_count);
    image->initial_hash = hash_contents(view->initial, view->initial_count);
    image->area = malloc((view->mapping_count + 1) * sizeof(*image->area));
    if (image->pinned_hash == NULL || image->initial_hash == NULL || image->area == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < view->pinned_count; i++) {
        image->pinned[view->pinned[i].slot] = true;
    }
    make_areas(image);
    return 0;
}

static int admit_image(struct fast_image *image, const uint8_t *bytes, size_t size)
{
    image->bytes = malloc(size + 1);
    if (image->bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(image->bytes, bytes, size);
    image->size = size;
    struct fast_reader reader = fast_scale_reader(image->bytes, size);
    fast_image_decode(&reader, &image->view);
    int outcome = fast_scale_read_whole(&reader);
    if (outcome == 0) {
        outcome = fast_admit_image(&image->view, &image->program);
    }
    return outcome == 0 ? derive(image) : outcome;
}

/* About what is derived from a byte: the byte itself, the program's copies, hashes and areas. */
enum { COST_OF_BYTE = 4 };

static int make_image(const uint8_t *bytes, size_t size, const struct fast_digest *hash, struct fast_image **result)
{
    struct fast_image *image = calloc(1, sizeof(*image));
    if (image == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    image->references = 1;
    image->hash = *hash;
    image->cost = COST_OF_BYTE * size + sizeof(*image);
    link_in(image);
    int outcome = admit_image(image, bytes, size);
    if (outcome != 0) {
        destroy(image);
        return outcome;
    }
    *result = image;
    return 0;
}

/* ---- the cache ------------------------------------------------------------------------------- */

static void move_to_front(size_t at)
{
    struct fast_image *image = kept[at];
    memmove(&kept[1], &kept[0], at * sizeof(kept[0]));
    kept[0] = image;
}

static struct fast_image *find_kept(const struct fast_digest *hash)
{
    struct fast_image *found = NULL;
    fast_lock_take();
    for (size_t i = 0; i < kept_count && found == NULL; i++) {
        if (fast_hash_same(&kept[i]->hash, hash)) {
            found = fast_cache_keep(kept[i]);
            move_to_front(i);
        }
    }
    fast_lock_give();
    return found;
}

/* With the lock held. */
static struct fast_image *take_last(void)
{
    struct fast_image *last = kept[--kept_count];
    kept_bytes -= last->cost;
    last->is_kept = false;
    return last;
}

/* One more than is allowed, or NULL. Releasing may destroy, which is done without the lock. */
static struct fast_image *take_surplus(size_t count, size_t bytes)
{
    fast_lock_take();
    struct fast_image *last = kept_count > 0 && (kept_count > count || kept_bytes > bytes) ? take_last() : NULL;
    fast_lock_give();
    return last;
}

static void trim(size_t count, size_t bytes)
{
    struct fast_image *last;
    while ((last = take_surplus(count, bytes)) != NULL) {
        fast_cache_release(last);
    }
}

static void keep_in_cache(struct fast_image *image)
{
    trim(KEPT_MAX - 1, bytes_allowed());
    fast_lock_take();
    bool fits = kept_count < KEPT_MAX; /* another thread may have been quicker */
    if (fits) {
        kept[kept_count++] = fast_cache_keep(image);
        kept_bytes += image->cost;
        image->is_kept = true;
        move_to_front(kept_count - 1);
    }
    fast_lock_give();
    trim(KEPT_MAX, bytes_allowed());
}

void fast_cache_grow(struct fast_image *image, size_t bytes)
{
    fast_lock_take();
    image->cost += bytes;
    kept_bytes += image->is_kept ? bytes : 0;
    fast_lock_give();
    trim(KEPT_MAX, bytes_allowed());
}

static void shed(void)
{
    fast_pool_drop_idle(NULL);
    trim(0, 0);
}

__attribute__((constructor)) static void follow_shedding(void)
{
    fast_budget_on_shed(shed);
}

/* When the process ends. */
__attribute__((destructor)) static void empty_cache(void)
{
    trim(0, 0);
}

int fast_cache_open_hashed(const uint8_t *bytes, size_t size, const struct fast_digest *hash, struct fast_image **image)
{
    *image = find_kept(hash);
    if (*image != NULL) {
        return 0;
    }
    int outcome = make_image(bytes, size, hash, image);
    if (outcome == 0) {
        keep_in_cache(*image);
    }
    return outcome;
}

int fast_cache_open(const uint8_t *bytes, size_t size, struct fast_image **image)
{
    static const uint8_t nothing[1];
    struct fast_digest hash;
    bytes = size == 0 ? nothing : bytes;
    fast_hash_bytes(bytes, size, &hash);
    return fast_cache_open_hashed(bytes, size, &hash, image);
}
