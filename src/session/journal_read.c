/* Reading journals: one line at a time, nothing trusted. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/journal_reader.h"

#define GB_READ_CHUNK ((size_t)64 << 10)

const char *
gb_journal_reader_place(gb_journal_reader *r)
{
    snprintf(r->place, sizeof r->place, "%s, line %u", r->shown, r->line);
    return r->place;
}

/* Waits until there is more, or the end; false: cancelled. */
static bool
wait_for_more(const gb_journal_reader *r)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};

    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        if (r->cancel != NULL && atomic_load(r->cancel))
            return false;
    return true;
}

/* Appends what can be read now to the buffer. */
static bool
read_more(gb_journal_reader *r, gb_error *err)
{
    ssize_t got;

    gb_str_reserve(&r->buffer, GB_READ_CHUNK);
    do {
        if (!wait_for_more(r))
            return gb_fail_interrupted(err);
        got = read(r->fd, r->buffer.data + r->buffer.len, GB_READ_CHUNK);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0)
        return gb_fail(err, "%s: cannot read: %s", r->shown, strerror(errno));
    r->buffer.len += (size_t)got;
    r->buffer.data[r->buffer.len] = '\0';
    r->ended = got == 0;
    return true;
}

/* Fills the buffer until it holds a whole line. The line is at r->at, n bytes
 * long without its newline. */
static gb_read
next_line(gb_journal_reader *r, size_t *n, gb_error *err)
{
    size_t searched = r->at;
    char *end;

    for (;;) {
        end = r->buffer.len > searched
                  ? memchr(r->buffer.data + searched, '\n',
                           r->buffer.len - searched)
                  : NULL;
        if (end != NULL) {
            *n = (size_t)(end - (r->buffer.data + r->at));
            r->line++;
            return GB_READ_EVENT;
        }
        if (r->ended) {
            r->torn = r->buffer.len > r->at;
            return GB_READ_END;
        }
        if (r->buffer.len - r->at > GB_LINE_MAX) {
            gb_fail_usage(err, "%s, line %u: longer than %zu bytes", r->shown,
                          r->line + 1, GB_LINE_MAX);
            return GB_READ_ERROR;
        }
        if (!r->keep) {
            gb_str_drop(&r->buffer, r->at);
            r->at = 0;
        }
        searched = r->buffer.len;
        if (!read_more(r, err))
            return GB_READ_ERROR;
    }
}

/* Of the line that was just found, if somebody has looked ahead. */
static json_t *
take_ahead(gb_journal_reader *r)
{
    json_t *first;

    if (r->n_ahead == 0)
        return NULL;
    first = r->ahead[0];
    memmove(r->ahead, r->ahead + 1, --r->n_ahead * sizeof *r->ahead);
    return first;
}

/* Parses the next line that is not blank; END and ERROR as above. */
static gb_read
next_object(gb_journal_reader *r, gb_error *err)
{
    const char *line, *place;
    gb_read result;
    size_t n;

    json_decref(r->object);
    r->object = NULL;
    do {
        result = next_line(r, &n, err);
        if (result != GB_READ_EVENT)
            return result;
        line = r->buffer.data + r->at;
        r->at += n + 1;
    } while (strspn(line, " \t\r") == n);
    place = gb_journal_reader_place(r);
    r->object = take_ahead(r);
    if (r->object == NULL)
        r->object = gb_json_parse(place, line, n, err);
    if (r->object != NULL)
        return GB_READ_EVENT;
    if (err != NULL)
        err->status = GB_USAGE;
    return GB_READ_ERROR;
}

/* A setting of a later version is passed over as an event of one is. */
static bool
is_known(const gb_journal_reader *r, const char *type, gb_event *e)
{
    const char *name = "";
    size_t i;

    if (!gb_event_parse(type, &e->type))
        return false;
    if (e->type != GB_EVENT_SET)
        return true;
    name = json_string_value(json_object_get(r->object, "name"));
    for (i = 0; name != NULL && gb_settings_names[i] != NULL; i++)
        if (strcmp(gb_settings_names[i], name) == 0)
            return true;
    return name == NULL;
}

gb_read
gb_journal_next(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *type = "";
    gb_read result;

    for (;;) {
        result = next_object(r, err);
        if (result != GB_READ_EVENT)
            return result;
        if (!gb_json_get_string(r->object, r->place, "type", &type, err))
            return GB_READ_ERROR;
        if (is_known(r, type, e))
            break;
        r->unknown++;
    }
    return gb_event_read(e, r->object, r->place, &r->store, err)
               ? GB_READ_EVENT : GB_READ_ERROR;
}

static bool
is_token(const json_t *o, gb_token *id)
{
    const json_t *found = json_object_get(o, "id");
    const char *type = json_string_value(json_object_get(o, "type"));
    bool is = type != NULL && strcmp(type, "token") == 0 &&
              json_is_integer(found) && json_integer_value(found) >= 0 &&
              json_integer_value(found) < GB_NO_TOKEN;

    if (is)
        *id = (gb_token)json_integer_value(found);
    return is;
}

/* The n-th line from `at` on, all before it being parsed. */
static const json_t *
look_ahead(gb_journal_reader *r, size_t n, const char *line, size_t length)
{
    json_t *o;

    if (n < r->n_ahead)
        return r->ahead[n];
    o = gb_json_parse("", line, length, NULL);
    if (o == NULL)
        return NULL;
    r->ahead = gb_realloc_array(r->ahead, n + 1, sizeof *r->ahead);
    return r->ahead[r->n_ahead++] = o;
}

size_t
gb_journal_peek_tokens(gb_journal_reader *r, gb_token *ids, size_t most)
{
    const char *line = r->buffer.data + r->at, *end;
    size_t left = r->buffer.len - r->at, n;

    for (n = 0; n < most; n++) {
        end = left > 0 ? memchr(line, '\n', left) : NULL;
        if (end == NULL ||
            !is_token(look_ahead(r, n, line, (size_t)(end - line)), &ids[n]))
            break;
        left -= (size_t)(end + 1 - line);
        line = end + 1;
    }
    return n;
}

/* The header. */

static void
take(const json_t *object, const char *name, char **to)
{
    const char *s = json_string_value(json_object_get(object, name));

    if (s != NULL)
        *to = gb_strdup(s);
}

static bool
read_settings(gb_journal_reader *r, gb_error *err)
{
    const json_t *o = json_object_get(r->object, "settings"), *j;
    size_t i;

    if (!json_is_object(o))
        return gb_json_refuse(r->place, "settings", "an object", o, err);
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        j = json_object_get(o, gb_settings_names[i]);
        if (j == NULL)
            continue;
        if (!json_is_string(j))
            return gb_json_refuse(r->place, gb_settings_names[i], "a string", j,
                                    err);
        if (!gb_settings_set(&r->header.settings, gb_settings_names[i],
                             json_string_value(j), err))
            return gb_fail_context(err, "%s", gb_journal_reader_place(r));
    }
    return true;
}

static bool
read_model(gb_journal_reader *r, gb_error *err)
{
    const json_t *model = json_object_get(r->object, "model");
    const json_t *sha = json_object_get(model, "sha256");
    gb_str path = GB_STR_INIT;
    gb_origin *o = &r->header.origin;

    if (!json_is_object(model))
        return gb_json_refuse(r->place, "model", "an object", model, err);
    if (!gb_is_sha256(json_string_value(sha)))
        return gb_json_refuse(r->place, "sha256", "64 digits 0-9a-f", sha, err);
    strcpy(o->model_sha256, json_string_value(sha));
    take(model, "name", &o->model_name);
    take(model, "path", &o->model_path);
    if (json_object_get(model, "hex") == NULL)
        return true;
    if (!gb_json_get_hex(model, r->place, &path, err)) {
        gb_str_free(&path);
        return false;
    }
    free(o->model_path);
    o->model_path = gb_str_take(&path);
    return true;
}

static bool
read_mode(gb_journal_reader *r, gb_error *err)
{
    const char *mode = "";

    if (!gb_json_get_string(r->object, r->place, "mode", &mode, err))
        return false;
    return gb_mode_parse(mode, &r->header.mode) ||
           gb_json_refuse(r->place, "mode", "\"continue\" or \"chat\"",
                          json_object_get(r->object, "mode"), err);
}

static bool
read_header(gb_journal_reader *r, gb_error *err)
{
    const json_t *format, *date;
    gb_origin *o = &r->header.origin;
    uint64_t version;

    format = json_object_get(r->object, "format");
    if (!json_is_string(format) ||
        strcmp(json_string_value(format), "gumbel-session") != 0)
        return gb_json_refuse(r->place, "format", "\"gumbel-session\"",
                              format, err);
    if (!gb_json_get_u64(r->object, r->place, "version", INT64_MAX, &version,
                         err))
        return false;
    if (version < 1 || version > GB_JOURNAL_VERSION)
        return gb_fail_usage(err, "%s: written in version %llu of the session "
                             "format, this program knows up to version %d",
                             gb_journal_reader_place(r),
                             (unsigned long long)version, GB_JOURNAL_VERSION);
    take(r->object, "gumbel", &o->gumbel);
    take(r->object, "device", &o->device);
    take(r->object, "driver", &o->driver);
    take(r->object, "dtype", &o->dtype);
    take(r->object, "prefill", &o->prefill);
    take(r->object, "cache_type", &o->cache_type);
    if (o->cache_type == NULL) /* before there was a choice */
        o->cache_type = gb_strdup("f32");
    date = json_object_get(r->object, "date");
    if (json_is_string(date))
        snprintf(r->header.date, sizeof r->header.date, "%s",
                 json_string_value(date));
    return read_model(r, err) && read_mode(r, err) && read_settings(r, err);
}

static gb_journal_reader *
new_reader(int fd, const char *name)
{
    gb_journal_reader *r = gb_alloc(sizeof *r);
    gb_str shown = GB_STR_INIT;

    gb_utf8_visible(&shown, name, strlen(name), false);
    r->shown = gb_str_take(&shown);
    r->fd = fd;
    r->ended = fd < 0;
    r->keep = true; /* until the header is there */
    gb_settings_init(&r->header.settings);
    return r;
}

/* Reads the header; NULL when there is none. */
static gb_journal_reader *
begin(gb_journal_reader *r, gb_error *err)
{
    bool ok = false;

    switch (next_object(r, err)) {
    case GB_READ_EVENT:
        ok = read_header(r, err);
        break;
    case GB_READ_END:
        gb_fail_usage(err, "%s: expected a session file, found no whole line",
                      r->shown);
        break;
    case GB_READ_ERROR:
        break;
    }
    r->keep = false;
    if (ok)
        return r;
    gb_journal_reader_free(r);
    return NULL;
}

gb_journal_reader *
gb_journal_open(const char *path, gb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    gb_journal_reader *r = new_reader(fd, path);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return begin(r, err);
    if (fd < 0)
        gb_fail_usage(err, "%s: cannot open: %s", r->shown, strerror(errno));
    else
        gb_fail_usage(err, "%s: expected a session file, found %s", r->shown,
                      S_ISDIR(st.st_mode) ? "a folder"
                                          : "something that is no file");
    gb_journal_reader_free(r);
    return NULL;
}

gb_journal_reader *
gb_journal_open_fd(int fd, const char *name, const atomic_bool *cancel,
                   gb_error *err)
{
    gb_journal_reader *r = new_reader(fd, name);

    r->cancel = cancel;
    return begin(r, err);
}

gb_journal_reader *
gb_journal_open_text(const char *text, size_t n, const char *name,
                     gb_error *err)
{
    gb_journal_reader *r = new_reader(-1, name);

    gb_str_append(&r->buffer, text, n);
    return begin(r, err);
}

void
gb_journal_reader_keep(gb_journal_reader *r)
{
    r->keep = true;
}

void
gb_journal_reader_free(gb_journal_reader *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    json_decref(r->object);
    gb_header_free(&r->header);
    gb_event_store_free(&r->store);
    gb_str_free(&r->buffer);
    while (r->n_ahead > 0)
        json_decref(r->ahead[--r->n_ahead]);
    free(r->ahead);
    free(r->shown);
    free(r);
}

const gb_header *
gb_journal_reader_header(const gb_journal_reader *r)
{
    return &r->header;
}

unsigned
gb_journal_reader_line(const gb_journal_reader *r)
{
    return r->line;
}

unsigned
gb_journal_reader_unknown(const gb_journal_reader *r)
{
    return r->unknown;
}

bool
gb_journal_reader_torn(const gb_journal_reader *r)
{
    return r->torn;
}

const char *
gb_journal_reader_lines(const gb_journal_reader *r, size_t *n)
{
    *n = r->at;
    return gb_str_cstr(&r->buffer);
}
