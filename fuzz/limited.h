/* limited.h - engines that keep to the limits whatever they are asked, for requests that nobody has cut down. */
#ifndef ASSAY_FUZZ_LIMITED_H
#define ASSAY_FUZZ_LIMITED_H

#include "native.h"

enum { LIMITED_MAX = 2 };

/* The engine number `side`, in whose name answers do not differ. It lasts until the next call with that side. */
const struct assay_engine *limited_engine(unsigned side, const struct assay_engine *engine);

#endif
