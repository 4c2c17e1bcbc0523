/* The sweep against generating at one temperature after the other. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "session/loop.h"
#include "session/stream.h"
#include "session/sweep.h"

#define FROM 0.5
#define TO 1.3
#define SOFT 1e-5 /* so near a border either text may come */
#define MAX_TEXTS 400

typedef struct fixture {
    gb_model *model;
    gb_engine *engine;
} fixture;

static int
open_fixture(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    fixture *f = gb_alloc(sizeof *f);
    gb_error err = GB_ERROR_INIT;

    f->model = gb_model_open(test_source("models/stories"), &err);
    test_ok(f->model != NULL, &err);
    f->engine = gb_engine_open(f->model, &options, &err);
    test_ok(f->engine != NULL, &err);
    *state = f;
    return 0;
}

static int
close_fixture(void **state)
{
    fixture *f = *state;

    gb_engine_close(f->engine);
    gb_model_close(f->model);
    free(f);
    return 0;
}

static gb_ids
encode(const fixture *f, const char *text)
{
    gb_ids ids = GB_IDS_INIT;
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tokenizer_encode(f->model->tokenizer, text, strlen(text),
                                false, &ids, &err), &err);
    return ids;
}

static gb_sweep_of
sweep_of(const fixture *f, const gb_ids *prompt, uint32_t n)
{
    gb_sweep_of of = {.engine = f->engine,
                      .prompt = prompt->data,
                      .n_prompt = prompt->len,
                      .tail = "",
                      .from = FROM,
                      .to = TO};

    gb_settings_init(&of.settings);
    of.settings.max_new_tokens = n;
    return of;
}

/* All texts of a sweep, in the order in which they come. */
typedef struct texts {
    gb_sweep_text text[MAX_TEXTS];
    size_t n;
    uint64_t forwards;
} texts;

static texts *
sweep(const gb_sweep_of *of)
{
    gb_sweep *s = gb_sweep_open(of);
    texts *t = gb_alloc(sizeof *t);
    gb_error err = GB_ERROR_INIT;

    while (gb_sweep_next(s, &t->text[t->n], &err)) {
        t->n++;
        assert_in_range(t->n, 1, MAX_TEXTS - 1);
    }
    assert_int_equal(err.status, GB_OK);
    t->forwards = gb_sweep_forwards(s);
    gb_sweep_close(s);
    return t;
}

static void
free_texts(texts *t)
{
    size_t i;

    for (i = 0; i < t->n; i++)
        gb_sweep_text_free(&t->text[i]);
    free(t);
}

/* What `gumbel generate` would write at one temperature. */
static gb_sweep_text
generate(const gb_sweep_of *of, double temperature)
{
    const gb_model *m = gb_engine_model(of->engine);
    const char *stops[GB_MAX_STOPS];
    gb_stream *stream =
        gb_stream_new(stops, gb_settings_stops(&of->settings, stops));
    gb_sweep_text text = {.from = temperature, .to = temperature};
    gb_error err = GB_ERROR_INIT;
    gb_settings settings = of->settings;
    const char *bytes;
    gb_pick pick;
    gb_loop loop;
    size_t n;

    settings.temperature = (float)temperature;
    gb_engine_rewind(of->engine, 0);
    gb_loop_init(&loop, of->engine);
    loop.step = of->step;
    gb_loop_append(&loop, of->prompt, of->n_prompt);
    gb_stream_push(stream, of->tail, of->n_tail, &text.text);
    while (text.reason == NULL) {
        if (gb_loop_is_full(&loop)) {
            text.reason = "context";
            break;
        }
        test_ok(gb_loop_step(&loop, &settings, &pick, &err), &err);
        gb_ids_push(&text.ids, pick.id);
        bytes = gb_tokenizer_bytes(m->tokenizer, pick.id, &n);
        if (gb_ends_has(&m->config.ends, pick.id) && !settings.ignore_eos)
            text.reason = "eos";
        else if (gb_stream_push(stream, bytes, n, &text.text))
            text.reason = "stop";
        else if (text.ids.len >= settings.max_new_tokens)
            text.reason = "length";
    }
    gb_stream_end(stream, &text.text);
    gb_stream_free(stream);
    gb_loop_free(&loop);
    return text;
}

static bool
same_ids(const gb_ids *a, const gb_ids *b)
{
    return a->len == b->len &&
           memcmp(a->data, b->data, a->len * sizeof *a->data) == 0;
}

static void
check_text(const gb_sweep_of *of, const gb_sweep_text *found,
           double temperature)
{
    gb_sweep_text expected = generate(of, temperature);

    if (!same_ids(&expected.ids, &found->ids))
        fail_msg("at %.9g, in %.9g to %.9g: \"%s\", expected \"%s\"",
                 temperature, found->from, found->to,
                 gb_str_cstr(&found->text), gb_str_cstr(&expected.text));
    assert_string_equal(gb_str_cstr(&found->text),
                        gb_str_cstr(&expected.text));
    assert_string_equal(found->reason, expected.reason);
    gb_sweep_text_free(&expected);
}

/* From end to end without gaps, in ascending order, no text twice. */
static void
check_order(const gb_sweep_of *of, const texts *t)
{
    size_t i, k;

    assert_true(t->n > 0);
    assert_true(t->text[0].from == of->from);
    assert_true(t->text[t->n - 1].to == of->to);
    for (i = 0; i < t->n; i++) {
        assert_true(t->text[i].from < t->text[i].to || of->from == of->to);
        assert_true(i == 0 || t->text[i].from == t->text[i - 1].to);
        for (k = 0; k < i; k++)
            assert_false(same_ids(&t->text[i].ids, &t->text[k].ids));
    }
}

/* One pass for the prompt, and one for each beginning that goes on. */
static void
check_forwards(const texts *t)
{
    const gb_ids *a, *b;
    uint64_t expected = 1;
    size_t i, k, same;

    for (i = 0; i < t->n; i++) {
        a = &t->text[i].ids;
        for (same = 0, k = 0; k < i; k++) {
            size_t n = 0;

            b = &t->text[k].ids;
            while (n < a->len && n < b->len && a->data[n] == b->data[n])
                n++;
            same = n > same ? n : same;
        }
        /* The last token is not fed. */
        expected += a->len - 1 > same ? a->len - 1 - same : 0;
    }
    assert_int_equal(t->forwards, expected);
}

/* In the middle of each text, near its ends, and over a grid. */
static void
check_sweep(const gb_sweep_of *of)
{
    texts *t;
    double at;
    size_t i;

    gb_engine_rewind(of->engine, 0);
    t = sweep(of);
    check_order(of, t);
    check_forwards(t);
    for (i = 0; i < t->n; i++) {
        if (t->text[i].to - t->text[i].from < 4 * SOFT)
            continue;
        check_text(of, &t->text[i], (t->text[i].from + t->text[i].to) / 2);
        check_text(of, &t->text[i], t->text[i].from + SOFT);
        check_text(of, &t->text[i], t->text[i].to - SOFT);
    }
    for (i = 0, at = of->from; at < of->to; at += 0.0871) {
        while (t->text[i].to < at)
            i++;
        if (at - t->text[i].from > SOFT && t->text[i].to - at > SOFT)
            check_text(of, &t->text[i], at);
    }
    free_texts(t);
}

static void
test_filters(void **state)
{
    static const gb_filter filters[] = {
        GB_FILTER_OFF, {5, 1, 0},     {0, 0.7, 0},
        {0, 1, 0.1},   {40, 0.9, 0.02},
    };
    fixture *f = *state;
    gb_ids prompt = encode(f, "Once upon a time there was a little fox who");
    gb_sweep_of of = sweep_of(f, &prompt, 9);
    size_t i;

    for (i = 0; i < GB_COUNT(filters); i++) {
        of.settings.filter = filters[i];
        of.settings.seed = i;
        of.step = i * 5;
        check_sweep(&of);
    }
    gb_ids_free(&prompt);
}

/* A bias, and penalties that each branch of the text has to itself. */
static void
test_adjusted(void **state)
{
    static const char *const cases[][4] = {
        {"bias", "{\" was\":\"ban\",\" little\":3,\" The\":-2.5}", "bias",
         "{\" was\":\"ban\",\" little\":3}"},
        {"repetition-penalty", "1.4", "repetition-last", "6"},
        {"dry-multiplier", "2", "dry-allowed-length", "1"},
        {"repetition-penalty", "0.8", "bias", "{\".\":-1}"},
    };
    fixture *f = *state;
    gb_ids prompt = encode(f, "The big dog saw the big dog and the big");
    gb_sweep_of of = sweep_of(f, &prompt, 9);
    gb_error err = GB_ERROR_INIT;
    gb_settings *s = &of.settings;
    texts *plain, *adjusted;
    size_t i;

    for (i = 0; i < GB_COUNT(cases); i++) {
        of = sweep_of(f, &prompt, 9);
        s->seed = i;
        s->filter.min_p = i % 2 == 0 ? 0.02 : 0;
        plain = sweep(&of);
        test_ok(gb_settings_set(s, cases[i][0], cases[i][1], &err), &err);
        test_ok(gb_settings_set(s, cases[i][2], cases[i][3], &err), &err);
        check_sweep(&of);
        adjusted = sweep(&of);
        assert_false(plain->n == adjusted->n &&
                     same_ids(&plain->text[0].ids, &adjusted->text[0].ids) &&
                     same_ids(&plain->text[plain->n - 1].ids,
                              &adjusted->text[plain->n - 1].ids));
        free_texts(plain);
        free_texts(adjusted);
    }
    gb_ids_free(&prompt);
}

static size_t
count_reasons(const gb_sweep_of *of, const char *reason)
{
    texts *t = sweep(of);
    size_t i, n = 0;

    for (i = 0; i < t->n; i++)
        n += strcmp(t->text[i].reason, reason) == 0;
    free_texts(t);
    return n;
}

/* End-of-text, stop strings, and a prompt that ends within a character. What
 * ends a text here is what stands in one of the texts and not in another. */
static void
test_ends(void **state)
{
    fixture *f = *state;
    const gb_ends ends = f->model->config.ends;
    gb_ids prompt = encode(f, "Once upon a time there was a little fox who");
    gb_sweep_of of = sweep_of(f, &prompt, 8);
    char some[2][4] = {"", ""};
    gb_error err = GB_ERROR_INIT;
    texts *t = sweep(&of);
    size_t i;

    assert_in_range(t->n, 2, MAX_TEXTS);
    f->model->config.ends = (gb_ends){{t->text[0].ids.data[7]}, 1};
    check_sweep(&of);
    assert_in_range(count_reasons(&of, "eos"), 1, MAX_TEXTS);
    of.settings.ignore_eos = true;
    check_sweep(&of);
    assert_int_equal(count_reasons(&of, "eos"), 0);
    f->model->config.ends = ends;
    memcpy(some[0], gb_str_cstr(&t->text[0].text) + t->text[0].text.len - 3,
           3);
    memcpy(some[1],
           gb_str_cstr(&t->text[t->n - 1].text) +
               t->text[t->n - 1].text.len - 3,
           3);
    for (i = 0; i < 2; i++)
        test_ok(gb_settings_add_stop(&of.settings, some[i], &err), &err);
    of.tail = "\xc3";
    of.n_tail = 1;
    check_sweep(&of);
    assert_in_range(count_reasons(&of, "stop"), 1, MAX_TEXTS);
    free_texts(t);
    gb_ids_free(&prompt);
}

/* The context ends before the texts do. */
static void
test_context(void **state)
{
    fixture *f = *state;
    const uint32_t n_ctx = f->model->config.n_ctx;
    gb_ids story = encode(f, "The dog ran to the tree and saw a cat. ");
    gb_ids prompt = GB_IDS_INIT;
    gb_sweep_of of;
    texts *t;

    while (prompt.len < n_ctx - 3)
        gb_ids_push(&prompt, story.data[prompt.len % story.len]);
    of = sweep_of(f, &prompt, 10);
    check_sweep(&of);
    t = sweep(&of);
    assert_string_equal(t->text[0].reason, "context");
    assert_int_equal(t->text[0].ids.len, 4);
    free_texts(t);
    gb_ids_free(&prompt);
    gb_ids_free(&story);
}

/* One temperature is one text; the engine may hold anything before. */
static void
test_point(void **state)
{
    fixture *f = *state;
    gb_ids prompt = encode(f, "One day a bear");
    gb_sweep_of of = sweep_of(f, &prompt, 8);
    gb_error err = GB_ERROR_INIT;
    texts *t;

    of.from = of.to = 0.8125; /* also a float */
    check_sweep(&of);
    gb_engine_rewind(f->engine, 0);
    test_ok(gb_engine_feed(f->engine, prompt.data, 2, &err), &err);
    test_ok(gb_engine_feed(f->engine, prompt.data, 9 % prompt.len, &err),
            &err);
    t = sweep(&of);
    assert_int_equal(t->n, 1);
    check_text(&of, &t->text[0], of.from);
    free_texts(t);
    t = sweep(&of); /* all is read */
    assert_int_equal(t->n, 1);
    check_text(&of, &t->text[0], of.from);
    free_texts(t);
    gb_ids_free(&prompt);
}

typedef struct stopper {
    atomic_bool cancel;
    uint64_t calls, after;
    double temperature;
} stopper;

static void
progress(void *arg, const gb_sweep *s, double temperature)
{
    stopper *p = arg;

    p->calls++;
    assert_true(temperature >= p->temperature);
    p->temperature = temperature;
    assert_true(gb_sweep_forwards(s) >= p->calls);
    if (p->calls == p->after)
        atomic_store(&p->cancel, true);
}

static void
test_cancel(void **state)
{
    fixture *f = *state;
    gb_ids prompt = encode(f, "Once upon a time there was a little fox who");
    gb_sweep_of of = sweep_of(f, &prompt, 12);
    stopper p = {.after = UINT64_MAX};
    gb_error err = GB_ERROR_INIT;
    gb_sweep_text text;
    texts *whole;
    gb_sweep *s;
    size_t n;

    whole = sweep(&of);
    of.progress = progress;
    of.progress_arg = &p;
    of.cancel = &p.cancel;
    for (p.after = 1; p.after < 12; p.after += 3) {
        atomic_store(&p.cancel, false);
        p.calls = 0;
        p.temperature = 0;
        gb_engine_rewind(f->engine, 0);
        s = gb_sweep_open(&of);
        for (n = 0; gb_sweep_next(s, &text, &err); n++) {
            assert_true(same_ids(&text.ids, &whole->text[n].ids));
            gb_sweep_text_free(&text);
        }
        assert_int_equal(err.status, GB_INTERRUPTED);
        assert_int_equal(p.calls, p.after);
        assert_false(gb_sweep_next(s, &text, &err));
        gb_sweep_close(s);
        assert_true(n < whole->n);
    }
    free_texts(whole);
    gb_ids_free(&prompt);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_adjusted),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_point),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
