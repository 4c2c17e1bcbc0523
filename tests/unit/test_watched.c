/* Looking changes nothing: a session with everything watched, and tried, is
 * the one that nobody looked at. */
#include "conversation.h"
#include "mutate.h"
#include "worker_screen.h"

#include "base/mem.h"

/* What is said to either. Each is waited for. */
typedef struct line {
    ask what;
    const char *name, *value;
} line;

static const line script[] = {
    {ASK_SEND, "Once upon a time there was a little fox", NULL},
    {ASK_SET, "temperature", "1.1"},
    {ASK_AGAIN, NULL, NULL},
    {ASK_PACE, NULL, "25"},
    {ASK_CONTINUE, NULL, NULL},
    {ASK_SEND, " One day", NULL},
    {ASK_PACE, NULL, "full"},
    {ASK_VERB, "at", "12"},
    {ASK_VERB, "pick", "2"},
    {ASK_RESEED, NULL, NULL},
    {ASK_SET, "top-p", "0.9"},
    {ASK_AGAIN, NULL, NULL},
    {ASK_VERB, "take", "prev"},
    {ASK_VERB, "at", "3"},
    {ASK_VERB, "what", "year"},
    {ASK_SET, "bias", "{\" the\":-2}"},
    {ASK_SET, "pin", "A story."},
    {ASK_CONTINUE, NULL, NULL},
    {ASK_NOTE, "so far", NULL},
    {ASK_SET, "greedy", "on"},
    {ASK_CONTINUE, NULL, NULL},
    {ASK_SET, "greedy", "off"},
    {ASK_UNDO, NULL, NULL},
    {ASK_REDO, NULL, NULL},
    {ASK_EDIT, "Twice upon a time", NULL},
    {ASK_MODE, "chat", NULL},
    {ASK_SEND, "Hello!", NULL},
    {ASK_AGAIN, NULL, NULL},
    {ASK_VERB, "name", "end"},
};

static void
post(screen *s, const gb_request *r)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_worker_post(s->worker, r, &err) != 0, &err);
}

/* Something that looks, whatever is being done; nobody waits for it. */
static void
look(screen *s, test_random *random, bool tries)
{
    static const char *const places[] = {"0", "1", "-1", "-3", "end", "next",
                                         "prev"};
    static const char *const verbs[] = {"why", "tree", "takes", "fork"};
    gb_request r = {.what = GB_DO_STEER, .name = "at"};

    switch (test_random_below(random, tries ? 5 : 3)) {
    case 0:
        r.name = verbs[test_random_below(random, GB_COUNT(verbs))];
        break;
    case 1:
        r.value = places[test_random_below(random, GB_COUNT(places))];
        break;
    case 2:
        r = (gb_request){.what = GB_DO_TREE};
        break;
    default:
        r = (gb_request){.what = GB_DO_TRIAL, .settings = s->settings};
        r.settings.temperature =
            0.4f + (float)test_random_below(random, 100) / 100;
        if (test_random_below(random, 5) == 0)
            r.flags = GB_TRIAL_END;
        break;
    }
    post(s, &r);
}

/* Where it counts how much is read at once: what was read is given up for a
 * look at a text that was written with another one pinned before it. */
static bool
is_left_out(const line *l, gb_prefill_choice prefill)
{
    return prefill == GB_PREFILL_CLBLAST && l->what == ASK_SET &&
           strcmp(l->name, "pin") == 0;
}

/* The events of the session that was told all this, without times. */
static char *
tell(const gb_worker_options *options, bool watched, bool tries)
{
    const gb_request watch = {
        .what = GB_DO_WATCH, .count = 20,
        .flags = GB_WATCH_BANDS | GB_WATCH_FORKS,
    };
    test_random random = {3};
    screen *s = screen_start(options);
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r;
    gb_str lines = GB_STR_INIT;
    uint64_t number;
    gb_event e;
    char *file;
    size_t i, k;

    if (watched)
        post(s, &watch);
    for (i = 0; i < GB_COUNT(script); i++) {
        if (is_left_out(&script[i], options->prefill))
            continue;
        /* Acts are at the cursor, where the script has put it. */
        for (k = 0; watched && k < 3 &&
                    (i == 0 || script[i - 1].name == NULL ||
                     strcmp(script[i - 1].name, "at") != 0); k++)
            look(s, &random, tries);
        if (i % 4 == 3) /* some have time to come */
            screen_do(s, ASK_TREE, NULL, NULL);
        while (i % 4 == 3 && watched && s->seen == NULL)
            screen_take(s);
        number = screen_post(s, script[i].what, script[i].name,
                             script[i].value);
        if (watched && strcmp(script[i].name != NULL ? script[i].name : "",
                              "at") != 0)
            look(s, &random, tries);
        screen_wait_done(s, number);
    }
    file = gb_strdup(s->file);
    screen_finish(s);
    r = gb_journal_open(file, &err);
    test_ok(r != NULL, &err);
    while (gb_journal_next(r, &e, &err) == GB_READ_EVENT) {
        e.ms = 0;
        gb_event_format(&e, &lines);
    }
    gb_journal_reader_free(r);
    free(file);
    return gb_str_take(&lines);
}

static void
compare(gb_prefill_choice prefill, bool tries)
{
    char *paths[2] = {gb_strdup(test_path("alone.jsonl")),
                      gb_strdup(test_path("watched.jsonl"))};
    gb_worker_options o = {.journal = true, .prefill = prefill};
    char *told[2];
    size_t i;

    for (i = 0; i < 2; i++) {
        o.path = paths[i];
        told[i] = tell(&o, i == 1, tries);
        remove(paths[i]);
        free(paths[i]);
    }
    assert_non_null(strstr(told[0], "\"token\""));
    assert_string_equal(told[0], told[1]);
    free(told[0]);
    free(told[1]);
}

static void
test_watched(void **state)
{
    (void)state;
    compare(GB_PREFILL_OWN, true);
}

/* Where CLBlast reads, it counts how much it reads at once. */
static void
test_watched_with_clblast(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_CLBLAST};
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(test_model(), &options, &err);

    (void)state;
    if (e == NULL) {
        print_message("CLBlast does not run here: %s\n", err.text);
        skip();
    }
    gb_engine_close(e);
    compare(GB_PREFILL_CLBLAST, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watched),
        cmocka_unit_test(test_watched_with_clblast),
    };

    return cmocka_run_group_tests_name("watched", tests, NULL,
                                       test_engine_close);
}
