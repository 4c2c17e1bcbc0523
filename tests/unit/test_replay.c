/* Sessions computed again, token for token. */
#include "conversation.h"

#include <unistd.h>

#include "session/export.h"
#include "base/file.h"
#include "base/mem.h"
#include "mutate.h"

#define STORY "Once upon a time there was a little fox"

/* Thirty changes in mid-sentence, each of which must come at its step. */
static void
test_thirty_changes(void **state)
{
    static const struct {
        const char *name, *value;
    } changes[] = {
        {"temperature", "1.2"}, {"temperature", "0.4"}, {"greedy", "on"},
        {"greedy", "off"},      {"seed", "42"},         {"top-k", "5"},
        {"top-p", "0.9"},       {"top-k", "off"},       {"temperature", "2"},
        {"min-p", "0.05"},      {"seed", "7"},          {"top-p", "off"},
        {"min-p", "off"},       {"temperature", "1"},   {"seed", "7"},
    };
    const char *path = test_path("thirty");
    gb_session *s = test_session(path, NULL);
    const char *wrong;
    gb_replay_result result;
    gb_str text = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    char *at;
    unsigned i;

    (void)state;
    test_set(s, "max-new-tokens", "1000");
    test_begin(s, STORY, 3);
    for (i = 0; i < 30; i++) {
        test_set(s, changes[i % GB_COUNT(changes)].name,
                 changes[i % GB_COUNT(changes)].value);
        test_steps(s, 1 + i % 4);
    }
    gb_session_stop(s);
    test_session_close(s);
    test_verify(path, 30);

    /* The same changes at other values are another session. */
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    at = strstr(text.data, "\"value\":\"42\"");
    assert_non_null(at);
    memcpy(at, "\"value\":\"43\"", 12);
    wrong = test_write("thirty-wrong", text.data, text.len);
    test_replay(wrong, &result);
    assert_false(result.identical);
    assert_in_range(result.tokens, 5, 40);
    assert_int_equal(result.divergence.seed, 43);
    gb_replay_result_free(&result);
    gb_str_free(&text);
}

typedef struct player {
    gb_session *session;
    test_random random;
    unsigned done[16];
} player;

/* One thing that a user might do, at any time. */
static void
act(player *p)
{
    static const char *const texts[] = {
        "One day", " and then", "\n", "The fox said:", "\xf0\x9f\xa6\x8a", ".",
    };
    static const char *const settings[][2] = {
        {"temperature", "0.3"}, {"temperature", "1.7"}, {"greedy", "on"},
        {"greedy", "off"},      {"top-k", "3"},         {"top-k", "off"},
        {"seed", "11"},         {"max-new-tokens", "5"},
        {"max-new-tokens", "9"}, {"ignore-eos", "off"},
    };
    gb_session *s = p->session;
    unsigned what = (unsigned)test_random_below(&p->random, 14);
    const char *text = texts[test_random_below(&p->random, GB_COUNT(texts))];
    const char *const *setting =
        settings[test_random_below(&p->random, GB_COUNT(settings))];
    bool done = true;

    if (gb_session_is_writing(s) && what < 5) {
        test_steps(s, 1 + (unsigned)test_random_below(&p->random, 6));
        return;
    }
    if (gb_session_is_writing(s) && what != 5) {
        if (what < 8)
            gb_session_stop(s);
        else
            test_finish(s);
    }
    switch (what) {
    case 0:
    case 1:
        done = ask_send(s, text, strlen(text), GB_SEND_JOIN, NULL);
        break;
    case 2:
        done = ask_send(s, text, strlen(text), GB_SEND_ONLY, NULL);
        break;
    case 3:
    case 4:
        done = ask_continue(s, NULL);
        break;
    case 5:
        test_set(s, setting[0], setting[1]);
        break;
    case 6:
        done = ask_again(s, NULL);
        break;
    case 7:
        done = ask_reseed(s, NULL);
        break;
    case 8:
    case 9:
        done = ask_undo(s, NULL);
        break;
    case 10:
    case 11:
        done = ask_redo(s, NULL);
        break;
    case 12:
        done = ask_edit(s, text, strlen(text), NULL);
        break;
    default:
        if (test_random_below(&p->random, 6) == 0)
            done = ask_clear(s, NULL);
        else
            done = ask_mode(
                s, (gb_mode)test_random_below(&p->random, 2), NULL);
        break;
    }
    if (done)
        p->done[what]++;
}

/* A session loaded from its file is the session that wrote it. */
static void
expect_same(gb_session *a, gb_session *b)
{
    gb_str text_a = GB_STR_INIT, text_b = GB_STR_INIT;
    const gb_ids *view_a = gb_tree_view(a->tree), *view_b = gb_tree_view(b->tree);

    gb_session_export(a, GB_EXPORT_JSON, &text_a);
    gb_session_export(b, GB_EXPORT_JSON, &text_b);
    assert_string_equal(gb_str_cstr(&text_a), gb_str_cstr(&text_b));
    assert_int_equal(view_a->len, view_b->len);
    if (view_a->len > 0)
        assert_memory_equal(view_a->data, view_b->data,
                            view_a->len * sizeof *view_a->data);
    assert_int_equal(gb_tree_can_undo(a->tree), gb_tree_can_undo(b->tree));
    assert_int_equal(gb_tree_can_redo(a->tree), gb_tree_can_redo(b->tree));
    gb_str_free(&text_a);
    gb_str_free(&text_b);
}

/* Whatever was done in whatever order: every token is computed again. */
static void
test_interleavings(void **state)
{
    player p = {.random = {3}};
    const char *path;
    gb_session *loaded;
    unsigned round, i;
    char name[32];

    (void)state;
    for (round = 0; round < 40; round++) {
        snprintf(name, sizeof name, "round-%u", round);
        path = test_path(name);
        p.session = test_session(path, NULL);
        test_begin(p.session, STORY, 2);
        for (i = 0; i < 60; i++)
            act(&p);
        gb_session_stop(p.session);
        test_ok(gb_session_save(p.session, test_path("copy"), true, NULL),
                &(gb_error){.text = "cannot save"});
        loaded = test_session(NULL, path);
        expect_same(p.session, loaded);
        test_session_close(loaded);
        test_session_close(p.session);
        test_verify(path, 2);
    }
    for (i = 0; i < 14; i++)
        assert_true(p.done[i] > 0);
}

static void
test_divergence(void **state)
{
    const char *path = test_path("one");
    gb_session *s = test_session(path, NULL);
    gb_replay_result result;
    gb_str text = GB_STR_INIT, said = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    const gb_engine_info *info = gb_engine_get_info(test_engine());
    char *at;

    (void)state;
    test_send(s, STORY);
    test_session_close(s);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    at = strstr(text.data, "\"step\":4,\"id\":");
    assert_non_null(at);
    at[14] = at[14] == '1' ? '2' : '1';
    at = strstr(text.data, "\"driver\":\"");
    at[10] = '#';
    path = test_write("two", text.data, text.len);
    test_replay(path, &result);
    assert_false(result.identical);
    assert_int_equal(result.tokens, 4);
    assert_int_equal(result.divergence.step, 4);
    assert_int_equal(result.divergence.line, 8);
    assert_true(result.divergence.recorded != result.divergence.computed);
    assert_true(result.divergence.margin >= 0);
    gb_replay_describe(&result, test_model()->tokenizer, &said);
    assert_non_null(strstr(said.data, "step 4 of seed 0"));
    assert_non_null(strstr(said.data, "not the same as then: driver"));
    assert_null(strstr(said.data, info->device.name));
    gb_str_clear(&said);
    gb_replay_json(&result, &said);
    assert_non_null(strstr(said.data, "\"verdict\":\"diverged\""));
    gb_replay_result_free(&result);
    gb_str_free(&text);
    gb_str_free(&said);
}

/* A replay that was cancelled says how far it came. */
typedef struct stopper {
    atomic_bool cancel;
    uint64_t at;
} stopper;

static void
stop_at(void *arg, gb_phase phase, uint64_t done, uint64_t total)
{
    stopper *s = arg;

    assert_int_equal(phase, GB_PHASE_REPLAY);
    assert_int_equal(total, 0);
    if (done == s->at)
        atomic_store(&s->cancel, true);
}

static void
test_cancel(void **state)
{
    const char *path = test_path("cancel");
    gb_session *s = test_session(path, NULL);
    stopper stop = {.at = 5};
    gb_replay_options o = {
        .progress = {stop_at, &stop, &stop.cancel},
        .pace = true,
    };
    gb_error err = GB_ERROR_INIT;
    gb_replay_result result;
    gb_journal_reader *r;

    (void)state;
    test_send(s, STORY);
    test_session_close(s);
    r = gb_journal_open(path, &err);
    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, test_engine(), test_model(), &o, &result, &err),
            &err);
    assert_true(result.interrupted);
    assert_false(result.identical);
    assert_int_equal(result.tokens, 5);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
}

/* Who watches a replay: what stands on the screen, and what that took. */
typedef struct spectator {
    gb_str text;
    uint32_t ids[64];
    size_t ends[64], n;
    uint64_t bytes, cuts;
} spectator;

static void
see_cut(void *arg, uint32_t node, uint32_t tokens, size_t bytes)
{
    spectator *s = arg;
    size_t begin;

    (void)tokens;
    s->cuts++;
    while (s->n > 0 && s->ids[s->n - 1] != node)
        s->n--;
    assert_true(s->n > 0 || node == 0);
    begin = s->n > 1 ? s->ends[s->n - 2] : 0;
    if (s->n > 0)
        s->ends[s->n - 1] = begin + bytes;
    s->text.len = s->n > 0 ? s->ends[s->n - 1] : 0;
}

static void
see(spectator *s, const gb_node *n, size_t from, uint32_t tokens)
{
    size_t size = gb_node_bytes(n, tokens) - from;

    assert_true(s->n > 0 && s->ids[s->n - 1] == n->id);
    s->bytes += size;
    gb_str_append(&s->text, gb_str_cstr(&n->text) + from, size);
    s->ends[s->n - 1] = s->text.len;
}

static void
see_grown(void *arg, const gb_node *n, uint32_t first, size_t from,
          uint32_t tokens)
{
    (void)first;
    see(arg, n, from, tokens);
}

static void
see_node(void *arg, const gb_node *n, uint32_t tokens)
{
    spectator *s = arg;

    assert_true(s->n < GB_COUNT(s->ids));
    assert_true(s->n == 0 || s->ids[s->n - 1] == n->prev->id);
    s->ids[s->n++] = n->id;
    see(s, n, 0, tokens);
}

/* The header of a session with the model at hand. */
static void
put_header(gb_str *file)
{
    gb_error err = GB_ERROR_INIT;
    char sha[65];

    test_ok(gb_model_sha256(test_model(), sha, &err), &err);
    gb_str_printf(file, "{\"type\":\"header\",\"format\":"
                  "\"gumbel-session\",\"version\":1,\"model\":{\"sha256\":"
                  "\"%s\"},\"mode\":\"continue\",\"settings\":{}}\n", sha);
}

static void
put_prompt(gb_str *file, const char *text)
{
    gb_str_printf(file, "{\"type\":\"prompt\",\"text\":\"%s\","
                  "\"ids\":[5]}\n", text);
}

static void
put_events(gb_str *file, const char *types)
{
    static const char *const names[] = {"undo", "redo", "clear"};
    size_t i;

    for (; *types != '\0'; types++)
        for (i = 0; i < GB_COUNT(names); i++)
            if (names[i][0] == *types)
                gb_str_printf(file, "{\"type\":\"%s\"}\n", names[i]);
}

/* Replays the file before a spectator, who must have the branch at the end. */
static void
watch(const gb_str *file, spectator *s)
{
    const char *path = test_write("watched", file->data, file->len);
    gb_replay_options o = {
        .watcher = {.arg = s, .cut = see_cut, .node = see_node,
                    .grown = see_grown},
    };
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r = gb_journal_open(path, &err);
    const gb_stretch *st;
    const gb_path *end;
    gb_replay_result result;
    size_t n, size;

    *s = (spectator){.n = 0};
    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, test_engine(), test_model(), &o, &result, &err),
            &err);
    assert_true(result.identical);
    end = &result.tree->path;
    assert_int_equal(end->len, s->n);
    for (n = s->n; n > 0; n--) {
        st = &end->data[n - 1];
        size = gb_node_bytes(st->node, st->tokens);
        assert_int_equal(s->ids[n - 1], st->node->id);
        assert_memory_equal(s->text.data + s->ends[n - 1] - size,
                            gb_str_cstr(&st->node->text), size);
    }
    gb_str_free(&s->text);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
}

/* A file that jumps to and fro costs in proportion to its size: jumps in a
 * row are told once, and a long text not again and again. */
static void
test_jumps(void **state)
{
    gb_str file = GB_STR_INIT;
    char *text = gb_alloc(100001);
    spectator s;
    unsigned i;

    (void)state;
    memset(text, 'a', 100000);
    put_header(&file);
    put_prompt(&file, "one");
    put_prompt(&file, "two");
    for (i = 0; i < 500; i++)
        put_events(&file, "uurr");
    put_prompt(&file, "three");
    put_events(&file, "u");
    watch(&file, &s);
    assert_int_equal(s.bytes, 11);
    assert_int_equal(s.cuts, 1);

    file.len = 0;
    put_header(&file);
    put_prompt(&file, text);
    for (i = 0; i < 1000; i++) {
        put_prompt(&file, "b");
        put_events(&file, "uc");
        put_prompt(&file, "c");
        put_events(&file, "uu");
    }
    watch(&file, &s);
    assert_true(s.bytes < 5 * file.len);
    put_prompt(&file, "d");
    put_events(&file, "cu");
    watch(&file, &s);
    assert_true(s.bytes < 5 * file.len);
    gb_str_free(&file);
    free(text);
}

/* With CLBlast the numbers depend on what was read at once: the journal says
 * what was, and the replay does the same. */
static void
test_prefill_boundaries(void **state)
{
    const gb_engine_options engine_options = {.prefill = GB_PREFILL_CLBLAST};
    const gb_replay_options options = {.pace = false};
    gb_session_options o = {.journal = true, .path = test_path("clblast")};
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(test_model(), &engine_options, &err);
    gb_replay_result result;
    gb_journal_reader *r;
    gb_str text = GB_STR_INIT;
    gb_session *s;

    (void)state;
    if (e == NULL) {
        print_message("CLBlast does not run here: %s\n", err.text);
        skip();
    }
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 8;
    s = gb_session_open(e, test_model(), &o, &err);
    test_ok(s != NULL, &err);
    test_begin(s, STORY, 3);
    gb_session_stop(s);
    test_send(s, " who lived in a wood with many other animals");
    test_ok(ask_edit(s, " who sang all day long", 22, &err), &err);
    test_finish(s);
    test_session_close(s);
    test_ok(gb_file_read(o.path, 1 << 20, &text, &err), &err);
    assert_non_null(strstr(text.data, "{\"type\":\"prefill\",\"from\":0,"));
    gb_str_free(&text);
    r = gb_journal_open(o.path, &err);
    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, e, test_model(), &options, &result, &err), &err);
    assert_true(result.identical);
    assert_true(result.logprob_difference <= 0);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
    gb_engine_close(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thirty_changes),
        cmocka_unit_test(test_interleavings),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_prefill_boundaries),
    };

    return cmocka_run_group_tests_name("replay", tests, NULL,
                                       test_engine_close);
}
