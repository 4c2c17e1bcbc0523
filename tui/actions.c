/* What the commands of commands.def do. */
#include "tui/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "sample/rng.h"
#include "tui/pulling.h"

/* The settings that commands show and change: those on trial, or the
 * session's. */
static const gb_settings *
settings_of(const gb_ui *ui)
{
    return ui->tried != NULL ? ui->tried : &ui->mirror.settings;
}

static bool
set_one(gb_ui *ui, const char *name, const char *value, gb_error *err)
{
    gb_request request = {.what = GB_DO_TRIAL};

    if (ui->tried == NULL)
        return gb_mirror_set(&ui->mirror, name, value, err);
    request.settings = *ui->tried;
    if (!gb_settings_change(&request.settings, name, value, err) ||
        gb_mirror_post(&ui->mirror, &request, err) == 0)
        return false;
    *ui->tried = request.settings;
    return true;
}

static void
show_setting(gb_ui *ui, const char *name)
{
    gb_str text = GB_STR_INIT;

    gb_str_printf(&text, "%s ", name);
    gb_settings_get(settings_of(ui), name, &text);
    ui->face->say(ui, gb_str_cstr(&text));
    gb_str_free(&text);
}

/* Sets, or shows when nothing is given. */
static bool
set_or_show(gb_ui *ui, const char *name, const char *value, gb_error *err)
{
    if (value[0] != '\0')
        return set_one(ui, name, value, err);
    show_setting(ui, name);
    return true;
}

/* The kinds of rows. */

static bool
ask_event(gb_ui *ui, const gb_ui_command *self, const char *arg,
          gb_error *err)
{
    gb_request request = {.what = GB_DO_EVENT, .event = self->event};

    request.event.text = arg;
    request.event.n_text = strlen(arg);
    return gb_mirror_post(&ui->mirror, &request, err) != 0;
}

static bool
steer(gb_ui *ui, const char *verb, const char *arg, gb_error *err)
{
    gb_request request = {.what = GB_DO_STEER, .name = verb, .value = arg};

    return gb_mirror_post(&ui->mirror, &request, err) != 0;
}

static bool
ask_verb(gb_ui *ui, const gb_ui_command *self, const char *arg, gb_error *err)
{
    return steer(ui, self->word != NULL ? self->word : self->name, arg, err);
}

static bool
open_page(gb_ui *ui, const gb_ui_command *self, const char *arg,
          gb_error *err)
{
    if (arg[0] == '\0' && ui->face->open != NULL &&
        ui->face->open(ui, self->name))
        return true;
    return steer(ui, self->name, arg, err);
}

static bool
ask_pace(gb_ui *ui, const char *value, gb_error *err)
{
    gb_request request = {.what = GB_DO_PACE, .value = value};

    return gb_mirror_post(&ui->mirror, &request, err) != 0;
}

static bool
change_pace(gb_ui *ui, const gb_ui_command *self, const char *arg,
            gb_error *err)
{
    (void)arg;
    if (!ask_pace(ui, self->word, err))
        return false;
    ui->mirror.rush = strcmp(self->word, "rush") == 0 &&
                      gb_mirror_is_busy(&ui->mirror);
    return true;
}

static bool
do_own(gb_ui *ui, const gb_ui_command *self, const char *arg, gb_error *err)
{
    return self->own(ui, arg, err);
}

static bool
change_setting(gb_ui *ui, const gb_ui_command *self, const char *arg,
               gb_error *err)
{
    return set_or_show(ui, self->word, arg, err);
}

static bool
do_seed(gb_ui *ui, const char *arg, gb_error *err)
{
    char value[24];
    uint32_t random;

    if (strcmp(arg, "random") == 0) {
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return gb_fail(err, "the system has no random number for a seed");
        snprintf(value, sizeof value, "%" PRIu64,
                 gb_seed_jump(settings_of(ui)->seed,
                              (uint64_t)random + 1));
        arg = value;
    }
    return set_or_show(ui, "seed", arg, err);
}

static bool
do_greedy(gb_ui *ui, const char *arg, gb_error *err)
{
    return set_one(ui, "greedy", arg[0] != '\0' ? arg : "toggle", err);
}

static bool
do_stop(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg;
    return gb_mirror_do(&ui->mirror, GB_DO_STOP, NULL, err);
}

static bool
do_pace(gb_ui *ui, const char *arg, gb_error *err)
{
    double rate;

    if (!gb_pace_parse(arg, &rate, err) || !ask_pace(ui, arg, err))
        return false;
    ui->mirror.pace = rate;
    return true;
}

static bool
do_draft(gb_ui *ui, const char *arg, gb_error *err)
{
    return gb_mirror_do(&ui->mirror, GB_DO_DRAFT, arg, err);
}

/* One token of the run that goes on, or more of the text. */
static bool
do_step(gb_ui *ui, const char *arg, gb_error *err)
{
    static const gb_request one = {
        .what = GB_DO_EVENT,
        .event = {.type = GB_EVENT_RUN, .how = GB_HOW_CONTINUE, .tokens = 1},
    };

    (void)arg;
    return gb_mirror_is_busy(&ui->mirror)
               ? ask_pace(ui, "step", err)
               : gb_mirror_post(&ui->mirror, &one, err) != 0;
}

static bool
do_edit(gb_ui *ui, const char *arg, gb_error *err)
{
    gb_str line = GB_STR_INIT;

    if (arg[0] != '\0')
        return steer(ui, "edit", arg, err);
    gb_str_puts(&line, "/edit ");
    if (!gb_transcript_turn(&ui->mirror.transcript,
                            ui->mirror.stats.cursor.node, &line)) {
        gb_str_free(&line);
        return gb_fail_usage(err, "there is no text of yours to edit yet");
    }
    ui->face->fill(ui, gb_str_cstr(&line));
    gb_str_free(&line);
    return true;
}

static bool
do_with_file(gb_ui *ui, gb_do what, const char *arg, unsigned flags,
             gb_error *err)
{
    char *name = gb_ui_file_name(arg);
    gb_request request = {.what = what, .name = name, .flags = flags};
    bool ok = gb_mirror_post(&ui->mirror, &request, err) != 0;

    free(name);
    return ok;
}

static void
say_value(gb_ui *ui, const char *name, const char *value)
{
    char *text = gb_format("%s %s", name, value != NULL ? value : "(none)");

    ui->face->say(ui, text);
    free(text);
}

static bool
do_model(gb_ui *ui, const char *arg, gb_error *err)
{
    if (arg[0] != '\0')
        return do_with_file(ui, GB_DO_MODEL, arg, 0, err);
    say_value(ui, "model", ui->mirror.model);
    return true;
}

static bool
do_device(gb_ui *ui, const char *arg, gb_error *err)
{
    if (arg[0] != '\0')
        return gb_mirror_do(&ui->mirror, GB_DO_DEVICE, arg, err);
    say_value(ui, "device", ui->mirror.device);
    return true;
}

static bool
do_mode(gb_ui *ui, const char *arg, gb_error *err)
{
    if (arg[0] != '\0')
        return gb_mirror_set_mode(&ui->mirror, arg, err);
    say_value(ui, "mode", gb_mode_name(ui->mirror.mode));
    return true;
}

static bool
do_save(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_SAVE, arg, 0, err);
}

static bool
do_save_over(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_SAVE, arg, GB_SAVE_REPLACE, err);
}

static bool
do_load(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_LOAD, arg, 0, err);
}

static bool
do_replay(gb_ui *ui, const char *arg, gb_error *err)
{
    unsigned flags = 0;

    if (strncmp(arg, "--pace", 6) == 0 && (arg[6] == ' ' || arg[6] == '\0')) {
        flags = GB_REPLAY_PACE;
        arg += 6;
        arg += strspn(arg, " ");
    }
    if (arg[0] == '\0') {
        gb_request request = {.what = GB_DO_REPLAY, .flags = flags};

        return gb_mirror_post(&ui->mirror, &request, err) != 0;
    }
    return do_with_file(ui, GB_DO_REPLAY, arg, flags, err);
}

static bool
do_export(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_EXPORT, arg, 0, err);
}

static bool
do_export_over(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_EXPORT, arg, GB_SAVE_REPLACE, err);
}

static bool
do_read(gb_ui *ui, const char *arg, gb_error *err)
{
    return do_with_file(ui, GB_DO_READ, arg, GB_SEND_JOIN, err);
}

static bool
look(gb_ui *ui, const gb_ui_command *self, const char *arg, gb_error *err)
{
    return ui->face->look(ui, self->word, arg, err);
}

static void
list_settings(const gb_settings *s, gb_str *out)
{
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_str_printf(out, "  %-18s ", gb_settings_names[i]);
        gb_settings_get(s, gb_settings_names[i], out);
        gb_str_putc(out, '\n');
    }
}

static bool
do_set(gb_ui *ui, const char *arg, gb_error *err)
{
    size_t n = strcspn(arg, " =");
    const char *value = arg + n;
    const gb_ui_command *c;
    gb_str text = GB_STR_INIT;
    char *name;
    bool ok = true;

    if (arg[0] == '\0') {
        list_settings(settings_of(ui), &text);
        ui->face->page(ui, "Settings", gb_str_cstr(&text), text.len);
        gb_str_free(&text);
        return true;
    }
    name = gb_strndup(arg, n);
    value += strspn(value, " =");
    c = gb_ui_setter(name);
    if (value[0] == '\0' && gb_settings_get(settings_of(ui), name, &text)) {
        show_setting(ui, name);
    } else if (c != NULL) {
        ok = gb_ui_command_do(ui, c, value, err);
    } else if (value[0] != '\0') {
        ok = set_one(ui, name, value, err);
    } else {
        ok = gb_fail_usage(err, "there is no setting \"%s\"; /set lists them",
                           name);
    }
    gb_str_free(&text);
    free(name);
    return ok;
}

static void
show_row(gb_str *out, const char *name, const char *value)
{
    gb_str_printf(out, "  %-18s %s\n", name, value);
}

static bool
do_show(gb_ui *ui, const char *arg, gb_error *err)
{
    const gb_mirror *m = &ui->mirror;
    gb_str text = GB_STR_INIT;

    (void)arg, (void)err;
    show_row(&text, "model", m->model != NULL ? m->model : "not loaded yet");
    if (m->ready) {
        show_row(&text, "device", m->device != NULL ? m->device : "");
        show_row(&text, "weights", m->dtype != NULL ? m->dtype : "");
        show_row(&text, "prefill", m->prefill != NULL ? m->prefill : "");
        show_row(&text, "keys and values",
                 m->cache_type != NULL ? m->cache_type : "");
    }
    gb_str_printf(&text, "  %-18s %" PRIu32 " of %" PRIu32 " tokens\n",
                  "context", m->stats.context_used, m->n_ctx);
    gb_str_printf(&text, "  %-18s %" PRIu64 "\n", "step", m->stats.step);
    show_row(&text, "mode", gb_mode_name(m->mode));
    show_row(&text, "session",
             m->file != NULL ? m->file : "not kept (yet)");
    gb_str_puts(&text, "\nSettings\n");
    list_settings(settings_of(ui), &text);
    ui->face->page(ui, "This session", gb_str_cstr(&text), text.len);
    gb_str_free(&text);
    return true;
}

static bool
do_scrub(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg;
    if (ui->face->open != NULL && ui->face->open(ui, "scrub"))
        return true;
    return gb_fail_usage(err, "/scrub needs the screen; /sweep lists all texts "
                         "of the last run between two temperatures");
}

static bool
do_find(gb_ui *ui, const char *arg, gb_error *err)
{
    return ui->face->find(ui, arg, err);
}

static bool
do_scroll(gb_ui *ui, const char *arg, gb_error *err)
{
    return ui->face->scroll(ui, arg, err);
}

static bool
do_log(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg, (void)err;
    ui->face->show_log(ui);
    return true;
}

/* Beside the text on the screen; line by line as /why lists them. */
static bool
do_candidates(gb_ui *ui, const char *arg, gb_error *err)
{
    return ui->face->candidates != NULL ? ui->face->candidates(ui, arg, err)
                                        : steer(ui, "why", "", err);
}

static bool
do_redraw(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg, (void)err;
    ui->face->redraw(ui);
    return true;
}

static bool
do_suspend(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg, (void)err;
    ui->face->suspend(ui);
    return true;
}

static bool
do_help(gb_ui *ui, const char *arg, gb_error *err)
{
    const gb_ui_command *c = NULL;
    gb_str text = GB_STR_INIT;

    arg += arg[0] == '/' ? 1 : 0;
    if (arg[0] != '\0') {
        for (c = gb_ui_commands; c->name != NULL; c++)
            if (strcmp(c->name, arg) == 0)
                break;
        if (c->name == NULL)
            return gb_fail_usage(err, "there is no /%s; /help lists the "
                                 "commands", arg);
    }
    gb_ui_help(&text, c);
    ui->face->page(ui, "Help", gb_str_cstr(&text), text.len);
    gb_str_free(&text);
    return true;
}

static bool
do_quit(gb_ui *ui, const char *arg, gb_error *err)
{
    (void)arg, (void)err;
    ui->face->quit(ui);
    return true;
}

#define NONE ""
#define FILES GB_COMPLETE_FILE_NAMES
#define MODELS GB_COMPLETE_MODELS
#define SETTINGS GB_COMPLETE_SETTINGS
#define COMMANDS GB_COMPLETE_COMMANDS

#define EVENT(...) .run = ask_event, .event = {__VA_ARGS__}
#define STEER(verb) .run = ask_verb, .word = verb
#define PAGE() .run = open_page
#define PACE(value) .run = change_pace, .word = value
#define SETTING(setting) .run = change_setting, TRIES(setting)
#define LOOK(name) .run = look, TRIES(name)
#define SETS(name) .word = name, .sets = true
#define TRIES(name) SETS(name), .in_trial = true
#define OWN(function) .run = do_own, .own = function
#define ALSO_IN_TRIAL(function) OWN(function), .in_trial = true

const gb_ui_command gb_ui_commands[] = {
#define GB_COMMAND(name, args, completion, help, ...)                          \
    {name, args, completion, help, __VA_ARGS__},
#include "tui/commands.def"
    {.name = NULL},
};

_Static_assert(GB_COUNT(gb_ui_commands) <= GB_UI_COMMANDS, "raise it");
