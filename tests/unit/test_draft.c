/* Sessions that draft, against the same ones that do not: the same tokens,
 * with all that is known of them, and the same journal, whoever guesses,
 * whatever the settings are, and whatever the user does meanwhile. */
#include "conversation.h"
#include "engine_fixture.h"
#include "mutate.h"

#include <math.h>
#include <unistd.h>

#include "../tools/random_model.h"
#include "base/mem.h"
#include "session/draft.h"
#include "session/rerun.h"
#include "session/several.h"

/* A model whose context is full soon, and another one of its vocabulary that
 * sees less. */
static const gb_random_model shape = {
    .layers = 2, .width = 64, .heads = 2, .vocab = 300, .context = 96,
    .dtype = GB_F32, .seed = 7,
};
static char *other; /* its folder */

typedef struct kind {
    const char *who;  /* "": the other model */
    unsigned always;
} kind;

static const kind kinds[] = {
    {"lookup", 15}, {"lookup", 3}, {"lookup", 0}, {"self", 1},
    {"self", 6},    {"self", 0},   {"", 4},
};

/* Settings at the beginning, "NAME VALUE". */
static const char *const mixes[][4] = {
    {"temperature 0.8"},
    {"temperature 0.05", "stop ab"},
    {"greedy on"},
    {"top-k 20", "top-p 0.9"},
    {"min-p 0.05", "greedy on", "repetition-penalty 1.3"},
    {"repetition-penalty 1.2", "dry-multiplier 0.8", "temperature 0.4"},
    {"bias #97=4", "bias #98=ban", "top-k 40"},
    {"ignore-eos off", "bias #299=6"},
    {"max-new-tokens 3", "pin in the beginning"},
    {"stop [\"e\", \"th\"]", "mode chat"},
    {"mode chat", "max-new-tokens 30", "bias #10=5"},
};

static void
set_line(gb_session *s, const char *line)
{
    char *name = gb_strdup(line);
    char *value = strchr(name, ' ');
    gb_error err = GB_ERROR_INIT;

    *value++ = '\0';
    if (strcmp(name, "mode") == 0)
        test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    else
        test_set(s, name, value);
    free(name);
}

/* Changes that act on the very next token. */
static const char *const changes[] = {
    "temperature 0.3", "temperature +0.5", "seed next", "greedy toggle",
    "top-k 7", "top-k off", "repetition-penalty 1.5",
    "repetition-penalty off", "bias #101=3", "bias off", "max-new-tokens 20",
    "pin so", "pin off", "stop x",
};

/* Something that a user might do; what cannot be done now is left. */
static void
act(gb_session *s, test_random *r)
{
    static const char *const texts[] = {"the ", "a b c a b c a b", "x", "e."};
    const char *text = texts[test_random_below(r, GB_COUNT(texts))];
    unsigned some = (unsigned)test_random_below(r, 6);

    switch (test_random_below(r, 14)) {
    case 0:
    case 1:
        ask_send(s, text, strlen(text), 0, NULL);
        break;
    case 2:
    case 3:
    case 4:
        if (gb_session_is_writing(s))
            set_line(s, changes[test_random_below(r, GB_COUNT(changes))]);
        break;
    case 5:
        ask_again(s, NULL);
        break;
    case 6:
        ask_undo(s, NULL);
        break;
    case 7:
        ask_redo(s, NULL);
        break;
    case 8:
        ask_edit(s, text, strlen(text), NULL);
        break;
    case 9:
        ask_reseed(s, NULL);
        break;
    case 10:
        ask_continue(s, NULL);
        break;
    case 11:
        if (ask_verb(s, "at", "-3", NULL, NULL))
            ask_verb(s, "pick", "1", NULL, NULL);
        break;
    case 12:
        if (ask_verb(s, "at", "-4", NULL, NULL))
            ask_verb(s, "again", "here", NULL, NULL);
        break;
    case 13:
        ask_note(s, "so", NULL);
        break;
    }
    test_steps(s, some);
    switch (test_random_below(r, 4)) {
    case 0:
        gb_session_stop(s);
        break;
    case 1:
        ask_verb(s, "at", "-1", NULL, NULL);
        ask_verb(s, "why", "3", NULL, NULL);
        break;
    case 2: /* the text is read again, in other parts than the plain one */
        if (s->loop.draft != NULL)
            gb_engine_rewind(s->engine, 0);
        break;
    default:
        break;
    }
    if (test_random_below(r, 3) > 0)
        test_finish(s);
}

static gb_draft *
open_draft(const kind *k)
{
    const gb_draft_options options = {
        .who = k->who[0] != '\0' ? k->who : other, .always = k->always,
    };
    gb_error err = GB_ERROR_INIT;
    gb_draft *d;

    test_ok(gb_draft_open(test_engine(), &options, &d, &err), &err);
    return d;
}

/* The journal of a session with these settings and acts. */
static char *
play(size_t mix, uint64_t seed, unsigned acts, const kind *k, gb_draft *d)
{
    const char *path = k != NULL ? test_path("drafted.jsonl") : NULL;
    gb_session *s = test_session(path, NULL);
    test_random r = {seed};
    char *events;
    size_t i;

    gb_session_set_draft(s, d);
    for (i = 0; i < GB_COUNT(mixes[mix]) && mixes[mix][i] != NULL; i++)
        set_line(s, mixes[mix][i]);
    test_send(s, "the ");
    while (acts-- > 0)
        act(s, &r);
    events = test_events(s);
    test_session_close(s);
    if (path != NULL && seed % 4 == 0)
        test_verify(path, 1);
    return events;
}

/* A session that drafts has the same journal. */
static void
check_play(const char *plain, size_t mix, uint64_t seed, unsigned acts,
           const kind *k, gb_draft *d)
{
    char *drafted = play(mix, seed, acts, k, d);
    size_t at = 0;

    while (plain[at] != '\0' && plain[at] == drafted[at])
        at++;
    if (plain[at] != drafted[at])
        fail_msg("settings %zu, seed %u, draft %s, %u: at\n%.300s\nnot\n"
                 "%.300s", mix, (unsigned)seed, k->who, k->always,
                 drafted + (at > 100 ? at - 100 : 0),
                 plain + (at > 100 ? at - 100 : 0));
    free(drafted);
}

static void
check_mix(size_t mix, uint64_t seed, unsigned acts, gb_draft **drafts)
{
    char *plain = play(mix, seed, acts, NULL, NULL);
    size_t i;

    for (i = 0; i < GB_COUNT(kinds); i++)
        check_play(plain, mix, seed, acts, &kinds[i], drafts[i]);
    free(plain);
}

/* GUMBEL_ROUNDS in the environment: a long run, by hand. */
static void
test_same_as_plain(void **state)
{
    const char *many = getenv("GUMBEL_ROUNDS");
    unsigned rounds = many != NULL ? (unsigned)atoi(many) : 1, k;
    gb_draft *drafts[GB_COUNT(kinds)];
    gb_draft_count count;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(kinds); i++)
        drafts[i] = open_draft(&kinds[i]);
    for (k = 0; k < rounds; k++)
        for (i = 0; i < GB_COUNT(mixes); i++)
            check_mix(i, k * GB_COUNT(mixes) + i, many != NULL ? 40 : 12,
                      drafts);
    for (i = 0; i < GB_COUNT(kinds); i++) {
        if (drafts[i] == NULL)
            continue; /* CLBlast reads the prompts */
        count = gb_draft_counted(drafts[i]);
        print_message("%s, %u: %llu of %llu\n", kinds[i].who, kinds[i].always,
                      (unsigned long long)count.accepted,
                      (unsigned long long)count.drafted);
        if (kinds[i].always > 0)
            assert_true(count.accepted > 0);
        gb_draft_close(drafts[i]);
    }
}

enum { ACTS = 8 };

/* With room for one context only, against a plain session with room for more,
 * with weights of this type. */
static void
check_tight(gb_dtype_choice dtype)
{
    static const kind who[] = {{"lookup", 15}, {"", 4}};
    gb_engine_options o = {.dtype = dtype, .prefill = GB_PREFILL_AUTO};
    char *plain[GB_COUNT(mixes)];
    gb_draft *d;
    size_t i, k;

    test_change_engine(&o);
    for (i = 0; i < GB_COUNT(mixes); i++)
        plain[i] = play(i, 100 + i, ACTS, NULL, NULL);
    o.cache_bytes = 1;
    test_change_engine(&o);
    for (k = 0; k < GB_COUNT(who); k++) {
        d = open_draft(&who[k]);
        for (i = 0; i < GB_COUNT(mixes); i++)
            check_play(plain[i], i, 100 + i, ACTS, &who[k], d);
        gb_draft_close(d);
    }
    for (i = 0; i < GB_COUNT(mixes); i++)
        free(plain[i]);
}

static void
test_tight(void **state)
{
    (void)state;
    check_tight(GB_DTYPE_AUTO);
    check_tight(GB_DTYPE_Q4_0);
    test_change_engine(&(gb_engine_options){.prefill = GB_PREFILL_AUTO});
}

/* Takes side by side, each against the same text alone. */

enum { TAKES = 20, LENGTH = 12 };

/* Of a text of LENGTH tokens (TAKES). */
typedef struct alone {
    gb_pick picks[TAKES][LENGTH];
} alone;

static const char words[] = "the fox said the fox said the end";

/* Not all begin at the same place, some not with the same token. */
static void
begin_take(gb_loop *l, unsigned k)
{
    gb_token id;
    size_t i;

    gb_loop_init(l, test_engine());
    for (i = 0; i < sizeof words - 1 - k % 3; i++) {
        id = (gb_token)words[i] + (i == 0 && k % 5 == 4);
        gb_loop_append(l, &id, 1);
    }
}

/* In the middle they are changed. */
static void
set_mix(gb_settings *s, size_t mix, bool later)
{
    static const char *const kinds_of[][2] = {
        {"temperature 0.8", "temperature 0.05"},
        {"top-k 20", "repetition-penalty 1.3"},
        {"min-p 0.02", "dry-multiplier 0.8"},
        {"bias #97=4", "top-p 0.8"},
    };
    gb_error err = GB_ERROR_INIT;
    char name[32];
    size_t i;

    gb_settings_init(s);
    s->ignore_eos = mix % 2 == 0;
    for (i = 0; i <= later; i++) {
        const char *line = kinds_of[mix][i], *value = strchr(line, ' ');

        snprintf(name, sizeof name, "%.*s", (int)(value - line), line);
        test_ok(gb_settings_change(s, name, value + 1, &err), &err);
    }
}

enum { MIXES = 4 };

static void
write_alone(alone *a, size_t mix)
{
    gb_error err = GB_ERROR_INIT;
    gb_settings s;
    unsigned k, i;
    gb_loop l;

    for (k = 0; k < TAKES; k++) {
        begin_take(&l, k);
        for (i = 0; i < LENGTH; i++) {
            set_mix(&s, mix, i >= LENGTH / 2);
            s.seed = 100 * mix + k;
            test_ok(gb_loop_write(&l, &s, &a->picks[k][i], &err), &err);
        }
        gb_loop_free(&l);
    }
}

static void
expect_pick(const gb_pick *found, const gb_pick *expected, const char *what)
{
    if (found->id != expected->id || found->logprob != expected->logprob ||
        found->rank != expected->rank || found->entropy != expected->entropy ||
        found->noise != expected->noise || found->from != expected->from ||
        found->to != expected->to || found->margin != expected->margin)
        fail_msg("%s: found %u, %g, expected %u, %g", what, found->id,
                 (double)found->logprob, expected->id,
                 (double)expected->logprob);
}

/* So many of them, of which `cut` tokens were read before. */
static void
write_takes(const alone *a, size_t mix, unsigned n, unsigned cut, gb_draft *d)
{
    gb_loop loops[TAKES], *all[TAKES];
    gb_error err = GB_ERROR_INIT;
    gb_pick picks[TAKES];
    uint64_t seeds[TAKES];
    char what[64];
    gb_settings s;
    unsigned k, i;

    for (k = 0; k < n; k++) {
        begin_take(&loops[k], k);
        gb_loop_set_draft(&loops[k], d);
        all[k] = &loops[k];
        seeds[k] = 100 * mix + k;
    }
    gb_engine_rewind(test_engine(), 0);
    if (cut > 0)
        test_ok(gb_engine_read(test_engine(), loops->ids.data, cut, &err),
                &err);
    for (i = 0; i < LENGTH; i++) {
        set_mix(&s, mix, i >= LENGTH / 2);
        for (k = 0; k < n; k++)
            loops[k].left = k % 2 > 0 ? LENGTH - i : 0;
        test_ok(gb_several_step(all, seeds, NULL, n, &s, true, picks, &err),
                &err);
        for (k = 0; k < n; k++) {
            snprintf(what, sizeof what, "settings %zu, take %u of %u, token "
                     "%u, cut %u", mix, k, n, i, cut);
            expect_pick(&picks[k], &a->picks[k][i], what);
        }
    }
    for (k = 0; k < n; k++)
        gb_loop_free(&loops[k]);
}

/* As the device is: what it gives alone with room enough, and then side by side
 * with room for one context. */
static void
check_takes(gb_engine_options o)
{
    static const kind who[] = {{"lookup", 15}, {"lookup", 0}, {"self", 2},
                               {"", 4}};
    static const unsigned numbers[] = {2, 3, 8, 20};
    alone *a = gb_alloc_array(MIXES, sizeof *a);
    gb_draft_count count;
    gb_draft *d;
    size_t mix, i;

    test_change_engine(&o);
    for (mix = 0; mix < MIXES; mix++)
        write_alone(&a[mix], mix);
    o.cache_bytes = o.cache_type != GB_DTYPE_F16;
    test_change_engine(&o);
    for (i = 0; i < GB_COUNT(who); i++) {
        if (o.dtype == GB_DTYPE_Q4_0 && strcmp(who[i].who, "self") == 0)
            continue;
        d = open_draft(&who[i]);
        for (mix = 0; mix < MIXES; mix++)
            write_takes(&a[mix], mix, numbers[(mix + i) % MIXES],
                        7 * (unsigned)(mix % 3), d);
        if (d == NULL) /* CLBlast reads the prompts */
            continue;
        count = gb_draft_counted(d);
        print_message("takes, %s, %u: %llu of %llu\n", who[i].who,
                      who[i].always, (unsigned long long)count.accepted,
                      (unsigned long long)count.drafted);
        assert_true(who[i].always == 0 || count.accepted > 0);
        gb_draft_close(d);
    }
    free(a);
}

static void
test_takes(void **state)
{
    (void)state;
    check_takes((gb_engine_options){.prefill = GB_PREFILL_AUTO});
    check_takes((gb_engine_options){.dtype = GB_DTYPE_Q4_0,
                                    .prefill = GB_PREFILL_AUTO});
    check_takes((gb_engine_options){.cache_type = GB_DTYPE_F16,
                                    .prefill = GB_PREFILL_AUTO});
    test_change_engine(&(gb_engine_options){.prefill = GB_PREFILL_AUTO});
}

typedef struct said {
    unsigned n;
    char *text;
} said;

static void
say(void *arg, const char *text)
{
    said *s = arg;

    s->n++;
    free(s->text);
    s->text = gb_strdup(text);
}

/* Where the model that guesses cannot, that is said once, and the text goes on
 * without it. */
static void
test_fails(void **state)
{
    static const kind broken = {"broken", 4};
    said s = {.n = 0};
    const gb_draft_options options = {.who = test_path(broken.who),
                                      .always = broken.always,
                                      .say = say, .arg = &s};
    char *plain = play(0, 1, ACTS, NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_draft *d;

    (void)state;
    test_ok(gb_random_model_write(&shape, options.who, &err), &err);
    fixture_fill_weights(options.who, NAN);
    test_ok(gb_draft_open(test_engine(), &options, &d, &err), &err);
    check_play(plain, 0, 1, ACTS, &broken, d);
    if (d != NULL) {
        assert_int_equal(s.n, 1);
        assert_non_null(strstr(s.text, "no more drafts"));
        check_play(plain, 0, 1, ACTS, &broken, d);
        assert_int_equal(s.n, 1);
        assert_int_equal(gb_draft_counted(d).drafted, 0);
    }
    gb_draft_close(d);
    free(s.text);
    free(plain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_plain),
        cmocka_unit_test(test_tight),
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_fails),
    };
    gb_random_model second = shape;
    gb_error err = GB_ERROR_INIT;
    char *folder = gb_format("%s/first", test_folder());

    second.context = 40;
    second.layers = 1;
    second.seed = 8;
    other = gb_format("%s/second", test_folder());
    if (!gb_random_model_write(&shape, folder, &err) ||
        !gb_random_model_write(&second, other, &err))
        return 1;
    test_change_model(folder);
    return cmocka_run_group_tests_name("draft", tests, NULL,
                                       test_engine_close);
}
