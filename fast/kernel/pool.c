/*
 * Machines of an Image.
 *
 * All activations of an Image have the same pages with the same access, and the same code: only the bytes
 * differ. So a machine goes back to its Image and is used again: what may differ from the new content is
 * written, and nothing is mapped or compiled. Of a read-only area that is its digest, of a writable one the
 * bytes up to the last that can be other than zero.
 */
#include "kernel.h"

#include <stdlib.h>

enum {
    IDLE_MAX = 4,
    IDLE_RUNS = 64,       /* a machine with more mappings gives them back to the host */
    IDLE_RUNS_ALL = 2048, /* likewise all idle machines together */
};

static size_t idle_pages, idle_runs;

/* ---- making ---------------------------------------------------------------------------------- */

static int open_window(const struct fast_image *image, struct fast_mem *mem)
{
    struct assay_page *page = malloc((image->page_count + 1) * sizeof(*page));
    if (page == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < image->area_count; i++) {
        const struct fast_area *area = &image->area[i];
        for (size_t at = 0; at < area->size; at += ASSAY_PAGE_SIZE) {
            page[count++] = (struct assay_page){
                .address = (uint32_t)(area->address + at),
                .access = area->is_read_only ? ASSAY_ACCESS_RO : ASSAY_ACCESS_RW,
            };
        }
    }
    int error = fast_mem_open(page, count, false, mem);
    free(page);
    return error;
}

/* The Image's code as far as it is there. */
static bool find_code(const struct fast_image *image, bool checked, struct fast_code *code)
{
    fast_lock_take();
    bool found = image->is_compiled[checked];
    *code = image->code[checked];
    fast_lock_give();
    return found;
}

/* Whoever is first gives his code to the Image; another thread that compiled the same throws its own away. */
static void give_code(struct fast_image *image, bool checked, struct fast_code *code)
{
    struct fast_code mine = *code;
    fast_lock_take();
    bool is_first = !image->is_compiled[checked];
    if (is_first) {
        image->code[checked] = mine;
        image->is_compiled[checked] = true;
    }
    *code = image->code[checked];
    fast_lock_give();
    if (is_first) {
        fast_cache_grow(image, fast_compile_size(&image->program, &mine));
    } else {
        fast_compile_discard(&mine);
    }
}

/* The Image's own code, compiled when its first machine is made. No lock is held meanwhile. */
static int share_code(struct fast_image *image, struct assay_machine *machine)
{
    struct fast_code code;
    bool checked = machine->mem.is_checked;
    if (!find_code(image, checked, &code)) {
        int error = fast_compile_program(&machine->program, FAST_PRODUCTION, &code);
        if (error != 0) {
            return error;
        }
        give_code(image, checked, &code);
    }
    machine->code[FAST_PRODUCTION] = code;
    machine->compiled[FAST_PRODUCTION] = true;
    return 0;
}

static int make_vm(struct fast_image *image, struct fast_guest **result)
{
    fast_cpu_ask();
    int error = fast_fault_install();
    if (error != 0) {
        return error;
    }
    struct fast_guest *guest = calloc(1, sizeof(*guest) + image->area_count * sizeof(guest->fill[0]));
    if (guest == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    guest->machine.context.machine = &guest->machine;
    guest->machine.program = image->program;
    error = open_window(image, &guest->machine.mem);
    guest->machine.program.is_checked = guest->machine.mem.is_checked;
    if (error == 0) {
        error = share_code(image, &guest->machine);
    }
    if (error != 0) {
        fast_pool_destroy(guest);
        return error;
    }
    *result = guest;
    return 0;
}

/* Program and production code are the Image's. */
void fast_pool_destroy(struct fast_guest *guest)
{
    for (int flavour = FAST_PRODUCTION + 1; flavour < FAST_FLAVOUR_COUNT; flavour++) {
        if (guest->machine.compiled[flavour]) {
            fast_compile_discard(&guest->machine.code[flavour]);
        }
    }
    fast_mem_close_empty(&guest->machine.mem);
    free(guest);
}

/* ---- taking and giving back ------------------------------------------------------------------ */

/* With the lock held. */
static struct fast_guest *take_idle(struct fast_image *image)
{
    struct fast_guest *guest = image->idle;
    if (guest != NULL) {
        image->idle = guest->next;
        image->idle_count--;
        idle_pages -= guest->machine.mem.page_count;
        idle_runs -= guest->machine.mem.run_count;
    }
    return guest;
}

int fast_pool_take(struct fast_image *image, struct fast_guest **result)
{
    fast_lock_take();
    struct fast_guest *guest = take_idle(image);
    fast_lock_give();
    *result = guest;
    return guest != NULL ? 0 : make_vm(image, result);
}

static bool may_idle(const struct fast_image *image, const struct fast_mem *mem)
{
    size_t pages = fast_budget_share(FAST_BUDGET_IMAGES) / 2 / ASSAY_PAGE_SIZE;
    return pages > 0 && image->idle_count < IDLE_MAX && !mem->is_checked && mem->run_count <= IDLE_RUNS &&
           idle_runs + mem->run_count <= IDLE_RUNS_ALL && idle_pages + mem->page_count <= pages;
}

void fast_pool_give_back(struct fast_image *image, struct fast_guest *guest)
{
    fast_lock_take();
    bool is_kept = may_idle(image, &guest->machine.mem);
    if (is_kept) {
        guest->next = image->idle;
        image->idle = guest;
        image->idle_count++;
        idle_pages += guest->machine.mem.page_count;
        idle_runs += guest->machine.mem.run_count;
    }
    fast_lock_give();
    if (!is_kept) {
        fast_pool_destroy(guest);
    }
}

/* Into a list, as destroying needs the lock itself. */
static void move_idle(struct fast_image *image, void *list)
{
    struct fast_guest **first = list, *guest;
    while ((guest = take_idle(image)) != NULL) {
        guest->next = *first;
        *first = guest;
    }
}

void fast_pool_drop_idle(struct fast_image *image)
{
    struct fast_guest *first = NULL;
    fast_lock_take();
    if (image != NULL) {
        move_idle(image, &first);
    } else {
        fast_cache_each(move_idle, &first);
    }
    fast_lock_give();
    while (first != NULL) {
        struct fast_guest *next = first->next;
        fast_pool_destroy(first);
        first = next;
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t content_size(const struct fast_area *area, const struct fast_bytes *payload)
{
    if (payload == NULL) {
        return 0;
    }
    return payload->size < area->size ? payload->size : area->size;
}

static int fill_read_only(const struct fast_guest *guest, const struct fast_area *area, struct fast_fill *fill)
{
    const struct fast_digest *digest = fill->payload == NULL ? &fast_hash_zero : &fill->payload->digest;
    if (fast_hash_same(&fill->digest, digest)) {
        return 0;
    }
    size_t size = content_size(area, fill->payload);
    const uint8_t *data = fill->payload == NULL ? NULL : fill->payload->data;
    int error = fast_mem_set(&guest->machine.mem, area->address, data, size, area->size - size);
    if (error == 0) {
        fill->digest = *digest;
    }
    return error;
}

static void fill_writable(const struct fast_guest *guest, const struct fast_area *area, struct fast_fill *fill)
{
    uint8_t *at = guest->machine.mem.base + area->address;
    size_t size = content_size(area, fill->payload);
    if (size != 0) {
        memcpy(at, fill->payload->data, size);
    }
    if (fill->high > size) {
        fast_mem_clear(at + size, fill->high - size);
    }
    fill->high = area->size;
}

int fast_pool_fill(struct fast_guest *guest, const struct fast_image *image, const struct fast_root *root,
                   const struct fast_payloads *payloads)
{
    int error = 0;
    for (size_t i = 0; i < image->area_count && error == 0; i++) {
        const struct fast_area *area = &image->area[i];
        const struct fast_cap *cap = &root->slot[area->slot];
        struct fast_fill *fill = &guest->fill[i];
        fill->payload = cap->kind == FAST_KIND_data ? fast_payload_find(payloads, &cap->hash) : NULL;
        if (area->is_read_only) {
            error = fill_read_only(guest, area, fill);
        } else {
            fill_writable(guest, area, fill);
        }
    }
    return error;
}

void fast_pool_encode(struct fast_out *out, const struct fast_guest *guest)
{
    const struct fast_mem *mem = &guest->machine.mem;
    uint32_t count = 0;
    for (size_t i = 0; i < mem->run_count; i++) {
        count += mem->run[i].count;
    }
    fast_scale_put_u32(out, count);
    for (size_t i = 0; i < mem->run_count; i++) {
        const struct fast_mem_run *run = &mem->run[i];
        for (uint32_t page = run->first; page < run->first + run->count; page++) {
            const uint8_t *data = mem->base + (size_t)page * ASSAY_PAGE_SIZE;
            fast_scale_put_u32(out, page * ASSAY_PAGE_SIZE);
            fast_scale_put_u8(out, (uint8_t)run->access);
            fast_scale_put_bytes(out, data, fast_image_stripped(data, ASSAY_PAGE_SIZE));
        }
    }
}
