/* Opens an engine: a program, or a shared object unless its table is one that the harness could not use safely. */
#define _POSIX_C_SOURCE 200809L

#include "pipe.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { SYMBOL_MAX = 128, PATH_SIZE = 4096 };

/*
 * Puts assay_NAME for .../libassay_NAME.so into `symbol`; false when the name cannot be a
 * symbol.
 */
static bool symbol_of(const char *path, char symbol[SYMBOL_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;
    if (strncmp(start, "lib", 3) == 0) {
        start += 3;
    }
    const char *end = strstr(start, ".so");
    size_t size = end == NULL ? strlen(start) : (size_t)(end - start);
    if (size == 0 || size >= SYMBOL_MAX) {
        return false;
    }
    memcpy(symbol, start, size);
    symbol[size] = '\0';
    size_t known = strspn(symbol, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return known == size && strncmp(symbol, "assay_", 6) == 0 && size > 6;
}

static const char *missing_function(const struct assay_engine *engine)
{
    const struct assay_machine_level *machine = engine->machine;
    const struct {
        const char *name;
        bool present;
    } needed[] = {
        {"load", machine->load != NULL},
        {"unload", machine->unload != NULL},
        {"run", machine->run != NULL},
        {"resume", machine->resume != NULL},
        {"read", machine->read != NULL},
        {"write", machine->write != NULL},
        {"observe", machine->observe != NULL || engine->features == 0},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!needed[i].present) {
            return needed[i].name;
        }
    }
    return NULL;
}

static bool is_usable(const char *path, const struct assay_engine *engine)
{
    size_t engine_size = offsetof(struct assay_engine, machine) + sizeof engine->machine;
    if (engine->abi != ASSAY_ABI) {
        complain("engine %s: abi is %u and must be %u; rebuild it with this assay.h", path, engine->abi, ASSAY_ABI);
    } else if (engine->size < engine_size) {
        complain("engine %s: size of the engine table is %u and must be at least %zu; set .size = "
                 "sizeof of the table",
                 path, engine->size, engine_size);
    } else if (engine->name == NULL || engine->version == NULL) {
        complain("engine %s: %s is NULL; fill it in", path, engine->name == NULL ? "name" : "version");
    } else if (engine->machine == NULL) {
        complain("engine %s: it has no machine level (machine is NULL)", path);
    } else if (engine->machine->size < sizeof *engine->machine) {
        complain("engine %s: size of the machine table is %u and must be at least %zu; set .size = "
                 "sizeof of the table",
                 path, engine->machine->size, sizeof *engine->machine);
    } else if (missing_function(engine) != NULL) {
        complain("engine %s: machine->%s is NULL; the harness needs it", path, missing_function(engine));
    } else {
        return true;
    }
    return false;
}

const struct assay_engine *engine_load(const char *path)
{
    char symbol[SYMBOL_MAX];
    char local[PATH_SIZE];
    if (pipe_is_spec(path)) {
        complain("engine %s: this command takes shared objects only, no programs", path);
        return NULL;
    }
    if (!symbol_of(path, symbol)) {
        complain("engine %s: the file must be called libassay_NAME.so, NAME of letters, digits and _", path);
        return NULL;
    }
    if (strchr(path, '/') == NULL) { /* a bare name would be looked for in the system's folders */
        snprintf(local, sizeof local, "./%s", path);
        path = local;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        complain("engine %s: cannot be loaded: %s; check the path and that it is a shared object "
                 "of this machine",
                 path, dlerror());
        return NULL;
    }
    const struct assay_engine *engine = dlsym(library, symbol);
    if (engine == NULL) {
        complain("engine %s: it exports no symbol %s; name the table after the file", path, symbol);
        return NULL;
    }
    return is_usable(path, engine) ? engine : NULL;
}

const struct assay_engine *engine_open(const char *spec, const char *timeout)
{
    return pipe_is_spec(spec) ? pipe_engine(spec, timeout) : engine_load(spec);
}
