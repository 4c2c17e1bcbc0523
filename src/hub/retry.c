#include "hub/retry.h"

#include "base/clock.h"

#define TRIES 5      /* in which nothing comes, one after the other */
#define PATIENCE 300 /* seconds that a server may ask to wait */

/* Waits before try `tries` (from 1), as the server wants it or longer and
 * longer. */
static bool
pause_before(const gb_retry *r, unsigned tries, double wait, gb_error *err)
{
    double seconds = wait >= 0 ? wait : tries == 1 ? 0.2 : 1 << (tries - 2);

    if (wait > PATIENCE)
        return gb_fail_context(err, "the server wants to be asked again in "
                               "%.0f seconds", wait);
    r->wait(r->wait_arg, seconds, err->text);
    gb_wait_until(gb_now_ms() + 1000 * seconds, r->cancel);
    return r->cancel == NULL || !atomic_load(r->cancel) ||
           gb_fail_interrupted(err);
}

bool
gb_retry_run(const gb_retry *r, gb_error *err)
{
    unsigned tries = 0;
    gb_http_end end;
    double wait;
    bool got;

    for (;;) {
        got = false;
        wait = -1;
        end = r->ask(r->arg, &wait, &got, err);
        if (end == GB_HTTP_DONE)
            return true;
        tries = got ? 1 : tries + 1;
        if (end != GB_HTTP_AGAIN || tries == TRIES ||
            !pause_before(r, tries, wait, err))
            return false;
    }
}

typedef struct text {
    gb_http *http;
    const char *path;
    size_t limit, start;
    gb_str *out;
} text;

static bool
begin(void *arg, const gb_http_answer *a, gb_error *err)
{
    text *t = arg;

    (void)a, (void)err;
    if (t->out->len > t->start)
        t->out->data[t->out->len = t->start] = '\0';
    return true;
}

static bool
take(void *arg, const void *bytes, size_t n, gb_error *err)
{
    text *t = arg;

    if (n > t->limit - (t->out->len - t->start))
        return gb_fail(err, "expected at most %zu bytes, found more",
                       t->limit);
    gb_str_append(t->out, bytes, n);
    return true;
}

static gb_http_end
ask(void *arg, double *wait, bool *got, gb_error *err)
{
    text *t = arg;
    const gb_http_request request = {
        .path = t->path, .begin = begin, .take = take, .arg = t};

    (void)got;
    return gb_http_get(t->http, &request, wait, err);
}

bool
gb_retry_text(gb_http *h, const char *path, size_t limit, const gb_retry *r,
              gb_str *out, gb_error *err)
{
    text t = {h, path, limit, out->len, out};
    gb_retry own = *r;

    own.ask = ask;
    own.arg = &t;
    return gb_retry_run(&own, err);
}
