#include "base/utf8.h"

#include "base/mem.h"

size_t
gb_utf8_next(const char *text, size_t n, uint32_t *rune, bool *valid)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    size_t length, i;
    uint32_t r;

    *valid = true;
    if (s[0] < 0x80) {
        *rune = s[0];
        return 1;
    }
    *rune = GB_REPLACEMENT;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        length = 2;
        r = s[0] & 0x1fu;
    } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        length = 3;
        r = s[0] & 0x0fu;
        low = s[0] == 0xe0 ? 0xa0 : 0x80;
        high = s[0] == 0xed ? 0x9f : 0xbf;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        length = 4;
        r = s[0] & 0x07u;
        low = s[0] == 0xf0 ? 0x90 : 0x80;
        high = s[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        *valid = false;
        return 1;
    }
    for (i = 1; i < length; i++) {
        if (i == n)
            return 0;
        if (s[i] < low || s[i] > high) {
            *valid = false;
            return i;
        }
        r = r << 6 | (s[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *rune = r;
    return length;
}

size_t
gb_utf8_put(uint32_t r, char out[4])
{
    if (r < 0x80) {
        out[0] = (char)r;
        return 1;
    }
    if (r < 0x800) {
        out[0] = (char)(0xc0 | r >> 6);
        out[1] = (char)(0x80 | (r & 0x3f));
        return 2;
    }
    if (r < 0x10000) {
        out[0] = (char)(0xe0 | r >> 12);
        out[1] = (char)(0x80 | (r >> 6 & 0x3f));
        out[2] = (char)(0x80 | (r & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | r >> 18);
    out[1] = (char)(0x80 | (r >> 12 & 0x3f));
    out[2] = (char)(0x80 | (r >> 6 & 0x3f));
    out[3] = (char)(0x80 | (r & 0x3f));
    return 4;
}

size_t
gb_utf8_clean(gb_str *out, const char *s, size_t n, bool end)
{
    size_t at = 0, length;
    uint32_t rune;
    bool valid;

    while (at < n) {
        length = gb_utf8_next(s + at, n - at, &rune, &valid);
        if (length == 0) {
            if (end)
                gb_str_puts(out, "\xef\xbf\xbd");
            return end ? n : at;
        }
        if (valid)
            gb_str_append(out, s + at, length);
        else
            gb_str_puts(out, "\xef\xbf\xbd");
        at += length;
    }
    return at;
}

bool
gb_utf8_is_hidden(uint32_t r)
{
    static const struct {
        uint32_t first, last;
    } table[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x034f, 0x034f},
        {0x061c, 0x061c},   {0x180e, 0x180e},   {0x200b, 0x200b},
        {0x200e, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
        {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
        {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
    };
    size_t i;

    for (i = 0; i < GB_COUNT(table) && r >= table[i].first; i++)
        if (r <= table[i].last)
            return true;
    return false;
}

void
gb_utf8_visible(gb_str *out, const char *s, size_t n, bool keep_newlines)
{
    size_t at = 0, length;
    uint32_t rune;
    bool valid;

    for (; at < n; at += length) {
        length = gb_utf8_next(s + at, n - at, &rune, &valid);
        if (length == 0) {
            gb_str_puts(out, "\xef\xbf\xbd");
            return;
        }
        if (!valid)
            gb_str_puts(out, "\xef\xbf\xbd");
        else if (!gb_utf8_is_hidden(rune) ||
                 (keep_newlines && (rune == '\n' || rune == '\t')))
            gb_str_append(out, s + at, length);
        else if (rune < 0x20)
            gb_str_printf(out, "^%c", (char)(rune + '@'));
        else if (rune == 0x7f)
            gb_str_puts(out, "^?");
        else
            gb_str_printf(out, "\\u{%x}", (unsigned)rune);
    }
}

/* A character outside the first 65,536 takes two. */
static void
put_escape(gb_str *out, uint32_t rune)
{
    if (rune >= 0x10000) {
        rune -= 0x10000;
        gb_str_printf(out, "\\u%04x", (unsigned)(0xd800 | rune >> 10));
        rune = 0xdc00 | (rune & 0x3ff);
    }
    gb_str_printf(out, "\\u%04x", (unsigned)rune);
}

void
gb_utf8_escape(gb_str *out, const char *json, size_t n)
{
    size_t at = 0, length;
    uint32_t rune;
    bool valid;

    for (; at < n; at += length) {
        length = gb_utf8_next(json + at, n - at, &rune, &valid);
        if (length == 0)
            length = n - at;
        if (valid && rune >= 0x7f && gb_utf8_is_hidden(rune))
            put_escape(out, rune);
        else
            gb_str_append(out, json + at, length);
    }
}

void
gb_utf8_quote(gb_str *out, const char *s, size_t n)
{
    gb_str_putc(out, '"');
    gb_utf8_visible(out, s, n, false);
    gb_str_putc(out, '"');
}

void
gb_utf8_line(gb_str *out, const char *s, size_t n, size_t limit)
{
    size_t i = out->len;

    gb_utf8_clean(out, s, n < limit ? n : limit, false);
    for (; i < out->len; i++)
        if (out->data[i] == '\n' || out->data[i] == '\t')
            out->data[i] = ' ';
    if (n > limit)
        gb_str_puts(out, "...");
}
