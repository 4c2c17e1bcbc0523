#include "tests/tui/commands.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/tui/checks.h"
#include "tests/tui/keys.h"
#include "tests/tui/latency.h"
#include "tests/tui/storm.h"
#include "tests/tui/svg.h"
#include "tests/tui/tour.h"

static bool
do_need(stage *t, char **words, gb_error *err)
{
    gb_str out = GB_STR_INIT;

    (void)err;
    t->skipped = stage_shell(t, words[0], &out) != 0;
    gb_str_free(&out);
    return true;
}

static bool
do_size(stage *t, char **words, gb_error *err)
{
    t->columns = atoi(words[0]);
    t->rows = atoi(words[1]);
    if (t->columns > 0 && t->rows > 0)
        return true;
    return gb_fail_usage(err, "a size is two numbers");
}

static bool
do_env(stage *t, char **words, gb_error *err)
{
    char *value = strchr(words[0], '=');

    if (value == NULL) {
        unsetenv(words[0]);
    } else {
        *value++ = '\0';
        setenv(words[0], value, 1);
    }
    t->term = getenv("TERM");
    return t->term != NULL || gb_fail_usage(err, "TERM is needed");
}

static bool
do_timeout(stage *t, char **words, gb_error *err)
{
    t->timeout_ms = atof(words[0]) * 1000;
    return t->timeout_ms > 0 || gb_fail_usage(err, "this is no time");
}

static bool
do_run(stage *t, char **words, gb_error *err)
{
    return stage_run(t, words[0], err);
}

static bool
do_type(stage *t, char **words, gb_error *err)
{
    (void)err;
    gb_str_puts(screen_typed(t->screen), words[0]);
    stage_pump(t, 0);
    return true;
}

static bool
do_keys(stage *t, char **words, gb_error *err)
{
    for (; *words != NULL; words++)
        if (!keys_type(t->screen, *words, t->term, err))
            return false;
    stage_pump(t, 0);
    return true;
}

static bool
do_press(stage *t, char **words, gb_error *err)
{
    bool ok = keys_press(t->screen, words[0], t->term, err);

    stage_pump(t, 0);
    return ok;
}

static bool
do_paste(stage *t, char **words, gb_error *err)
{
    (void)err;
    screen_paste(t->screen, words[0], strlen(words[0]));
    stage_pump(t, 0);
    return true;
}

static bool
do_pasterepeat(stage *t, char **words, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    unsigned long n = strtoul(words[0], NULL, 10);

    (void)err;
    while (n-- > 0)
        gb_str_puts(&text, words[1]);
    screen_paste(t->screen, gb_str_cstr(&text), text.len);
    gb_str_free(&text);
    stage_pump(t, 0);
    return true;
}

static bool
do_mouse(stage *t, char **words, gb_error *err)
{
    static const char *const names[] = {
        "click", "middle", "right", "wheel-up", "wheel-down",
    };
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++) {
        if (strcmp(words[0], names[i]) == 0) {
            screen_click(t->screen, (int)i + 1, atoi(words[1]),
                         atoi(words[2]));
            stage_pump(t, 0);
            return true;
        }
    }
    return gb_fail_usage(err, "the mouse cannot \"%s\"", words[0]);
}

static bool
do_resize(stage *t, char **words, gb_error *err)
{
    if (!do_size(t, words, err))
        return false;
    screen_resize(t->screen, t->rows, t->columns);
    pty_resize(&t->pty, t->rows, t->columns);
    stage_pump(t, 0);
    return true;
}

/* 0 when no signal is called so. */
static int
signal_number(const char *name)
{
    const char *known;
    int number;

    for (number = 1; number < NSIG; number++) {
        known = sigabbrev_np(number);
        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static bool
do_signal(stage *t, char **words, gb_error *err)
{
    int number = signal_number(words[0]);

    if (number == 0)
        return gb_fail_usage(err, "no signal is called \"%s\"", words[0]);
    return pty_signal(&t->pty, number) ||
        gb_fail(err, "the program has ended already");
}

static bool
do_hangup(stage *t, char **words, gb_error *err)
{
    (void)words;
    (void)err;
    pty_hang_up(&t->pty);
    return true;
}

/* Whether the program would catch a signal that came now, and has dealt with
 * the one before. */
static bool
catches(pid_t pid, int number)
{
    unsigned long long bit = 1ULL << (number - 1), mask;
    bool caught = false, pending = true;
    char path[64], line[128];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "ShdPnd: %llx", &mask) == 1)
            pending = (mask & bit) != 0;
        else if (sscanf(line, "SigCgt: %llx", &mask) == 1)
            caught = (mask & bit) != 0;
    }
    if (file != NULL)
        fclose(file);
    return caught && !pending;
}

/* LLVM, with which PoCL compiles, swallows the first SIGSEGV that is sent, and
 * one that came while it does so would end the program at once; one that the
 * program itself causes comes again when LLVM is done. */
static bool
check_crashed(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    if (!t->pty.ended && catches(t->pty.pid, SIGSEGV))
        pty_signal(&t->pty, SIGSEGV);
    return t->pty.ended || gb_fail(err, "it survives its crash");
}

static bool
check_modes(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    if (!pty_modes_restored(&t->pty))
        return gb_fail(err, "the terminal's modes are not those from before");
    return screen_restored(t->screen, err);
}

static bool
do_exit(stage *t, char **words, gb_error *err)
{
    int status, wanted = signal_number(words[0]);
    bool ok;

    if (!stage_wait_end(t, err))
        return false;
    status = t->pty.status;
    ok = wanted > 0 ? WIFSIGNALED(status) && WTERMSIG(status) == wanted
        : WIFEXITED(status) && WEXITSTATUS(status) == atoi(words[0]);
    if (!ok && WIFSIGNALED(status))
        return gb_fail(err, "it was killed by SIG%s",
                       sigabbrev_np(WTERMSIG(status)));
    if (!ok)
        return gb_fail(err, "it ended with status %d", WEXITSTATUS(status));
    return wanted == SIGKILL || t->pty.fd < 0 || check_modes(t, NULL, err);
}

static bool
do_shell(stage *t, char **words, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    int status = stage_shell(t, words[0], &out);

    if (status != 0)
        gb_fail(err, "it ended with status %d: %.800s", status,
                gb_str_cstr(&out));
    gb_str_free(&out);
    return status == 0;
}

static bool
check_shell(stage *t, void *arg, gb_error *err)
{
    return do_shell(t, arg, err);
}

static bool
do_absent(stage *t, char **words, gb_error *err)
{
    return check_gone(t, words, err);
}

static bool
do_keep(stage *t, char **words, gb_error *err)
{
    (void)err;
    free(t->kept);
    t->kept_first = words[0] != NULL ? atoi(words[0]) : 1;
    t->kept_last = words[0] != NULL ? atoi(words[1]) : -1;
    t->kept = rows_text(t, t->kept_first, t->kept_last);
    return true;
}

static bool
do_quiet(stage *t, char **words, gb_error *err)
{
    double deadline = gb_now_ms() + t->timeout_ms;
    double last = gb_now_ms();

    while (gb_now_ms() < last + atoi(words[0])) {
        if (stage_pump(t, 10) > 0)
            last = gb_now_ms();
        if (last > deadline)
            return gb_fail(err, "the program goes on printing");
    }
    return true;
}

static bool
do_latency(stage *t, char **words, gb_error *err)
{
    return latency_measure(t, atoi(words[0]), err);
}

static bool
do_storm(stage *t, char **words, gb_error *err)
{
    return storm(t, strtoull(words[0], NULL, 10), atoi(words[1]), err);
}

static bool
do_tour(stage *t, char **words, gb_error *err)
{
    return tour(t, words[0], words[1], words[2], err);
}

static bool
do_calm(stage *t, char **words, gb_error *err)
{
    (void)words;
    return calm(t, err);
}

static bool
do_snapshot(stage *t, char **words, gb_error *err)
{
    return svg_write(t->screen, t->pictures, words[0], err);
}

static bool
do_film(stage *t, char **words, gb_error *err)
{
    if (t->film != NULL)
        return gb_fail_usage(err, "a film is being taken already");
    t->film = film_new();
    t->film_name = gb_strdup(words[0]);
    film_frame(t->film, t->screen, gb_now_ms());
    return true;
}

static bool
do_cut(stage *t, char **words, gb_error *err)
{
    bool ok;

    (void)words;
    if (t->film == NULL)
        return gb_fail_usage(err, "no film is being taken");
    film_frame(t->film, t->screen, gb_now_ms());
    ok = film_write(t->film, t->screen, t->pictures, t->film_name, err);
    film_free(t->film);
    free(t->film_name);
    t->film = NULL;
    t->film_name = NULL;
    return ok;
}

/* How long a person takes from key to key. */
#define KEY_MS 70

static bool
do_slowly(stage *t, char **words, gb_error *err)
{
    const char *at = words[0];
    double until;

    (void)err;
    for (; *at != '\0'; at++) {
        gb_str_putc(screen_typed(t->screen), *at);
        until = gb_now_ms() + KEY_MS;
        while (gb_now_ms() < until)
            stage_pump(t, 10);
    }
    return true;
}

static bool
do_dump(stage *t, char **words, gb_error *err)
{
    (void)words;
    (void)err;
    stage_dump(t);
    return true;
}

#define RAW "RAW..."

const command commands[] = {
    {"need", RAW, 1, 1, do_need, NULL,
     "skip the test unless this shell command succeeds"},
    {"size", "COLUMNS ROWS", 2, 2, do_size, NULL,
     "the terminal's size when the program starts (80 24)"},
    {"env", RAW, 1, 1, do_env, NULL,
     "NAME=VALUE for what is run from here; NAME alone unsets it"},
    {"timeout", "SECONDS", 1, 1, do_timeout, NULL,
     "how long to wait for anything (60)"},
    {"run", RAW, 1, 1, do_run, NULL,
     "start a program in a new terminal; the shell's words and redirections"},
    {"shell", RAW, 1, 1, do_shell, NULL,
     "run a command beside the program; it must succeed"},
    {"until", RAW, 1, 1, NULL, check_shell,
     "run a command again and again until it succeeds"},
    {"keys", "NAME...", 1, COMMAND_MAX_WORDS, do_keys, NULL,
     "press keys: Enter Esc Tab Up F1 C-c M-Enter S-F3 C-Home x ..."},
    {"press", RAW, 1, 1, do_press, NULL,
     "type a text with keys in it: hello<Enter><C-c>"},
    {"type", "TEXT", 1, 1, do_type, NULL, "type a text"},
    {"paste", "TEXT", 1, 1, do_paste, NULL,
     "paste a text, bracketed if the program wants that"},
    {"pasterepeat", "N TEXT", 2, 2, do_pasterepeat, NULL,
     "paste a text N times over, at once"},
    {"mouse", "WHAT ROW COLUMN", 3, 3, do_mouse, NULL,
     "click, middle, right, wheel-up, wheel-down"},
    {"resize", "COLUMNS ROWS", 2, 2, do_resize, NULL,
     "change the terminal's size"},
    {"storm", "SEED N", 2, 2, do_storm, NULL,
     "press N keys and change the size, by chance and faster than anybody"},
    {"tour", "KEY SIZE TEXT", 3, 3, do_tour, NULL,
     "run a program in one of its sizes, or in all, press every key of the interface on every "
     "page, and leave by a key"},
    {"calm", "", 0, 0, do_calm, NULL,
     "press Ctrl-C until it writes no more and the edit line is empty"},
    {"signal", "NAME", 1, 1, do_signal, NULL,
     "send the program a signal: TERM HUP INT STOP CONT KILL"},
    {"crash", "", 0, 0, NULL, check_crashed,
     "send SIGSEGV until the program ends"},
    {"hangup", "", 0, 0, do_hangup, NULL, "close the terminal"},
    {"wait", "TEXT", 1, 1, NULL, check_shown,
     "wait until the screen shows a text (\\n: end of a row)"},
    {"gone", "TEXT", 1, 1, NULL, check_gone,
     "wait until the screen does not show it any more"},
    {"absent", "TEXT", 1, 1, do_absent, NULL,
     "the screen does not show it now"},
    {"row", "ROW TEXT", 2, 2, NULL, check_row,
     "wait until a row shows a text (-1: the last row)"},
    {"line", "ROW TEXT", 2, 2, NULL, check_line,
     "wait until a row shows this and nothing else"},
    {"cursor", "ROW COLUMN", 2, 2, NULL, check_cursor,
     "wait until the cursor is there"},
    {"after", "TEXT", 1, 1, NULL, check_after,
     "wait until the cursor is right after a text"},
    {"attr", "ROW COLUMN NAME...", 3, COMMAND_MAX_WORDS, NULL, check_attr,
     "wait until a cell is: plain bold underline italic reverse wide "
     "fg=N fg=#rrggbb fg=default fg=any bg=..."},
    {"style", "TEXT NAME...", 2, COMMAND_MAX_WORDS, NULL, check_style,
     "the same for all cells of a text"},
    {"bell", "", 0, 0, NULL, check_bell, "wait until the bell rang"},
    {"coloured", "", 0, 0, NULL, check_coloured,
     "wait until something has a colour"},
    {"colourless", "", 0, 0, NULL, check_colourless,
     "wait until nothing has a colour"},
    {"ascii", "", 0, 0, NULL, check_ascii,
     "wait until all that is shown is ASCII"},
    {"keep", "[FIRST LAST]", 0, 2, do_keep, NULL,
     "remember rows of the screen (all of them)"},
    {"same", "", 0, 0, NULL, check_same,
     "wait until these rows are as they were"},
    {"differs", "", 0, 0, NULL, check_differs,
     "wait until these rows are not as they were"},
    {"quiet", "MS", 1, 1, do_quiet, NULL,
     "wait until the program has printed nothing for so long"},
    {"modes", "", 0, 0, NULL, check_modes,
     "wait until the terminal is as a shell wants it"},
    {"exit", "STATUS", 1, 1, do_exit, NULL,
     "wait for the program's end; a number, or the signal that killed it; "
     "the terminal must be as it was"},
    {"latency", "N", 1, 1, do_latency, NULL,
     "type N characters, print how long each took to be shown"},
    {"snapshot", "FILE", 1, 1, do_snapshot, NULL,
     "draw the screen as SVG, in the folder of --pictures"},
    {"film", "FILE", 1, 1, do_film, NULL,
     "from here on, draw the screen as a moving SVG, likewise"},
    {"cut", "", 0, 0, do_cut, NULL, "the film ends here"},
    {"slowly", "TEXT", 1, 1, do_slowly, NULL,
     "type a text as fast as a person does (for films)"},
    {"dump", "", 0, 0, do_dump, NULL, "print the screen"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const command *
command_find(const char *name, size_t n)
{
    const command *c;

    for (c = commands; c->name != NULL; c++)
        if (strlen(c->name) == n && memcmp(c->name, name, n) == 0)
            return c;
    return NULL;
}

void
command_list(void)
{
    const command *c;

    for (c = commands; c->name != NULL; c++)
        printf("%s %s\n    %s\n", c->name, c->args, c->help);
}

/* Reads an escape after its backslash. */
static const char *
unescape(const char *at, gb_str *out)
{
    static const char names[] = "ntrebe0", bytes[] = "\n\t\r\033\b\033";
    const char *known = strchr(names, *at);
    char hex[3];

    if (*at == 'x' && isxdigit((unsigned char)at[1]) &&
        isxdigit((unsigned char)at[2])) {
        snprintf(hex, sizeof(hex), "%.2s", at + 1);
        gb_str_putc(out, (char)strtol(hex, NULL, 16));
        return at + 3;
    }
    if (*at == '\0')
        return at;
    gb_str_putc(out, known != NULL ? bytes[known - names] : *at);
    return at + 1;
}

/* A word, or a text in double quotes; the last text of a line needs none. */
static const char *
read_word(const char *at, bool last, gb_str *out)
{
    bool quoted = *at == '"';
    char end = quoted ? '"' : last ? '\0' : ' ';

    for (at += quoted; *at != '\0' && *at != end;) {
        if (quoted && *at == '\\')
            at = unescape(at + 1, out);
        else
            gb_str_putc(out, *at++);
    }
    at += quoted && *at == '"';
    return at + strspn(at, " ");
}

static bool
needs_program(const command *c)
{
    return c->check != NULL ? c->check != check_shell
        : c->run == do_type || c->run == do_keys || c->run == do_press ||
            c->run == do_paste || c->run == do_pasterepeat ||
            c->run == do_mouse || c->run == do_resize || c->run == do_signal ||
            c->run == do_storm || c->run == do_keep || c->run == do_latency ||
            c->run == do_snapshot || c->run == do_absent ||
            c->run == do_film || c->run == do_slowly;
}

/* Whether word n of a command is the text that ends the line. */
static bool
is_last_text(const command *c, int n)
{
    size_t length = strlen(c->args);

    return n == c->most - 1 && length >= 4 &&
        strcmp(c->args + length - 4, "TEXT") == 0;
}

bool
command_run(const command *c, const char *rest, stage *t, gb_error *err)
{
    char *words[COMMAND_MAX_WORDS + 1] = {NULL};
    gb_str word = GB_STR_INIT;
    int n = 0;
    bool ok;

    if (needs_program(c) && t->screen == NULL)
        return gb_fail_usage(err, "there is no program yet");
    if (strcmp(c->args, RAW) == 0 && *rest != '\0')
        words[n++] = gb_strdup(rest);
    while (strcmp(c->args, RAW) != 0 && *rest && n < COMMAND_MAX_WORDS) {
        rest = read_word(rest, is_last_text(c, n), &word);
        gb_str_cstr(&word);
        words[n++] = word.len > 0 ? gb_str_take(&word) : gb_strdup("");
    }
    if (n < c->least || n > c->most)
        ok = gb_fail_usage(err, "it takes %s", *c->args ? c->args : "nothing");
    else if (c->check != NULL)
        ok = stage_wait(t, c->check, words, err);
    else
        ok = c->run(t, words, err);
    while (n > 0)
        free(words[--n]);
    return ok;
}
