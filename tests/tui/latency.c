/* How long a key takes to the screen while the model writes at full speed,
 * measured from outside: a terminal types and looks. A person runs this; it
 * is no test, since times are not to be asserted.
 *
 * Usage: latency PROGRAM [KEYS] */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static bool
shows(play *p, const char *text)
{
    int row;

    for (row = 0; row < play_height(p); row++)
        if (strstr(play_row(p, row), text) != NULL)
            return true;
    return false;
}

static void
wait_for(play *p, const char *text)
{
    double end = now_ms() + 60000;

    while (!shows(p, text) && now_ms() < end)
        play_pump(p, 20);
    if (!shows(p, text)) {
        fprintf(stderr, "never showed \"%s\"\n", text);
        exit(1);
    }
}

/* Types the character behind `before` and waits until the edit line, which
 * is the last row but one, ends with it. */
static double
one_key(play *p, char *line, size_t n, char c)
{
    double start;

    line[n] = c;
    line[n + 1] = '\0';
    start = now_ms();
    play_type(p, &c, 1);
    while (strcmp(play_row(p, play_height(p) - 2), line) != 0)
        play_pump(p, 1);
    return now_ms() - start;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
    static char no_session[] = "--no-session", tokens[] = "-n100000000",
                ignore_eos[] = "--ignore-eos";
    char *args[] = {argc > 1 ? argv[1] : NULL, no_session, tokens, ignore_eos,
                    NULL};
    size_t keys = argc > 2 ? strtoul(argv[2], NULL, 10) : 500, i;
    double *ms = calloc(keys, sizeof *ms);
    char line[128] = "> ";
    play *p;

    if (argc < 2 || keys < 1) {
        fprintf(stderr, "usage: latency PROGRAM [KEYS]\n");
        return 2;
    }
    setenv("TERM", "xterm-256color", 1);
    p = play_start(args, 100, 30);
    wait_for(p, "idle");
    play_type(p, "Once upon a time\r", 17);
    wait_for(p, "writing");
    for (i = 0; i < keys; i++) {
        if (i > 0 && i % 50 == 0)
            play_type(p, "\025", 1);
        ms[i] = one_key(p, line, 2 + i % 50, (char)('a' + i % 26));
        /* Keys come at any moment between two frames. */
        play_pump(p, 1 + (int)(i * 7 % 23));
    }
    printf("%s\n", play_row(p, play_height(p) - 3));
    qsort(ms, keys, sizeof *ms, compare);
    printf("%zu keys: median %.1f ms, 99 %% within %.1f ms, longest %.1f "
           "ms\n", keys, ms[keys / 2], ms[keys * 99 / 100], ms[keys - 1]);
    play_end(p);
    free(ms);
    return 0;
}
