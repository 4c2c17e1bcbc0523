/* The last run on trial, against the session that writes it again, and
 * against the sweep. */
#include "conversation.h"
#include "mutate.h"

#include <math.h>
#include <unistd.h>

#include "base/mem.h"
#include "session/look.h"
#include "session/sweep.h"
#include "session/trial.h"

#define TRIALS 20
#define SOFT 1e-4 /* so near a border either text may come */

static gb_seen_trial *
try(gb_trial *t, const gb_settings *settings)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_trial_ask(t, settings, &err), &err);
    while (!gb_trial_is_found(t))
        test_ok(gb_trial_step(t, &err), &err);
    return gb_trial_see(t);
}

/* The ids that the last run has on the path. */
static gb_ids
run_ids(const gb_session *s)
{
    const size_t run =
        (size_t)(gb_tree_last_run(s->tree) - s->tree->runs);
    gb_ids ids = GB_IDS_INIT;
    const gb_stretch *st;
    uint32_t k;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        for (k = 0; st->node->run == run && k < st->tokens; k++)
            gb_ids_push(&ids, st->node->tokens[k].id);
    }
    return ids;
}

/* And what it shows. */
static void
run_text(const gb_session *s, gb_str *out)
{
    const size_t run =
        (size_t)(gb_tree_last_run(s->tree) - s->tree->runs);
    const gb_stretch *st;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        if (st->node->run == run)
            gb_str_append(out, gb_str_cstr(&st->node->text),
                          gb_node_bytes(st->node, st->tokens));
    }
}

static void
expect_again(gb_session *s, const gb_seen_trial *seen)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_str t = GB_STR_INIT;
    gb_ids ids;
    uint32_t i;

    gb_settings_get(&seen->settings, "temperature", &t);
    test_set(s, "temperature", gb_str_cstr(&t));
    test_ok(ask_again(s, &err), &err);
    test_finish(s);
    ids = run_ids(s);
    for (i = 0; i < ids.len && i < seen->n_tokens; i++)
        if (ids.data[i] != seen->tokens[i].id)
            fail_msg("T %s: token %u is %u, not %u", gb_str_cstr(&t), i,
                     seen->tokens[i].id, ids.data[i]);
    assert_int_equal(ids.len, seen->n_tokens);
    run_text(s, &text);
    assert_string_equal(gb_str_cstr(&seen->text), gb_str_cstr(&text));
    assert_int_equal(seen->tokens[seen->n_tokens - 1].end, seen->text.len);
    assert_int_equal(seen->reason, gb_tree_last_run(s->tree)->reason);
    assert_true(seen->low <= (double)seen->settings.temperature &&
                (double)seen->settings.temperature <= seen->high);
    gb_str_free(&text);
    gb_str_free(&t);
    gb_ids_free(&ids);
}

/* A session's last run at so many temperatures, some of them twice, and then
 * written again at each. */
static void
check(gb_session *s)
{
    gb_error err = GB_ERROR_INIT;
    test_random random = {7};
    gb_seen_trial *seen[TRIALS], *twice;
    char *before = test_events(s), *after;
    gb_ids own = run_ids(s);
    gb_settings settings = s->tree->settings;
    gb_trial *t = gb_trial_open(s, &err);
    uint32_t k;
    int i;

    test_ok(t != NULL, &err);
    for (i = 0; i < TRIALS; i++) {
        settings.temperature =
            0.3f + 1.2f * (float)test_random_below(&random, 1000) / 1000;
        seen[i] = try(t, &settings);
        for (k = 0; k < seen[i]->n_tokens && k < own.len; k++)
            if (seen[i]->tokens[k].id != own.data[k])
                break;
        assert_int_equal(seen[i]->same, k);
        if (i % 5 != 4)
            continue;
        settings.temperature = seen[i - 2]->settings.temperature;
        test_ok(gb_trial_ask(t, &settings, &err), &err);
        assert_true(gb_trial_is_found(t));
        twice = gb_trial_see(t);
        assert_int_equal(twice->n_tokens, seen[i - 2]->n_tokens);
        gb_seen_trial_free(twice);
    }
    gb_trial_close(t);
    after = test_events(s);
    assert_string_equal(before, after);
    for (i = 0; i < TRIALS; i++) {
        expect_again(s, seen[i]);
        gb_seen_trial_free(seen[i]);
    }
    gb_ids_free(&own);
    free(before);
    free(after);
}

static gb_session *
story(const char *tokens)
{
    gb_session *s = test_session(NULL, NULL);

    test_set(s, "max-new-tokens", tokens);
    test_send(s, "Once upon a time there was a little fox who");
    return s;
}

static void
test_plain(void **state)
{
    gb_session *s = story("24");

    (void)state;
    check(s);
    test_session_close(s);
}

/* Each with settings that only come after the run, too. */
static void
test_filters(void **state)
{
    gb_session *s = story("20");

    (void)state;
    test_set(s, "top-p", "0.9");
    test_set(s, "min-p", "0.02");
    check(s);
    test_set(s, "top-p", "off");
    test_set(s, "top-k", "5");
    check(s);
    test_set(s, "greedy", "on");
    check(s);
    test_session_close(s);
}

static void
test_bias(void **state)
{
    gb_session *s = story("20");

    (void)state;
    test_set(s, "bias", "{\" the\":3,\".\":\"ban\"}");
    test_set(s, "repetition-penalty", "1.3");
    check(s);
    test_session_close(s);
}

/* What ends a text: a stop string, also across a stop of the model; the
 * end-of-text token. */
static void
test_ends(void **state)
{
    gb_session *s = story("40");
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_set(s, "stop", "[\"he \",\"nd\"]");
    check(s);
    test_set(s, "stop", "off");
    test_set(s, "max-new-tokens", "9");
    test_ok(ask_again(s, &err), &err);
    test_finish(s);
    test_set(s, "stop", "[\". \"]");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    test_set(s, "ignore-eos", "off");
    test_set(s, "max-new-tokens", "100");
    check(s);
    test_session_close(s);
}

/* A run that the user has ended goes on. */
static void
test_stopped(void **state)
{
    gb_session *s = test_session(NULL, NULL);

    (void)state;
    test_set(s, "max-new-tokens", "30");
    test_begin(s, "One day, a boy", 7);
    gb_session_stop(s);
    check(s);
    test_session_close(s);
}

static void
expect_forgetting(const gb_session *s)
{
    size_t i;

    for (i = 0; i < s->tree->n_nodes; i++)
        if (s->tree->nodes[i]->drop_front > 0)
            return;
    fail_msg("nothing had to be forgotten");
}

/* Texts that were written side by side are those that the session writes, one
 * after the other. */
static void
check_side_by_side(gb_session *s)
{
    gb_error err = GB_ERROR_INIT;
    gb_settings settings = s->tree->settings;
    gb_trial *t = gb_trial_open(s, &err);
    gb_seen_trial *all, *seen[4];
    size_t n, i;

    test_ok(t != NULL, &err);
    settings.temperature = 0.8f;
    test_ok(gb_trial_ask(t, &settings, &err), &err);
    while (!gb_trial_is_done(t))
        test_ok(gb_trial_step(t, &err), &err);
    all = gb_trial_see(t);
    assert_true(all->whole && all->n_map >= 2);
    n = all->n_map < GB_COUNT(seen) ? all->n_map : GB_COUNT(seen);
    for (i = 0; i < n; i++) {
        const gb_seen_band *b = &all->map[i * (all->n_map - 1) / (n - 1)];

        settings.temperature = (float)((b->from + b->to) / 2);
        test_ok(gb_trial_ask(t, &settings, &err), &err);
        assert_true(gb_trial_is_found(t));
        seen[i] = gb_trial_see(t);
    }
    gb_seen_trial_free(all);
    gb_trial_close(t);
    for (i = 0; i < n; i++) {
        expect_again(s, seen[i]);
        gb_seen_trial_free(seen[i]);
    }
}

/* Where the model has to forget, in both modes, and with a pinned text. */
static void
test_full(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_str text = GB_STR_INIT;
    int i;

    (void)state;
    for (i = 0; i < 75; i++)
        gb_str_puts(&text, " The fox saw a bird.");
    test_set(s, "max-new-tokens", "40");
    test_set(s, "pin", "This is a story about a fox.");
    test_send(s, gb_str_cstr(&text));
    test_send(s, " Then");
    check(s);
    expect_forgetting(s);
    test_set(s, "max-new-tokens", "14");
    test_set(s, "repetition-penalty", "1.2");
    check_side_by_side(s);
    test_set(s, "min-p", "0.05");
    check_side_by_side(s);
    test_session_close(s);
    gb_str_free(&text);
}

static void
test_chat(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    int i;

    (void)state;
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_set(s, "max-new-tokens", "60");
    for (i = 0; i < 7; i++)
        test_send(s, "Tell me a story.");
    check(s);
    expect_forgetting(s);
    test_session_close(s);
}

/* Another seed is the noise of a reseed, which takes the next one or is told
 * which; an undo takes it back. */
static void
check_seed(const char *value)
{
    gb_session *s = story("20");
    gb_event run = {.type = GB_EVENT_RUN, .how = GB_HOW_RESEED};
    const gb_place end = gb_tree_place(s->tree);
    gb_error err = GB_ERROR_INIT;
    gb_trial *t = gb_trial_open(s, &err);
    gb_settings settings = s->tree->settings;
    gb_seen_trial *seen;
    gb_ids ids;
    uint32_t i;

    test_ok(t != NULL, &err);
    gb_settings_change(&settings, "seed", value, &err);
    seen = try(t, &settings);
    gb_trial_close(t);
    assert_int_equal(seen->seed, s->tree->settings.seed);
    run.placed = strcmp(value, "next") != 0;
    run.place = seen->from;
    run.seed = settings.seed;
    test_ok(gb_session_do(s, &run, 0, &err), &err);
    test_finish(s);
    ids = run_ids(s);
    assert_int_equal(s->tree->settings.seed, settings.seed);
    assert_int_equal(ids.len, seen->n_tokens);
    for (i = 0; i < ids.len; i++)
        assert_int_equal(ids.data[i], seen->tokens[i].id);
    run.type = GB_EVENT_UNDO;
    test_ok(gb_session_do(s, &run, 0, &err), &err);
    assert_int_equal(gb_tree_place(s->tree).node, end.node);
    assert_int_equal(s->tree->settings.seed, seen->seed);
    gb_ids_free(&ids);
    gb_seen_trial_free(seen);
    test_session_close(s);
}

static void
test_seed(void **state)
{
    (void)state;
    check_seed("next");
    check_seed("12345");
}

/* The map. */

/* What stands there afterwards would have come without trials, too. */
static void
test_untouched(void **state)
{
    gb_session *s = story("25");
    gb_session *plain;
    gb_error err = GB_ERROR_INIT;
    gb_settings settings = s->tree->settings;
    gb_trial *t = gb_trial_open(s, &err);
    char *tried, *alone;

    (void)state;
    test_ok(t != NULL, &err);
    settings.temperature = 1.4f;
    gb_seen_trial_free(try(t, &settings));
    gb_trial_pause(t);
    assert_true(gb_trial_holds(t));
    test_ok(ask_continue(s, &err), &err);
    assert_false(gb_trial_holds(t));
    gb_trial_close(t);
    test_finish(s);
    test_send(s, " The end.");
    tried = test_events(s);
    test_session_close(s);
    plain = story("25");
    test_ok(ask_continue(plain, &err), &err);
    test_finish(plain);
    test_send(plain, " The end.");
    alone = test_events(plain);
    test_session_close(plain);
    assert_string_equal(tried, alone);
    free(tried);
    free(alone);
}

static bool
is_text(const gb_seen_trial *seen, const gb_sweep_text *text)
{
    uint32_t i;

    if (seen->n_tokens != text->ids.len)
        return false;
    for (i = 0; i < seen->n_tokens; i++)
        if (seen->tokens[i].id != text->ids.data[i])
            return false;
    return true;
}

/* All texts of a sweep are in the map, each where it comes. */
static void
check_map(gb_session *s, float first)
{
    const gb_run *run = gb_tree_last_run(s->tree);
    gb_error err = GB_ERROR_INIT;
    gb_settings settings = s->tree->settings;
    gb_trial *t = gb_trial_open(s, &err);
    gb_ids prompt = GB_IDS_INIT;
    gb_seen_trial *seen, *one;
    gb_sweep_text text;
    gb_sweep_of of;
    gb_sweep *sweep;
    size_t i = 0, n = 0;

    test_ok(t != NULL, &err);
    settings.temperature = first;
    seen = try(t, &settings);
    assert_false(seen->whole);
    gb_seen_trial_free(seen);
    while (!gb_trial_is_done(t))
        test_ok(gb_trial_step(t, &err), &err);
    seen = gb_trial_see(t);
    assert_true(seen->whole);
    gb_trial_pause(t);
    test_ok(gb_look_view(s, run->from, &settings, &prompt, &err), &err);
    of = (gb_sweep_of){
        .engine = s->engine, .prompt = prompt.data, .n_prompt = prompt.len,
        .tail = "", .from = seen->map_from, .to = seen->map_to,
        .settings = settings, .step = run->step,
    };
    gb_loop_lend(&s->loop, prompt.data, prompt.len);
    sweep = gb_sweep_open(&of);
    while (gb_sweep_next(sweep, &text, &err)) {
        n++;
        if (text.to - text.from > 2 * SOFT) {
            /* Past those that are too narrow to be sure of. */
            while (i < seen->n_map &&
                   seen->map[i].to < (text.from + text.to) / 2)
                i++;
            assert_true(i < seen->n_map);
            if (text.from > seen->map_from)
                assert_float_equal(seen->map[i].from, text.from, SOFT);
            if (text.to < seen->map_to)
                assert_float_equal(seen->map[i].to, text.to, SOFT);
            gb_loop_rejoin(&s->loop);
            settings.temperature = (float)((text.from + text.to) / 2);
            test_ok(gb_trial_ask(t, &settings, &err), &err);
            assert_true(gb_trial_is_found(t));
            one = gb_trial_see(t);
            assert_true(is_text(one, &text));
            gb_seen_trial_free(one);
        }
        gb_sweep_text_free(&text);
    }
    assert_int_equal(err.status, GB_OK);
    assert_true(n > 3);
    /* No gaps; the first token that differs is one of the text. */
    assert_true(seen->map[0].from <= seen->map_from * (1 + 1e-5));
    assert_true(seen->map[seen->n_map - 1].to >= seen->map_to * (1 - 1e-5));
    for (i = 1; i < seen->n_map; i++)
        assert_float_equal(seen->map[i].from, seen->map[i - 1].to, 1e-5);
    gb_sweep_close(sweep);
    gb_loop_rejoin(&s->loop);
    gb_seen_trial_free(seen);
    gb_ids_free(&prompt);
    gb_trial_close(t);
}

static void
test_map(void **state)
{
    gb_session *s = story("16");

    (void)state;
    check_map(s, 0.8f);
    check_map(s, 0.45f);
    test_set(s, "top-p", "0.9");
    check_map(s, 1.1f);
    test_set(s, "min-p", "0.05");
    test_set(s, "bias", "{\" the\":2}");
    check_map(s, 0.8f);
    test_session_close(s);
}

static void
test_refused(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_null(gb_trial_open(s, &err));
    test_fails_with(&err, GB_USAGE, "no text of the model", NULL);
    test_begin(s, "Once", 3);
    assert_null(gb_trial_open(s, &err));
    test_fails_with(&err, GB_USAGE, "still writing", NULL);
    test_finish(s);
    test_session_close(s);
}

/* After settings that cannot be, those before them are asked for again. */
static void
test_asked_again(void **state)
{
    gb_session *s = story("8");
    gb_error err = GB_ERROR_INIT;
    gb_trial *t = gb_trial_open(s, &err);
    gb_settings settings = s->tree->settings, long_pin = settings;
    gb_seen_trial *seen;
    gb_str pin = GB_STR_INIT;
    int i;

    (void)state;
    test_ok(t != NULL, &err);
    gb_seen_trial_free(try(t, &settings));
    for (i = 0; i < 300; i++)
        gb_str_puts(&pin, " fox");
    test_ok(gb_settings_set(&long_pin, "pin", gb_str_cstr(&pin), &err), &err);
    assert_false(gb_trial_ask(t, &long_pin, &err));
    test_fails_with(&err, GB_USAGE, "pin: expected at most", NULL);
    seen = try(t, &settings);
    assert_int_equal(seen->n_tokens, 8);
    assert_int_equal(seen->same, 8);
    gb_seen_trial_free(seen);
    gb_trial_close(t);
    gb_str_free(&pin);
    test_session_close(s);
}

/* A tokenizer that puts something in front of a text does so with what is
 * pinned, and not with nothing. */
static void
test_begun(void **state)
{
    static const char *const files[] = {"config.json", "merges.txt",
                                        "vocab.json", "model.safetensors"};
    static const char begin[] = "{\"add_bos_token\": true}";
    char from[4096], to[4096];
    gb_session *s;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(files); i++) {
        snprintf(from, sizeof from, "models/stories/%s", files[i]);
        snprintf(to, sizeof to, "%s/%s", test_folder(), files[i]);
        assert_int_equal(symlink(realpath(test_source(from), from), to), 0);
    }
    test_write("tokenizer_config.json", begin, strlen(begin));
    test_change_model(test_folder());
    s = story("20");
    assert_int_equal(gb_tree_view(s->tree)->data[0],
                     s->model->config.start_id);
    test_set(s, "pin", "A story of a fox.");
    assert_int_equal(s->tree->pin.data[0], s->model->config.start_id);
    check(s);
    test_set(s, "pin", "off");
    assert_int_equal(s->tree->pin.len, 0);
    check(s);
    test_session_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_filters),
        cmocka_unit_test(test_bias),    cmocka_unit_test(test_ends),
        cmocka_unit_test(test_stopped), cmocka_unit_test(test_full),
        cmocka_unit_test(test_chat),    cmocka_unit_test(test_seed),
        cmocka_unit_test(test_untouched), cmocka_unit_test(test_map),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_asked_again),
        cmocka_unit_test(test_begun), /* last: with another model */
    };

    return cmocka_run_group_tests_name("trial", tests, NULL,
                                       test_engine_close);
}
