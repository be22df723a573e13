/*
 * The one lock of the engine, over its lists of what is kept: windows, arenas, Images and their machines.
 *
 * It is held for a few instructions, never while anything is compiled, mapped or hashed. A fork waits for it and finds
 * all lists whole, in the parent and in the child.
 */
#include "machine.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void fast_lock_take(void)
{
    pthread_mutex_lock(&mutex);
}

void fast_lock_give(void)
{
    pthread_mutex_unlock(&mutex);
}

static void in_parent(void)
{
    fast_arena_forked(false);
    fast_lock_give();
}

static void in_child(void)
{
    fast_arena_forked(true);
    fast_lock_give();
}

/* The library is never unmapped (its CMakeLists.txt), so these outlive every dlclose. */
__attribute__((constructor)) static void follow_forks(void)
{
    pthread_atfork(fast_lock_take, in_parent, in_child);
}
