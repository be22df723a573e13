/* list: which cases stand in vector files, and where; reads them as strictly as replay. */
#include "native.h"
#include "vector.h"

struct list {
    struct text text;
    uint64_t readable, invalid;
};

static bool visit(void *context, const struct vector_item *item)
{
    struct list *list = context;
    struct text *text = &list->text;
    text_clear(text);
    text_raw(text, "{\"case\": ");
    if (item->id == NULL) {
        text_raw(text, "null");
    } else {
        text_string(text, item->id);
    }
    text_raw(text, ", \"file\": ");
    text_string(text, item->file);
    text_format(text, ", \"index\": %zu", item->index);
    if (item->is_readable) {
        text_format(text, ", \"level\": \"%s\", \"start\": %zu, \"end\": %zu}", vector_level(item), item->start,
                    item->end);
        list->readable++;
    } else {
        text_format(text, ", \"verdict\": \"invalid\", \"offset\": %zu, \"message\": ", item->error.offset);
        text_string(text, item->error.message);
        text_raw(text, "}");
        list->invalid++;
    }
    text_line(text);
    return true;
}

static int run(int argument_count, char **arguments)
{
    struct list list = {0};
    int left = options_read(&command_list, NULL, 0, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (left == 0) {
        complain("list: no file named; see assay-native list --help");
        return CODE_USAGE;
    }
    vector_walk(arguments, (size_t)left, visit, &list);
    text_free(&list.text);
    return list.invalid > 0 ? CODE_VECTORS : list.readable == 0 ? CODE_NOTHING : CODE_AGREED;
}

const struct command command_list = {
    .name = "list",
    .arguments = "FILE...",
    .summary = "say which cases stand in vector files",
    .help = "Prints one JSON line a case, {\"case\": id, \"file\", \"index\", \"level\", \"start\",\n"
            "\"end\"}: the case's text is the bytes [start, end) of the file. What cannot be read has a\n"
            "\"verdict\" of \"invalid\", an \"offset\" and a \"message\" instead.\n\n"
            "Exit code: 0 all readable, 2 usage, 3 something is not, 5 there is no case.",
    .run = run,
};
