/*
 * Admitted Images, kept by the hash of their bytes.
 *
 * In: the bytes of an Image. Out: what is derived from them: the view, the program, the content hashes, the
 * areas. An Image that was used lately is found again, with its compiled code and its idle machines, for the
 * price of one hash. The cache holds one reference to each of its Images, and the least lately used gives
 * way.
 */
#include "kernel.h"

#include <pthread.h>
#include <stdlib.h>

#ifdef ASSAY_SMALL
enum { KEPT_MAX = 2, KEPT_BYTES = 1 << 16 };
#else
enum { KEPT_MAX = 64, KEPT_BYTES = 1 << 26 };
#endif

/* The most lately used first. */
static struct kernel_image *kept[KEPT_MAX];
static size_t kept_count, kept_bytes;
static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;

/* ---- one Image ------------------------------------------------------------------------------ */

static void destroy(struct kernel_image *image)
{
    while (image->idle != NULL) {
        struct kernel_vm *next = image->idle->next;
        kernel_vm_destroy(image->idle);
        image->idle = next;
    }
    if (image->is_compiled) {
        fast_code_clear(&image->code);
    }
    fast_program_clear(&image->program);
    kernel_view_clear(&image->view);
    free(image->pinned_hash);
    free(image->initial_hash);
    free(image->area);
    free(image->bytes);
    free(image);
}

struct kernel_image *kernel_image_keep(struct kernel_image *image)
{
    __atomic_fetch_add(&image->references, 1, __ATOMIC_RELAXED);
    return image;
}

void kernel_image_release(struct kernel_image *image)
{
    if (image != NULL && __atomic_fetch_sub(&image->references, 1, __ATOMIC_ACQ_REL) == 1) {
        destroy(image);
    }
}

static struct kernel_digest *hash_contents(const struct kernel_content *list, size_t count)
{
    struct kernel_digest *hash = malloc((count + 1) * sizeof(*hash));
    for (size_t i = 0; hash != NULL && i < count; i++) {
        if (list[i].is_image) {
            memcpy(&hash[i], list[i].content, sizeof(hash[i]));
        } else {
            kernel_hash(list[i].content, list[i].length, &hash[i]);
        }
    }
    return hash;
}

/* call/map/permission, call/map/multi_step */
static void make_areas(struct kernel_image *image)
{
    for (size_t i = 0; i < image->view.mapping_count; i++) {
        const struct kernel_mapping *mapping = &image->view.mapping[i];
        if (mapping->step_count == 1) {
            uint8_t slot = (uint8_t)kernel_u32(mapping->step);
            image->area[image->area_count++] = (struct kernel_area){
                .address = (uint32_t)mapping->start,
                .slot = slot,
                .is_read_only = image->pinned[slot],
                .size = mapping->size,
            };
            image->page_count += mapping->size / ASSAY_PAGE_SIZE;
        }
    }
}

static int derive(struct kernel_image *image)
{
    const struct kernel_view *view = &image->view;
    image->program.mem_cycles = KERNEL_mem_cycles;
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

static int admit_image(struct kernel_image *image, const uint8_t *bytes, size_t size)
{
    image->bytes = malloc(size + 1);
    if (image->bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(image->bytes, bytes, size);
    image->size = size;
    struct kernel_reader reader = kernel_reader(image->bytes, size);
    kernel_view_decode(&reader, &image->view);
    int outcome = kernel_read_whole(&reader);
    if (outcome == 0) {
        outcome = kernel_admit(&image->view, &image->program);
    }
    return outcome == 0 ? derive(image) : outcome;
}

static int make_image(const uint8_t *bytes, size_t size, const struct kernel_digest *hash, struct kernel_image **result)
{
    struct kernel_image *image = calloc(1, sizeof(*image));
    if (image == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    image->references = 1;
    image->hash = *hash;
    int outcome = admit_image(image, bytes, size);
    if (outcome != 0) {
        destroy(image);
        return outcome;
    }
    *result = image;
    return 0;
}

const struct kernel_endpoint *kernel_image_endpoint(const struct kernel_image *image, uint8_t index)
{
    for (size_t i = 0; i < image->view.endpoint_count; i++) {
        if (image->view.endpoint[i].index == index) {
            return &image->view.endpoint[i];
        }
    }
    return NULL;
}

/* ---- the cache ------------------------------------------------------------------------------ */

static void move_to_front(size_t at)
{
    struct kernel_image *image = kept[at];
    memmove(&kept[1], &kept[0], at * sizeof(kept[0]));
    kept[0] = image;
}

static struct kernel_image *find_kept(const struct kernel_digest *hash)
{
    struct kernel_image *found = NULL;
    pthread_mutex_lock(&kept_mutex);
    for (size_t i = 0; i < kept_count && found == NULL; i++) {
        if (kernel_same(&kept[i]->hash, hash)) {
            found = kernel_image_keep(kept[i]);
            move_to_front(i);
        }
    }
    pthread_mutex_unlock(&kept_mutex);
    return found;
}

/* Releasing may destroy, which is done without the lock. */
static struct kernel_image *take_last(void)
{
    struct kernel_image *last = kept[--kept_count];
    kept_bytes -= last->size;
    return last;
}

static void keep_in_cache(struct kernel_image *image)
{
    bool full = image->size <= KEPT_BYTES;
    while (full) {
        struct kernel_image *last = NULL;
        pthread_mutex_lock(&kept_mutex);
        full = kept_count == KEPT_MAX || (kept_count > 0 && kept_bytes + image->size > KEPT_BYTES);
        if (full) {
            last = take_last();
        } else {
            kept[kept_count++] = kernel_image_keep(image);
            kept_bytes += image->size;
            move_to_front(kept_count - 1);
        }
        pthread_mutex_unlock(&kept_mutex);
        kernel_image_release(last);
    }
}

/* When the library is unloaded. */
__attribute__((destructor)) static void empty_cache(void)
{
    while (kept_count > 0) {
        kernel_image_release(take_last());
    }
}

int kernel_image_open_hashed(const uint8_t *bytes, size_t size, const struct kernel_digest *hash,
                             struct kernel_image **image)
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

int kernel_image_open(const uint8_t *bytes, size_t size, struct kernel_image **image)
{
    static const uint8_t nothing[1];
    struct kernel_digest hash;
    bytes = size == 0 ? nothing : bytes;
    kernel_hash(bytes, size, &hash);
    return kernel_image_open_hashed(bytes, size, &hash, image);
}
