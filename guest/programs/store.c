/*
 * A key-value store on a chain. The table is a file; a payload names the file that the event before returned.
 *
 *   endpoint 0   put   id u64 (2^64 - 1: a new table), key u64, value up to 32 bytes; returns the id of the
 * new file endpoint 1   get   id u64, key u64; returns the first 8 bytes of the value, or 2^64 - 1 endpoint 2
 * delete   id u64, key u64; returns the id of the new file
 *
 * Whatever does not fit, a table that is full, a key that is not there, traps: the event leaves no trace.
 */
#include "common/program.h"

enum { ENTRIES = 64, VALUE_MAX = 32, DATA_SLOT = 100, FILE_SLOT = 101 };

static const uint64_t NO_FILE = UINT64_MAX;

struct entry {
    uint64_t key;
    uint64_t size;
    uint8_t value[VALUE_MAX];
};

struct table {
    uint64_t count;
    struct entry entry[ENTRIES]; /* ascending by key */
};

static struct table table;

static struct request {
    uint64_t id, key;
    uint8_t value[VALUE_MAX];
} request;

/* Reads the payload; gives the size of its value. */
static size_t take_request(void)
{
    size_t size = assay_payload(&request, sizeof request);
    if (size < 16) {
        assay_panic();
    }
    return size - 16;
}

static void load_table(void)
{
    if (request.id != NO_FILE) {
        assay_open_by_id(ASSAY_HOST_OPEN, DATA_SLOT, request.id);
        if (assay_read_data(DATA_SLOT, &table, sizeof table) != sizeof table || table.count > ENTRIES) {
            assay_panic();
        }
    }
}

/* Every event saves one file, so the new one's id is one more; that is checked by opening it. */
static uint64_t save_table(void)
{
    uint64_t id = request.id == NO_FILE ? 0 : request.id + 1;
    assay_mint_data(&table, sizeof table, ASSAY_QUOTA, DATA_SLOT);
    assay_save(DATA_SLOT, ASSAY_QUOTA, FILE_SLOT);
    assay_open_by_id(ASSAY_HOST_OPEN, DATA_SLOT, id);
    struct table check;
    if (assay_read_data(DATA_SLOT, &check, sizeof check) != sizeof check || memcmp(&check, &table, sizeof check) != 0) {
        assay_panic();
    }
    return id;
}

/* Where the key is or belongs. */
static size_t place_of(uint64_t key)
{
    size_t at = 0;
    while (at < table.count && table.entry[at].key < key) {
        at++;
    }
    return at;
}

ASSAY_ENDPOINT(0, put)
{
    size_t size = take_request();
    load_table();
    size_t at = place_of(request.key);
    if (at == table.count || table.entry[at].key != request.key) {
        if (table.count == ENTRIES) {
            assay_panic();
        }
        memmove(&table.entry[at + 1], &table.entry[at], (table.count - at) * sizeof *table.entry);
        table.count++;
    }
    memset(&table.entry[at], 0, sizeof *table.entry);
    table.entry[at].key = request.key;
    table.entry[at].size = size;
    memcpy(table.entry[at].value, request.value, size);
    return save_table();
}

ASSAY_ENDPOINT(1, get)
{
    take_request();
    load_table();
    size_t at = place_of(request.key);
    bool found = at < table.count && table.entry[at].key == request.key;
    return found ? load_le64(table.entry[at].value) : NO_FILE;
}

ASSAY_ENDPOINT(2, delete)
{
    take_request();
    load_table();
    size_t at = place_of(request.key);
    if (at == table.count || table.entry[at].key != request.key) {
        assay_panic();
    }
    memmove(&table.entry[at], &table.entry[at + 1], (table.count - at - 1) * sizeof *table.entry);
    table.count--;
    memset(&table.entry[table.count], 0, sizeof *table.entry);
    return save_table();
}
