/* What every answer of `serve` is put together with. */
#include "serve.h"

#include <string.h>

void server_error(struct server *server, const char *kind, const char *message)
{
    text_clear(&server->reply);
    text_format(&server->reply, "{\"error\": {\"kind\": \"%s\", \"message\": ", kind);
    text_string(&server->reply, message);
    if (strcmp(kind, "protocol") == 0) {
        text_format(&server->reply, ", \"offset\": %zu", server->error.offset);
    }
    text_raw(&server->reply, "}}");
}

void server_result(struct server *server, int result, const char *refusal)
{
    const char *trouble = engine_trouble(server->engine);
    switch (result) {
    case ASSAY_ERROR_ARGUMENT:
        server_error(server, "refused", refusal);
        break;
    case ASSAY_ERROR_UNSUPPORTED:
        server_error(server, "unsupported", engine_error_name(result));
        break;
    default:
        server_error(server, "host", trouble != NULL ? trouble : engine_error_name(result));
        break;
    }
}

bool server_lacks(struct server *server, int result, const void *given)
{
    bool lacks = result == 0 && given == NULL;
    if (lacks) {
        server_error(server, "host", "the engine says that it is done, and gives nothing to go on with");
    }
    return lacks;
}

bool server_members(struct server *server, const cJSON *request, const struct json_key *key, size_t key_count,
                    const cJSON **found)
{
    return json_read_object(&server->reader, request, key, key_count, found);
}

void server_done(struct server *server)
{
    text_raw(&server->reply, "{\"ok\": {}}");
}

bool server_newer_member(struct server *server, const cJSON *item)
{
    if (item != NULL && server->protocol == PROTOCOL_OLDEST) {
        json_reject(&server->reader, item, "unknown key \"%.60s\"; protocol 2 has it, say hello in that", item->string);
    }
    return item != NULL;
}
