#include "tui/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "model/installed.h"

const gb_ui_key gb_ui_keys[] = {
#define GB_KEY(key, command, hint, help) {key, command, hint, help},
#include "tui/commands.def"
    {NULL, NULL, NULL, NULL},
};

const gb_ui_key gb_ui_reading_keys[] = {
#define GB_READING_KEY(key, does, hint, help) {key, does, hint, help},
#include "tui/commands.def"
    {NULL, NULL, NULL, NULL},
};

const gb_ui_page_key gb_ui_page_keys[] = {
#define GB_PAGE_KEY(page, key, act, hint, help)                                \
    {GB_PAGE_##page, key, GB_ACT_##act, hint, help},
#include "tui/commands.def"
    {.key = NULL},
};

static const gb_ui_command *
find_command(const char *name, size_t n)
{
    const gb_ui_command *c;

    for (c = gb_ui_commands; c->name != NULL; c++)
        if (strlen(c->name) == n && memcmp(c->name, name, n) == 0)
            return c;
    return NULL;
}

const gb_ui_command *
gb_ui_setter(const char *what)
{
    const gb_ui_command *c;

    for (c = gb_ui_commands; c->name != NULL; c++)
        if (c->sets && strcmp(c->word, what) == 0)
            return c;
    return NULL;
}

static bool
unknown(const char *name, size_t n, gb_error *err)
{
    const char *names[GB_UI_COMMANDS], *near;
    char *word = gb_strndup(name, n);
    size_t i;

    for (i = 0; gb_ui_commands[i].name != NULL; i++)
        names[i] = gb_ui_commands[i].name;
    near = gb_nearest(word, names, i);
    if (near != NULL)
        gb_fail_usage(err, "there is no /%s; did you mean /%s?", word, near);
    else
        gb_fail_usage(err, "there is no /%s; F1 or /help lists the commands",
                      word);
    free(word);
    return false;
}

bool
gb_ui_command_do(gb_ui *ui, const gb_ui_command *c, const char *arg,
                 gb_error *err)
{
    if (arg[0] != '\0' && c->args[0] == '\0')
        return gb_fail_usage(err, "/%s takes no argument", c->name);
    if (ui->tried != NULL && !c->in_trial)
        return gb_fail_usage(err, "/%s is not for a text on trial: Enter keeps "
                             "it and Esc leaves it first", c->name);
    if (arg[0] == '\0' && c->args[0] != '\0' && c->args[0] != '[')
        return gb_fail_usage(err, "/%s needs %s: %s", c->name, c->args,
                             c->help);
    return c->run(ui, c, arg, err);
}

bool
gb_ui_command_run(gb_ui *ui, const char *line, gb_error *err)
{
    const gb_ui_command *c;
    char *arg;
    size_t n;
    bool ok;

    line += line[0] == '/' ? 1 : 0;
    n = strcspn(line, " \t\n");
    c = find_command(line, n);
    if (c == NULL)
        return unknown(line, n, err);
    line += n;
    line += strspn(line, " \t\n");
    n = strlen(line);
    while (n > 0 && strchr(" \t\n", line[n - 1]) != NULL)
        n--;
    arg = gb_strndup(line, n);
    ok = gb_ui_command_do(ui, c, arg, err);
    free(arg);
    return ok;
}

static bool
send_text(gb_ui *ui, const char *text, size_t n, gb_error *err)
{
    gb_request request = {
        .what = GB_DO_EVENT,
        .event = {.type = GB_EVENT_PROMPT, .text = text, .n_text = n},
        .flags = GB_SEND_JOIN,
    };

    if (ui->tried != NULL)
        return gb_fail(err, "another text is on trial: Enter keeps it and Esc "
                       "leaves it first");
    return gb_mirror_post(&ui->mirror, &request, err) != 0;
}

bool
gb_ui_line(gb_ui *ui, const char *line, gb_error *err)
{
    char *block = gb_prompt_block(line);
    bool ok;

    if (block != NULL) {
        ok = send_text(ui, block, strlen(block), err);
        free(block);
        return ok;
    }
    if (line[0] == '\0')
        return gb_mirror_is_busy(&ui->mirror) ||
               gb_ui_command_run(ui, "/continue", err);
    if (line[0] != '/')
        return send_text(ui, line, strlen(line), err);
    if (line[1] == '/')
        return send_text(ui, line + 1, strlen(line) - 1, err);
    return gb_ui_command_run(ui, line, err);
}

static const gb_ui_key *
keys_of(gb_ui_mode mode)
{
    return mode == GB_UI_READING ? gb_ui_reading_keys : gb_ui_keys;
}

const gb_ui_key *
gb_ui_key_find(gb_ui_mode mode, const char *key)
{
    const gb_ui_key *k;

    for (k = keys_of(mode); k->key != NULL; k++)
        if (strcmp(k->key, key) == 0)
            return k;
    return NULL;
}

const char **
gb_ui_hints(gb_ui_mode mode)
{
    const gb_ui_key *keys = keys_of(mode), *k;
    const char **hints;
    size_t n = 0;

    for (k = keys; k->key != NULL; k++)
        n++;
    hints = gb_alloc_array(n + 1, sizeof *hints);
    n = 0;
    for (k = keys; k->key != NULL; k++)
        if (k->hint != NULL)
            hints[n++] = k->hint;
    return hints;
}

/* Has a page the keys of this mode? */
static bool
page_has(gb_page_mode page, gb_page_mode mode)
{
    return page == mode ||
           (mode == GB_PAGE_COMPARE && page == GB_PAGE_WHAT) ||
           (mode == GB_PAGE_LIST &&
            (page == GB_PAGE_TREE || page == GB_PAGE_SESSIONS ||
             page == GB_PAGE_CANDIDATES));
}

const gb_ui_page_key *
gb_ui_page_key_find(gb_page_mode page, const char *key)
{
    const gb_ui_page_key *k, *found = NULL;

    for (k = gb_ui_page_keys; k->key != NULL; k++)
        if (strcmp(k->key, key) == 0 && page_has(page, k->page) &&
            (found == NULL || k->page == page))
            found = k;
    return found;
}

const char *
gb_ui_page_name(gb_page_mode mode)
{
    static const char *const names[] = {
        [GB_PAGE_TEXT] = "A page of text",
        [GB_PAGE_TREE] = "The tree",
        [GB_PAGE_SESSIONS] = "The sessions",
        [GB_PAGE_CANDIDATES] = "The candidates",
        [GB_PAGE_WHAT] = "A what-if",
        [GB_PAGE_COMPARE] = "Two texts",
        [GB_PAGE_SCRUB] = "Scrubbing",
        [GB_PAGE_LIST] = "All pages with a list",
    };

    return names[mode];
}

const char **
gb_ui_page_hints(gb_page_mode page)
{
    const char **hints = gb_alloc_array(GB_COUNT(gb_ui_page_keys),
                                        sizeof *hints);
    const gb_ui_page_key *k;
    size_t n = 0;

    for (k = gb_ui_page_keys; k->key != NULL; k++)
        if (k->hint != NULL && page_has(page, k->page))
            hints[n++] = k->hint;
    return hints;
}

void
gb_ui_key_spell(gb_str *out, const char *key)
{
    static const struct {
        const char *prefix, *text;
    } prefixes[] = {{"C-", "Ctrl-"}, {"M-", "Alt-"}, {"S-", "Shift-"}};
    bool control = false;
    size_t i;

    if (strcmp(key, " ") == 0) {
        gb_str_puts(out, "Space");
        return;
    }
    while (*key != '\0') {
        for (i = 0; i < GB_COUNT(prefixes); i++)
            if (strncmp(key, prefixes[i].prefix, 2) == 0) {
                gb_str_puts(out, prefixes[i].text);
                control = key[0] != 'S';
                key += 2;
                break;
            }
        if (control && key[0] >= 'a' && key[0] <= 'z')
            gb_str_putc(out, (char)(key[0] - 'a' + 'A'));
        else if (*key != '\0')
            gb_str_putc(out, *key);
        control = false;
        key += *key != '\0' ? 1 : 0;
    }
}

static void
help_row(gb_str *out, const char *left, const char *text, int column)
{
    gb_str_printf(out, "  %-*s %s\n", column, left, text);
}

static void
help_keys(gb_str *out, gb_ui_mode mode)
{
    const gb_ui_key *k;
    gb_str left = GB_STR_INIT;

    for (k = keys_of(mode); k->key != NULL; k++) {
        gb_str_clear(&left);
        gb_ui_key_spell(&left, k->key);
        help_row(out, gb_str_cstr(&left), k->help, 12);
    }
    gb_str_free(&left);
}

static void
help_page_keys(gb_str *out, gb_page_mode mode)
{
    const gb_ui_page_key *k;
    gb_str left = GB_STR_INIT;
    bool any = false;

    for (k = gb_ui_page_keys; k->key != NULL; k++) {
        if (k->page != mode)
            continue;
        if (!any)
            gb_str_printf(out, "%s%s\n", out->len > 0 ? "\n" : "",
                          gb_ui_page_name(mode));
        any = true;
        gb_str_clear(&left);
        gb_ui_key_spell(&left, k->key);
        help_row(out, gb_str_cstr(&left), k->help, 12);
    }
    gb_str_free(&left);
}

void
gb_ui_page_help(gb_str *out, gb_page_mode page)
{
    int mode;

    for (mode = 0; mode < GB_N_PAGE_MODES; mode++)
        if (page_has(page, (gb_page_mode)mode))
            help_page_keys(out, (gb_page_mode)mode);
}

static void
help_command(gb_str *out, const gb_ui_command *c)
{
    char left[64];

    snprintf(left, sizeof left, "/%s %s", c->name, c->args);
    help_row(out, left, c->help, 23);
}

void
gb_ui_help(gb_str *out, const gb_ui_command *command)
{
    const gb_ui_command *c;
    const gb_ui_key *k;
    size_t n;

    if (command == NULL) {
        gb_str_puts(out, "What you type is text for the model; a line that "
                         "begins with / is a command (// stands for a / of "
                         "your own). \"\"\" begins a text of several lines, "
                         "and ends it.\n\nKeys\n");
        help_keys(out, GB_UI_PROMPT);
        gb_str_puts(out, "\n" GB_READING_TITLE "\n");
        help_keys(out, GB_UI_READING);
        gb_str_puts(out, "\nCommands\n");
        for (c = gb_ui_commands; c->name != NULL; c++)
            help_command(out, c);
        for (n = 0; n < GB_N_PAGE_MODES; n++)
            help_page_keys(out, (gb_page_mode)n);
        return;
    }
    help_command(out, command);
    n = strlen(command->name);
    for (k = gb_ui_keys; k->key != NULL; k++)
        if (k->command[0] == '/' &&
            strncmp(k->command + 1, command->name, n) == 0 &&
            (k->command[n + 1] == '\0' || k->command[n + 1] == ' ')) {
            gb_str_puts(out, "  ");
            gb_ui_key_spell(out, k->key);
            gb_str_printf(out, ": %s\n", k->help);
        }
}

static void
add_words(const char *words, gb_prompt_add *add)
{
    size_t n;
    char *word;

    while (*words != '\0') {
        n = strcspn(words, " ");
        word = gb_strndup(words, n);
        add(word);
        free(word);
        words += n;
        words += strspn(words, " ");
    }
}

/* What may stand behind the name of a setting: what its own command completes
 * to, or the switches that it takes. */
static void
add_values(const gb_ui *ui, const char *line, gb_prompt_add *add)
{
    static const char *const switches[] = {"on", "off"};
    const char *from = line + strcspn(line, " ");
    const gb_ui_command *c;
    gb_settings try;
    size_t n, i;
    char *name;

    from += strspn(from, " ");
    n = strcspn(from, " ");
    if (from[n + strspn(from + n, " ")] != '\0')
        return;
    name = gb_strndup(from, n);
    c = gb_ui_setter(name);
    if (c != NULL)
        add_words(c->completion, add);
    else
        for (i = 0; i < GB_COUNT(switches); i++) {
            try = ui->mirror.settings;
            if (gb_settings_change(&try, name, switches[i], NULL))
                add(switches[i]);
        }
    free(name);
}

/* The command that `line` begins with, when nothing but it and spaces stand
 * there; *second tells that one argument does too. */
static const gb_ui_command *
command_of(const char *line, bool *second)
{
    size_t n;
    const gb_ui_command *c;

    n = strcspn(line + 1, " ");
    c = find_command(line + 1, n);
    line += n + 1;
    line += strspn(line, " ");
    *second = *line != '\0';
    return c;
}

/* All that /set knows: the settings, and what else commands set. */
static void
add_settings(gb_prompt_add *add)
{
    const gb_ui_command *c;
    gb_str value = GB_STR_INIT;
    gb_settings s;
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++)
        add(gb_settings_names[i]);
    gb_settings_init(&s);
    for (c = gb_ui_commands; c->name != NULL; c++)
        if (c->sets && gb_ui_setter(c->word) == c &&
            !gb_settings_get(&s, c->word, &value))
            add(c->word);
    gb_str_free(&value);
}

static void
add_models(gb_prompt_add *add)
{
    gb_installed_list list;
    size_t i;

    gb_installed_read(&list);
    for (i = 0; i < list.len; i++)
        add(list.data[i].name);
    gb_installed_free(&list);
}

gb_completion
gb_ui_complete(gb_ui *ui, const char *line, gb_prompt_add *add)
{
    const gb_ui_command *c;
    char name[32];
    bool second;

    if (line[0] == '\0') {
        for (c = gb_ui_commands; c->name != NULL; c++) {
            if (ui->tried != NULL && !c->in_trial)
                continue;
            snprintf(name, sizeof name, "/%s", c->name);
            add(name);
        }
        return GB_COMPLETE_WORDS;
    }
    c = line[0] == '/' ? command_of(line, &second) : NULL;
    if (c == NULL)
        return GB_COMPLETE_NOTHING;
    if (strcmp(c->completion, GB_COMPLETE_FILE_NAMES) == 0)
        return GB_COMPLETE_FILES;
    if (second) {
        if (strcmp(c->completion, GB_COMPLETE_SETTINGS) != 0)
            return GB_COMPLETE_NOTHING;
        add_values(ui, line, add);
        return GB_COMPLETE_WORDS;
    }
    if (strcmp(c->completion, GB_COMPLETE_MODELS) == 0) {
        add_models(add);
        return GB_COMPLETE_EITHER;
    }
    if (strcmp(c->completion, GB_COMPLETE_SETTINGS) == 0) {
        add_settings(add);
    } else if (strcmp(c->completion, GB_COMPLETE_COMMANDS) == 0)
        for (c = gb_ui_commands; c->name != NULL; c++)
            add(c->name);
    else
        add_words(c->completion, add);
    return GB_COMPLETE_WORDS;
}

char *
gb_ui_file_name(const char *arg)
{
    const char *home = getenv("HOME");
    gb_str out = GB_STR_INIT;
    char quote = '\0';

    if (*arg == '"' || *arg == '\'')
        quote = *arg++;
    if (arg[0] == '~' && (arg[1] == '/' || arg[1] == '\0') && home != NULL) {
        gb_str_puts(&out, home);
        arg++;
    }
    for (; *arg != '\0'; arg++) {
        if (quote == '\0' && (*arg == '"' || *arg == '\''))
            quote = *arg;
        else if (*arg == quote)
            quote = '\0';
        else if (*arg == '\\' && quote != '\'' && arg[1] != '\0')
            gb_str_putc(&out, *++arg);
        else
            gb_str_putc(&out, *arg);
    }
    return gb_str_take(&out);
}
