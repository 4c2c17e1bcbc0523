#include "cmd/npy.h"

#include <stdint.h>
#include <string.h>

enum { PREFIX = 10, ALIGN = 64 };

static void
append_little_endian(gb_str *out, const float *x, size_t n)
{
    unsigned char bytes[4];
    uint32_t bits;
    size_t i;

    gb_str_reserve(out, n * sizeof bytes);
    for (i = 0; i < n; i++) {
        memcpy(&bits, &x[i], sizeof bits);
        bytes[0] = (unsigned char)bits;
        bytes[1] = (unsigned char)(bits >> 8);
        bytes[2] = (unsigned char)(bits >> 16);
        bytes[3] = (unsigned char)(bits >> 24);
        gb_str_append(out, bytes, sizeof bytes);
    }
}

void
gb_npy_vector(gb_str *out, const float *x, size_t n)
{
    gb_str header = GB_STR_INIT;

    gb_str_printf(&header, "{'descr': '<f4', 'fortran_order': False, "
                  "'shape': (%zu,), }", n);
    /* Magic, version, length and header fill whole blocks of 64 bytes; the
     * header ends with a line end. */
    while ((PREFIX + header.len + 1) % ALIGN != 0)
        gb_str_putc(&header, ' ');
    gb_str_putc(&header, '\n');
    gb_str_append(out, "\x93NUMPY\x01\x00", 8);
    gb_str_putc(out, (char)(header.len & 0xff));
    gb_str_putc(out, (char)(header.len >> 8));
    gb_str_append(out, header.data, header.len);
    append_little_endian(out, x, n);
    gb_str_free(&header);
}
