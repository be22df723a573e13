/* Blocks of 100 kB, which is the least; the sizes of the input are small. */
#include "common.h"
#include <bzlib.h>

void bz_internal_error(int code);

void bz_internal_error(int code)
{
    note((uint64_t)code);
}

static void one(void)
{
    static char packed[2 * ROOM], back[ROOM];
    unsigned size = sizeof packed, back_size = sizeof back;
    make_input(1000);
    note((uint64_t)BZ2_bzBuffToBuffCompress(packed, &size, (char *)input, (unsigned)input_size, 1, 0, (int)draw(40)));
    note_bytes(packed, size);
    note((uint64_t)BZ2_bzBuffToBuffDecompress(back, &back_size, packed, size, (int)draw(2), 0));
    note_bytes(back, back_size);
    note(back_size == input_size && memcmp(back, input, input_size) == 0);
}
