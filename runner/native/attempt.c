/* What one attempt at a case came to, as its player sees it. */
#include "replay.h"

bool attempt_failed(struct attempt *attempt, int result)
{
    if (result >= 0 || result == ASSAY_ERROR_ARGUMENT) {
        return false;
    }
    const char *trouble = engine_trouble(attempt->engine);
    attempt->trouble = trouble != NULL ? trouble : engine_error_name(result);
    attempt->cannot = result == ASSAY_ERROR_UNSUPPORTED;
    attempt->broken = engine_is_broken(result);
    return true;
}
