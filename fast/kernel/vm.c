/*
 * Machines of an Image.
 *
 * All activations of an Image have the same pages with the same access, and the same code: only the bytes
 * differ. So a machine goes back to its Image and is used again: what may differ from the new content is
 * written, and nothing is mapped or compiled. Of a read-only area that is its digest, of a writable one the
 * bytes up to the last that can be other than zero.
 */
#include "kernel.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    IDLE_MAX = 4,
    IDLE_PAGES = 1024, /* a machine with more memory gives it back to the host */
};

static pthread_mutex_t idle_mutex = PTHREAD_MUTEX_INITIALIZER;

/* By whole pages first: comparing is what the C library does fastest. */
size_t kernel_stripped(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[ASSAY_PAGE_SIZE];
    enum { WORDS = 8 };
    while (size >= sizeof(zeros) && memcmp(data + size - sizeof(zeros), zeros, sizeof(zeros)) == 0) {
        size -= sizeof(zeros);
    }
    while (size >= 8 * WORDS) {
        uint64_t word[WORDS], any = 0;
        memcpy(word, data + size - sizeof(word), sizeof(word));
        for (int i = 0; i < WORDS; i++) {
            any |= word[i];
        }
        if (any != 0) {
            break;
        }
        size -= sizeof(word);
    }
    while (size > 0 && data[size - 1] == 0) {
        size--;
    }
    return size;
}

/* ---- making --------------------------------------------------------------------------------- */

static int open_window(const struct kernel_image *image, struct fast_window *window)
{
    struct assay_page *page = malloc((image->page_count + 1) * sizeof(*page));
    if (page == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < image->area_count; i++) {
        const struct kernel_area *area = &image->area[i];
        for (size_t at = 0; at < area->size; at += ASSAY_PAGE_SIZE) {
            page[count++] = (struct assay_page){
                .address = (uint32_t)(area->address + at),
                .access = area->is_read_only ? ASSAY_ACCESS_RO : ASSAY_ACCESS_RW,
            };
        }
    }
    int error = fast_window_open(page, count, window);
    free(page);
    return error;
}

/* The Image's own code, compiled when its first machine is made. */
static int share_code(struct kernel_image *image, struct assay_machine *machine)
{
    int error = 0;
    pthread_mutex_lock(&idle_mutex);
    if (!image->is_compiled) {
        error = fast_compile(&image->program, FAST_PRODUCTION, &image->code);
        image->is_compiled = error == 0;
    }
    pthread_mutex_unlock(&idle_mutex);
    machine->code[FAST_PRODUCTION] = image->code;
    machine->compiled[FAST_PRODUCTION] = error == 0;
    return error;
}

static int make_vm(struct kernel_image *image, struct kernel_vm **result)
{
    fast_host();
    int error = fast_fault_install();
    if (error != 0) {
        return error;
    }
    struct kernel_vm *vm = calloc(1, sizeof(*vm) + image->area_count * sizeof(vm->fill[0]));
    if (vm == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    vm->machine.context.machine = &vm->machine;
    vm->machine.program = image->program;
    error = share_code(image, &vm->machine);
    if (error == 0) {
        error = open_window(image, &vm->machine.window);
    }
    if (error != 0) {
        kernel_vm_destroy(vm);
        return error;
    }
    *result = vm;
    return 0;
}

/* Program and production code are the Image's. */
void kernel_vm_destroy(struct kernel_vm *vm)
{
    for (int flavour = FAST_PRODUCTION + 1; flavour < FAST_FLAVOUR_COUNT; flavour++) {
        if (vm->machine.compiled[flavour]) {
            fast_code_clear(&vm->machine.code[flavour]);
        }
    }
    fast_window_close(&vm->machine.window);
    free(vm);
}

/* ---- taking and giving back ----------------------------------------------------------------- */

int kernel_vm_take(struct kernel_image *image, struct kernel_vm **result)
{
    pthread_mutex_lock(&idle_mutex);
    struct kernel_vm *vm = image->idle;
    if (vm != NULL) {
        image->idle = vm->next;
        image->idle_count--;
    }
    pthread_mutex_unlock(&idle_mutex);
    *result = vm;
    return vm != NULL ? 0 : make_vm(image, result);
}

void kernel_vm_give_back(struct kernel_image *image, struct kernel_vm *vm)
{
    bool is_kept = false;
    if (image->page_count <= IDLE_PAGES) {
        pthread_mutex_lock(&idle_mutex);
        is_kept = image->idle_count < IDLE_MAX;
        if (is_kept) {
            vm->next = image->idle;
            image->idle = vm;
            image->idle_count++;
        }
        pthread_mutex_unlock(&idle_mutex);
    }
    if (!is_kept) {
        kernel_vm_destroy(vm);
    }
}

/* ---- memory --------------------------------------------------------------------------------- */

static size_t content_size(const struct kernel_area *area, const struct kernel_bytes *payload)
{
    if (payload == NULL) {
        return 0;
    }
    return payload->size < area->size ? payload->size : area->size;
}

static int fill_read_only(const struct kernel_vm *vm, const struct kernel_area *area, struct kernel_fill *fill)
{
    const struct kernel_digest *digest = fill->payload == NULL ? &kernel_zero_digest : &fill->payload->digest;
    if (kernel_same(&fill->digest, digest)) {
        return 0;
    }
    size_t size = content_size(area, fill->payload);
    const uint8_t *data = fill->payload == NULL ? NULL : fill->payload->data;
    int error = fast_window_set(&vm->machine.window, area->address, data, size, area->size - size);
    if (error == 0) {
        fill->digest = *digest;
    }
    return error;
}

static void fill_writable(const struct kernel_vm *vm, const struct kernel_area *area, struct kernel_fill *fill)
{
    uint8_t *at = vm->machine.window.base + area->address;
    size_t size = content_size(area, fill->payload);
    if (size != 0) {
        memcpy(at, fill->payload->data, size);
    }
    if (fill->high > size) {
        memset(at + size, 0, fill->high - size);
    }
    fill->high = area->size;
}

int kernel_vm_fill(struct kernel_vm *vm, const struct kernel_image *image, const struct kernel_root *root,
                   const struct kernel_payloads *payloads)
{
    int error = 0;
    for (size_t i = 0; i < image->area_count && error == 0; i++) {
        const struct kernel_area *area = &image->area[i];
        const struct kernel_cap *cap = &root->slot[area->slot];
        struct kernel_fill *fill = &vm->fill[i];
        fill->payload = cap->kind == KERNEL_KIND_data ? kernel_payload_find(payloads, &cap->hash) : NULL;
        if (area->is_read_only) {
            error = fill_read_only(vm, area, fill);
        } else {
            fill_writable(vm, area, fill);
        }
    }
    return error;
}

void kernel_vm_encode(struct kernel_out *out, const struct kernel_vm *vm)
{
    const struct fast_window *window = &vm->machine.window;
    uint32_t count = 0;
    for (size_t i = 0; i < window->run_count; i++) {
        count += window->run[i].count;
    }
    kernel_put_u32(out, count);
    for (size_t i = 0; i < window->run_count; i++) {
        const struct fast_run *run = &window->run[i];
        for (uint32_t page = run->first; page < run->first + run->count; page++) {
            const uint8_t *data = window->base + (size_t)page * ASSAY_PAGE_SIZE;
            kernel_put_u32(out, page * ASSAY_PAGE_SIZE);
            kernel_put_u8(out, (uint8_t)run->access);
            kernel_put_bytes(out, data, kernel_stripped(data, ASSAY_PAGE_SIZE));
        }
    }
}
