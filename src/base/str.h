/* A byte string that grows. Bytes may be anything; data is always followed
 * by a NUL that does not count. */
#ifndef GB_BASE_STR_H
#define GB_BASE_STR_H

#include <stddef.h>

typedef struct gb_str {
    char *data; /* never NULL after the first append or gb_str_cstr */
    size_t len;
    size_t capacity;
} gb_str;

#define GB_STR_INIT {NULL, 0, 0}

void gb_str_free(gb_str *s);
void gb_str_clear(gb_str *s);
void gb_str_reserve(gb_str *s, size_t more);
void gb_str_append(gb_str *s, const void *bytes, size_t n);
void gb_str_puts(gb_str *s, const char *text);
void gb_str_putc(gb_str *s, char c);
void gb_str_printf(gb_str *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the first n bytes. */
void gb_str_drop(gb_str *s, size_t n);
/* The bytes, "" when there are none. Owned by s. */
const char *gb_str_cstr(const gb_str *s);
/* Hands the bytes over; the caller frees them. s is empty afterwards. */
char *gb_str_take(gb_str *s);

#endif
