/* tags.h - the four bytes that an input of each target begins with: its name in short, and the version of its format.
 */
#ifndef ASSAY_FUZZ_TAGS_H
#define ASSAY_FUZZ_TAGS_H

enum { TAG_SIZE = 4 };

#define TAG_MACHINE "mac1"
#define TAG_CODEC "cod1"
#define TAG_INVOCATION "inv1"
#define TAG_CHAIN "cha1"
#define TAG_READER "rea1"

#endif
