#include "tui/session_rows.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

/* Days since some day, in local time. */
static long
day_of(const struct tm *t)
{
    struct tm noon = {.tm_year = t->tm_year, .tm_mon = t->tm_mon,
                      .tm_mday = t->tm_mday, .tm_hour = 12};

    return (long)(timegm(&noon) / 86400);
}

void
gb_session_date(gb_str *out, double when, double now)
{
    /* Not the locale's: the interface speaks English. */
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t then_s = (time_t)when, now_s = (time_t)now;
    struct tm then, today;
    long days;

    if (localtime_r(&then_s, &then) == NULL ||
        localtime_r(&now_s, &today) == NULL)
        return;
    days = day_of(&today) - day_of(&then);
    if (days == 0)
        gb_str_printf(out, "today %02d:%02d", then.tm_hour, then.tm_min);
    else if (days == 1)
        gb_str_puts(out, "yesterday");
    else if (then.tm_year == today.tm_year)
        gb_str_printf(out, "%d %s", then.tm_mday, months[then.tm_mon]);
    else
        gb_str_printf(out, "%d %s %d", then.tm_mday, months[then.tm_mon],
                      then.tm_year + 1900);
}

enum { DATE = 12, MODEL = 12, MODEL_FROM = 60, TAKES_FROM = 66 }; /* columns */

static const char *
name_of(const gb_listed *l)
{
    const char *slash = strrchr(l->path, '/');

    return slash != NULL ? slash + 1 : l->path;
}

void
gb_session_row_put(gb_row *row, const gb_listed *l, double now, bool open)
{
    gb_str date = GB_STR_INIT;

    gb_session_date(&date, l->changed, now);
    gb_row_puts(row, GB_STYLE_WARN, !open ? "  "
                                          : gb_row_sign(row, "◉ ", "@ "));
    gb_row_field(row, GB_STYLE_PLAIN, gb_str_cstr(&date), DATE);
    gb_str_free(&date);
    if (l->date == NULL || l->date[0] == '\0') {
        gb_row_printf(row, GB_STYLE_FAINT, "  cannot be read: %s",
                      name_of(l));
        return;
    }
    gb_row_puts(row, GB_STYLE_PLAIN, "  ");
    if (row->width >= MODEL_FROM)
        gb_row_field(row, GB_STYLE_FAINT, l->model, MODEL);
    gb_row_printf(row, GB_STYLE_FAINT, "%6" PRIu64 " token%s  ", l->tokens,
                  l->tokens == 1 ? " " : "s");
    if (row->width >= TAKES_FROM && l->takes > 0)
        gb_row_printf(row, GB_STYLE_FAINT, "%4" PRIu32 " take%s  ", l->takes,
                      l->takes == 1 ? " " : "s");
    else if (row->width >= TAKES_FROM)
        gb_row_printf(row, GB_STYLE_FAINT, "%12s", "");
    gb_row_puts(row, GB_STYLE_USER, l->words);
}

static void
tell(gb_str *out, const char *name, const char *value)
{
    gb_str_printf(out, "%-8s ", name);
    gb_utf8_visible(out, value, strlen(value), false);
    gb_str_putc(out, '\n');
}

void
gb_session_tell(gb_str *out, const gb_listed *l)
{
    tell(out, "file", name_of(l));
    if (l->date == NULL || l->date[0] == '\0')
        return;
    tell(out, "begun", l->date);
    tell(out, "model", l->model);
    gb_str_putc(out, '\n');
    if (l->n_story == 0)
        gb_utf8_visible(out, l->text, strlen(l->text), true);
}
