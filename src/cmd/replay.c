/* gumbel replay: run a session again and verify it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "session/chat.h"
#include "session/replay.h"

/* What the watcher prints with. */
typedef struct printer {
    gb_opened opened;
    bool line_open; /* the last character printed was no line end */
    bool started;
    bool parted;    /* what follows does not go on from what stands there */
    gb_role role;
    bool failed;    /* standard output */
    gb_error err;
} printer;

static void
print(printer *p, const char *text, size_t n)
{
    if (n == 0 || p->failed)
        return;
    if (!p->started)
        gb_opened_quiet(&p->opened);
    p->started = true;
    p->line_open = text[n - 1] != '\n';
    p->failed = !gb_put_text(text, n, &p->err);
    if (p->failed)
        gb_interrupt_now();
}

static void
on_cut(void *arg, uint32_t node, uint32_t tokens, size_t bytes)
{
    printer *p = arg;

    (void)node, (void)tokens, (void)bytes;
    p->parted = p->started;
}

/* Says who speaks in chat; begins a new line after something was undone. */
static void
on_node(void *arg, const gb_node *n, uint32_t tokens)
{
    printer *p = arg;
    const char *label = n->role == GB_ROLE_USER ? GB_CHAT_USER
                                                : GB_CHAT_MODEL;
    bool other = n->role != p->role || p->parted || !p->started;

    if (n->role == GB_ROLE_NOTE)
        return;
    if (p->line_open && (p->parted || (n->mode == GB_MODE_CHAT && other)))
        print(p, "\n", 1);
    if (n->mode == GB_MODE_CHAT && other)
        print(p, label, strlen(label));
    p->parted = false;
    p->role = n->role;
    print(p, gb_str_cstr(&n->text), gb_node_bytes(n, tokens));
}

static void
on_grown(void *arg, const gb_node *n, uint32_t first, size_t from,
         uint32_t tokens)
{
    (void)first;
    print(arg, gb_str_cstr(&n->text) + from, gb_node_bytes(n, tokens) - from);
}

/* Says on standard error what is not as the session needs it. */
static void
put_note(printer *p, const gb_error *what)
{
    gb_opened_quiet(&p->opened);
    gb_put_note(what->text);
}

/* The model is the user's choice: the one asked for, even if it is another
 * one; else the default one or one that is installed, if it is the very model
 * that wrote the session. */
static bool
open_model(const gb_options *o, const gb_origin *then, printer *p,
           gb_error *err)
{
    gb_opened *opened = &p->opened;
    const gb_progress progress = gb_opened_progress(opened);
    gb_error other = GB_ERROR_INIT;
    char *folder;
    bool ok;

    if (!gb_open_model(o->model, opened, err)) {
        if (o->model != NULL || err->status == GB_INTERRUPTED)
            return false;
    } else if (gb_origin_is_of(then, o->args[0], opened->model, &progress,
                               &other)) {
        return true;
    } else if (other.status == GB_INTERRUPTED) {
        *err = other;
        return false;
    } else if (o->model != NULL) {
        put_note(p, &other);
        return true;
    }
    folder = gb_origin_find(then, &progress);
    if (folder != NULL)
        ok = gb_open_instead(folder, opened, err);
    else if (atomic_load(gb_interrupt_flag()))
        ok = gb_fail_interrupted(err);
    else
        ok = gb_origin_refuse(then, o->args[0], opened->model, &progress,
                              err);
    free(folder);
    return ok;
}

/* What was not asked for of weight type, cache type and prefill is as it was
 * then. */
static bool
open_as_then(const gb_options *o, const gb_origin *then, printer *p,
             gb_error *err)
{
    gb_options options = *o;

    if (o->dtype == GB_DTYPE_AUTO && then->dtype != NULL)
        gb_dtype_choice_parse(then->dtype, &options.dtype);
    if (o->cache_type == GB_DTYPE_AUTO)
        gb_dtype_choice_parse(then->cache_type, &options.cache_type);
    if (o->prefill == GB_PREFILL_AUTO && then->prefill != NULL)
        options.prefill = strcmp(then->prefill, "own") == 0 ? GB_PREFILL_OWN
                          : strcmp(then->prefill, "clblast") == 0
                              ? GB_PREFILL_CLBLAST
                              : GB_PREFILL_AUTO;
    return open_model(o, then, p, err) &&
           gb_open_engine(&options, &p->opened, err);
}

static bool
put_verdict(const gb_options *o, printer *p, const gb_replay_result *result,
            gb_error *err)
{
    gb_str text = GB_STR_INIT, json = GB_STR_INIT;
    bool ok = true;

    gb_opened_quiet(&p->opened);
    if (o->json) {
        gb_replay_json(result, &json);
        gb_utf8_escape(&text, json.data, json.len);
        gb_str_putc(&text, '\n');
        ok = gb_put(&text, err);
    } else {
        if (p->line_open)
            print(p, "\n", 1);
        gb_replay_describe(result, p->opened.model->tokenizer, &text);
        gb_str_putc(&text, '\n');
        gb_fd_write(STDERR_FILENO, "standard error", text.data, text.len,
                    NULL);
    }
    gb_str_free(&text);
    gb_str_free(&json);
    return ok;
}

static int
replay(const gb_options *o, gb_journal_reader *r, printer *p, gb_error *err)
{
    gb_replay_options options = {
        .pace = o->as_recorded,
        .progress.cancel = gb_interrupt_flag(),
    };
    gb_replay_result result;
    bool ok;

    if (!o->json)
        options.watcher = (gb_watcher){
            .arg = p,
            .cut = on_cut,
            .node = on_node,
            .grown = on_grown,
        };
    ok = gb_replay(r, p->opened.engine, p->opened.model, &options, &result,
                   err);
    if (p->failed) {
        *err = p->err;
        ok = false;
    }
    ok = ok && put_verdict(o, p, &result, err);
    if (ok && result.interrupted)
        ok = gb_fail_interrupted(err);
    else if (ok && !result.identical)
        ok = gb_fail(err, "the replay diverged at token %llu",
                     (unsigned long long)result.tokens + 1);
    gb_replay_result_free(&result);
    return ok ? GB_OK : (int)err->status;
}

static bool
is_pipe(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* "-" is standard input. It and a pipe are read as their lines come. */
static gb_journal_reader *
open_session(const char *path, gb_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd;

    if (!standard && !is_pipe(path))
        return gb_journal_open(path, err);
    fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                  : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        gb_fail(err, "%s: cannot open: %s", path, strerror(errno));
        return NULL;
    }
    return gb_journal_open_fd(fd, standard ? "standard input" : path,
                              gb_interrupt_flag(), err);
}

static int
run(const gb_options *o, gb_error *err)
{
    printer p = {.role = GB_ROLE_NOTE};
    gb_journal_reader *r;
    int status;

    if (o->n_args == 0) {
        gb_fail_usage(err, "the session file is missing: gumbel replay FILE");
        return GB_USAGE;
    }
    r = open_session(o->args[0], err);
    if (r == NULL)
        return (int)err->status;
    if (open_as_then(o, &gb_journal_reader_header(r)->origin, &p, err))
        status = replay(o, r, &p, err);
    else
        status = (int)err->status;
    gb_opened_close(&p.opened);
    gb_journal_reader_free(r);
    return status;
}

const gb_command gb_cmd_replay = {
    .name = "replay",
    .args = "FILE",
    .summary = "Run a session again and verify every token",
    .help =
        "Computes each token of the session FILE (-: standard input) again, "
        "with the seed and the settings that were in force when it was "
        "written, and compares. "
        "The text goes to standard output as it appears, the verdict to "
        "standard error. On the same device, driver and build all tokens are "
        "identical. Where one is not, the replay ends: it says which, how far "
        "apart the two best scores were, and what is not the same as then.\n"
        "The model is the one that -m names, else the default one or one that "
        "is installed under the name in the session, if it is the very model "
        "that wrote it; a model that only the session names is never opened, "
        "but said. Weight type and prefill are those of the session unless "
        "others are asked for. --json prints one object with the verdict and "
        "no text. Status: 0 identical, 1 diverged, 2 no usable session file.\n"
        "Session files are in $XDG_STATE_HOME/gumbel/sessions, which is "
        "~/.local/state/gumbel/sessions by default.",
    .example = "gumbel replay "
               "~/.local/state/gumbel/sessions/2026-11-22T19-30-00-4711.jsonl"
               "\ngumbel replay --json story.jsonl | jq .verdict",
    .self = GB_FOR_REPLAY,
    .max_args = 1,
    .run = run,
};
