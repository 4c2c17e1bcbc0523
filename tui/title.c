#include "tui/title.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"

static bool
begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* PoCL puts its driver and the instruction set in front of a processor's
 * name: "pthread-skylake-avx512-AMD EPYC". */
static const char *
without_driver(const char *name)
{
    static const char *const drivers[] = {"pthread-", "cpu-minimal-", "cpu-",
                                          "basic-"};
    const char *p, *capital;
    size_t i;

    for (i = 0; i < GB_COUNT(drivers); i++)
        if (begins_with(name, drivers[i]))
            break;
    if (i == GB_COUNT(drivers))
        return name;
    name += strlen(drivers[i]);
    capital = name;
    while (*capital != '\0' && !isupper((unsigned char)*capital))
        capital++;
    if (*capital == '\0')
        return name;
    for (p = capital; p > name && p[-1] != '-'; p--)
        continue;
    return p;
}

static void
remove_all(char *text, const char *what)
{
    char *p;

    while ((p = strstr(text, what)) != NULL)
        memmove(p, p + strlen(what), strlen(p + strlen(what)) + 1);
}

static void
cut_at(char *text, const char *what)
{
    char *p = strstr(text, what);

    if (p != NULL && p > text)
        *p = '\0';
}

/* A word like "32-Core", "80GB" or "13th" and what follows it, or stands
 * before it. */
static char *
find_count(char *text, const char *unit)
{
    char *p = strstr(text, unit), *start = p;

    while (start != NULL && start > text &&
           isdigit((unsigned char)start[-1]))
        start--;
    return start != NULL && start < p ? start : NULL;
}

static const char *
without_maker(const char *name)
{
    static const char *const known[] = {
        "Intel Core", "Intel Xeon", "Intel Arc", "Intel Atom",
        "Intel Celeron", "Intel Pentium", "Intel Iris", "NVIDIA GeForce",
        "NVIDIA Quadro", "NVIDIA Tesla", "NVIDIA RTX", "NVIDIA TITAN",
    };
    size_t i;

    for (i = 0; i < GB_COUNT(known); i++)
        if (begins_with(name, known[i]))
            return strchr(name, ' ') + 1;
    return name;
}

static void
squeeze(char *text)
{
    char *to = text;
    const char *from;

    for (from = text; *from != '\0'; from++)
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

void
gb_title_device(gb_str *out, const char *name)
{
    static const char *const noise[] = {"(R)", "(r)", "(TM)", "(tm)", "(C)",
                                        " CPU", " Processor"};
    static const char *const ends[] = {" (", " @", " with ", " w/ ", "-PCI",
                                       "-SXM", " PCIe", " SXM"};
    char *text = gb_strdup(without_driver(name)), *p, *start = text;
    size_t i;

    for (i = 0; i < GB_COUNT(noise); i++)
        remove_all(text, noise[i]);
    for (i = 0; i < GB_COUNT(ends); i++)
        cut_at(text, ends[i]);
    if ((p = find_count(text, "-Core")) != NULL ||
        (p = find_count(text, "GB")) != NULL)
        *p = '\0';
    if ((p = find_count(text, "th Gen ")) == text)
        start += strcspn(text, " ") + strlen(" Gen ");
    if (begins_with(start, "Mesa "))
        start += strlen("Mesa ");
    squeeze(start);
    if (begins_with(start, "gfx")) {
        cut_at(start, ":");
        gb_str_puts(out, "AMD ");
    }
    gb_str_puts(out, *start != '\0' ? without_maker(start) : name);
    free(text);
}

static void
add(gb_str *out, const char *dot, const char *text)
{
    if (text == NULL)
        return;
    if (out->len > 0)
        gb_str_printf(out, " %s ", dot);
    gb_str_puts(out, text);
}

/* The text at the right: the mode, the take, the length. */
static void
make_right(gb_str *out, const gb_mirror *m, const char *dot)
{
    uint64_t n = gb_transcript_tokens(&m->transcript);
    gb_str part = GB_STR_INIT;

    if (m->mode == GB_MODE_CHAT)
        add(out, dot, "chat");
    if (m->stats.takes > 1) {
        gb_str_printf(&part, "take %" PRIu32 "/%" PRIu32, m->stats.take,
                      m->stats.takes);
        add(out, dot, part.data);
        gb_str_clear(&part);
    }
    gb_str_printf(&part, "%" PRIu64 " token%s", n, n == 1 ? "" : "s");
    if (n > 0)
        add(out, dot, part.data);
    gb_str_free(&part);
}

/* With fewer of its parts where there is less room. */
static void
make_left(gb_str *out, const gb_mirror *m, const char *dot, int parts)
{
    gb_str device = GB_STR_INIT;

    gb_str_clear(out);
    add(out, dot, m->model != NULL ? m->model : "gumbel");
    if (parts > 1)
        add(out, dot, m->dtype);
    if (parts > 1 && m->cache_type != NULL &&
        strcmp(m->cache_type, "f32") != 0) {
        add(out, dot, "cache ");
        gb_str_puts(out, m->cache_type);
    }
    if (parts > 2 && m->device != NULL) {
        gb_title_device(&device, m->device);
        add(out, dot, device.data);
    }
    gb_str_free(&device);
}

static unsigned
width_of(const gb_str *text, bool ascii)
{
    return gb_cells_width(text->data, text->len, ascii);
}

void
gb_title_put(gb_row *row, const gb_mirror *m)
{
    const char *dot = gb_row_sign(row, "·", "|");
    gb_str left = GB_STR_INIT, right = GB_STR_INIT;
    unsigned need;
    int parts;

    make_right(&right, m, dot);
    gb_str_reserve(&right, 0);
    need = width_of(&right, row->ascii) + 4;
    for (parts = 3; parts > 0; parts--) {
        make_left(&left, m, dot, parts);
        if (width_of(&left, row->ascii) + need <= row->width)
            break;
    }
    gb_row_puts(row, GB_STYLE_TITLE, " ");
    gb_row_puts(row, GB_STYLE_TITLE, left.data);
    if (right.len > 0 && row->used + need - 2 <= row->width) {
        gb_row_pad(row, row->width + 3 - need);
        gb_row_puts(row, GB_STYLE_FAINT, right.data);
    }
    gb_str_free(&left);
    gb_str_free(&right);
}
