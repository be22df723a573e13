/* What the host does about SIGSEGV, behind the engine's handler (disposition.c). */
#ifndef FAST_DISPOSITION_H
#define FAST_DISPOSITION_H

#include <signal.h>
#include <stdbool.h>

typedef void fast_disposition_handler(int number, siginfo_t *info, void *context);

/* Makes this the process's handler unless it is; what stood there is kept behind it. */
int fast_disposition_stand_in_front(fast_disposition_handler *handler);
/* Does what the host would; `by_kernel` unless a handler of the host called the engine's. */
void fast_disposition_hand_on(siginfo_t *info, void *context, bool by_kernel);

#endif
