#include "cmd/open.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cmd/interrupt.h"
#include "cmd/output.h"
#include "model/installed.h"
#include "session/bias.h"

/* The line may be gone while the engine goes on reporting. */
static void
update(void *opened, gb_phase phase, uint64_t done, uint64_t total)
{
    const gb_opened *p = opened;

    gb_bar_update(p->bar, phase, done, total);
}

gb_progress
gb_opened_progress(gb_opened *p)
{
    return (gb_progress){update, p, gb_interrupt_flag()};
}

/* Where a progress line may be, which goes on below. */
static void
put_note(gb_opened *p, const char *text)
{
    gb_opened_quiet(p);
    gb_put_note(text);
    p->bar = gb_bar_open();
}

static void
put_model_note(gb_opened *p)
{
    char *text;

    if (p->model->note == NULL)
        return;
    text = gb_format("%s: %s", p->model->name, p->model->note);
    put_note(p, text);
    free(text);
}

bool
gb_open_instead(const char *folder, gb_opened *p, gb_error *err)
{
    gb_model_close(p->model);
    p->model = p->without_tokenizer ? gb_model_open_weights(folder, err)
                                    : gb_model_open(folder, err);
    if (p->model == NULL)
        return false;
    gb_model_used(folder);
    put_model_note(p);
    return true;
}

bool
gb_open_model(const char *name, gb_opened *p, gb_error *err)
{
    char *folder = gb_model_find(name, err);
    bool ok;

    gb_interrupt_catch();
    if (p->bar == NULL)
        p->bar = gb_bar_open();
    ok = folder != NULL && gb_open_instead(folder, p, err);
    free(folder);
    return ok;
}

bool
gb_open_engine(const gb_options *o, gb_opened *p, gb_error *err)
{
    gb_engine_options options = {
        .device = o->device,
        .dtype = o->dtype,
        .prefill = o->prefill,
        .cache_type = o->cache_type,
        .cache_bytes = o->cache_bytes,
        .progress = gb_opened_progress(p),
    };

    if (p->model == NULL && !gb_open_model(o->model, p, err))
        return false;
    p->engine = gb_engine_open(p->model, &options, err);
    return p->engine != NULL;
}

/* In the middle of a text: no progress line goes on. */
static void
say_note(void *arg, const char *text)
{
    gb_opened_quiet(arg);
    gb_put_note(text);
}

bool
gb_open_draft(const gb_options *o, gb_opened *p, gb_error *err)
{
    gb_draft_options options = {
        .who = o->draft != NULL ? o->draft : GB_DRAFT_DEFAULT,
        .device = o->device,
        .progress = gb_opened_progress(p),
        .say = say_note,
        .arg = p,
    };
    gb_error why = GB_ERROR_INIT;

    if (!gb_draft_open(p->engine, &options, &p->draft, &why)) {
        *err = why;
        return false;
    }
    if (p->draft == NULL && o->draft != NULL && why.text[0] != '\0')
        put_note(p, why.text);
    return true;
}

void
gb_opened_quiet(gb_opened *p)
{
    gb_bar_close(p->bar);
    p->bar = NULL;
}

void
gb_opened_close(gb_opened *p)
{
    gb_opened_quiet(p);
    gb_draft_close(p->draft);
    gb_engine_close(p->engine);
    gb_model_close(p->model);
}

bool
gb_encode_prompt(const gb_options *o, const gb_model *m, const gb_str *text,
                 uint32_t follow, gb_ids *ids, bool *cut, gb_error *err)
{
    uint32_t n_ctx = m->config.n_ctx, half = n_ctx / 2, room;

    if (!gb_bias_check(o->settings.bias, m->tokenizer, m->config.n_vocab,
                       err) ||
        !gb_tokenizer_encode_whole(m->tokenizer, gb_str_cstr(text),
                                   text->len, o->specials, ids, err))
        return false;
    *cut = gb_settings_cut(&o->settings, ids);
    if (ids->len == 0 && m->config.start_id == GB_NO_TOKEN)
        return gb_fail(err, "the prompt is empty, and %s has no token that "
                       "begins a text", m->name);
    if (ids->len == 0)
        gb_ids_push(ids, m->config.start_id);
    if (ids->len <= n_ctx)
        return true;
    room = n_ctx - (follow < half ? follow : half);
    return gb_fail(err, "the prompt has %zu tokens, the context of %s holds "
                   "%u; --max-prompt-tokens %u keeps its beginning, -%u its "
                   "end", ids->len, m->name, n_ctx, room, room);
}
