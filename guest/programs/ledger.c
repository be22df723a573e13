/*
 * A token ledger: accounts with Ed25519 keys, transfers signed by their sender. The accounts are a file; a
 * payload names the file that the event before returned.
 *
 *   endpoint 0   create     16 public keys of 32 bytes; each account begins with 1,000,000; returns the
 * file's id, 0 endpoint 1   transfer   struct transfer, below; returns the id of the new file endpoint 2
 * balance    id u64, account u64; returns the balance
 *
 * A transfer with a wrong signature, nonce, account or amount traps: the event leaves no trace.
 */
#include "common/ed25519.h"

enum { ACCOUNTS = 16, KEY = 32, DATA_SLOT = 100, FILE_SLOT = 101 };

static const uint64_t FIRST_BALANCE = 1000000;

struct account {
    uint8_t key[KEY];
    uint64_t balance, nonce;
};

static struct account account[ACCOUNTS];

/* What is signed is all but the id and the signature: from, to, amount and nonce. */
static struct transfer {
    uint64_t id, from, to, amount, nonce;
    uint8_t signature[64];
} transfer;

static uint64_t save_accounts(uint64_t id)
{
    assay_mint_data(account, sizeof account, ASSAY_QUOTA, DATA_SLOT);
    assay_save(DATA_SLOT, ASSAY_QUOTA, FILE_SLOT);
    assay_open_by_id(ASSAY_HOST_OPEN, DATA_SLOT, id);
    static struct account check[ACCOUNTS];
    if (assay_read_data(DATA_SLOT, check, sizeof check) != sizeof check || memcmp(check, account, sizeof check) != 0) {
        assay_panic(); /* another file has this id: the payload did not name the last one */
    }
    return id;
}

static void load_accounts(uint64_t id)
{
    assay_open_by_id(ASSAY_HOST_OPEN, DATA_SLOT, id);
    if (assay_read_data(DATA_SLOT, account, sizeof account) != sizeof account) {
        assay_panic();
    }
}

ASSAY_ENDPOINT(0, create)
{
    static uint8_t keys[ACCOUNTS * KEY];
    if (assay_payload(keys, sizeof keys) != sizeof keys) {
        assay_panic();
    }
    for (size_t i = 0; i < ACCOUNTS; i++) {
        memcpy(account[i].key, keys + KEY * i, KEY);
        account[i].balance = FIRST_BALANCE;
    }
    return save_accounts(0);
}

ASSAY_ENDPOINT(1, move)
{
    if (assay_payload(&transfer, sizeof transfer) != sizeof transfer || transfer.from >= ACCOUNTS ||
        transfer.to >= ACCOUNTS) {
        assay_panic();
    }
    load_accounts(transfer.id);
    struct account *from = &account[transfer.from], *to = &account[transfer.to];
    if (transfer.nonce != from->nonce || transfer.amount > from->balance ||
        !ed25519_verify(from->key, (const uint8_t *)&transfer.from, 32, transfer.signature)) {
        assay_panic();
    }
    from->nonce++;
    from->balance -= transfer.amount;
    to->balance += transfer.amount;
    return save_accounts(transfer.id + 1);
}

ASSAY_ENDPOINT(2, balance)
{
    static uint64_t request[2];
    if (assay_payload(request, sizeof request) != sizeof request || request[1] >= ACCOUNTS) {
        assay_panic();
    }
    load_accounts(request[0]);
    return account[request[1]].balance;
}
