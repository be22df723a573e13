/* Streams of every level and window, in pieces, and checksums. */
#include "common.h"
#include <zlib.h>

static void *take(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return calloc(count, size);
}

static void give_back(void *opaque, void *place)
{
    (void)opaque;
    free(place);
}

static size_t packed_size;
static unsigned char packed[2 * ROOM];

static void pack(int window)
{
    z_stream stream = {.zalloc = take, .zfree = give_back};
    int code = Z_OK, level = (int)draw(10), memory = 1 + (int)draw(9);
    note((uint64_t)deflateInit2(&stream, level, Z_DEFLATED, window, memory, (int)draw(5)));
    stream.next_in = input;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    for (size_t left = input_size; code == Z_OK;) {
        stream.avail_in = (unsigned)(left ? 1 + draw(left) : 0);
        left -= stream.avail_in;
        code = deflate(&stream, left ? (int)draw(4) : Z_FINISH);
        note((uint64_t)code);
    }
    packed_size = stream.total_out;
    note_bytes(packed, packed_size);
    deflateEnd(&stream);
}

static void unpack(int window)
{
    static unsigned char back[ROOM];
    z_stream stream = {.zalloc = take, .zfree = give_back};
    int code = Z_OK;
    note((uint64_t)inflateInit2(&stream, window));
    stream.next_in = packed;
    stream.next_out = back;
    stream.avail_out = sizeof back;
    for (size_t left = packed_size; code == Z_OK && left > 0;) {
        unsigned size = (unsigned)(1 + draw(left));
        stream.avail_in = size;
        code = inflate(&stream, Z_NO_FLUSH);
        note((uint64_t)code);
        left -= size - stream.avail_in;
    }
    note_bytes(back, stream.total_out);
    note(stream.total_out == input_size && memcmp(back, input, input_size) == 0);
    inflateEnd(&stream);
}

static void one(void)
{
    static const int windows[] = {15, -15, 31, 9, -12};
    int window = windows[draw(5)];
    make_input(ROOM);
    note(crc32(0, input, (unsigned)input_size));
    note(adler32(1, input, (unsigned)input_size));
    note(crc32_combine(1, 2, (long)draw(1000)));
    pack(window);
    unpack(window);
    packed[draw(packed_size)] ^= (unsigned char)draw(256);
    unpack(window);
}
