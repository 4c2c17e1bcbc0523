#include "worker_screen.h"

#include <poll.h>

#include "base/mem.h"

/* The place in which the last news of a type is kept; NULL: none. */
static gb_news **
kept(screen *s, gb_news_type type)
{
    switch (type) {
    case GB_NEWS_SEEN:
        return &s->seen;
    case GB_NEWS_FORKS:
        return &s->forks;
    case GB_NEWS_TREE:
        return &s->tree;
    case GB_NEWS_SESSIONS:
        return &s->sessions;
    case GB_NEWS_TRIAL:
        return &s->trial;
    default:
        return NULL;
    }
}

static void
show(screen *s, const gb_news *n)
{
    uint32_t i;

    s->n_news[n->type]++;
    switch (n->type) {
    case GB_NEWS_STATE:
        s->state = n->state;
        s->phase = n->phase;
        s->n_states[n->state]++;
        break;
    case GB_NEWS_ENGINE:
        snprintf(s->model, sizeof s->model, "%s", n->text.data);
        assert_non_null(n->device);
        assert_true(n->n_ctx > 0);
        s->engines++;
        break;
    case GB_NEWS_CUT:
        for (i = n->node + 1; i < GB_COUNT(s->text); i++)
            gb_str_clear(&s->text[i]);
        s->last = n->node;
        if (n->node > 0 && n->offset < s->text[n->node].len)
            s->text[n->node].len = n->offset;
        break;
    case GB_NEWS_NODE:
        assert_true(n->node > s->last);
        assert_in_range(n->node, 1, GB_COUNT(s->text) - 1);
        s->last = n->node;
        if (n->role != GB_ROLE_NOTE)
            gb_str_append(&s->text[n->node], gb_str_cstr(&n->text),
                          n->text.len);
        break;
    case GB_NEWS_GROWN:
        assert_int_equal(n->node, s->last);
        gb_str_append(&s->text[n->node], gb_str_cstr(&n->text), n->text.len);
        break;
    case GB_NEWS_SETTINGS:
        s->settings = n->settings;
        break;
    case GB_NEWS_STATS:
        s->stats = n->stats;
        break;
    case GB_NEWS_STARTED:
        s->started = n->command;
        break;
    case GB_NEWS_DONE:
        s->done = n->command;
        s->reason = n->reason;
        s->stats = n->stats;
        snprintf(s->said, sizeof s->said, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_ERROR:
        s->failed = n->command;
        snprintf(s->error, sizeof s->error, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_VERDICT:
        s->verdicts++;
        s->identical = n->identical;
        break;
    case GB_NEWS_FILE:
        snprintf(s->file, sizeof s->file, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_LOG:
        snprintf(s->log, sizeof s->log, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_MEMORY:
        s->memory = n->node;
        break;
    default:
        break;
    }
}

/* Takes one piece of news, waiting for it. */
void
screen_take(screen *s)
{
    struct pollfd p = {.fd = gb_worker_fd(s->worker), .events = POLLIN};
    gb_news *n, **place;

    assert_int_equal(poll(&p, 1, -1), 1);
    n = gb_worker_take(s->worker);
    assert_non_null(n);
    show(s, n);
    place = kept(s, n->type);
    if (place != NULL) {
        gb_news_free(*place);
        *place = n;
    } else {
        gb_news_free(n);
    }
}

void
screen_wait_news(screen *s, gb_news_type type, unsigned before)
{
    while (s->n_news[type] <= before)
        screen_take(s);
}

screen *
screen_start(const gb_worker_options *options)
{
    gb_worker_options o = *options;
    gb_error err = GB_ERROR_INIT;
    screen *s = gb_alloc(sizeof *s);

    if (o.model == NULL)
        o.model = test_source("models/stories");
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    o.settings.ignore_eos = true;
    s->worker = gb_worker_start(&o, &err);
    test_ok(s->worker != NULL, &err);
    return s;
}

screen *
screen_start_plain(void)
{
    const gb_worker_options options = {.journal = false};

    return screen_start(&options);
}

void
screen_finish(screen *s)
{
    gb_error err = GB_ERROR_INIT;
    size_t i;

    test_ok(gb_worker_close(s->worker, &err), &err);
    gb_news_free(s->seen);
    gb_news_free(s->forks);
    gb_news_free(s->tree);
    gb_news_free(s->sessions);
    gb_news_free(s->trial);
    for (i = 0; i < GB_COUNT(s->text); i++)
        gb_str_free(&s->text[i]);
    free(s);
}

gb_request
screen_request(ask what, const char *name, const char *value)
{
    static const gb_request requests[] = {
        [ASK_SEND] = {.event.type = GB_EVENT_PROMPT},
        [ASK_EDIT] = {.event.type = GB_EVENT_EDIT},
        [ASK_NOTE] = {.event.type = GB_EVENT_MARK},
        [ASK_CONTINUE] = {.event = {.type = GB_EVENT_RUN,
                                    .how = GB_HOW_CONTINUE}},
        [ASK_AGAIN] = {.event = {.type = GB_EVENT_RUN, .how = GB_HOW_AGAIN}},
        [ASK_RESEED] = {.event = {.type = GB_EVENT_RUN,
                                  .how = GB_HOW_RESEED}},
        [ASK_UNDO] = {.event.type = GB_EVENT_UNDO},
        [ASK_REDO] = {.event.type = GB_EVENT_REDO},
        [ASK_CLEAR] = {.event.type = GB_EVENT_CLEAR},
        [ASK_MODE] = {.event.type = GB_EVENT_MODE},
        [ASK_SET] = {.event.type = GB_EVENT_SET},
        [ASK_STOP] = {.what = GB_DO_STOP},
        [ASK_EXPORT] = {.what = GB_DO_EXPORT},
        [ASK_SAVE] = {.what = GB_DO_SAVE},
        [ASK_LOAD] = {.what = GB_DO_LOAD},
        [ASK_MODEL] = {.what = GB_DO_MODEL},
        [ASK_DEVICE] = {.what = GB_DO_DEVICE},
        [ASK_REPLAY] = {.what = GB_DO_REPLAY},
        [ASK_VERB] = {.what = GB_DO_STEER},
        [ASK_PACE] = {.what = GB_DO_PACE},
        [ASK_FORGET] = {.what = GB_DO_FORGET},
        [ASK_TREE] = {.what = GB_DO_TREE},
        [ASK_SESSIONS] = {.what = GB_DO_SESSIONS},
    };
    gb_request r = requests[what];

    if (what <= ASK_NOTE) {
        r.event.text = name;
        r.event.n_text = strlen(name);
    } else if (what == ASK_MODE) {
        r.event.value = name;
    } else if (what == ASK_SET) {
        r.event.name = name;
        r.event.value = value;
    } else {
        r.name = name;
        r.value = value;
    }
    return r;
}

uint64_t
screen_post(screen *s, ask what, const char *name, const char *value)
{
    gb_request r = screen_request(what, name, value);
    gb_error err = GB_ERROR_INIT;
    uint64_t number = gb_worker_post(s->worker, &r, &err);

    test_ok(number != 0, &err);
    return number;
}

void
screen_wait_done(screen *s, uint64_t command)
{
    while (s->done != command && s->failed != command)
        screen_take(s);
    if (s->failed == command)
        fail_msg("command failed: %s", s->error);
}

void
screen_wait_failed(screen *s, uint64_t command)
{
    while (s->failed != command)
        screen_take(s);
}

void
screen_wait_state(screen *s, gb_state state)
{
    while (s->state != state)
        screen_take(s);
}

void
screen_wait_phase(screen *s, gb_phase phase)
{
    while (s->state != GB_STATE_LOADING || s->phase != phase)
        screen_take(s);
}

void
screen_do(screen *s, ask what, const char *name, const char *value)
{
    screen_wait_done(s, screen_post(s, what, name, value));
}

char *
screen_text(const screen *s)
{
    gb_str all = GB_STR_INIT;
    size_t i;

    for (i = 0; i < GB_COUNT(s->text); i++)
        gb_str_append(&all, gb_str_cstr(&s->text[i]), s->text[i].len);
    return gb_str_take(&all);
}

void
screen_expect(const screen *s, const char *expected)
{
    char *text = screen_text(s);

    assert_string_equal(text, expected);
    free(text);
}
