/* gumbel sweep: all texts of a seed between two temperatures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/generation.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "cmd/rows.h"
#include "cmd/sweep_map.h"
#include "session/sweep_text.h"

typedef struct found {
    const gb_options *options;
    gb_opened opened;
    gb_str prompt;
    gb_sweep_text *texts; /* in ascending order */
    size_t n, room;
    uint64_t forwards;
    const char *reason;   /* "done", "max-texts", "interrupt" or "error" */
} found;

static void
say(void *arg, const gb_sweep *s, double temperature)
{
    const found *f = arg;
    const double from = f->options->from, to = f->options->to;
    char *line = NULL;

    if (f->opened.bar == NULL)
        return;
    line = gb_format("%zu texts, %llu passes, T %.4f", f->n,
                     (unsigned long long)gb_sweep_forwards(s), temperature);
    gb_bar_say(f->opened.bar, to > from ? (temperature - from) / (to - from)
                                        : 0, line);
    free(line);
}

/* Collects the texts; being interrupted is no failure here. */
static bool
collect(found *f, gb_sweep *s, gb_error *err)
{
    gb_error stopped = GB_ERROR_INIT;
    gb_sweep_text text;

    while (f->n < f->options->max_texts &&
           gb_sweep_next(s, &text, &stopped)) {
        if (f->n == f->room) {
            f->room = 2 * f->room + 16;
            f->texts = gb_realloc_array(f->texts, f->room, sizeof *f->texts);
        }
        f->texts[f->n++] = text;
    }
    f->forwards = gb_sweep_forwards(s);
    if (stopped.status == GB_INTERRUPTED)
        f->reason = "interrupt";
    else if (stopped.status != GB_OK)
        f->reason = "error";
    else if (f->texts[f->n - 1].to < f->options->to)
        f->reason = "max-texts";
    else
        f->reason = "done";
    if (strcmp(f->reason, "error") == 0)
        *err = stopped;
    return strcmp(f->reason, "error") != 0;
}

static bool
find(found *f, gb_error *err)
{
    const gb_options *o = f->options;
    gb_ids ids = GB_IDS_INIT;
    gb_sweep_of of;
    gb_sweep *s;
    size_t tail;
    bool ok;

    if (!gb_read_prompt(o, &f->prompt, err) ||
        !gb_open_engine(o, &f->opened, err))
        return false;
    ok = gb_take_prompt(o, f->opened.model, &f->prompt, &ids, &tail, err);
    if (ok) {
        of = (gb_sweep_of){
            .engine = f->opened.engine,
            .prompt = ids.data,
            .n_prompt = ids.len,
            .tail = gb_str_cstr(&f->prompt) + f->prompt.len - tail,
            .n_tail = tail,
            .from = o->from,
            .to = o->to,
            .settings = o->settings,
            .cancel = gb_interrupt_flag(),
            .progress = say,
            .progress_arg = f,
        };
        s = gb_sweep_open(&of);
        ok = collect(f, s, err);
        gb_sweep_close(s);
    }
    gb_ids_free(&ids);
    return ok;
}

/* JSON Lines. */

static bool
put_json(const found *f, gb_error *err)
{
    const gb_sweep_text *t;
    json_t *o;

    for (t = f->texts; t < f->texts + f->n; t++) {
        o = json_object();
        json_object_set_new(o, "type", json_string("text"));
        json_object_set_new(o, "from", json_real(t->from));
        json_object_set_new(o, "to", json_real(t->to));
        json_object_set_new(o, "ids", gb_json_ids(&t->ids));
        json_object_set_new(o, "text", gb_json_text(gb_str_cstr(&t->text),
                                                    t->text.len));
        json_object_set_new(o, "reason", json_string(t->reason));
        if (!gb_put_json(o, err))
            return false;
    }
    o = json_object();
    json_object_set_new(o, "type", json_string("end"));
    json_object_set_new(o, "reason", json_string(f->reason));
    json_object_set_new(o, "texts", json_integer((json_int_t)f->n));
    json_object_set_new(o, "forwards",
                        json_integer((json_int_t)f->forwards));
    return gb_put_json(o, err);
}

/* Rows. */

static gb_sweep_look
choose_look(void)
{
    const char *term = getenv("TERM");
    const bool bold = isatty(STDOUT_FILENO) && term != NULL &&
                      strcmp(term, "dumb") != 0;

    return (gb_sweep_look){.width = gb_rows_width(),
                           .ascii = gb_rows_are_ascii(),
                           .on = bold ? "\033[1m" : "[",
                           .off = bold ? "\033[0m" : "]"};
}

static bool
put_text(const found *f, gb_error *err)
{
    const gb_sweep_look look = choose_look();
    gb_str out = GB_STR_INIT;
    bool ok;

    gb_sweep_format(&out, &look, f->texts, f->n, f->options->from,
                    f->options->to, strcmp(f->reason, "done") == 0);
    gb_str_printf(&out, ", %llu forward passes\n",
                  (unsigned long long)f->forwards);
    ok = gb_put(&out, err);
    gb_str_free(&out);
    return ok;
}

static bool
draw(const found *f, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    bool ok;

    if (f->options->svg == NULL || f->n == 0)
        return true;
    gb_sweep_map(&out, f->opened.model, f->texts, f->n,
                 gb_str_cstr(&f->prompt));
    ok = gb_file_replace(f->options->svg, out.data, out.len, 0644, err);
    gb_str_free(&out);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    found f = {.options = o};
    size_t i;
    bool ok;

    if (o->from > o->to) {
        gb_fail_usage(err, "--from %g is above --to %g", o->from, o->to);
        return GB_USAGE;
    }
    ok = find(&f, err);
    gb_opened_quiet(&f.opened);
    if (f.reason != NULL) /* also what there is when the device failed */
        ok = (o->json ? put_json(&f, ok ? err : NULL)
                      : put_text(&f, ok ? err : NULL)) &&
             draw(&f, ok ? err : NULL) && ok;
    if (ok && strcmp(f.reason, "interrupt") == 0)
        ok = gb_fail_interrupted(err);
    for (i = 0; i < f.n; i++)
        gb_sweep_text_free(&f.texts[i]);
    free(f.texts);
    gb_opened_close(&f.opened);
    gb_str_free(&f.prompt);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_sweep = {
    .name = "sweep",
    .args = "[PROMPT]",
    .summary = "All texts of a seed between two temperatures",
    .help =
        "Prints every text of up to --max-new-tokens tokens that generate "
        "would print after PROMPT at a temperature from --from to --to, with "
        "the seed, filters and penalties given, in ascending temperature: the "
        "interval of temperatures at which it comes, its share of the range, "
        "and the text. What differs from the text above it is bold, or stands "
        "in brackets where standard output is no terminal. The intervals are "
        "computed, not tried, and leave no gaps; what texts have in common is "
        "computed once.\n"
        "It ends early after --max-texts, or by Ctrl-C, and prints what there "
        "is. --svg draws a map: temperatures from left to right, tokens from "
        "top to bottom. PROMPT missing: standard input, less one final line "
        "end.\n"
        "--json prints an object of type text for each text, with from, to, "
        "ids, text and reason, and one of type end with reason (done, "
        "max-texts, interrupt or error), texts and forwards, the number of "
        "forward passes.",
    .example = "gumbel sweep --from 0.5 --to 1.2 -n 20 \"Once upon a time\"\n"
               "gumbel sweep -n 12 --svg map.svg \"One day\"",
    .self = GB_FOR_SWEEP,
    .max_args = 1,
    .run = run,
};
