/* What a header needs to be one of C and of C++. */
#ifndef ASSAY_LANGUAGE_H
#define ASSAY_LANGUAGE_H

#ifdef __cplusplus
#define ASSAY_C_BEGIN extern "C" {
#define ASSAY_C_END }
#define ASSAY_C extern "C"
#define ASSAY_RESTRICT __restrict
#define ASSAY_NORETURN [[noreturn]]
#else
#define ASSAY_C_BEGIN
#define ASSAY_C_END
#define ASSAY_C
#define ASSAY_RESTRICT restrict
#define ASSAY_NORETURN _Noreturn
#endif

#endif
