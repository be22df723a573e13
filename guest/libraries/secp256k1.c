/* Signatures: made, verified, damaged. */
#include "common.h"
#include <secp256k1.h>

static void one(void)
{
    static secp256k1_context *context;
    unsigned char key[32], message[32], bytes[72];
    size_t size = sizeof bytes;
    secp256k1_pubkey pubkey;
    secp256k1_ecdsa_signature signature;
    if (context == NULL)
        context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    for (size_t n = 0; n < 32; n++) {
        key[n] = (unsigned char)draw(256);
        message[n] = (unsigned char)draw(256);
    }
    note((uint64_t)secp256k1_ec_pubkey_create(context, &pubkey, key));
    note((uint64_t)secp256k1_ecdsa_sign(context, &signature, message, key, NULL, NULL));
    secp256k1_ecdsa_signature_serialize_der(context, bytes, &size, &signature);
    note_bytes(bytes, size);
    message[draw(32)] ^= (unsigned char)draw(2);
    note((uint64_t)secp256k1_ecdsa_verify(context, &signature, message, &pubkey));
    size = 33;
    secp256k1_ec_pubkey_serialize(context, bytes, &size, &pubkey, SECP256K1_EC_COMPRESSED);
    note_bytes(bytes, size);
}
