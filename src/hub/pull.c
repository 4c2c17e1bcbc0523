#include "hub/pull.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "hub/download.h"
#include "hub/endpoint.h"
#include "hub/retry.h"
#include "hub/store.h"
#include "model/hub_cache.h"
#include "model/model.h"

#define LIST_LIMIT ((size_t)16 << 20)  /* bytes of the hub's answer */
#define INDEX_LIMIT ((size_t)64 << 20) /* of an index of shards */
#define SPEED_MS 400 /* between two looks at the clock */

typedef struct pulling {
    const gb_pull_options *o;
    gb_hub_name name;
    gb_http *http;
    gb_store store;
    gb_repo repo;
    gb_hub_file **files; /* (n), of repo */
    size_t n;
    gb_pull_progress p;
    uint64_t before;     /* bytes of the files before this one */
    double when;         /* of the last look at the speed, */
    uint64_t then;       /* and p.done then */
    gb_pulled *pulled;
} pulling;

/* --- progress ------------------------------------------------------------- */

static void
tell(pulling *u)
{
    if (u->o->progress != NULL)
        u->o->progress(u->o->arg, &u->p);
}

/* The speed counts what came, not what was there. */
static void
measure(pulling *u)
{
    double now = gb_now_ms(), ms = now - u->when, speed;

    if (u->p.done < u->then || u->when == 0) {
        u->when = now;
        u->then = u->p.done;
    } else if (ms >= SPEED_MS) {
        speed = (double)(u->p.done - u->then) * 1000 / ms;
        u->p.speed = u->p.speed > 0 ? 0.7 * u->p.speed + 0.3 * speed : speed;
        u->when = now;
        u->then = u->p.done;
    }
    u->p.left = u->p.speed > 0 && u->p.total >= u->p.done
                    ? (double)(u->p.total - u->p.done) / u->p.speed
                    : -1;
}

static void
on_progress(void *arg, uint64_t done)
{
    pulling *u = arg;

    u->p.done = u->before + done;
    u->p.waits = NULL;
    measure(u);
    tell(u);
}

static void
on_wait(void *arg, double seconds, const char *why)
{
    pulling *u = arg;

    (void)seconds;
    u->p.waits = why;
    tell(u);
    u->when = 0;
}

void
gb_pull_describe(const gb_pull_progress *p, char *out, size_t n)
{
    const double mb = 1e6, done = (double)p->done, total = (double)p->total;
    size_t used;

    if (p->file == NULL) {
        snprintf(out, n, "%s", p->waits != NULL ? p->waits
                                                : "asking the hub");
        return;
    }
    if (p->total < p->done || p->total == 0)
        snprintf(out, n, "%.1f MB", done / mb);
    else
        snprintf(out, n, "%.*f of %.*f MB", total < 10 * mb, done / mb,
                 total < 10 * mb, total / mb);
    used = strlen(out);
    if (p->waits != NULL)
        snprintf(out + used, n - used, ", waiting: %s", p->waits);
    else if (p->left >= 0 && p->left < 100)
        snprintf(out + used, n - used, ", %.1f MB/s, %.0f s left",
                 p->speed / mb, p->left);
    else if (p->left >= 0)
        snprintf(out + used, n - used, ", %.1f MB/s, %.0f min left",
                 p->speed / mb, p->left / 60);
}

/* --- asking the hub ------------------------------------------------------- */

static bool
fetch_text(pulling *u, const char *path, size_t limit, gb_str *out,
           gb_error *err)
{
    const gb_retry retry = {NULL, NULL, u->o->cancel, on_wait, u};

    return gb_retry_text(u->http, path, limit, &retry, out, err);
}

static bool
fetch_list(pulling *u, gb_error *err)
{
    gb_str path = GB_STR_INIT, text = GB_STR_INIT;
    bool ok;

    tell(u);
    gb_repo_list_path(&path, &u->name);
    ok = fetch_text(u, path.data, LIST_LIMIT, &text, err) &&
         gb_repo_read(&u->repo, gb_str_cstr(&text), text.len,
                      "the hub's answer", err);
    if (ok)
        u->pulled->commit = gb_strdup(u->repo.commit);
    gb_str_free(&text);
    gb_str_free(&path);
    return ok;
}

static bool
choose_files(pulling *u, gb_error *err)
{
    const gb_hub_file *index =
        u->name.file == NULL ? gb_repo_index(&u->repo) : NULL;
    gb_str path = GB_STR_INIT, text = GB_STR_INIT;
    bool ok = true;

    if (index != NULL) {
        gb_repo_file_path(&path, &u->name, u->repo.commit, index->name);
        ok = fetch_text(u, path.data, INDEX_LIMIT, &text, err) ||
             gb_fail_context(err, "%s", index->name);
    }
    ok = ok && gb_repo_choose(&u->repo, &u->name, gb_str_cstr(&text),
                              text.len, &u->files, &u->n, err);
    gb_str_free(&text);
    gb_str_free(&path);
    return ok;
}

/* What is to come, for whoever asked. */
static void
list_files(pulling *u)
{
    gb_pulled *d = u->pulled;
    size_t i;

    d->files = gb_alloc_array(u->n, sizeof *d->files);
    for (d->n = 0; d->n < u->n; d->n++) {
        i = d->n;
        d->files[i].name = gb_strdup(u->files[i]->name);
        d->files[i].size = u->files[i]->size;
        d->files[i].there = gb_download_there(u->store.partial, u->files[i]);
        if (u->files[i]->size != GB_SIZE_UNKNOWN)
            d->total += u->files[i]->size;
    }
    u->p.total = d->total;
}

/* --- loading -------------------------------------------------------------- */

static bool
check_room(const pulling *u, gb_error *err)
{
    const gb_pulled *d = u->pulled;
    uint64_t there = 0, room;
    struct statvfs fs;
    size_t i;

    for (i = 0; i < d->n; i++)
        there += d->files[i].there;
    if (statvfs(u->store.partial, &fs) != 0 || there >= d->total)
        return true;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    return d->total - there <= room ||
           gb_fail(err, "there is no room: %.1f MB are to come, and %s has "
                   "%.1f MB left", (double)(d->total - there) / 1e6,
                   u->store.partial, (double)room / 1e6);
}

static bool
load_file(pulling *u, const gb_hub_file *file, gb_error *err)
{
    gb_str path = GB_STR_INIT;
    gb_download d = {
        .http = u->http, .folder = u->store.partial, .file = file,
        .cancel = u->o->cancel, .progress = on_progress, .wait = on_wait,
        .arg = u,
    };
    bool ok;

    gb_repo_file_path(&path, &u->name, u->repo.commit, file->name);
    d.path = path.data;
    u->p.file = file->name;
    ok = gb_download_run(&d, err);
    gb_str_free(&path);
    u->before += gb_download_there(u->store.partial, file);
    on_progress(u, 0);
    return ok;
}

/* All that is weights, or all that is not. */
static bool
load_files(pulling *u, bool weights, gb_error *err)
{
    size_t i;

    for (i = 0; i < u->n; i++)
        if (u->files[i]->weights == weights &&
            !load_file(u, u->files[i], err))
            return false;
    return true;
}

/* Takes the folder off the files that a message names: nobody needs to know
 * where they lie until all have come. */
static void
shorten(const pulling *u, gb_error *err)
{
    const size_t n = strlen(u->store.partial);
    char *at;

    while ((at = strstr(err->text, u->store.partial)) != NULL)
        memmove(at, at + n + (at[n] == '/'),
                strlen(at + n + (at[n] == '/')) + 1);
}

/* Whether what has come can be used; small files that cannot go again. */
static bool
check_model(pulling *u, bool weights, gb_error *err)
{
    const char *file = u->name.file != NULL ? u->name.file : "";
    char *path = gb_path_join(u->store.partial, file);
    gb_model *m;

    m = weights ? gb_model_open_weights(path, err)
                : gb_model_open_tokenizer(path, err);
    gb_model_close(m);
    free(path);
    if (m != NULL)
        return true;
    shorten(u, err);
    if (!weights)
        gb_store_drop(&u->store);
    return false;
}

static bool
load(pulling *u, gb_error *err)
{
    const bool whole = u->name.file == NULL;

    if (!gb_store_prepare(&u->store, u->repo.commit, u->files, u->n, err))
        return false;
    list_files(u);
    return check_room(u, err) && load_files(u, false, err) &&
           (!whole || check_model(u, false, err)) &&
           load_files(u, true, err) && check_model(u, true, err) &&
           gb_store_finish(&u->store, err);
}

/* --- only looking --------------------------------------------------------- */

/* Whether it could be used: the small files come, into a folder that goes
 * again. */
static bool
try_out(pulling *u, gb_error *err)
{
    char *folder = gb_path_join(gb_temporary_folder(), "gumbel-XXXXXX");
    char *partial = u->store.partial;
    bool ok = mkdtemp(folder) != NULL ||
              gb_fail(err, "%s: cannot create: %s", folder, strerror(errno));

    if (ok) {
        u->store.partial = folder;
        ok = load_files(u, false, err) && check_model(u, false, err);
        u->store.partial = partial;
        gb_remove_tree(folder, NULL);
    }
    free(folder);
    return ok;
}

static bool
look(pulling *u, gb_error *err)
{
    list_files(u);
    return u->name.file != NULL || try_out(u, err);
}

/* --- what is there already ------------------------------------------------ */

/* It is in the cache of Hugging Face's libraries, in this version. */
static bool
is_in_cache(const pulling *u, char **path)
{
    const char *commit = u->repo.commit;

    *path = gb_hub_cache_find(&u->name);
    if (*path != NULL && strstr(*path, commit) != NULL)
        return true;
    free(*path);
    *path = NULL;
    return false;
}

static bool
is_there(pulling *u)
{
    char *path = NULL;

    if (!gb_store_is_current(&u->store, u->repo.commit) &&
        !is_in_cache(u, &path))
        return false;
    if (path != NULL) {
        free(u->pulled->path);
        u->pulled->path = path;
    }
    u->pulled->was_there = true;
    return true;
}

/* Without the hub, any version will do. */
static bool
pull_offline(pulling *u, gb_error *err)
{
    char *path = gb_model_find_installed(u->name.local);

    if (path == NULL)
        return gb_fail(err, "it is not there, and $HF_HUB_OFFLINE says that "
                       "the hub is not to be asked");
    free(u->pulled->path);
    u->pulled->path = path;
    u->pulled->was_there = true;
    return true;
}

static bool
pull_from_hub(pulling *u, gb_error *err)
{
    const bool dry = u->o->dry_run;

    if (!dry && !gb_store_lock(&u->store, err))
        return false;
    u->http = gb_http_open(u->o->cancel, err);
    if (u->http == NULL)
        return false;
    if (!fetch_list(u, err))
        return gb_fail_context(err, "%s", gb_http_host(u->http));
    if (is_there(u)) {
        if (!dry)
            gb_store_drop(&u->store);
        return true;
    }
    return gb_store_check(&u->store, err) && choose_files(u, err) &&
           (dry ? look(u, err) : load(u, err));
}

bool
gb_pull(const gb_pull_options *o, gb_pulled *pulled, gb_error *err)
{
    pulling u = {.o = o, .pulled = pulled, .p.left = -1, .store.lock = -1};
    bool ok;

    *pulled = (gb_pulled){.name = NULL};
    ok = gb_hub_name_read(&u.name, o->name, err);
    if (ok) {
        pulled->name = gb_strdup(u.name.local);
        ok = gb_store_open(&u.store, &u.name, err);
        if (ok)
            pulled->path = gb_strdup(u.store.target);
        ok = ok && (gb_hub_is_offline() ? pull_offline(&u, err)
                                        : pull_from_hub(&u, err));
        if (!ok && err->status != GB_INTERRUPTED)
            gb_fail_context(err, "%s", u.name.local);
    }
    gb_http_close(u.http);
    gb_store_close(&u.store);
    gb_repo_free(&u.repo);
    free(u.files);
    gb_hub_name_free(&u.name);
    return ok;
}

void
gb_pulled_free(gb_pulled *p)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        free(p->files[i].name);
    free(p->files);
    free(p->name);
    free(p->path);
    free(p->commit);
    *p = (gb_pulled){.name = NULL};
}
