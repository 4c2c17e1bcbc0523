/* A session as a page: what is in it, that all text is harmless there, and
 * that making it changes nothing. */
#include "conversation.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "session/export.h"
#include "session/export_tokens.h"
#include "session/look.h"
#include "session/steer.h"

#define STORY "Once upon a time there was a little fox who"

/* The page, and the data in it. */
typedef struct page {
    gb_str text;
    json_t *data;
} page;

static page
export_page(gb_session *s)
{
    static const char begin[] = "<script type=\"application/json\" id=\"data\">";
    page p = {.text = GB_STR_INIT};
    gb_error err = GB_ERROR_INIT;
    const char *at;

    test_ok(gb_export_html(s, NULL, &p.text, &err), &err);
    at = strstr(p.text.data, begin);
    assert_non_null(at);
    at += strlen(begin);
    p.data = gb_json_parse("data", at,
                           (size_t)(strstr(at, "</script>") - at), &err);
    test_ok(p.data != NULL, &err);
    return p;
}

static void
page_free(page *p)
{
    gb_str_free(&p->text);
    json_decref(p->data);
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static void
verb(gb_session *s, const char *name, const char *arg)
{
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;

    test_ok(ask_verb(s, name, arg, &out, &err), &err);
    test_finish(s);
    gb_str_free(&out);
}

/* The word of a row's member. */
static const char *
word(const page *p, const json_t *index)
{
    return json_string_value(
        json_array_get(json_object_get(p->data, "words"),
                       (size_t)json_integer_value(index)));
}

/* Every token has a span, and a row with its figures; the winner at the
 * temperature in force is the token itself. */
static void
test_tokens(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    const json_t *tokens, *row, *bands;
    size_t i, k;
    page p;

    (void)state;
    test_send(s, STORY);
    p = export_page(s);
    tokens = json_object_get(p.data, "tokens");
    assert_int_equal(json_array_size(tokens), 12);
    assert_int_equal(count(p.text.data, "<span class=\"t"), 12);
    for (i = 0; i < 12; i++) {
        row = json_array_get(tokens, i);
        assert_int_equal(json_array_size(row), 15);
        assert_non_null(word(&p, json_array_get(row, 0)));
        assert_string_equal(json_string_value(json_array_get(row, 2)), "0");
        assert_int_equal(atoi(json_string_value(json_array_get(row, 3))), i);
        bands = json_array_get(row, 12);
        for (k = 1; k < json_array_size(bands); k += 2)
            if (json_number_value(json_array_get(bands, k)) > 0.8)
                break;
        assert_int_equal(json_integer_value(json_array_get(bands, k - 1)),
                         json_integer_value(json_array_get(row, 0)));
        assert_true(json_array_size(json_array_get(row, 13)) >= 6);
    }
    page_free(&p);
    test_session_close(s);
}

/* Nothing that was typed, noted or named is markup, or acts on a reader. */
static void
test_hostile_text(void **state)
{
    static const char text[] = "<b>&amp;\"'</script><!--\x1b[2J\xe2\x80\xae"
                               "\xef\xb7\x90\xef\xbf\xbf\xff\r\n";
    static const char shown[] = "&#60;b&#62;&#38;amp;&#34;&#39;&#60;/script"
                                "&#62;&#60;!--^[[2J\\u{202e}\\u{fdd0}\\u{ffff}"
                                "\xef\xbf\xbd^M\n";
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    size_t plain;
    page p;

    (void)state;
    test_send(s, "Once");
    p = export_page(s);
    plain = count(p.text.data, "<script");
    page_free(&p);
    test_ok(ask_send(s, text, strlen(text), 0, &err), &err);
    test_finish(s);
    test_ok(ask_note(s, text, &err), &err);
    verb(s, "name", "</title><script>");
    test_set(s, "temperature", "1000");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    p = export_page(s);
    assert_int_equal(count(p.text.data, shown), 2);
    assert_int_equal(count(p.text.data, "<script"), plain);
    assert_int_equal(count(p.text.data, "</script"), plain);
    assert_int_equal(count(p.text.data, "</title"), 1);
    assert_null(strstr(p.text.data, "gumbel:"));
    page_free(&p);
    test_session_close(s);
}

/* Each take that parts from the path can be unfolded where it parts. */
static void
test_other_takes(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *first, *second;
    page p;

    (void)state;
    test_send(s, STORY);
    p = export_page(s);
    assert_int_equal(count(p.text.data, "<details class=\"fork\">"), 0);
    page_free(&p);
    first = test_branch(s);
    verb(s, "at", "-5");
    verb(s, "pick", "7");
    second = test_branch(s);
    test_ok(ask_reseed(s, &err), &err);
    test_finish(s);
    /* From the beginning on another one. */
    test_ok(ask_edit(s, "The dog", 7, &err), &err);
    test_finish(s);
    p = export_page(s);
    assert_int_equal(count(p.text.data, "<details class=\"fork\">"), 1);
    assert_int_equal(count(p.text.data, "<div class=\"take\">"), 1);
    assert_non_null(strstr(p.text.data, "<b>" STORY "</b>"));
    page_free(&p);
    test_ok(ask_undo(s, &err), &err);
    test_ok(ask_undo(s, &err), &err);
    p = export_page(s);
    assert_int_equal(count(p.text.data, "<div class=\"take\">"), 3);
    assert_non_null(strstr(p.text.data, first + strlen(first) - 12));
    page_free(&p);
    test_ok(ask_undo(s, &err), &err);
    p = export_page(s);
    assert_non_null(strstr(p.text.data, second + strlen(second) - 12));
    page_free(&p);
    free(first);
    free(second);
    test_session_close(s);
}

/* Tells, notes and speakers stand where they belong. */
static void
test_around_the_text(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    page p;

    (void)state;
    test_send(s, STORY);
    test_set(s, "temperature", "1.25");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    test_ok(ask_note(s, "mind the gap", &err), &err);
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_send(s, "Hello");
    p = export_page(s);
    assert_non_null(strstr(p.text.data, "<span class=\"mark\">temperature 0.8 "
                                        "\xe2\x86\x92 1.25</span>"));
    assert_non_null(strstr(p.text.data,
                           "<span class=\"mark note\">mind the gap</span>"));
    assert_non_null(strstr(p.text.data, "<p class=\"who\">Human</p>"
                                        "<b>Hello</b>"));
    assert_non_null(strstr(p.text.data, "<p class=\"who\">AI</p>"));
    page_free(&p);
    test_session_close(s);
}

/* One that is looked at on the way, by each of these, and one that is not,
 * write the same; the journal does not know. */
static void
test_changes_nothing(void **state)
{
    const char *path = test_path("looked.jsonl");
    gb_session *plain = test_session(NULL, NULL), *looked;
    gb_error err = GB_ERROR_INIT;
    char *expected, *text;
    gb_str before = GB_STR_INIT, after = GB_STR_INIT;
    page p;
    int i;

    (void)state;
    test_send(plain, STORY);
    /* Beyond the context, so that the model forgets. */
    test_set(plain, "max-new-tokens", "600");
    test_ok(ask_continue(plain, &err), &err);
    test_finish(plain);
    expected = test_branch(plain);
    test_session_close(plain);

    looked = test_session(path, NULL);
    test_send(looked, STORY);
    test_set(looked, "max-new-tokens", "600");
    test_ok(ask_continue(looked, &err), &err);
    for (i = 0; gb_session_is_writing(looked); i++) {
        test_steps(looked, 1);
        if (i != 5 && i != 590 && i != 20)
            continue;
        gb_session_stop(looked);
        test_ok(gb_file_read(path, 1 << 24, &before, &err), &err);
        p = export_page(looked);
        assert_int_equal(count(p.text.data, "<span class=\"t"), 12 + i + 1);
        page_free(&p);
        test_ok(gb_file_read(path, 1 << 24, &after, &err), &err);
        assert_int_equal(before.len, after.len);
        gb_str_clear(&before);
        gb_str_clear(&after);
        if (i == 590)
            test_set(looked, "max-new-tokens", "9");
        test_ok(ask_continue(looked, &err), &err);
    }
    text = test_branch(looked);
    assert_string_equal(text, expected);
    test_session_close(looked);
    test_verify(path, 600);
    gb_str_free(&before);
    gb_str_free(&after);
    free(text);
    free(expected);
}

/* All that is known, as doc/session-format.md says. */
static void
test_json(void **state)
{
    static const char *const lists[] = {
        "ids", "ends", "logprobs", "ranks", "entropies", "noises", "ranges",
        "sources",
    };
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    const json_t *node, *name;
    json_t *all;
    size_t i;

    (void)state;
    test_send(s, STORY);
    verb(s, "name", "den");
    verb(s, "at", "-4");
    verb(s, "pick", "5");
    gb_session_export(s, GB_EXPORT_JSON, &text);
    all = gb_json_parse("export", text.data, text.len, &err);
    test_ok(all != NULL, &err);
    name = json_array_get(json_object_get(all, "names"), 0);
    assert_string_equal(json_string_value(json_object_get(name, "name")),
                        "den");
    assert_int_equal(json_array_size(json_object_get(all, "segments")), 4);
    assert_int_equal(json_array_size(json_object_get(all, "nodes")), 4);
    node = json_array_get(json_object_get(all, "segments"), 1);
    for (i = 0; i < GB_COUNT(lists); i++)
        assert_int_equal(json_array_size(json_object_get(node, lists[i])), 8);
    node = json_array_get(json_object_get(all, "nodes"), 1);
    for (i = 0; i < GB_COUNT(lists); i++)
        assert_int_equal(json_array_size(json_object_get(node, lists[i])), 12);
    node = json_array_get(json_object_get(all, "nodes"), 2);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(node, "sources"), 0)), "picked");
    json_decref(all);
    gb_str_free(&text);
    test_session_close(s);
}

/* Looked at by one pass, tokens are what each is alone; the first of all has
 * nothing before it. */
static void
test_together(void **state)
{
    static const uint64_t numbers[] = {23, 22, 21, 20, 19, 18, 17, 14,
                                       13, 12, 11, 9,  5,  1,  0,  23};
    gb_session *s = test_session(NULL, NULL);
    gb_look together[GB_COUNT(numbers)], alone;
    gb_error err = GB_ERROR_INIT;
    size_t i, size;

    (void)state;
    test_send(s, STORY);
    test_set(s, "repetition-penalty", "1.5");
    test_set(s, "top-p", "0.9");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    gb_engine_rewind(s->engine, 0);
    test_ok(gb_look_tokens(s, numbers, GB_COUNT(numbers), 6, together, &err),
            &err);
    for (i = 0; i < GB_COUNT(numbers); i++) {
        gb_engine_rewind(s->engine, 0);
        err = (gb_error)GB_ERROR_INIT;
        assert_int_equal(gb_look_token(s, numbers[i], 6, &alone, &err),
                         numbers[i] > 0);
        assert_int_equal(together[i].logits != NULL, numbers[i] > 0);
        assert_int_equal(alone.candidates.n_bands,
                         together[i].candidates.n_bands);
        assert_int_equal(alone.candidates.n, together[i].candidates.n);
        size = alone.n_vocab * sizeof(float);
        if (numbers[i] > 0) {
            assert_memory_equal(alone.raw, together[i].raw, size);
            assert_memory_equal(alone.logits, together[i].logits, size);
            assert_memory_equal(alone.noise, together[i].noise, size);
        }
        gb_look_free(&alone);
        gb_look_free(&together[i]);
    }
    test_session_close(s);
}

/* Ends it after the first tokens. */
typedef struct canceller {
    atomic_bool cancel;
    uint64_t last;
} canceller;

static void
on_progress(void *arg, gb_phase phase, uint64_t done, uint64_t total)
{
    canceller *c = arg;

    if (phase != GB_PHASE_EXPORT)
        return;
    assert_int_equal(total, 40);
    c->last = done;
    atomic_store(&c->cancel, true);
}

static void
test_cancelled(void **state)
{
    const char *path = test_path("page.html");
    gb_session *s = test_session(NULL, NULL);
    canceller c = {.cancel = false};
    const gb_exporting how = {{on_progress, &c, &c.cancel}, NULL};
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_set(s, "max-new-tokens", "40");
    test_send(s, STORY);
    assert_false(gb_session_export_file(s, path, false, &how, &err));
    assert_int_equal(err.status, GB_INTERRUPTED);
    assert_in_range(c.last, 1, 39);
    assert_false(gb_is_file(path));
    test_ok(gb_session_export_file(s, path, false, NULL, &err), &err);
    assert_true(gb_is_file(path));
    test_session_close(s);
}

/* Without anything to compute with, or for too many tokens, the rest of the
 * page is there. */
static void
test_without_spectra(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_engine *engine = s->engine;
    gb_str said = GB_STR_INIT, out = GB_STR_INIT;
    const gb_exporting how = {.said = &said};
    gb_error err = GB_ERROR_INIT;
    char *expected;
    page p;

    (void)state;
    test_send(s, STORY);
    s->engine = NULL;
    p = export_page(s);
    assert_int_equal(count(p.text.data, "<span class=\"t"), 12);
    assert_non_null(strstr(p.text.data, "not in this file"));
    assert_int_equal(
        json_array_size(json_array_get(json_object_get(p.data, "tokens"), 0)),
        12);
    page_free(&p);
    s->engine = engine;

    test_set(s, "max-new-tokens", "1100");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    test_ok(gb_export_html(s, &how, &out, &err), &err);
    expected = gb_format("the spectra of %d of 1112 tokens",
                         GB_EXPORT_SPECTRA);
    assert_non_null(strstr(said.data, expected));
    free(expected);
    expected = gb_format("given for %d of 1112 tokens", GB_EXPORT_SPECTRA);
    assert_non_null(strstr(out.data, expected));
    free(expected);
    gb_str_free(&said);
    gb_str_free(&out);
    test_session_close(s);
}

static void
assert_markdown(gb_session *s, const char *expected)
{
    gb_str out = GB_STR_INIT;

    gb_session_export(s, GB_EXPORT_MARKDOWN, &out);
    assert_string_equal(gb_str_cstr(&out), expected);
    gb_str_free(&out);
}

/* What the model wrote in several goes is one paragraph, which begins with no
 * blank; a turn is one as well. */
static void
test_markdown(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *expected, *text;

    (void)state;
    test_send(s, STORY);
    verb(s, "at", "14");
    verb(s, "pick", "1");
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    text = test_branch(s);
    assert_memory_equal(text, STORY " ", strlen(STORY " "));
    expected = gb_format("# A session with stories\n\n> " STORY "\n\n%s\n",
                         text + strlen(STORY " "));
    assert_markdown(s, expected);
    free(expected);
    free(text);

    test_ok(ask_clear(s, &err), &err);
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_send(s, "Who *are* you?");
    text = test_branch(s);
    expected = gb_format("# A session with stories\n\n> Who \\*are\\* you?\n"
                         "\n%s\n", strchr(text, '?') + 2);
    assert_markdown(s, expected);
    free(expected);
    free(text);
    test_session_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_other_takes),
        cmocka_unit_test(test_around_the_text),
        cmocka_unit_test(test_changes_nothing),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_without_spectra),
    };

    return cmocka_run_group_tests_name("export", tests, NULL,
                                       test_engine_close);
}
