/* reader.h - inputs of the target reader: text, either a vector file or requests of the protocol, one a line. */
#ifndef ASSAY_FUZZ_READER_H
#define ASSAY_FUZZ_READER_H

#include "tags.h"

enum { READER_VECTORS, READER_REQUESTS };

#endif
