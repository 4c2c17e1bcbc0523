#include "tui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/first.h"
#include "tui/screen.h"

static bool
is(const gb_key *key, const char *name)
{
    return strcmp(key->name, name) == 0;
}

static bool
is_one_of(const gb_key *key, const char *const *names)
{
    for (; *names != NULL; names++)
        if (is(key, *names))
            return true;
    return false;
}

/* A printable character, or pasted text. */
static bool
is_text(const gb_key *key)
{
    return is(key, "Paste") ||
           (key->n > 0 && (unsigned char)key->bytes[0] >= 0x20 &&
            key->bytes[0] != 0x7f);
}

static void
backspace(gb_str *line)
{
    size_t n = line->len;

    while (n > 0 && ((unsigned char)line->data[--n] & 0xc0) == 0x80)
        continue;
    if (line->len > 0)
        line->data[line->len = n] = '\0';
}

bool
gb_app_type(gb_str *line, const gb_key *key)
{
    if (is(key, "Backspace"))
        backspace(line);
    else if (is(key, "C-u"))
        gb_str_clear(line);
    else if (is_text(key))
        gb_str_append(line, key->bytes, key->n);
    else
        return false;
    return true;
}

static void
dismiss(gb_app *a, bool error)
{
    free(a->notice);
    a->notice = NULL;
    if (error) {
        free(a->error);
        a->error = NULL;
    }
}

void
gb_app_run(gb_app *a, const char *command)
{
    gb_error err = GB_ERROR_INIT;
    size_t n = strlen(command);

    /* Looking elsewhere leaves a message where it is. */
    if (strncmp(command, "/scroll ", 8) != 0)
        dismiss(a, true);
    if (command[n - 1] == ' ')
        a->ui.face->fill(&a->ui, command);
    else if (!gb_ui_command_run(&a->ui, command, &err))
        gb_app_error(a, err.text);
}

/* Does what the table says of the key; false when it says nothing. */
static bool
run_key(gb_app *a, const char *name)
{
    const gb_ui_key *k = gb_ui_key_find(GB_UI_PROMPT, name);

    if (k == NULL || k->command[0] == '\0')
        return false;
    gb_app_run(a, k->command);
    return true;
}

static void
search_again(gb_app *a)
{
    gb_view *v = gb_app_view(a);

    /* Every letter begins at the end again, so that what is found does not
     * depend on how it was typed. */
    if (a->followed)
        gb_view_follow(v);
    a->found = gb_view_find(v, a->wanted.data, a->wanted.len);
}

static void
search_key(gb_app *a, const gb_key *key)
{
    static const char *const up[] = {"Up", "C-r", "C-p", NULL};
    static const char *const down[] = {"Down", "C-s", "C-n", NULL};
    static const char *const leave[] = {"Esc", "C-g", "C-c", NULL};
    gb_view *v = gb_app_view(a);
    gb_view_pos pos;

    if (is_one_of(key, leave)) {
        gb_app_end_search(a, true);
    } else if (is(key, "Enter")) {
        if (a->reading && gb_view_found(v, &pos))
            gb_reading_move_to(a, pos);
        gb_app_end_search(a, false);
    } else if (is_one_of(key, up) || is_one_of(key, down)) {
        a->found = gb_view_find_next(v, is_one_of(key, up));
    } else if (gb_app_type(&a->wanted, key)) {
        search_again(a);
    } else {
        run_key(a, key->name);
    }
}

/* On a page that takes the screen for itself, what is none of its keys goes
 * nowhere, but for those that mean the same everywhere. */
static bool
is_everywhere(const gb_page *p, const gb_key *key)
{
    static const char *const keys[] = {"C-l", "C-z", "F10", "F12", NULL};

    return is_one_of(key, keys) ||
           (!p->kind->alone &&
            ((key->name[0] == 'F' && key->name[1] != '\0') ||
             strncmp(key->name, "S-F", 3) == 0));
}

/* False when the key is none of the page that is shown. */
static bool
page_key(gb_app *a, const gb_key *key)
{
    bool full = gb_page_is_full(a->page);

    if (full)
        dismiss(a, true);
    if (gb_page_key(a->page, key))
        return true;
    if (!full) {
        if (!is_text(key))
            return false;
        gb_page_back(a);
        return a->page != NULL && page_key(a, key);
    }
    if (is_everywhere(a->page, key))
        run_key(a, key->name);
    return true;
}

static void
escape(gb_app *a, const gb_key *key)
{
    bool shown = a->error != NULL || a->notice != NULL;
    bool vi = gb_prompt_is_vi();
    bool typing = vi && gb_prompt_is_inserting() &&
                  !gb_prompt_is_empty();

    dismiss(a, true);
    if (gb_prompt_is_busy())
        gb_prompt_key("\a", 1); /* Ctrl-G abandons it */
    else if (gb_mirror_can_stop(&a->ui.mirror) && !typing)
        run_key(a, "Esc");
    else if (gb_prompt_is_filled())
        gb_prompt_clear();
    else if (vi && (gb_prompt_is_inserting() || !gb_prompt_is_empty()))
        gb_prompt_key(key->bytes, key->n);
    else if (!shown && gb_prompt_is_empty())
        gb_reading_enter(a);
}

static void
interrupt(gb_app *a)
{
    dismiss(a, true);
    if (gb_mirror_can_stop(&a->ui.mirror)) {
        run_key(a, "C-c");
        return;
    }
    gb_prompt_clear();
    gb_app_notice(a, "Ctrl-D on an empty line or /quit leaves");
}

static bool
home_or_end(gb_app *a, const gb_key *key)
{
    if (!is(key, "Home") && !is(key, "End"))
        return false;
    if (!gb_prompt_is_empty() && gb_view_follows(a->view))
        return false;
    return run_key(a, is(key, "Home") ? "C-Home" : "C-End");
}

/* The key behind Ctrl-X: ours, or both are readline's. */
static void
after_ctrl_x(gb_app *a, const gb_key *key)
{
    char name[sizeof key->name + 4];

    a->ctrl_x = false;
    snprintf(name, sizeof name, "C-x %s", key->name);
    if (run_key(a, name))
        return;
    gb_prompt_key("\030", 1);
    gb_prompt_key(key->bytes, key->n);
}

static void
do_line(gb_app *a, const char *line)
{
    gb_error err = GB_ERROR_INIT;

    dismiss(a, true);
    if (!gb_prompt_remember(line, &err))
        gb_app_error(a, err.text);
    gb_reading_settle(a);
    if (line[0] != '/' || line[1] == '/') {
        gb_reading_move_to_end(a);
        gb_view_follow(a->view);
    }
    if (!gb_ui_line(&a->ui, line, &err)) {
        gb_app_error(a, err.text);
        /* Nothing that was typed is lost. */
        if (err.status != GB_USAGE && line[0] != '\0')
            gb_prompt_fill(line);
    }
}

/* Does what the edit line has sent. */
static void
do_lines(gb_app *a)
{
    char *line;

    while ((line = gb_prompt_take()) != NULL) {
        do_line(a, line);
        free(line);
    }
    if (gb_prompt_take_end())
        a->quit = true;
}

/* The beginnings of the first screen. */
static bool
first_key(gb_app *a, const gb_key *key)
{
    unsigned i = (unsigned char)key->name[0] - (unsigned)'1';

    if (key->name[0] == '\0' || key->name[1] != '\0' || i >= GB_FIRST_TEXTS ||
        !gb_app_is_first(a) ||
        (gb_prompt_is_vi() && !gb_prompt_is_inserting()))
        return false;
    do_line(a, gb_first_text(a->ui.mirror.mode, i));
    return true;
}

static void
plain_key(gb_app *a, const gb_key *key)
{
    bool letters = key->name[0] == 'M' && gb_prompt_is_vi();

    if (is(key, "Paste"))
        gb_prompt_insert(key->bytes, key->n);
    else if (is(key, "Esc"))
        escape(a, key);
    else if (is(key, "C-c"))
        interrupt(a);
    else if (gb_prompt_is_busy())
        gb_prompt_key(key->bytes, key->n);
    else if (is(key, "C-x"))
        a->ctrl_x = true;
    else if (first_key(a, key))
        return;
    else if (is(key, "Tab") && gb_prompt_is_empty())
        gb_reading_enter(a);
    else if (!home_or_end(a, key) && (letters || !run_key(a, key->name)))
        gb_prompt_key(key->bytes, key->n);
}

void
gb_app_key(gb_app *a, const gb_key *key)
{
    a->dirty = a->hurry = true;
    if (a->searching) {
        search_key(a, key);
        return;
    }
    if (a->page != NULL && page_key(a, key))
        return;
    if (is(key, "Click") && a->page == NULL) {
        dismiss(a, false);
        gb_reading_click(a, key);
    }
    if (is(key, "Mouse") || is(key, "Click"))
        return;
    if (a->reading || (!is(key, "Esc") && !is(key, "WheelUp") &&
                       !is(key, "WheelDown")))
        dismiss(a, a->reading);
    if (a->ctrl_x)
        after_ctrl_x(a, key);
    else if (!a->reading || a->page != NULL || !gb_reading_key(a, key))
        plain_key(a, key);
    do_lines(a);
}
