/* Requests and answers, some damaged, fed in pieces; every callback is noted. */
#include "common.h"
#include <http_parser.h>

static int event(http_parser *parser)
{
    note(parser->state * 3u + parser->method + parser->status_code);
    return 0;
}

static int bytes(http_parser *parser, const char *at, size_t size)
{
    note(parser->http_major * 16u + parser->http_minor);
    note_bytes(at, size);
    return 0;
}

static void add(const char *text)
{
    size_t size = strlen(text);
    if (input_size + size < sizeof input) {
        memcpy(input + input_size, text, size);
        input_size += size;
    }
}

static void message(void)
{
    static const char *const starts[] = {"GET / HTTP/1.1\r\n",       "POST /a?b=c#d HTTP/1.0\r\n",
                                         "HTTP/1.1 200 OK\r\n",      "CONNECT host:443 HTTP/1.1\r\n",
                                         "HTTP/1.0 404 Not Found\n", "PUT ftp://user@host:80/p/q HTTP/1.1\r\n",
                                         "BREW / HTTP/1.1\r\n"};
    static const char *const fields[] = {
        "Host: a.example\r\n",    "Content-Length: 5\r\n", "Connection: close\r\n",          "X-Long: a\r\n b\r\n",
        "Upgrade: websocket\r\n", "Cookie: a=b; c=d\n",    "Transfer-Encoding: chunked\r\n", "Bad Name: x\r\n"};
    static const char *const bodies[] = {"hello", "3\r\nabc\r\n0\r\n\r\n", "", "5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n"};
    add(starts[draw(7)]);
    for (uint64_t n = draw(5); n > 0; n--)
        add(fields[draw(draw(6) ? 7 : 8)]);
    add("\r\n");
    add(bodies[draw(4)]);
}

static void one(void)
{
    http_parser parser;
    http_parser_settings settings = {
        .on_message_begin = event,
        .on_url = bytes,
        .on_status = bytes,
        .on_header_field = bytes,
        .on_header_value = bytes,
        .on_headers_complete = event,
        .on_body = bytes,
        .on_message_complete = event,
        .on_chunk_header = event,
        .on_chunk_complete = event,
    };
    struct http_parser_url url;
    input_size = 0;
    for (uint64_t n = 1 + draw(3); n > 0; n--)
        message();
    if (draw(3) == 0)
        input[draw(input_size)] ^= (unsigned char)(1 << draw(8));
    http_parser_init(&parser, HTTP_BOTH);
    for (size_t at = 0; at < input_size;) {
        size_t size = 1 + draw(input_size - at);
        size_t taken = http_parser_execute(&parser, &settings, (const char *)input + at, size);
        note(taken);
        at += taken;
        if (taken < size || parser.upgrade)
            break;
    }
    note(parser.http_errno);
    note_bytes(http_errno_name((enum http_errno)parser.http_errno), 5);
    http_parser_url_init(&url);
    input_size = draw(input_size);
    note((uint64_t)http_parser_parse_url((const char *)input, input_size, (int)draw(2), &url));
    note(url.field_set * 65536u + url.port);
}
