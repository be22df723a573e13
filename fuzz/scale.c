/*
 * Walks encoded values by their schemas; see scale.h. In a schema, (…) is a struct, *T a Vec, Map or Set of T, ?T an
 * Option, <A|B> an enum, @X the schema named X, and any other letter a leaf.
 */
#include "scale.h"

#include <string.h>

enum { DEPTH_MAX = 24, LEAVES_MAX = 4096 };

static const char image_schema[] = "(c*(b(pbb*(bq)))*(az*s)*s*s*(s<(Bq)|h>)*(s(Bq))?s)";
static const char state_schema[] = "(*(q(hqwq))*(hB)*(qB)*(q(hh))*h(qqq))";
static const char cap_schema[] = "<(hh)|h|(qh)|@N|h>";
static const char cnode_schema[] = "(b*(s@C))";
static const char world_schema[] = "(@S(*(qg)*(qq)*(h*h))*<(hhI@N)|w>)";

struct walk {
    struct assay_bytes value;
    size_t at;
    unsigned depth;
    bool failed;
    struct leaves *leaves;
};

static const char *schema_of(char name)
{
    return name == 'S' ? state_schema : name == 'C' ? cap_schema : cnode_schema;
}

static size_t size_of(char letter)
{
    return letter == 'b' ? 1 : letter == 'w' || letter == 's' ? 4 : letter == 'h' ? 32 : 8;
}

static size_t add(struct walk *walk, enum leaf_kind kind, size_t size)
{
    if (walk->failed || walk->value.size - walk->at < size || walk->leaves->count == LEAVES_MAX) {
        walk->failed = true;
        return 0;
    }
    walk->leaves->leaf[walk->leaves->count++] = (struct leaf){kind, walk->at, size};
    walk->at += size;
    return walk->at - size;
}

static uint64_t add_number(struct walk *walk, enum leaf_kind kind, size_t size)
{
    size_t at = add(walk, kind, size);
    struct leaf leaf = {kind, at, size};
    return walk->failed ? 0 : leaf_read(walk->value.data, &leaf);
}

/* The schema behind the type at `at`. */
static const char *skip(const char *at)
{
    if (*at == '*' || *at == '?') {
        return skip(at + 1);
    }
    if (*at == '@') {
        return at + 2;
    }
    if (*at != '(' && *at != '<') {
        return at + 1;
    }
    char end = *at == '(' ? ')' : '>';
    for (at++; *at != end;) {
        at = *at == '|' ? at + 1 : skip(at);
    }
    return at + 1;
}

static void walk_type(struct walk *walk, const char *at);

static void walk_variant(struct walk *walk, const char *at)
{
    uint64_t tag = add_number(walk, LEAF_TAG, 1);
    at++;
    for (; tag > 0 && *at != '>'; tag--) {
        at = skip(at);
        at += *at == '|';
    }
    if (*at == '>') {
        walk->failed = true;
    } else {
        walk_type(walk, at);
    }
}

static void walk_list(struct walk *walk, const char *at)
{
    uint64_t count = add_number(walk, LEAF_COUNT, 4);
    for (uint64_t i = 0; i < count && !walk->failed; i++) {
        walk_type(walk, at + 1);
    }
}

static void walk_type(struct walk *walk, const char *at)
{
    if (walk->failed || walk->depth == DEPTH_MAX) {
        walk->failed = true;
        return;
    }
    walk->depth++;
    switch (*at) {
    case '(':
        for (at++; *at != ')'; at = skip(at)) {
            walk_type(walk, at);
        }
        break;
    case '*':
        walk_list(walk, at);
        break;
    case '?':
        if (add_number(walk, LEAF_TAG, 1) == 1) {
            walk_type(walk, at + 1);
        }
        break;
    case '<':
        walk_variant(walk, at);
        break;
    case '@':
        walk_type(walk, schema_of(at[1]));
        break;
    case 'B':
    case 'c':
    case 'I':
        add(walk, (enum leaf_kind) * at, (size_t)add_number(walk, LEAF_COUNT, 4));
        break;
    default:
        add(walk, (enum leaf_kind) * at, size_of(*at));
    }
    walk->depth--;
}

void scale_leaves(struct arena *arena, uint32_t type, struct assay_bytes value, struct leaves *leaves)
{
    static const char *const schema[] = {image_schema, state_schema, cap_schema, cnode_schema, world_schema};
    size_t most = value.size < LEAVES_MAX ? value.size : LEAVES_MAX;
    *leaves = (struct leaves){.leaf = arena_list(arena, most + 1, sizeof *leaves->leaf)};
    struct walk walk = {.value = value, .leaves = leaves};
    walk_type(&walk, schema[type]);
    leaves->is_whole = !walk.failed && walk.at == value.size;
}

uint64_t leaf_read(const uint8_t *data, const struct leaf *leaf)
{
    uint64_t value = 0;
    for (size_t i = 0; i < leaf->size && i < 8; i++) {
        value |= (uint64_t)data[leaf->at + i] << (8 * i);
    }
    return value;
}

void leaf_write(uint8_t *data, const struct leaf *leaf, uint64_t value)
{
    for (size_t i = 0; i < leaf->size && i < 8; i++) {
        data[leaf->at + i] = (uint8_t)(value >> (8 * i));
    }
}
