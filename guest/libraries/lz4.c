/* Blocks, small and high compression, whole and cut off. */
#include "common.h"
#include <lz4.h>
#include <lz4hc.h>

static void one(void)
{
    static char packed[2 * ROOM], back[ROOM];
    int size, level = (int)draw(4);
    make_input(ROOM);
    if (level == 0)
        size = LZ4_compress_HC((const char *)input, packed, (int)input_size, sizeof packed, 4);
    else
        size = LZ4_compress_fast((const char *)input, packed, (int)input_size, sizeof packed, level);
    note_bytes(packed, (size_t)size);
    size = LZ4_decompress_safe(packed, back, size, ROOM);
    note_bytes(back, (size_t)size);
    note(memcmp(back, input, input_size) == 0);
    packed[draw(30)] ^= (char)draw(256); /* what is damaged is refused, or is something else */
    size = LZ4_decompress_safe(packed, back, (int)draw(100), ROOM);
    note_bytes(back, size > 0 ? (size_t)size : 0);
}
