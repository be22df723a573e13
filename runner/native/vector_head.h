/* vector_head.h - what stands in a vector file before and beside its cases. */
#ifndef ASSAY_NATIVE_VECTOR_HEAD_H
#define ASSAY_NATIVE_VECTOR_HEAD_H

#include "vector.h"

enum head_key { HEAD_SCHEMA, HEAD_AREA, HEAD_SUBJECT, HEAD_VOTES, HEAD_IMAGES, HEAD_CASES, HEAD_COUNT };

struct vector_head {
    bool seen[HEAD_COUNT];
    bool is_kernel;
    struct arena arena; /* holds the images */
    struct kernel_images images;
};

void vector_head_init(struct vector_head *head);
void vector_head_clear(struct vector_head *head);
/* Reads a key of the file's object; false after an error. */
bool vector_head_key(struct vector_head *head, struct json_scanner *scanner, enum head_key *key);
/* Reads the value of a key other than "cases"; false after an error. */
bool vector_head_value(struct vector_head *head, struct json_scanner *scanner, enum head_key key);
/* Whether every key that the file needs was there; false after an error. */
bool vector_head_is_whole(const struct vector_head *head, struct json_scanner *scanner);

#endif
