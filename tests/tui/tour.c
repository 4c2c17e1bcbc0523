#include "tests/tui/tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/tui/checks.h"
#include "tests/tui/keys.h"
#include "tests/tui/rest.h"
#include "tests/tui/sight.h"
#include "tui/commands.h"

/* Columns and rows. */
static const int sizes[][2] = {
    {200, 50}, {120, 40}, {80, 24}, {60, 16}, {40, 10}, {60, 8}, {20, 5},
};

/* What each is shrunk to for a moment. */
static const int tiny[] = {20, 5};

/* Below so many rows a page has no title, and the conversation none, nor a
 * line of hints. */
#define PAGE_TITLE_FROM 6
#define TITLE_FROM 9

/* The keys, as the program's own table has them. */
static const char *const prompt_keys[] = {
#define GB_KEY(key, command, hint, help) key,
#include "tui/commands.def"
    NULL,
};
static const char *const reading_keys[] = {
#define GB_READING_KEY(key, does, hint, help) key,
#include "tui/commands.def"
    NULL,
};
/* Those that differ on a page of text that is not /help. */
static const char *const text_keys[] = {"F1", "q", NULL};
static const struct {
    int page;
    const char *key;
    gb_page_act act;
} page_keys[] = {
#define GB_PAGE_KEY(page, key, act, hint, help) \
    {GB_PAGE_##page, key, GB_ACT_##act},
#include "tui/commands.def"
};

/* These end it, which comes last. */
static const char *const leaving[] = {"F10", "C-d"};

/* Where keys act: how one gets there from the prompt, and what its title
 * begins with. */
typedef struct place {
    const char *name, *open, *title;
    const char *const *keys; /* NULL: those of pages: */
    int page, more;          /* gb_page_mode, or: */
} place;

#define CONVERSATION "stories" /* its title: the model */
#define PROMPT GB_N_PAGE_MODES
#define READING (GB_N_PAGE_MODES + 1)
#define LIST(page) NULL, GB_PAGE_##page, GB_PAGE_LIST
#define PAGE(page, more) NULL, GB_PAGE_##page, GB_PAGE_##more

static const place places[] = {
    {"reading", "<Tab>", CONVERSATION, reading_keys, READING, 0},
    {"the prompt", "", CONVERSATION, prompt_keys, PROMPT, 0},
    {"/help", "<F1>", "Help", PAGE(TEXT, TEXT)},
    {"/set", "/set<Enter>", "Settings", text_keys, GB_PAGE_TEXT, 0},
    {"/tree", "/tree<Enter>", "tree", LIST(TREE)},
    {"/sessions", "/sessions<Enter>", "sessions", LIST(SESSIONS)},
    {"/why", "/why<Enter>", "why", LIST(CANDIDATES)},
    {"/what", "/go base<Enter>/at 2<Enter>/what dog<Enter>", "what if",
     PAGE(WHAT, COMPARE)},
    {"/compare", "/compare base other<Enter>", "compare",
     PAGE(COMPARE, COMPARE)},
    {"/scrub", "/scrub<Enter>", "scrub", PAGE(SCRUB, SCRUB)},
};

/* Two takes, of which the first has a name, and a cursor in it. */
static const char beginning[] =
    "1", *const two_takes[] = {
        "/name base<Enter>", "/temp 1.5<Enter>", "/again<Enter>",
        "/name other<Enter>",
};
/* Brings everything back that keys have changed. */
static const char back[] =
    "<C-u>/temp 0.8<Enter>/greedy off<Enter>/mode continue<Enter>"
    "/colour off<Enter>/candidates off<Enter>/go base<Enter>/at 2<Enter>";
/* Leaves whatever is open, and types a letter where then must be the prompt;
 * that is what one sees at home. */
static const char home[] = "<C-c><C-c><C-c><C-c>x";

typedef struct tourist {
    stage *t;
    const place *at;
    const char *key;      /* that was pressed last */
    sight look;
    char *expected;       /* what is seen at home; the same before the place */
    char *before;         /* was opened */
    char *mark;           /* what the last row of the place begins with */
    bool cursor;          /* that is to be seen there */
} tourist;

/* Waits until it has done what it was asked, and shown it. */
static bool
settle(stage *t, unsigned long count, gb_error *err)
{
    const double deadline = gb_now_ms() + t->timeout_ms;
    const int quiet = count > 0 ? 3 : 30;

    while (stage_pump(t, quiet) > 0 || !rest_since(t->pty.pid, count)) {
        stage_pump(t, 10);
        if (t->pty.ended)
            return gb_fail(err, "the program has ended");
        if (gb_now_ms() > deadline)
            return gb_fail(err, "the program does not come to rest");
    }
    return true;
}

static bool
press(tourist *u, const char *keys, gb_error *err)
{
    unsigned long count = rest_count(u->t->pty.pid);

    return keys_press(u->t->screen, keys, u->t->term, err) &&
           settle(u->t, count, err);
}

static bool
resize(tourist *u, int columns, int rows, gb_error *err)
{
    unsigned long count = rest_count(u->t->pty.pid);

    u->t->columns = columns;
    u->t->rows = rows;
    screen_resize(u->t->screen, rows, columns);
    pty_resize(&u->t->pty, rows, columns);
    return settle(u->t, count, err) &&
           stage_wait(u->t, sight_check, &u->look, err);
}

/* Places. */

/* It is there, or there is no room for it. */
static bool
has_its_title(const tourist *u)
{
    int page = u->at->page;
    bool full = page < PROMPT && page != GB_PAGE_TEXT;

    return u->t->rows < (full ? PAGE_TITLE_FROM : TITLE_FROM) ||
           sight_title(u->t, u->at->title);
}

static bool
check_opened(stage *t, void *arg, gb_error *err)
{
    const tourist *u = arg;

    (void)t;
    return has_its_title(u) ||
           gb_fail(err, "\"%s\" is not the title", u->at->title);
}

/* Surely; in few rows this cannot be seen. */
static bool
is_at_prompt(const stage *t)
{
    return t->rows >= TITLE_FROM && sight_title(t, CONVERSATION) &&
           sight_cursor_row(t, ">", true);
}

static bool
is_still_there(const tourist *u)
{
    const stage *t = u->t;
    char *mark;
    bool still;

    /* Without titles one page looks like another. */
    if (!has_its_title(u) ||
        (u->at->page < PROMPT && t->rows < PAGE_TITLE_FROM))
        return false;
    if (u->at->page == PROMPT)
        return sight_cursor_row(t, ">", true);
    if (u->at->page == READING)
        return !sight_cursor_row(t, ">", false) &&
               !sight_cursor_row(t, "search", false);
    mark = sight_last_row(t);
    still = strcmp(mark, u->mark) == 0 &&
            screen_cursor_visible(t->screen) == u->cursor;
    free(mark);
    return still;
}

static bool
open_place(tourist *u, gb_error *err)
{
    gb_str keys = GB_STR_INIT;
    bool ok;

    gb_str_printf(&keys, "<C-u>%s", u->at->open);
    ok = press(u, gb_str_cstr(&keys), err);
    gb_str_free(&keys);
    if (!ok || !stage_wait(u->t, check_opened, u, err) ||
        !stage_wait(u->t, sight_check, &u->look, err))
        return false;
    free(u->mark);
    u->mark = sight_last_row(u->t);
    u->cursor = screen_cursor_visible(u->t->screen);
    return true;
}

static bool
check_seen(stage *t, void *arg, gb_error *err)
{
    char *now = sight_text(t);
    bool same = strcmp(now, arg) == 0;

    if (!same)
        gb_fail(err, "it is not as it was:\n%s", (char *)arg);
    free(now);
    return same;
}

/* Nothing is lost where there was no room for it. */
static bool
shrink(tourist *u, gb_error *err)
{
    int columns = u->t->columns, rows = u->t->rows;
    bool cursor = screen_cursor_visible(u->t->screen), ok;
    char *seen;

    if (columns == tiny[0] && rows == tiny[1])
        return true;
    seen = sight_text(u->t);
    u->key = "it was small for a moment";
    ok = resize(u, tiny[0], tiny[1], err) && resize(u, columns, rows, err) &&
         stage_wait(u->t, check_seen, seen, err) &&
         (screen_cursor_visible(u->t->screen) == cursor ||
          gb_fail(err, "the cursor is not as it was"));
    free(seen);
    return ok;
}

/* The prompt is there, empty but for a letter, and has the cursor. */
static bool
check_prompt(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    return sight_cursor_row(t, "> x", true) ||
           gb_fail(err, "the prompt does not take a letter");
}

static bool
go_home(tourist *u, gb_error *err)
{
    return press(u, home, err) &&
           stage_wait(u->t, check_prompt, NULL, err) &&
           stage_wait(u->t, sight_check, &u->look, err);
}

/* A key by its name in the table. */
static bool
press_key(tourist *u, const char *name, gb_error *err)
{
    gb_str keys = GB_STR_INIT;
    const char *space = strchr(name + 1, ' ');
    bool ok;

    u->key = name;
    if (strcmp(name, " ") == 0)
        gb_str_puts(&keys, "<Space>");
    else if (space != NULL)
        gb_str_printf(&keys, "<%.*s><%s>", (int)(space - name), name,
                      space + 1);
    else
        gb_str_printf(&keys, "<%s>", name);
    ok = press(u, gb_str_cstr(&keys), err) &&
         stage_wait(u->t, sight_check, &u->look, err);
    gb_str_free(&keys);
    return ok;
}

/* Whether what a key does on a page stays when that is left. */
static bool
acts(gb_page_act act)
{
    return act == GB_ACT_OPEN || act == GB_ACT_KEEP || act == GB_ACT_OLD ||
           act == GB_ACT_REPLAY || act == GB_ACT_TOKEN_BACK ||
           act == GB_ACT_TOKEN_ON ||
           (act >= GB_ACT_PICK_0 && act <= GB_ACT_PICK_9);
}

/* What was looked at has changed nothing. */
static bool
is_as_before(tourist *u, gb_error *err)
{
    return stage_wait(u->t, check_seen, u->before, err);
}

static bool
leave(tourist *u, gb_error *err)
{
    if (!go_home(u, err))
        return false;
    free(u->before);
    u->before = sight_text(u->t);
    return true;
}

/* A what-if has written its text when it is opened, and again each time. */
static bool
open_first(tourist *u, gb_error *err)
{
    return leave(u, err) && open_place(u, err) &&
           (u->at->page != GB_PAGE_WHAT ||
            (leave(u, err) && open_place(u, err)));
}

/* Keeping what is there already keeps it, and the old one is another. */
static bool
is_as_it_should(tourist *u, gb_page_act act, gb_error *err)
{
    if (act != GB_ACT_OLD)
        return is_as_before(u, err);
    return !check_seen(u->t, u->before, NULL) ||
           gb_fail(err, "what was there before is not to be seen");
}

static bool
try_page_key(tourist *u, const char *name, gb_page_act act, gb_error *err)
{
    if (!press_key(u, name, err))
        return false;
    if (act == GB_ACT_BACK)
        return press(u, "x", err) &&
               stage_wait(u->t, check_prompt, NULL, err) &&
               is_as_before(u, err) && open_place(u, err);
    if (acts(act) && u->at->page == GB_PAGE_WHAT)
        return go_home(u, err) && is_as_it_should(u, act, err) &&
               open_place(u, err);
    if (acts(act))
        return leave(u, err) && open_place(u, err);
    if (is_still_there(u))
        return true;
    /* What it asks for, or another page, is left for this one again. */
    if (!press(u, "<C-c>", err))
        return false;
    return is_still_there(u) || (go_home(u, err) && is_as_before(u, err) &&
                                 open_place(u, err));
}

static bool
try_key(tourist *u, const char *name, gb_error *err)
{
    size_t i;

    for (i = 0; i < GB_COUNT(leaving); i++)
        if (strcmp(name, leaving[i]) == 0)
            return true;
    return press_key(u, name, err) &&
           (is_still_there(u) ||
            ((is_at_prompt(u->t) || go_home(u, err)) && open_place(u, err)));
}

static bool
visit(tourist *u, gb_error *err)
{
    const place *p = u->at;
    size_t i;
    bool ok;

    u->key = "it was opened";
    ok = open_first(u, err) && shrink(u, err);
    for (i = 0; ok && p->keys != NULL && p->keys[i] != NULL; i++)
        ok = try_key(u, p->keys[i], err);
    for (i = 0; ok && p->keys == NULL && i < GB_COUNT(page_keys); i++)
        if (page_keys[i].page == p->page || page_keys[i].page == p->more)
            ok = try_page_key(u, page_keys[i].key, page_keys[i].act, err);
    if (!ok || !shrink(u, err))
        return false;
    u->key = "it was left";
    if (!go_home(u, err) ||
        (p->keys == NULL && !is_as_before(u, err)))
        return false;
    u->key = "all of it was brought back";
    return check_seen(u->t, u->expected, NULL) ||
           (press(u, back, err) && go_home(u, err) &&
            stage_wait(u->t, check_seen, u->expected, err));
}

static bool
begin(tourist *u, const char *command, gb_error *err)
{
    char idle_word[] = "idle", *idle[] = {idle_word, NULL};
    char limit_word[] = "limit", *limit[] = {limit_word, NULL};
    stage *t = u->t;
    size_t i;

    if (!stage_run(t, command, err) ||
        !stage_wait(t, check_shown, idle, err) ||
        !settle(t, 0, err) || !stage_wait(t, sight_check, &u->look, err) ||
        !press(u, beginning, err) || !stage_wait(t, check_shown, limit, err))
        return false;
    for (i = 0; i < GB_COUNT(two_takes); i++)
        if (!press(u, two_takes[i], err))
            return false;
    if (!press(u, back, err) || !go_home(u, err))
        return false;
    free(u->expected);
    u->expected = sight_text(t);
    return true;
}

static bool
has_ended_well(stage *t, gb_error *err)
{
    if (!WIFEXITED(t->pty.status) || WEXITSTATUS(t->pty.status) != 0)
        return gb_fail(err, "it has ended with %d", t->pty.status);
    if (!pty_modes_restored(&t->pty))
        return gb_fail(err, "the terminal's modes are not those from before");
    return screen_restored(t->screen, err);
}

static bool
tour_places(tourist *u, const char *leave, const char *command, gb_error *err)
{
    size_t i;

    if (!begin(u, command, err))
        return false;
    for (i = 0; i < GB_COUNT(places); i++) {
        u->at = &places[i];
        if (!visit(u, err))
            return gb_fail_context(err, "%d x %d, %s, after %s",
                                   u->t->columns, u->t->rows, u->at->name,
                                   u->key);
    }
    return press(u, "<C-u>", err) &&
           keys_press(u->t->screen, leave, u->t->term, err) &&
           stage_wait_end(u->t, err) && has_ended_well(u->t, err);
}

/* In a process and a home of its own. */
static bool
tour_alone(stage *t, const int size[2], const char *leave,
           const char *command)
{
    char *name = gb_format("%dx%d", size[0], size[1]);
    char *folder = gb_path_join(t->folder, name);
    const char *locale = getenv("LC_ALL");
    tourist u = {.t = t,
                 .look = {.colourless = getenv("NO_COLOR") != NULL,
                          .ascii = strcmp(locale, "C") == 0}};
    gb_error err = GB_ERROR_INIT;
    bool ok;

    t->columns = size[0];
    t->rows = size[1];
    t->keeps_printed = true;
    pty_adopt();
    ok = stage_move(t, folder, &err) && tour_places(&u, leave, command, &err);
    if (!ok)
        stage_explain(t, &err);
    pty_end(&t->pty);
    free(u.expected);
    free(u.before);
    free(u.mark);
    free(folder);
    free(name);
    return ok;
}

/* -1: none is called so. */
static int
find_size(const char *name)
{
    int columns, rows;
    size_t i;

    if (sscanf(name, "%dx%d", &columns, &rows) == 2)
        for (i = 0; i < GB_COUNT(sizes); i++)
            if (sizes[i][0] == columns && sizes[i][1] == rows)
                return (int)i;
    return -1;
}

bool
tour(stage *t, const char *leave, const char *size, const char *command,
     gb_error *err)
{
    const bool all = strcmp(size, "all") == 0;
    const int only = all ? 0 : find_size(size);
    const int (*wanted)[2] = sizes + (only >= 0 ? only : 0);
    const size_t n = all ? GB_COUNT(sizes) : 1;
    pid_t pids[GB_COUNT(sizes)];
    int status, failed = 0;
    size_t i;
    bool ok;

    if (only < 0)
        return gb_fail_usage(err, "no tour is made at %s", size);
    fflush(NULL);
    for (i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            ok = tour_alone(t, wanted[i], leave, command);
            stage_close(t);
            fflush(NULL);
            _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    for (i = 0; i < n; i++)
        failed += pids[i] < 0 || waitpid(pids[i], &status, 0) < 0 ||
                  status != 0;
    return failed == 0 ||
           gb_fail(err, "it fails in %d of %zu sizes", failed, n);
}
