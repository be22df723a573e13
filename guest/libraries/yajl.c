/* Every event of the parser, fed in pieces, is handed to the generator; the tree of the same text. */
#include "json.h"
#include <api/yajl_gen.h>
#include <api/yajl_parse.h>
#include <api/yajl_tree.h>

static yajl_gen generator;

static int seen(yajl_gen_status status)
{
    note((uint64_t)status);
    return 1;
}

static int null(void *context)
{
    (void)context;
    return seen(yajl_gen_null(generator));
}

static int boolean(void *context, int value)
{
    (void)context;
    return seen(yajl_gen_bool(generator, value));
}

static int integer(void *context, long long value)
{
    (void)context;
    note((uint64_t)value);
    return seen(yajl_gen_integer(generator, value));
}

static int real(void *context, double value)
{
    (void)context;
    note_double(value);
    return seen(yajl_gen_double(generator, value));
}

static int string(void *context, const unsigned char *text, size_t size)
{
    (void)context;
    note_bytes(text, size);
    return seen(yajl_gen_string(generator, text, size));
}

static int start_map(void *context)
{
    (void)context;
    return seen(yajl_gen_map_open(generator));
}

static int end_map(void *context)
{
    (void)context;
    return seen(yajl_gen_map_close(generator));
}

static int start_array(void *context)
{
    (void)context;
    return seen(yajl_gen_array_open(generator));
}

static int end_array(void *context)
{
    (void)context;
    return seen(yajl_gen_array_close(generator));
}

static void tree(void)
{
    char error[200] = "";
    yajl_val root = yajl_tree_parse((const char *)input, error, sizeof error);
    note(root == NULL);
    note_bytes(error, strlen(error));
    if (root != NULL && YAJL_IS_OBJECT(root) && root->u.object.len > 0) {
        const char *path[] = {root->u.object.keys[0], NULL};
        yajl_val value = yajl_tree_get(root, path, yajl_t_number);
        note(value == NULL);
        if (value != NULL)
            note_double(value->u.number.d);
    }
    yajl_tree_free(root);
}

static void one(void)
{
    static const yajl_callbacks callbacks = {null,      boolean, integer, real,        NULL,     string,
                                             start_map, string,  end_map, start_array, end_array};
    yajl_handle parser = yajl_alloc(&callbacks, NULL, NULL);
    const unsigned char *text;
    unsigned char *error;
    yajl_status status = yajl_status_ok;
    size_t size;
    generator = yajl_gen_alloc(NULL);
    yajl_gen_config(generator, yajl_gen_beautify, (int)draw(2));
    yajl_gen_config(generator, yajl_gen_escape_solidus, (int)draw(2));
    yajl_config(parser, yajl_allow_comments, (int)draw(2));
    yajl_config(parser, yajl_dont_validate_strings, (int)draw(2));
    make_json();
    for (size_t at = 0; at < input_size && status == yajl_status_ok; at += size) {
        size = 1 + draw(input_size - at);
        status = yajl_parse(parser, input + at, size);
        note((uint64_t)status);
        note(yajl_get_bytes_consumed(parser));
    }
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser);
    note((uint64_t)status);
    error = yajl_get_error(parser, 1, input, input_size);
    note_bytes(error, strlen((char *)error));
    yajl_free_error(parser, error);
    note((uint64_t)yajl_gen_get_buf(generator, &text, &size));
    note_bytes(text, size);
    yajl_gen_free(generator);
    yajl_free(parser);
    tree();
}
