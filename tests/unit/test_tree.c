/* The tree of takes: what acts do to it, and that nothing is ever lost. */
#include "mutate.h"
#include "test.h"

#include "model/tokenizer.h"
#include "session/tree.h"

#define N_VOCAB 4096
#define EOS 4095
#define N_CTX 64

static gb_tokenizer *tokenizer;

static int
open_tokenizer(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    tokenizer = gb_tokenizer_open(test_source("models/stories"), N_VOCAB, EOS,
                                  &err);
    test_ok(tokenizer != NULL, &err);
    return 0;
}

static int
close_tokenizer(void **state)
{
    (void)state;
    gb_tokenizer_close(tokenizer);
    return 0;
}

/* What a watcher has been told: the text as a screen would have it. */
typedef struct seen {
    struct {
        uint32_t node;
        gb_str text;
    } parts[20000];
    size_t n;
} seen;

static void
on_cut(void *arg, uint32_t node, uint32_t tokens, size_t bytes)
{
    seen *s = arg;

    (void)tokens;
    while (s->n > 0 && s->parts[s->n - 1].node != node)
        gb_str_free(&s->parts[--s->n].text);
    if (node == 0)
        return;
    assert_true(s->n > 0);
    assert_true(bytes <= s->parts[s->n - 1].text.len);
    s->parts[s->n - 1].text.len = bytes;
}

static void
on_node(void *arg, const gb_node *node, uint32_t tokens)
{
    seen *s = arg;

    assert_true(s->n < 20000);
    s->parts[s->n].node = node->id;
    s->parts[s->n].text = (gb_str)GB_STR_INIT;
    gb_str_append(&s->parts[s->n].text, gb_str_cstr(&node->text),
                  gb_node_bytes(node, tokens));
    s->n++;
}

static void
on_grown(void *arg, const gb_node *node, uint32_t first, size_t from,
         uint32_t tokens)
{
    seen *s = arg;

    (void)first;
    assert_true(s->n > 0);
    assert_int_equal(s->parts[s->n - 1].node, node->id);
    assert_int_equal(s->parts[s->n - 1].text.len, from);
    gb_str_append(&s->parts[s->n - 1].text, node->text.data + from,
                  gb_node_bytes(node, tokens) - from);
}

static seen *
see(gb_tree *t)
{
    seen *s = calloc(1, sizeof *s);

    t->watcher = (gb_watcher){
        .arg = s, .cut = on_cut, .node = on_node, .grown = on_grown,
    };
    return s;
}

static void
free_seen(seen *s)
{
    on_cut(s, 0, 0, 0);
    free(s);
}

static gb_tree *
new_tree(void)
{
    gb_settings settings;

    gb_settings_init(&settings);
    return gb_tree_new(tokenizer, N_VOCAB, &(gb_ends){{EOS}, 1}, N_CTX,
                       &settings, GB_MODE_CONTINUE, NULL);
}

static bool
apply(gb_tree *t, gb_event e)
{
    gb_error err = GB_ERROR_INIT;

    return gb_tree_apply(t, &e, &err);
}

static void
must(gb_tree *t, gb_event e)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tree_apply(t, &e, &err), &err);
}

static void
prompt(gb_tree *t, const char *text)
{
    gb_event e = {.type = GB_EVENT_PROMPT, .text = text,
                  .n_text = strlen(text)};
    gb_error err = GB_ERROR_INIT;
    gb_ids ids = GB_IDS_INIT;

    test_ok(gb_tokenizer_encode(tokenizer, text, e.n_text, false, &ids, &err),
            &err);
    e.ids = ids.data;
    e.n_ids = ids.len;
    must(t, e);
    gb_ids_free(&ids);
}

static void
token(gb_tree *t, gb_token id)
{
    must(t, (gb_event){.type = GB_EVENT_TOKEN, .id = id, .step = t->step,
                       .why = GB_WHY_UNKNOWN});
}

static void
end(gb_tree *t)
{
    must(t, (gb_event){.type = GB_EVENT_STOP, .reason = GB_REASON_LENGTH});
}

static void
run(gb_tree *t, gb_event e, const gb_token *ids, size_t n)
{
    size_t i;

    e.type = GB_EVENT_RUN;
    must(t, e);
    for (i = 0; i < n; i++)
        token(t, ids[i]);
    end(t);
}

/* The text of the path. The caller frees. */
static char *
text_of(const gb_tree *t)
{
    gb_str out = GB_STR_INIT;
    const gb_stretch *s;
    size_t i;

    for (i = 0; i < t->path.len; i++) {
        s = &t->path.data[i];
        if (s->node->role != GB_ROLE_NOTE && !s->node->hidden)
            gb_str_append(&out, gb_str_cstr(&s->node->text),
                          gb_node_bytes(s->node, s->tokens));
    }
    return gb_str_take(&out);
}

static void
expect(const gb_tree *t, const char *text)
{
    char *found = text_of(t);

    assert_string_equal(found != NULL ? found : "", text);
    free(found);
}

/* " upon", " a", " time", " there", " was" of the stories' vocabulary. */
static const gb_token upon[] = {479, 258, 423, 420, 288};

static void
test_takes(void **state)
{
    gb_tree *t = new_tree();
    gb_take *takes;
    size_t current;
    seen *s = see(t);

    (void)state;
    prompt(t, "Once");
    run(t, (gb_event){.how = GB_HOW_SEND}, upon, 3);
    expect(t, "Once upon a time");
    assert_int_equal(gb_tree_takes(t, NULL, &current), 0);
    run(t, (gb_event){.how = GB_HOW_AGAIN, .placed = true, .place = {1, 1}},
        upon + 3, 2);
    expect(t, "Once there was");
    assert_int_equal(t->step, 2);
    assert_int_equal(gb_tree_takes(t, &takes, &current), 2);
    assert_int_equal(current, 1);
    must(t, (gb_event){.type = GB_EVENT_GO,
                       .place = takes[0].end});
    expect(t, "Once upon a time");
    assert_int_equal(t->step, 3);
    free(takes);

    /* Out of the middle of a text. */
    must(t, (gb_event){.type = GB_EVENT_PICK, .place = {2, 2}, .ids = upon + 4,
                       .n_ids = 1, .why = GB_WHY_UNKNOWN});
    expect(t, "Once upon a was");
    assert_int_equal(t->step, 3);
    run(t, (gb_event){.how = GB_HOW_SEND}, upon, 1);
    expect(t, "Once upon a was upon");
    assert_int_equal(gb_tree_takes(t, &takes, &current), 2);
    assert_int_equal(current, 1);
    assert_int_equal(takes[0].from, 2);
    assert_int_equal(takes[0].end.tokens, 3);
    free(takes);
    assert_int_equal(gb_tree_view_length(t), 5);
    must(t, (gb_event){.type = GB_EVENT_UNDO});
    expect(t, "Once upon a time");
    must(t, (gb_event){.type = GB_EVENT_UNDO});
    expect(t, "");
    must(t, (gb_event){.type = GB_EVENT_REDO});
    expect(t, "Once upon a time");
    must(t, (gb_event){.type = GB_EVENT_REDO});
    expect(t, "Once upon a was upon");
    must(t, (gb_event){.type = GB_EVENT_CLEAR});
    expect(t, "");
    must(t, (gb_event){.type = GB_EVENT_UNDO});
    expect(t, "Once upon a was upon");
    gb_tree_free(t);
    free_seen(s);
}

/* What was done after an undo does not take what was undone away. */
static void
test_redo_is_not_lost(void **state)
{
    gb_tree *t = new_tree();
    gb_place first;

    (void)state;
    prompt(t, "Once");
    run(t, (gb_event){.how = GB_HOW_SEND}, upon, 3);
    first = gb_tree_place(t);
    must(t, (gb_event){.type = GB_EVENT_UNDO});
    prompt(t, "The");
    assert_false(gb_tree_can_redo(t));
    must(t, (gb_event){.type = GB_EVENT_GO, .place = first});
    expect(t, "Once upon a time");
    must(t, (gb_event){.type = GB_EVENT_UNDO});
    must(t, (gb_event){.type = GB_EVENT_REDO});
    expect(t, "Once upon a time");
    gb_tree_free(t);
}

static void
test_names(void **state)
{
    gb_tree *t = new_tree();
    gb_place place;

    (void)state;
    prompt(t, "Once");
    must(t, (gb_event){.type = GB_EVENT_NAME, .place = {1, 1},
                       .text = "here", .n_text = 4});
    assert_true(gb_tree_named(t, "here", &place));
    assert_int_equal(place.node, 1);
    assert_string_equal(gb_tree_name(t, place), "here");
    must(t, (gb_event){.type = GB_EVENT_NAME, .place = {1, 1}, .text = "",
                       .n_text = 0});
    assert_null(gb_tree_name(t, place));
    assert_false(apply(t, (gb_event){.type = GB_EVENT_NAME, .place = {1, 0},
                                     .text = "x", .n_text = 1}));
    assert_false(apply(t, (gb_event){.type = GB_EVENT_GO, .place = {2, 0}}));
    assert_false(apply(t, (gb_event){.type = GB_EVENT_GO, .place = {0, 1}}));
    gb_tree_free(t);
}

/* Random acts. */

static gb_place
random_place(gb_tree *t, test_random *r)
{
    gb_place p = {(uint32_t)test_random_below(r, t->n_nodes + 1), 0};
    const gb_node *n = gb_tree_node(t, p.node);

    if (n != NULL)
        p.tokens = (uint32_t)test_random_below(r, n->n_tokens + 1);
    return p;
}

/* What must hold at any time. */
static void
check(gb_tree *t, const seen *s)
{
    const gb_stretch *st;
    gb_ids view = GB_IDS_INIT;
    gb_str text = GB_STR_INIT, told = GB_STR_INIT;
    size_t i;

    for (i = 0; i < t->path.len; i++) {
        st = &t->path.data[i];
        assert_int_equal(st->node->depth, i);
        assert_true(st->tokens <= st->node->n_tokens);
        assert_ptr_equal(st->node->prev,
                         i > 0 ? t->path.data[i - 1].node : NULL);
        if (i > 0)
            assert_int_equal(st->node->at, t->path.data[i - 1].tokens);
        if (!st->node->hidden)
            gb_str_append(&text, gb_str_cstr(&st->node->text),
                          gb_node_bytes(st->node, st->tokens));
    }
    for (i = 0; i < s->n; i++)
        gb_str_append(&told, gb_str_cstr(&s->parts[i].text),
                      s->parts[i].text.len);
    assert_int_equal(told.len, text.len);
    assert_memory_equal(gb_str_cstr(&told), gb_str_cstr(&text), text.len);
    gb_path_view(&t->path, &view);
    assert_int_equal(view.len, gb_tree_view_length(t));
    assert_int_equal(view.len, gb_tree_view(t)->len);
    if (view.len > 0)
        assert_memory_equal(view.data, t->view.data,
                            view.len * sizeof *view.data);
    gb_ids_free(&view);
    gb_str_free(&text);
    gb_str_free(&told);
}

static void
random_act(gb_tree *t, test_random *r)
{
    static const char *const texts[] = {"Once", " a big fox", "The end.\n"};
    gb_token ids[3] = {(gb_token)test_random_below(r, N_VOCAB),
                       (gb_token)test_random_below(r, N_VOCAB), 258};
    gb_event e = {.place = random_place(t, r),
                  .placed = test_random_below(r, 2) == 0};

    if (t->writing && test_random_below(r, 4) > 0) {
        while (gb_tree_excess(t) > 0)
            must(t, (gb_event){.type = GB_EVENT_EVICT,
                               .tokens = gb_tree_excess(t)});
        if (gb_tree_view_length(t) > 0 && !t->stop_hit && !t->cut)
            token(t, ids[0]);
        return;
    }
    if (t->writing && test_random_below(r, 2) == 0) {
        end(t);
        return;
    }
    switch (test_random_below(r, 12)) {
    case 0:
        if (!t->writing && gb_tree_view_length(t) <= N_CTX + 1)
            prompt(t, texts[test_random_below(r, 3)]);
        break;
    case 1:
        e.type = GB_EVENT_EDIT;
        e.text = "x";
        e.n_text = 1;
        e.ids = ids;
        e.n_ids = 1;
        apply(t, e);
        break;
    case 2:
    case 3:
    case 4:
        e.type = GB_EVENT_RUN;
        e.how = (gb_how)test_random_below(r, 6);
        e.seed = test_random_below(r, 5);
        e.step = test_random_below(r, 5);
        e.ids = ids;
        e.n_ids = gb_tree_view_length(t) == 0 ? 1 : 0;
        apply(t, e);
        break;
    case 5:
        e.type = GB_EVENT_PICK;
        e.ids = ids;
        e.n_ids = test_random_below(r, 4);
        e.why = GB_WHY_UNKNOWN;
        apply(t, e);
        break;
    case 6:
        e.type = GB_EVENT_UNDO;
        apply(t, e);
        break;
    case 7:
        e.type = GB_EVENT_REDO;
        apply(t, e);
        break;
    case 8:
        e.type = GB_EVENT_GO;
        apply(t, e);
        break;
    case 9:
        e.type = test_random_below(r, 8) == 0 ? GB_EVENT_CLEAR : GB_EVENT_MARK;
        e.text = "note";
        e.n_text = 4;
        apply(t, e);
        break;
    case 10:
        e.type = GB_EVENT_SET;
        e.step = t->step;
        e.name = test_random_below(r, 2) == 0 ? "temperature" : "seed";
        e.value = test_random_below(r, 2) == 0 ? "1" : "2";
        apply(t, e);
        break;
    default:
        e.type = GB_EVENT_CUT;
        e.tokens = (uint32_t)test_random_below(r, 3);
        apply(t, e);
        break;
    }
}

static void
test_random_acts(void **state)
{
    test_random r;
    unsigned seed, i;
    gb_tree *t;
    seen *s;

    (void)state;
    for (seed = 0; seed < 20; seed++) {
        r = (test_random){seed};
        t = new_tree();
        s = see(t);
        for (i = 0; i < 1000; i++) {
            random_act(t, &r);
            if (test_random_below(&r, 3) == 0)
                continue;
            gb_tree_tell_changes(t);
            check(t, s);
        }
        gb_tree_tell(t);
        check(t, s);
        gb_tree_free(t);
        free_seen(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_redo_is_not_lost),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_random_acts),
    };

    return cmocka_run_group_tests(tests, open_tokenizer, close_tokenizer);
}
