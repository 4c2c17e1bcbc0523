/* Reading journals: one line at a time, nothing trusted. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/journal.h"

#define GB_READ_CHUNK ((size_t)64 << 10)

struct gb_journal_reader {
    char *path, *shown; /* shown: for messages */
    int fd;
    gb_str buffer; /* read and not yet used; from `at` on */
    size_t at;
    bool ended;    /* the file has no more */
    uint64_t size; /* of the whole lines so far */
    unsigned line; /* number of the last line */
    unsigned unknown;
    bool torn;
    gb_header header;
    char place[512];

    json_t *object; /* of the last event, which points into it */
    gb_ids ids;
    gb_str text;
    char *value;
};

const char *
gb_journal_reader_place(gb_journal_reader *r)
{
    snprintf(r->place, sizeof r->place, "%s, line %u", r->shown, r->line);
    return r->place;
}

/* Fills the buffer until it holds a whole line. The line is at r->at, n bytes
 * long without its newline. */
static gb_read
next_line(gb_journal_reader *r, size_t *n, gb_error *err)
{
    size_t searched = r->at;
    ssize_t got;
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
        gb_str_drop(&r->buffer, r->at);
        r->at = 0;
        searched = r->buffer.len;
        gb_str_reserve(&r->buffer, GB_READ_CHUNK);
        got = read(r->fd, r->buffer.data + searched, GB_READ_CHUNK);
        if (got < 0 && errno != EINTR) {
            gb_fail(err, "%s: cannot read: %s", r->shown, strerror(errno));
            return GB_READ_ERROR;
        }
        r->buffer.len += got > 0 ? (size_t)got : 0;
        r->buffer.data[r->buffer.len] = '\0';
        r->ended = got == 0;
    }
}

/* Parses the next line; END and ERROR as above. */
static gb_read
next_object(gb_journal_reader *r, gb_error *err)
{
    gb_read result;
    size_t n;

    json_decref(r->object);
    r->object = NULL;
    result = next_line(r, &n, err);
    if (result != GB_READ_EVENT)
        return result;
    r->object = gb_json_parse(gb_journal_reader_place(r),
                              r->buffer.data + r->at, n, err);
    if (r->object == NULL) {
        if (err != NULL)
            err->status = GB_USAGE;
        return GB_READ_ERROR;
    }
    r->at += n + 1;
    r->size += n + 1;
    return GB_READ_EVENT;
}

/* Says that a member is not what it must be. */
static bool
refuse(gb_journal_reader *r, const char *name, const char *expected,
       const json_t *found, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "%s: \"%s\": expected %s, found %s",
                         gb_journal_reader_place(r), name, expected,
                         gb_json_show(found, shown));
}

static bool
get_number(gb_journal_reader *r, const char *name, uint64_t limit,
           uint64_t *value, gb_error *err)
{
    const json_t *j = json_object_get(r->object, name);
    json_int_t v = json_integer_value(j);
    char expected[64];

    if (json_is_integer(j) && v >= 0 && (uint64_t)v <= limit) {
        *value = (uint64_t)v;
        return true;
    }
    snprintf(expected, sizeof expected, "a whole number from 0 to %llu",
             (unsigned long long)limit);
    return refuse(r, name, expected, j, err);
}

static bool
get_u32(gb_journal_reader *r, const char *name, uint32_t *value, gb_error *err)
{
    uint64_t v;

    if (!get_number(r, name, UINT32_MAX, &v, err))
        return false;
    *value = (uint32_t)v;
    return true;
}

static bool
get_string(gb_journal_reader *r, const char *name, const char **value,
           gb_error *err)
{
    const json_t *j = json_object_get(r->object, name);

    if (!json_is_string(j))
        return refuse(r, name, "a string", j, err);
    *value = json_string_value(j);
    return true;
}

static bool
get_ids(gb_journal_reader *r, bool optional, gb_event *e, gb_error *err)
{
    const json_t *list = json_object_get(r->object, "ids"), *j;
    size_t i;

    if (list == NULL && optional)
        return true;
    if (!json_is_array(list))
        return refuse(r, "ids", "a list of token ids", list, err);
    for (i = 0; i < json_array_size(list); i++) {
        j = json_array_get(list, i);
        if (!json_is_integer(j) || json_integer_value(j) < 0 ||
            json_integer_value(j) > UINT32_MAX)
            return refuse(r, "ids", "a list of token ids", j, err);
        gb_ids_push(&r->ids, (gb_token)json_integer_value(j));
    }
    e->ids = r->ids.data;
    e->n_ids = r->ids.len;
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
get_hex(gb_journal_reader *r, const json_t *j, gb_event *e, gb_error *err)
{
    const char *s = json_string_value(j);
    size_t n = json_string_length(j), i;

    if (s == NULL || n % 2 != 0)
        return refuse(r, "hex", "pairs of digits 0-9a-f", j, err);
    for (i = 0; i < n; i += 2) {
        if (hex_digit(s[i]) < 0 || hex_digit(s[i + 1]) < 0)
            return refuse(r, "hex", "pairs of digits 0-9a-f", j, err);
        gb_str_putc(&r->text, (char)(hex_digit(s[i]) << 4 |
                                     hex_digit(s[i + 1])));
    }
    e->text = gb_str_cstr(&r->text);
    e->n_text = r->text.len;
    return true;
}

static bool
get_text(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const json_t *hex = json_object_get(r->object, "hex");

    if (hex != NULL)
        return get_hex(r, hex, e, err);
    if (!get_string(r, "text", &e->text, err))
        return false;
    e->n_text = strlen(e->text);
    return true;
}

static bool
get_prompt(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    return get_text(r, e, err) && get_ids(r, false, e, err) &&
           (json_object_get(r->object, "skipped") == NULL ||
            get_number(r, "skipped", INT64_MAX, &e->skipped, err));
}

static bool
get_import(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *role = "";

    if (!get_string(r, "role", &role, err))
        return false;
    e->model = strcmp(role, "model") == 0;
    if (!e->model && strcmp(role, "user") != 0)
        return refuse(r, "role", "\"user\" or \"model\"",
                      json_object_get(r->object, "role"), err);
    return get_prompt(r, e, err);
}

static bool
get_run(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *how = "", *seed = "";

    if (!get_string(r, "how", &how, err))
        return false;
    if (!gb_how_parse(how, &e->how))
        return refuse(r, "how", "send, continue, retry or reseed",
                      json_object_get(r->object, "how"), err);
    if (e->how == GB_HOW_RESEED) {
        if (!get_string(r, "seed", &seed, err))
            return false;
        if (!gb_parse_u64(seed, &e->seed))
            return refuse(r, "seed", "digits of a seed",
                          json_object_get(r->object, "seed"), err);
    }
    return get_ids(r, true, e, err);
}

static bool
get_token(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const json_t *j = json_object_get(r->object, "logprob");

    if (!get_number(r, "step", INT64_MAX, &e->step, err) ||
        !get_u32(r, "id", &e->id, err))
        return false;
    if (j != NULL && !json_is_number(j) && !json_is_null(j))
        return refuse(r, "logprob", "a number or null", j, err);
    e->logprob = json_is_number(j) ? (float)json_number_value(j) : NAN;
    return true;
}

static bool
get_stop(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *reason = "";

    if (!get_string(r, "reason", &reason, err))
        return false;
    return gb_reason_parse(reason, &e->reason) ||
           refuse(r, "reason", "why the model stopped",
                  json_object_get(r->object, "reason"), err);
}

static bool
get_mode(gb_journal_reader *r, gb_mode *mode, gb_error *err)
{
    const char *name = "";

    if (!get_string(r, "mode", &name, err))
        return false;
    return gb_mode_parse(name, mode) ||
           refuse(r, "mode", "\"continue\" or \"chat\"",
                  json_object_get(r->object, "mode"), err);
}

static bool
get_engine(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const json_t *j = json_object_get(r->object, "engine");

    if (!json_is_object(j))
        return refuse(r, "engine", "an object", j, err);
    r->value = json_dumps(j, JSON_COMPACT);
    e->value = r->value != NULL ? r->value : "{}";
    return get_text(r, e, err);
}

static bool
get_set(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    return get_number(r, "step", INT64_MAX, &e->step, err) &&
           get_string(r, "name", &e->name, err) &&
           get_string(r, "value", &e->value, err);
}

static bool
get_members(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
    case GB_EVENT_EDIT:
        return get_prompt(r, e, err);
    case GB_EVENT_IMPORT:
        return get_import(r, e, err);
    case GB_EVENT_RUN:
        return get_run(r, e, err);
    case GB_EVENT_TOKEN:
        return get_token(r, e, err);
    case GB_EVENT_CUT:
        return get_u32(r, "tokens", &e->tokens, err) &&
               get_ids(r, false, e, err);
    case GB_EVENT_STOP:
        return get_stop(r, e, err);
    case GB_EVENT_SET:
        return get_set(r, e, err);
    case GB_EVENT_MODE:
        return get_mode(r, &e->mode, err);
    case GB_EVENT_EVICT:
        return get_u32(r, "tokens", &e->tokens, err);
    case GB_EVENT_PREFILL:
        return get_u32(r, "from", &e->from, err) &&
               get_u32(r, "to", &e->to, err);
    case GB_EVENT_MARK:
        return get_text(r, e, err);
    case GB_EVENT_ENGINE:
        return get_engine(r, e, err);
    case GB_EVENT_UNDO:
    case GB_EVENT_REDO:
    case GB_EVENT_CLEAR:
    case GB_EVENT_TYPES:
        break;
    }
    return true;
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

static void
forget_event(gb_journal_reader *r)
{
    r->ids.len = 0;
    gb_str_clear(&r->text);
    free(r->value);
    r->value = NULL;
}

gb_read
gb_journal_next(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *type = "";
    gb_read result;

    for (;;) {
        forget_event(r);
        *e = (gb_event){0};
        result = next_object(r, err);
        if (result != GB_READ_EVENT)
            return result;
        if (!get_string(r, "type", &type, err))
            return GB_READ_ERROR;
        if (is_known(r, type, e))
            break;
        r->unknown++;
    }
    e->ms = json_number_value(json_object_get(r->object, "ms"));
    return get_members(r, e, err) ? GB_READ_EVENT : GB_READ_ERROR;
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
        return refuse(r, "settings", "an object", o, err);
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        j = json_object_get(o, gb_settings_names[i]);
        if (j == NULL)
            continue;
        if (!json_is_string(j))
            return refuse(r, gb_settings_names[i], "a string", j, err);
        if (!gb_settings_set(&r->header.settings, gb_settings_names[i],
                             json_string_value(j), err))
            return gb_fail_context(err, "%s", gb_journal_reader_place(r));
    }
    return true;
}

static bool
is_sha256(const char *s)
{
    return s != NULL && strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static bool
read_model(gb_journal_reader *r, gb_error *err)
{
    const json_t *model = json_object_get(r->object, "model");
    const json_t *sha = json_object_get(model, "sha256");
    gb_origin *o = &r->header.origin;

    if (!json_is_object(model))
        return refuse(r, "model", "an object", model, err);
    if (!is_sha256(json_string_value(sha)))
        return refuse(r, "sha256", "64 digits 0-9a-f", sha, err);
    strcpy(o->model_sha256, json_string_value(sha));
    take(model, "name", &o->model_name);
    take(model, "path", &o->model_path);
    return true;
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
        return refuse(r, "format", "\"gumbel-session\"", format, err);
    if (!get_number(r, "version", INT64_MAX, &version, err))
        return false;
    if (version != GB_JOURNAL_VERSION)
        return gb_fail_usage(err, "%s: written in version %llu of the session "
                             "format, this program knows version %d",
                             gb_journal_reader_place(r),
                             (unsigned long long)version, GB_JOURNAL_VERSION);
    take(r->object, "gumbel", &o->gumbel);
    take(r->object, "device", &o->device);
    take(r->object, "driver", &o->driver);
    take(r->object, "dtype", &o->dtype);
    take(r->object, "prefill", &o->prefill);
    date = json_object_get(r->object, "date");
    if (json_is_string(date))
        snprintf(r->header.date, sizeof r->header.date, "%s",
                 json_string_value(date));
    return read_model(r, err) && get_mode(r, &r->header.mode, err) &&
           read_settings(r, err);
}

gb_journal_reader *
gb_journal_open(const char *path, gb_error *err)
{
    gb_journal_reader *r = gb_alloc(sizeof *r);
    gb_str shown = GB_STR_INIT;
    struct stat st;

    gb_utf8_visible(&shown, path, strlen(path), false);
    r->shown = gb_str_take(&shown);
    r->path = gb_strdup(path);
    gb_settings_init(&r->header.settings);
    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r->fd < 0)
        gb_fail_usage(err, "%s: cannot open: %s", r->shown, strerror(errno));
    else if (fstat(r->fd, &st) != 0 || !S_ISREG(st.st_mode))
        gb_fail_usage(err, "%s: expected a session file, found %s", r->shown,
                      S_ISDIR(st.st_mode) ? "a folder"
                                          : "something that is no file");
    else
        switch (next_object(r, err)) {
        case GB_READ_EVENT:
            if (read_header(r, err))
                return r;
            break;
        case GB_READ_END:
            gb_fail_usage(err, "%s: expected a session file, found no whole "
                          "line", r->shown);
            break;
        case GB_READ_ERROR:
            break;
        }
    gb_journal_reader_free(r);
    return NULL;
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
    gb_ids_free(&r->ids);
    gb_str_free(&r->text);
    gb_str_free(&r->buffer);
    free(r->value);
    free(r->path);
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

uint64_t
gb_journal_reader_size(const gb_journal_reader *r)
{
    return r->size;
}
