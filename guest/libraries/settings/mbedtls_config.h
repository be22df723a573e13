/* mbedtls with its integers alone, as portable C of the same digits on both sides. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_GENPRIME
#define MBEDTLS_HAVE_INT64
#define MBEDTLS_NO_UDBL_DIVISION
