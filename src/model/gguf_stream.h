/* A GGUF file from its beginning on to where the tensors lie, little-endian. */
#ifndef GB_MODEL_GGUF_STREAM_H
#define GB_MODEL_GGUF_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

typedef struct gb_gguf_stream {
    const gb_source *source;
    const char *path;
    gb_error *err;
    uint64_t at;           /* of the next byte */
    char *window;          /* (n) the bytes from there on, behind `used` */
    size_t room, used, n;
} gb_gguf_stream;

/* Frees the window; all else is the caller's. */
void gb_gguf_stream_close(gb_gguf_stream *s);

/* False, with the file, the place and this in s->err. */
bool gb_gguf_refuse(const gb_gguf_stream *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many bytes the file has from here on. */
uint64_t gb_gguf_left(const gb_gguf_stream *s);

/* The next n bytes, until the next call; or NULL with an error. */
const char *gb_gguf_take(gb_gguf_stream *s, uint64_t n);
/* A number; false, and 0, with an error. */
bool gb_gguf_take_u32(gb_gguf_stream *s, uint32_t *out);
bool gb_gguf_take_u64(gb_gguf_stream *s, uint64_t *out);
/* The bytes of a text with its length before it, until the next call. */
const char *gb_gguf_take_text(gb_gguf_stream *s, uint64_t *n);
/* Likewise a name, which is not empty and has no NUL; the caller frees. */
char *gb_gguf_take_name(gb_gguf_stream *s);

#endif
