/* Plays scripts to the program and compares the screen, e.g.
 *
 *     size 80 24
 *     run --greedy
 *     expect idle
 *     keys Once upon a time<Enter>
 *     expect writing
 *
 * Usage: play PROGRAM SCRIPT. Speaks TAP; what failed and the screen are
 * shown. Nothing waits for a time:
 * `expect` waits until the screen is so, and fails when it has not
 * become so within a generous limit ($PLAY_LIMIT seconds, 60). */
#include "play.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS 32

typedef struct script {
    char *program;
    const char *path;
    unsigned line;
    play *p;
    int width, height;
    char title[128]; /* its first line, a comment */
    char why[512];
} script;

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
limit(void)
{
    const char *text = getenv("PLAY_LIMIT");

    return text != NULL ? atof(text) : 60;
}

static bool
fails(script *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(s->why, sizeof s->why, format, ap);
    va_end(ap);
    return false;
}

static int
row_with(script *s, const char *text)
{
    int row;

    for (row = 0; row < play_height(s->p); row++)
        if (strstr(play_row(s->p, row), text) != NULL)
            return row;
    return -1;
}

/* "ROW TEXT"; rows count from 0, negative ones from the end. */
static bool
row_has(script *s, const char *arg, bool whole)
{
    char *text;
    long row = strtol(arg, &text, 10);

    text += *text == ' ' ? 1 : 0;
    row += row < 0 ? play_height(s->p) : 0;
    return whole ? strcmp(play_row(s->p, (int)row), text) == 0
                 : strstr(play_row(s->p, (int)row), text) != NULL;
}

static bool
cursor_is(script *s, const char *arg)
{
    int row, column, want_row, want_column;

    play_cursor(s->p, &row, &column);
    if (sscanf(arg, "%d %d", &want_row, &want_column) != 2)
        return false;
    want_row += want_row < 0 ? play_height(s->p) : 0;
    return row == want_row && column == want_column;
}

/* "LETTERS TEXT": the first cell of that text looks so. */
static bool
looks(script *s, const char *arg)
{
    char letters[8];
    const char *text = strchr(arg, ' '), *at;
    int row, column;

    if (text == NULL || text - arg > 7)
        return false;
    memcpy(letters, arg, (size_t)(text - arg));
    letters[text - arg] = '\0';
    text++;
    row = row_with(s, text);
    if (row < 0)
        return false;
    at = strstr(play_row(s->p, row), text);
    column = (int)(at - play_row(s->p, row));
    return strcmp(play_attributes(s->p, row, column),
                  strcmp(letters, "-") == 0 ? "" : letters) == 0;
}

/* "ROW COLUMN LETTERS": that cell looks so. */
static bool
cell_is(script *s, const char *arg)
{
    char letters[8];
    int row, column;

    return sscanf(arg, "%d %d %7s", &row, &column, letters) == 3 &&
           strcmp(play_attributes(s->p, row, column),
                  strcmp(letters, "-") == 0 ? "" : letters) == 0;
}

static bool
holds(script *s, const char *what, const char *arg)
{
    if (strcmp(what, "expect") == 0)
        return row_with(s, arg) >= 0;
    if (strcmp(what, "absent") == 0)
        return row_with(s, arg) < 0;
    if (strcmp(what, "row") == 0)
        return row_has(s, arg, false);
    if (strcmp(what, "whole-row") == 0)
        return row_has(s, arg, true);
    if (strcmp(what, "cursor") == 0)
        return cursor_is(s, arg);
    if (strcmp(what, "looks") == 0)
        return looks(s, arg);
    if (strcmp(what, "cell") == 0)
        return cell_is(s, arg);
    if (strcmp(what, "stopped") == 0)
        return play_is_stopped(s->p);
    if (strcmp(what, "restored") == 0)
        return play_is_cooked(s->p) && !play_is_alternate(s->p) &&
               !play_has_mouse(s->p);
    if (strcmp(what, "exit") == 0)
        return play_status(s->p) == atoi(arg);
    return strcmp(what, "file") == 0 && access(arg, R_OK) == 0;
}

static bool
is_condition(const char *what)
{
    static const char *const names[] = {
        "expect", "absent",  "row",      "whole-row", "cursor",
        "looks",  "cell",    "stopped",  "restored",  "exit",
        "file"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(what, names[i]) == 0)
            return true;
    return false;
}

static bool
wait_until(script *s, const char *what, const char *arg)
{
    double end = now() + limit();

    for (;;) {
        while (play_pump(s->p, 0))
            continue;
        if (holds(s, what, arg))
            return true;
        if (now() > end || (play_status(s->p) >= 0 &&
                            strcmp(what, "exit") != 0 &&
                            !play_pump(s->p, 0) && !holds(s, what, arg)))
            break;
        play_pump(s->p, 20);
    }
    if (strcmp(what, "exit") == 0)
        return fails(s, "status %d, expected %s", play_status(s->p), arg);
    return fails(s, "not so: %s %s%s", what, arg,
                 play_status(s->p) >= 0 ? " (the program has ended)" : "");
}

static const struct {
    const char *name, *bytes;
} names[] = {
    {"Enter", "\r"},         {"Esc", "\033"},         {"Tab", "\t"},
    {"Backspace", "\177"},   {"Up", "\033[A"},        {"Down", "\033[B"},
    {"Right", "\033[C"},     {"Left", "\033[D"},      {"Home", "\033[H"},
    {"End", "\033[F"},       {"PageUp", "\033[5~"},   {"PageDown", "\033[6~"},
    {"C-Home", "\033[1;5H"}, {"C-End", "\033[1;5F"},  {"F1", "\033OP"},
    {"F2", "\033OQ"},        {"F3", "\033OR"},        {"F4", "\033OS"},
    {"F5", "\033[15~"},      {"F6", "\033[17~"},      {"F7", "\033[18~"},
    {"F8", "\033[19~"},      {"F9", "\033[20~"},      {"F10", "\033[21~"},
    {"F12", "\033[24~"},     {"S-F3", "\033[1;2R"},   {"S-F4", "\033[1;2S"},
    {"S-F5", "\033[15;2~"},  {"S-F6", "\033[17;2~"},  {"S-F7", "\033[18;2~"},
    {"M-Enter", "\033\r"},   {"WheelUp", "\033[<64;5;5M"},
    {"WheelDown", "\033[<65;5;5M"}, {"PasteBegin", "\033[200~"},
    {"PasteEnd", "\033[201~"}, {"Less", "<"},
};

/* Types keys as they are written in scripts: <F1>, <C-c>, <M-s>, text. */
static bool
type_keys(script *s, const char *keys)
{
    const char *end;
    size_t i, n;
    char byte[2];

    while (*keys != '\0') {
        end = keys[0] == '<' ? strchr(keys, '>') : NULL;
        if (end == NULL) {
            play_type(s->p, keys++, 1);
            continue;
        }
        n = (size_t)(end - keys - 1);
        for (i = 0; i < sizeof names / sizeof *names; i++)
            if (strlen(names[i].name) == n &&
                memcmp(names[i].name, keys + 1, n) == 0)
                break;
        if (i < sizeof names / sizeof *names) {
            play_type(s->p, names[i].bytes, strlen(names[i].bytes));
        } else if (n == 3 && keys[1] == 'C') {
            byte[0] = (char)(keys[3] & 0x1f);
            play_type(s->p, byte, 1);
        } else if (n == 3 && keys[1] == 'M') {
            byte[0] = '\033';
            byte[1] = keys[3];
            play_type(s->p, byte, 2);
        } else {
            return fails(s, "no key is called %.*s", (int)n, keys + 1);
        }
        keys = end + 1;
    }
    return true;
}

/* "BYTES": so many letters, a line end every 100, as one paste. */
static bool
paste(script *s, const char *arg)
{
    size_t n = strtoul(arg, NULL, 10), i;
    char *text = malloc(n + 1);

    for (i = 0; i < n; i++)
        text[i] = i % 100 == 99 ? '\r' : (char)('a' + i % 26);
    play_type(s->p, "\033[200~", 6);
    play_type(s->p, text, n);
    play_type(s->p, "\033[201~", 6);
    free(text);
    return true;
}

static bool
start(script *s, char *arg)
{
    char *argv[MAX_ARGS], *word, *save = NULL;
    int n = 0;

    argv[n++] = s->program;
    for (word = strtok_r(arg, " ", &save); word != NULL && n < MAX_ARGS - 1;
         word = strtok_r(NULL, " ", &save))
        argv[n++] = word;
    argv[n] = NULL;
    if (s->p != NULL)
        play_end(s->p);
    s->p = play_start(argv, s->width, s->height);
    return true;
}

static bool
resize(script *s, const char *arg)
{
    if (sscanf(arg, "%d %d", &s->width, &s->height) != 2)
        return fails(s, "expected a width and a height");
    if (s->p != NULL)
        play_resize(s->p, s->width, s->height);
    return true;
}

static bool
send_signal(script *s, const char *arg)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"TERM", SIGTERM}, {"HUP", SIGHUP},   {"INT", SIGINT},
                   {"KILL", SIGKILL}, {"CONT", SIGCONT}, {"SEGV", SIGSEGV},
                   {"TSTP", SIGTSTP}};
    size_t i;

    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(signals[i].name, arg) == 0) {
            play_signal(s->p, signals[i].number);
            return true;
        }
    return fails(s, "no signal is called %s", arg);
}

/* LLVM, which PoCL compiles with, swallows the first SIGSEGV that is sent;
 * one that the program itself causes comes again at once. */
static bool
crash(script *s)
{
    double end = now() + limit();

    while (play_status(s->p) < 0 && now() < end) {
        play_signal(s->p, SIGSEGV);
        play_pump(s->p, 200);
    }
    return wait_until(s, "exit", "139");
}

static bool
set_variable(const char *arg)
{
    const char *equals = strchr(arg, '=');
    char name[64];

    if (equals == NULL)
        return unsetenv(arg) == 0;
    snprintf(name, sizeof name, "%.*s", (int)(equals - arg), arg);
    return setenv(name, equals + 1, 1) == 0;
}

static bool
do_line(script *s, char *line)
{
    char *arg = strchr(line, ' ');

    if (line[0] == '\0' || line[0] == '#')
        return true;
    if (arg != NULL)
        *arg++ = '\0';
    else
        arg = line + strlen(line);
    if (strcmp(line, "size") == 0)
        return resize(s, arg);
    if (strcmp(line, "env") == 0)
        return set_variable(arg);
    if (strcmp(line, "run") == 0)
        return start(s, arg);
    if (strcmp(line, "shell") == 0)
        return system(arg) == 0 || fails(s, "failed: %s", arg);
    if (s->p == NULL)
        return fails(s, "nothing runs yet");
    if (is_condition(line))
        return wait_until(s, line, arg);
    if (strcmp(line, "keys") == 0)
        return type_keys(s, arg);
    if (strcmp(line, "paste") == 0)
        return paste(s, arg);
    if (strcmp(line, "signal") == 0)
        return send_signal(s, arg);
    if (strcmp(line, "crash") == 0)
        return crash(s);
    return fails(s, "no such step: %s", line);
}

static void
show_screen(script *s)
{
    int row;

    if (s->p == NULL)
        return;
    for (row = 0; row < play_height(s->p); row++)
        printf("# |%s\n", play_row(s->p, row));
}

static bool
play_script(script *s)
{
    FILE *f = fopen(s->path, "r");
    char line[1024];
    bool ok = true;

    if (f == NULL)
        return fails(s, "%s", strerror(errno));
    while (ok && fgets(line, sizeof line, f) != NULL) {
        s->line++;
        line[strcspn(line, "\n")] = '\0';
        if (s->line == 1)
            snprintf(s->title, sizeof s->title, "%.120s",
                     line + strspn(line, "# "));
        ok = do_line(s, line);
    }
    fclose(f);
    return ok;
}

/* One script, in a process of its own: its environment ends with it. */
static bool
run_script(char *program, const char *path)
{
    script s = {.program = program, .path = path, .width = 80, .height = 24};
    bool ok = play_script(&s);

    printf("1..1\n%sok 1 - %s\n", ok ? "" : "not ", s.title);
    if (!ok) {
        printf("# %s:%u: %s\n", path, s.line, s.why);
        show_screen(&s);
    }
    if (s.p != NULL)
        play_end(s.p);
    return ok;
}

/* A folder of its own for each script, which is home and all: nothing of the
 * user's is seen or touched. */
static void
make_home(char *folder)
{
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        exit(99);
    }
    setenv("HOME", folder, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    setenv("XDG_CONFIG_HOME", folder, 1);
}

static void
remove_home(const char *folder)
{
    char command[128];

    snprintf(command, sizeof command, "cd / && rm -rf '%s'", folder);
    if (system(command) != 0)
        perror(folder);
}

int
main(int argc, char **argv)
{
    char folder[] = "/tmp/gumbel-play-XXXXXX";
    char *program, *path;
    bool ok;

    if (argc != 3) {
        fprintf(stderr, "usage: play PROGRAM SCRIPT\n");
        return 99;
    }
    program = realpath(argv[1], NULL);
    path = realpath(argv[2], NULL);
    if (program == NULL || path == NULL) {
        perror(program == NULL ? argv[1] : argv[2]);
        return 99;
    }
    signal(SIGPIPE, SIG_IGN);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("ESCDELAY");
    unsetenv("INPUTRC");
    make_home(folder);
    ok = run_script(program, path);
    remove_home(folder);
    free(program);
    free(path);
    return ok ? 0 : 1;
}
