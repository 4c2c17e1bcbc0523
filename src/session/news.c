#include "session/news.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

bool
gb_news_open(gb_news_queue *q, gb_error *err)
{
    *q = (gb_news_queue){.fd = {-1, -1}};
    if (pipe2(q->fd, O_CLOEXEC | O_NONBLOCK) != 0)
        return gb_fail(err, "cannot make a pipe: %s", strerror(errno));
    pthread_mutex_init(&q->lock, NULL);
    return true;
}

void
gb_news_close(gb_news_queue *q)
{
    gb_news *n;

    while ((n = gb_news_take(q)) != NULL)
        gb_news_free(n);
    close(q->fd[0]);
    close(q->fd[1]);
    pthread_mutex_destroy(&q->lock);
}

gb_news *
gb_news_new(gb_news_type type)
{
    gb_news *n = gb_alloc(sizeof *n);

    n->type = type;
    return n;
}

void
gb_news_free(gb_news *n)
{
    if (n == NULL)
        return;
    free(n->device);
    free(n->dtype);
    free(n->prefill);
    free(n->cache_type);
    free(n->path);
    free(n->spec);
    free(n->tokens);
    gb_seen_free(n->seen);
    free(n->forks);
    gb_seen_tree_free(n->tree);
    gb_seen_trial_free(n->trial);
    if (n->sessions != NULL)
        gb_list_free(n->sessions);
    free(n->sessions);
    gb_str_free(&n->text);
    free(n);
}

static void
grow(gb_news *to, const gb_news *n)
{
    gb_str_append(&to->text, gb_str_cstr(&n->text), n->text.len);
    to->tokens = gb_realloc_array(to->tokens, to->n_tokens + n->n_tokens,
                                  sizeof *to->tokens);
    if (n->n_tokens > 0)
        memcpy(to->tokens + to->n_tokens, n->tokens,
               n->n_tokens * sizeof *n->tokens);
    to->n_tokens += n->n_tokens;
}

/* Brings news that is still in the queue up to date instead of adding more.
 * True when that was done. */
static bool
merge(gb_news_queue *q, const gb_news *n)
{
    if (n->type == GB_NEWS_STATS && q->stats != NULL) {
        q->stats->stats = n->stats;
        return true;
    }
    if (n->type == GB_NEWS_SETTINGS && q->settings != NULL) {
        q->settings->settings = n->settings;
        q->settings->mode = n->mode;
        q->settings->step = n->step;
        return true;
    }
    /* Progress; another state, or phase of it, is news of its own. */
    if (n->type == GB_NEWS_STATE && q->state != NULL &&
        q->state->state == n->state && q->state->phase == n->phase) {
        q->state->done = n->done;
        q->state->total = n->total;
        return true;
    }
    if (n->type == GB_NEWS_GROWN && q->text != NULL &&
        q->text->node == n->node) {
        grow(q->text, n);
        return true;
    }
    return false;
}

/* What stands beside the text: nothing of it is of use once there is newer
 * news of its kind, which may speak of text that was told in between. */
static bool
replaces(gb_news_type type)
{
    return type == GB_NEWS_SEEN || type == GB_NEWS_FORKS ||
           type == GB_NEWS_TREE || type == GB_NEWS_SESSIONS ||
           type == GB_NEWS_TRIAL;
}

/* Takes news of this type out of the queue, of which there is one at most. */
static void
drop(gb_news_queue *q, gb_news_type type)
{
    gb_news **link = &q->first, *n, *before = NULL;

    for (; (n = *link) != NULL; before = n, link = &n->next)
        if (n->type == type)
            break;
    if (n == NULL)
        return;
    *link = n->next;
    if (q->last == n)
        q->last = before;
    gb_news_free(n);
}

static void
append(gb_news_queue *q, gb_news *n)
{
    static const char byte = 0;
    const bool empty = q->first == NULL;

    if (replaces(n->type))
        drop(q, n->type);
    if (q->first == NULL)
        q->first = n;
    else
        q->last->next = n;
    q->last = n;
    while (empty && write(q->fd[1], &byte, 1) < 0 && errno == EINTR)
        ;
    if (n->type == GB_NEWS_STATS)
        q->stats = n;
    else if (n->type == GB_NEWS_SETTINGS)
        q->settings = n;
    else if (n->type == GB_NEWS_STATE)
        q->state = n;
    else if (!replaces(n->type))
        q->text = n->type == GB_NEWS_GROWN ? n : NULL;
}

void
gb_news_put(gb_news_queue *q, gb_news *n)
{
    bool merged;

    pthread_mutex_lock(&q->lock);
    merged = merge(q, n);
    if (!merged)
        append(q, n);
    pthread_mutex_unlock(&q->lock);
    if (merged)
        gb_news_free(n);
}

gb_news *
gb_news_take(gb_news_queue *q)
{
    gb_news *n;
    char byte;

    pthread_mutex_lock(&q->lock);
    n = q->first;
    if (n != NULL) {
        q->first = n->next;
        n->next = NULL;
        if (q->first == NULL) {
            q->last = NULL;
            while (read(q->fd[0], &byte, 1) < 0 && errno == EINTR)
                ;
        }
        if (q->stats == n)
            q->stats = NULL;
        if (q->settings == n)
            q->settings = NULL;
        if (q->state == n)
            q->state = NULL;
        if (q->text == n)
            q->text = NULL;
    }
    pthread_mutex_unlock(&q->lock);
    return n;
}
