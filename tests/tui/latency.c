#include "tests/tui/latency.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/tui/checks.h"

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Characters that no model writes by itself: the circled numbers. */
static bool
measure_one(stage *t, int i, double *ms, gb_error *err)
{
    char text[5] = "", *words[] = {text, NULL};
    double start, deadline;

    text[gb_utf8_put(0x2460u + (uint32_t)(i % 20), text)] = '\0';
    start = gb_now_ms();
    deadline = start + t->timeout_ms;
    gb_str_puts(screen_typed(t->screen), text);
    stage_pump(t, 0);
    while (!check_shown(t, words, err)) {
        stage_pump(t, 1);
        if (t->pty.ended || gb_now_ms() > deadline)
            return false;
    }
    *ms = gb_now_ms() - start;
    return true;
}

/* Lets the program run for some time, not the same each time. */
static void
linger(stage *t, int i)
{
    double end = gb_now_ms() + 20 + i * 7 % 31;

    while (gb_now_ms() < end)
        stage_pump(t, 1);
}

bool
latency_measure(stage *t, int n, gb_error *err)
{
    double *ms = gb_alloc_array((size_t)n + 1, sizeof(*ms));
    char last[] = "\xe2\x91\xa0", *words[] = {last, NULL};
    bool ok = true;
    int i;

    for (i = 0; i < n && ok; i++) {
        if (i > 0 && i % 20 == 0) {
            gb_str_puts(screen_typed(t->screen), "\025"); /* C-u */
            ok = stage_wait(t, check_gone, words, err);
        }
        ok = ok && measure_one(t, i, &ms[i], err);
        linger(t, i);
    }
    if (ok && n > 0) {
        qsort(ms, (size_t)n, sizeof(*ms), by_size);
        printf("# %d keys: median %.1f ms, 95%% within %.1f ms, all within "
               "%.1f ms\n", n, ms[n / 2], ms[n * 95 / 100], ms[n - 1]);
    }
    free(ms);
    return ok;
}
