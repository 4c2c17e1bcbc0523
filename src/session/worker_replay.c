/* A replay in the interface, on the engine that is there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "session/replay.h"
#include "session/worker_state.h"

static void
on_progress(void *arg, uint64_t tokens)
{
    gb_worker *w = arg;
    gb_news *n = gb_news_new(GB_NEWS_STATE);

    n->state = w->state;
    n->done = tokens;
    gb_news_put(&w->news, n);
}

static void
tell_verdict(gb_worker *w, const gb_replay_result *result)
{
    gb_news *n = gb_news_new(GB_NEWS_VERDICT);

    n->identical = result->identical;
    gb_replay_describe(result, w->model->tokenizer, &n->text);
    gb_news_put(&w->news, n);
}

static bool
replay(gb_worker *w, gb_journal_reader *r, bool pace, gb_error *err)
{
    gb_replay_options o = {
        .pace = pace,
        .watcher = gb_worker_watcher(w),
        .progress = on_progress,
        .progress_arg = w,
        .cancel = &w->cancel,
    };
    gb_replay_result result;
    bool ok;

    w->replay_shown = true;
    gb_worker_tell_state(w, GB_STATE_REPLAYING);
    o.watcher.cut(w, 0);
    ok = gb_replay(r, w->engine, w->model, &o, &result, err);
    gb_engine_rewind(w->engine, 0);
    if (ok)
        tell_verdict(w, &result);
    gb_replay_result_free(&result);
    return ok;
}

/* The session so far as a file; it is to be removed when *temporary. */
static char *
own_file(gb_worker *w, bool *temporary, gb_error *err)
{
    const char *path = gb_session_path(w->session);
    const char *folder = getenv("TMPDIR");
    char *name;
    int fd;

    *temporary = path == NULL;
    if (path != NULL)
        return gb_strdup(path);
    name = gb_format("%s/gumbel-replay-XXXXXX",
                     folder != NULL && folder[0] == '/' ? folder : "/tmp");
    fd = mkstemp(name);
    if (fd < 0) {
        gb_fail(err, "%s: cannot create: %s", name, strerror(errno));
        free(name);
        return NULL;
    }
    close(fd);
    if (gb_session_save(w->session, name, err))
        return name;
    unlink(name);
    free(name);
    return NULL;
}

bool
gb_worker_replay(gb_worker *w, const char *path, bool pace, gb_error *err)
{
    bool temporary = false, ok;
    gb_journal_reader *r;
    char *own = NULL;

    if (path == NULL)
        path = own = own_file(w, &temporary, err);
    r = path != NULL ? gb_journal_open(path, err) : NULL;
    ok = r != NULL && replay(w, r, pace, err);
    gb_journal_reader_free(r);
    if (temporary && own != NULL)
        unlink(own);
    free(own);
    return ok;
}
