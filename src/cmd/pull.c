/* gumbel pull: a model from the hub. */
#include "base/path.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "cmd/model_facts.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "hub/pull.h"

static void
on_progress(void *bar, const gb_pull_progress *p)
{
    char text[80];

    gb_pull_describe(p, text, sizeof text);
    gb_bar_say(bar, p->total > 0 ? (double)p->done / (double)p->total : 0,
               text);
}

static bool
put_json(const gb_pulled *d, gb_error *err)
{
    json_t *o = json_object(), *files = json_array(), *file;
    size_t i;

    for (i = 0; i < d->n; i++) {
        file = json_object();
        json_object_set_new(file, "name", gb_json_string(d->files[i].name));
        json_object_set_new(file, "size", d->files[i].size != UINT64_MAX
                                              ? gb_json_u64(d->files[i].size)
                                              : json_null());
        json_object_set_new(file, "there", gb_json_u64(d->files[i].there));
        json_array_append_new(files, file);
    }
    json_object_set_new(o, "name", gb_json_string(d->name));
    json_object_set_new(o, "path", gb_json_string(d->path));
    json_object_set_new(o, "commit", gb_json_string(d->commit));
    json_object_set_new(o, "was_there", json_boolean(d->was_there));
    json_object_set_new(o, "bytes", gb_json_u64(d->total));
    json_object_set_new(o, "files", files);
    return gb_put_json(o, err);
}

static void
put_size(gb_str *out, uint64_t size)
{
    gb_str text = GB_STR_INIT;

    if (size != UINT64_MAX)
        gb_put_bytes(&text, size);
    gb_str_printf(out, "%10s  ", gb_str_cstr(&text));
    gb_str_free(&text);
}

/* What would come, a file a line. */
static void
describe_files(gb_str *out, const gb_pulled *d)
{
    size_t i;

    for (i = 0; i < d->n; i++) {
        put_size(out, d->files[i].size);
        gb_str_puts(out, d->files[i].name);
        if (d->files[i].there > 0) {
            gb_str_puts(out, "  (there: ");
            gb_put_bytes(out, d->files[i].there);
            gb_str_putc(out, ')');
        }
        gb_str_putc(out, '\n');
    }
    put_size(out, d->total);
    gb_str_printf(out, "into %s\n", d->path);
}

static bool
put_text(const gb_options *o, const gb_pulled *d, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    bool ok;

    if (o->dry_run && !d->was_there) {
        describe_files(&out, d);
    } else {
        gb_str_printf(&out, "%s is %s%s", d->name,
                      d->was_there ? "there already: " : "in ", d->path);
        if (!d->was_there) {
            gb_str_puts(&out, " (");
            gb_put_bytes(&out, d->total);
            gb_str_putc(&out, ')');
        }
        gb_str_puts(&out, "; gumbel -m ");
        gb_shell_quote(&out, d->name);
        gb_str_puts(&out, " uses it\n");
    }
    ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    gb_str_free(&out);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_pull_options options = {
        .dry_run = o->dry_run,
        .cancel = gb_interrupt_flag(),
        .progress = on_progress,
    };
    gb_pulled pulled;
    gb_bar *bar;
    bool ok;

    if (o->n_args == 0) {
        gb_fail_usage(err, "expected the name of a model, as gpt2 or "
                      "OWNER/NAME");
        return GB_USAGE;
    }
    gb_interrupt_catch();
    bar = gb_bar_open();
    options.name = o->args[0];
    options.arg = bar;
    ok = gb_pull(&options, &pulled, err);
    gb_bar_close(bar);
    if (!ok && err->status == GB_INTERRUPTED && !o->dry_run)
        gb_put_note("stopped; what has come is kept, and the same command goes "
                    "on with it");
    ok = ok && (o->json ? put_json(&pulled, err) : put_text(o, &pulled, err));
    gb_pulled_free(&pulled);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_pull = {
    .name = "pull",
    .args = "NAME",
    .summary = "Load a model from the Hugging Face hub",
    .help =
        "NAME is gpt2, gpt2-medium, gpt2-large, gpt2-xl or distilgpt2, or "
        "OWNER/NAME of any GPT-2 model there, with @REVISION (a branch, a tag "
        "or a commit) or with /FILE.gguf behind it. It comes into "
        "$XDG_DATA_HOME/gumbel/models, and --model NAME uses it.\n"
        "What was cut off, or stopped by Ctrl-C, is gone on with by the same "
        "command. Sizes and hashes are checked where the hub tells them; a "
        "model is there only when it is whole. One that cannot be used is "
        "refused before its weights come.\n"
        "$HF_ENDPOINT is another hub, $HF_TOKEN opens models that need one, "
        "$HF_HUB_OFFLINE=1 asks nothing; proxies are those of $https_proxy.",
    .example = "gumbel pull gpt2\n"
               "gumbel pull --dry-run openai-community/gpt2@main",
    .self = GB_FOR_PULL,
    .max_args = 1,
    .run = run,
};
