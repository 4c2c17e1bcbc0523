#include "tui/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
gb_mirror_init(gb_mirror *m, gb_worker *worker, const gb_settings *settings,
               gb_mode mode)
{
    memset(m, 0, sizeof *m);
    m->worker = worker;
    m->settings = m->confirmed = *settings;
    m->mode = m->confirmed_mode = mode;
    m->state = GB_STATE_LOADING;
}

static void
free_sessions(gb_mirror *m)
{
    if (m->sessions != NULL)
        gb_list_free(m->sessions);
    free(m->sessions);
}

void
gb_mirror_free(gb_mirror *m)
{
    gb_transcript_free(&m->transcript);
    gb_seen_free(m->seen);
    free(m->forks);
    gb_str_free(&m->other);
    gb_seen_tree_free(m->tree);
    free_sessions(m);
    gb_seen_trial_free(m->trial);
    free(m->model);
    free(m->device);
    free(m->dtype);
    free(m->prefill);
    free(m->cache_type);
    free(m->folder);
    free(m->spec);
    free(m->file);
    memset(m, 0, sizeof *m);
}

static void
replace(char **to, const char *from)
{
    free(*to);
    *to = from != NULL ? gb_strdup(from) : NULL;
}

static void
settle(gb_mirror *m)
{
    if (m->last_set != 0)
        return;
    m->settings = m->confirmed;
    m->mode = m->confirmed_mode;
}

static void
finish(gb_mirror *m, const gb_news *news)
{
    if (news->command == 0)
        return;
    m->finished = news->command;
    if (news->command == m->running)
        m->running = 0;
    m->failed = news->type == GB_NEWS_ERROR;
    if (news->command == m->last_set)
        m->last_set = 0;
    settle(m);
}

static void
take_engine(gb_mirror *m, const gb_news *news)
{
    m->ready = true;
    replace(&m->model, gb_str_cstr(&news->text));
    replace(&m->device, news->device);
    replace(&m->dtype, news->dtype);
    replace(&m->prefill, news->prefill);
    replace(&m->cache_type, news->cache_type);
    replace(&m->folder, news->path);
    replace(&m->spec, news->spec);
    m->n_ctx = news->n_ctx;
    m->transcript.ends = news->ends;
}

static void
take_forks(gb_mirror *m, gb_news *news)
{
    free(m->forks);
    m->forks = news->forks;
    m->n_forks = news->n_forks;
    news->forks = NULL;
    gb_str_clear(&m->other);
    gb_str_append(&m->other, gb_str_cstr(&news->text), news->text.len);
    m->other_take = news->take;
}

/* What is shown beside the text; the news gives it away. */
static void
take_seen(gb_mirror *m, gb_news *news)
{
    switch (news->type) {
    case GB_NEWS_SEEN:
        gb_seen_free(m->seen);
        m->seen = news->seen;
        news->seen = NULL;
        break;
    case GB_NEWS_FORKS:
        take_forks(m, news);
        break;
    case GB_NEWS_TREE:
        gb_seen_tree_free(m->tree);
        m->tree = news->tree;
        news->tree = NULL;
        break;
    case GB_NEWS_SESSIONS:
        free_sessions(m);
        m->sessions = news->sessions;
        news->sessions = NULL;
        break;
    case GB_NEWS_TRIAL:
        gb_seen_trial_free(m->trial);
        m->trial = news->trial;
        news->trial = NULL;
        break;
    default:
        break;
    }
}

void
gb_mirror_take(gb_mirror *m, gb_news *news)
{
    switch (news->type) {
    case GB_NEWS_STATE:
        m->state = news->state;
        m->phase = news->phase;
        m->done = news->done;
        m->total = news->total;
        break;
    case GB_NEWS_ENGINE:
        take_engine(m, news);
        break;
    case GB_NEWS_CUT:
    case GB_NEWS_NODE:
    case GB_NEWS_GROWN:
        gb_transcript_take(&m->transcript, news);
        break;
    case GB_NEWS_SETTINGS:
        m->confirmed = news->settings;
        m->confirmed_mode = news->mode;
        settle(m);
        break;
    case GB_NEWS_STATS:
        m->stats = news->stats;
        break;
    case GB_NEWS_STARTED:
        m->running = news->command;
        break;
    case GB_NEWS_DONE:
        m->stats = news->stats;
        if (news->reason != GB_REASON_NONE)
            m->rush = false;
        finish(m, news);
        break;
    case GB_NEWS_ERROR:
        finish(m, news);
        break;
    case GB_NEWS_FILE:
        replace(&m->file, gb_str_cstr(&news->text));
        break;
    default:
        take_seen(m, news);
        break;
    }
}

uint64_t
gb_mirror_post(gb_mirror *m, const gb_request *request, gb_error *err)
{
    uint64_t number = gb_worker_post(m->worker, request, err);

    if (number != 0)
        m->posted = number;
    return number;
}

bool
gb_mirror_do(gb_mirror *m, gb_do what, const char *name, gb_error *err)
{
    gb_request request = {.what = what, .name = name};

    return gb_mirror_post(m, &request, err) != 0;
}

bool
gb_mirror_set(gb_mirror *m, const char *name, const char *value,
              gb_error *err)
{
    gb_request request = {
        .what = GB_DO_EVENT,
        .event = {.type = GB_EVENT_SET, .name = name, .value = value},
    };
    gb_settings wanted = m->settings;
    uint64_t number;

    if (!gb_settings_change(&wanted, name, value, err))
        return false;
    number = gb_mirror_post(m, &request, err);
    if (number == 0)
        return false;
    m->settings = wanted;
    m->last_set = number;
    return true;
}

bool
gb_mirror_set_mode(gb_mirror *m, const char *value, gb_error *err)
{
    gb_request request = {
        .what = GB_DO_EVENT,
        .event = {.type = GB_EVENT_MODE, .value = value},
    };
    gb_mode wanted = m->mode;
    uint64_t number;

    if (!gb_mode_change(value, &wanted))
        return gb_fail_usage(err, "mode must be continue or chat, not \"%s\"",
                             value);
    number = gb_mirror_post(m, &request, err);
    if (number == 0)
        return false;
    m->mode = wanted;
    m->last_set = number;
    return true;
}

bool
gb_mirror_is_busy(const gb_mirror *m)
{
    return m->state == GB_STATE_READING || m->state == GB_STATE_WRITING ||
           m->state == GB_STATE_PAUSED || m->state == GB_STATE_REPLAYING ||
           m->state == GB_STATE_SWEEPING;
}

bool
gb_mirror_can_stop(const gb_mirror *m)
{
    return gb_mirror_is_busy(m) ||
           (m->state == GB_STATE_LOADING &&
            (m->running != 0 || m->phase == GB_PHASE_SESSION));
}
