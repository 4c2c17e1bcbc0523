/* Session files: what is written is what is read, and nothing read is
 * trusted. */
#include "conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "mutate.h"
#include "session/export.h"
#include "session/syncer.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEADER \
    "{\"type\":\"header\",\"format\":\"gumbel-session\",\"version\":1," \
    "\"model\":{\"sha256\":\"" SHA "\"},\"mode\":\"continue\"," \
    "\"settings\":{\"seed\":\"3\"}}\n"

/* Writes a header and one event, reads the event back. */
static void
round_trip(const gb_event *e, gb_journal_reader **r, gb_event *back)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    const char *path;

    gb_str_puts(&text, HEADER);
    gb_event_format(e, &text);
    path = test_write("event", text.data, text.len);
    gb_str_free(&text);
    *r = gb_journal_open(path, &err);
    test_ok(*r != NULL, &err);
    assert_int_equal(gb_journal_next(*r, back, &err), GB_READ_EVENT);
    assert_int_equal(back->type, e->type);
}

static void
test_texts(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {
        {"", 0},
        {"plain", 5},
        {"two\nlines\t\"quoted\" \\", 20},
        {"\x1b[2J\x7f\xc2\x9b", 7},
        {"zero\0inside", 11},
        {"\xff\xfe no UTF-8 \xc3", 13},
        {"\xf0\x9f\xa6\x8a \xe2\x80\xae", 8},
    };
    gb_token ids[] = {0, 1, 4294967295u};
    gb_journal_reader *r;
    gb_event e, back;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        e = (gb_event){
            .type = GB_EVENT_PROMPT, .text = cases[i].text,
            .n_text = cases[i].n, .ids = ids, .n_ids = i % 4, .skipped = i,
        };
        round_trip(&e, &r, &back);
        assert_int_equal(back.n_text, cases[i].n);
        assert_memory_equal(back.text, cases[i].text, cases[i].n);
        assert_int_equal(back.n_ids, i % 4);
        assert_memory_equal(back.ids != NULL ? back.ids : ids, ids,
                            i % 4 * sizeof *ids);
        assert_int_equal(back.skipped, i);
        gb_journal_reader_free(r);
    }
}

/* Log-probabilities keep every bit. */
static void
test_floats(void **state)
{
    const float cases[] = {
        0.0f, -0.1f, -1e-30f, -87.33654f, -1.17549435e-38f, -3.40282347e38f,
        -0x1.fffffep-1f, -1.4e-45f,
    };
    gb_event e = {.type = GB_EVENT_TOKEN, .step = 1ull << 62, .id = 77,
                  .why = GB_WHY_UNKNOWN};
    test_random random = {1};
    gb_journal_reader *r;
    gb_event back;
    uint32_t bits;
    size_t i;

    (void)state;
    for (i = 0; i < 200; i++) {
        bits = (uint32_t)test_random_next(&random) | 0x80000000u;
        memcpy(&e.why.logprob, &bits, sizeof bits);
        if (i < GB_COUNT(cases))
            e.why.logprob = cases[i];
        round_trip(&e, &r, &back);
        if (isfinite(e.why.logprob))
            assert_memory_equal(&back.why.logprob, &e.why.logprob, sizeof(float));
        else
            assert_true(isnan(back.why.logprob));
        assert_true(back.step == e.step);
        gb_journal_reader_free(r);
    }
}

/* Where a model is: from the root on, to the byte. */
static void
test_model_path(void **state)
{
    static const char *const paths[] = {
        "/models/stories", "/models/Gr\xc3\xbc\xc3\x9f" "e\n", "/a\xff/b\xc3",
    };
    gb_header h = {.origin = {.model_sha256 = SHA}};
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_journal_reader *r;
    gb_origin here;
    size_t i;

    (void)state;
    gb_settings_init(&h.settings);
    for (i = 0; i < GB_COUNT(paths); i++) {
        h.origin.model_path = gb_strdup(paths[i]);
        gb_str_clear(&text);
        gb_header_format(&h, &text);
        r = gb_journal_open(test_write("path", text.data, text.len), &err);
        test_ok(r != NULL, &err);
        assert_string_equal(gb_journal_reader_header(r)->origin.model_path,
                            paths[i]);
        gb_journal_reader_free(r);
        free(h.origin.model_path);
    }
    gb_str_free(&text);

    test_ok(gb_origin_of(test_engine(), test_model(), &here, &err), &err);
    assert_int_equal(here.model_path[0], '/');
    gb_origin_free(&here);
}

static void
test_headers(void **state)
{
    gb_header h = {
        .origin = {
            .model_name = gb_strdup("a\"b\xff"),
            .model_path = gb_strdup("/models/a\"b\xff"),
            .model_sha256 = SHA,
            .device = gb_strdup("d"),
            .gumbel = gb_strdup("9.9"),
        },
        .mode = GB_MODE_CHAT,
    };
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_journal_reader *r;
    const gb_header *back;

    (void)state;
    gb_settings_init(&h.settings);
    h.settings.seed = UINT64_MAX;
    h.settings.temperature = 0.1f;
    h.settings.filter.top_p = 0.123456789012345678;
    gb_header_date(&h);
    gb_header_format(&h, &text);
    r = gb_journal_open(test_write("header", text.data, text.len), &err);
    test_ok(r != NULL, &err);
    back = gb_journal_reader_header(r);
    assert_true(back->settings.seed == UINT64_MAX);
    assert_true(back->settings.temperature == 0.1f);
    assert_true(back->settings.filter.top_p == h.settings.filter.top_p);
    assert_int_equal(back->mode, GB_MODE_CHAT);
    assert_string_equal(back->date, h.date);
    assert_string_equal(back->origin.model_name, "a\"b\xef\xbf\xbd");
    assert_string_equal(back->origin.device, "d");
    assert_null(back->origin.driver);
    gb_journal_reader_free(r);
    gb_str_free(&text);
    gb_header_free(&h);
}

/* All lines of a small session. */
static void
format_all(gb_str *out)
{
    static const gb_token ids[] = {1, 2, 3};
    const gb_event events[] = {
        {.type = GB_EVENT_PROMPT, .text = "a", .n_text = 1, .ids = ids,
         .n_ids = 3},
        {.type = GB_EVENT_RUN, .how = GB_HOW_RESEED, .seed = 7},
        {.type = GB_EVENT_TOKEN, .step = 1, .id = 2, .why.logprob = -0.5f},
        {.type = GB_EVENT_SET, .name = "seed", .value = "3"},
        {.type = GB_EVENT_MARK, .text = "\xff", .n_text = 1},
        {.type = GB_EVENT_ENGINE, .value = "{\"dtype\":\"f16\"}", .text = ""},
    };
    gb_header h = {.origin.model_sha256 = SHA};
    size_t i;

    gb_settings_init(&h.settings);
    gb_header_format(&h, out);
    for (i = 0; i < GB_COUNT(events); i++)
        gb_event_format(&events[i], out);
}

static json_malloc_t allocate;
static unsigned until_failure;

/* Asks for more than there can be, once. */
static void *
fail_once(size_t n)
{
    return allocate(until_failure-- == 0 ? SIZE_MAX / 4 : n);
}

/* Formats with no memory for the n-th value; returns what was said. *status
 * as waitpid gives it. */
static char *
format_without_memory(unsigned n, const gb_str *whole, int *status)
{
    gb_str said = GB_STR_INIT, lines = GB_STR_INIT;
    json_free_t release;
    int out[2];
    pid_t child;

    assert_int_equal(pipe(out), 0);
    child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        json_get_alloc_funcs(&allocate, &release);
        json_set_alloc_funcs(fail_once, release);
        until_failure = n;
        format_all(&lines);
        _exit(lines.len == whole->len &&
                      memcmp(lines.data, whole->data, lines.len) == 0
                  ? 0 : 2);
    }
    close(out[1]);
    test_ok(gb_fd_read(out[0], "pipe", 1 << 20, &said, NULL), NULL);
    close(out[0]);
    assert_int_equal(waitpid(child, status, 0), child);
    return gb_str_take(&said);
}

/* A line is whole or not written at all. */
static void
test_without_memory(void **state)
{
    gb_str whole = GB_STR_INIT;
    int status = 1 << 8;
    char *said;
    unsigned n;

    (void)state;
    format_all(&whole);
    for (n = 0; WEXITSTATUS(status) == 1; n++) {
        said = format_without_memory(n, &whole, &status);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 1)
            assert_non_null(strstr(said, "gumbel: out of memory\n"));
        free(said);
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_in_range(n, 50, 5000);
    gb_str_free(&whole);
}

/* Each is refused, naming the line. */
static void
test_refused(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"[]", "JSON object"},
        {"{\"type\":\"token\"", "not valid JSON"},
        {"{}", "\"type\""},
        {"{\"type\":7}", "\"type\": expected a string, found 7"},
        {"{\"type\":\"token\",\"step\":-1,\"id\":1}", "\"step\""},
        {"{\"type\":\"token\",\"step\":0,\"id\":4294967296}", "\"id\""},
        {"{\"type\":\"token\",\"step\":0,\"id\":1.5}", "\"id\""},
        {"{\"type\":\"token\",\"step\":0,\"id\":1,\"logprob\":\"x\"}",
         "\"logprob\""},
        {"{\"type\":\"prompt\",\"ids\":[]}", "\"text\""},
        {"{\"type\":\"prompt\",\"text\":\"a\"}", "\"ids\""},
        {"{\"type\":\"prompt\",\"text\":\"a\",\"ids\":[-1]}", "\"ids\""},
        {"{\"type\":\"prompt\",\"hex\":\"f\",\"ids\":[]}", "\"hex\""},
        {"{\"type\":\"prompt\",\"hex\":\"FG\",\"ids\":[]}", "\"hex\""},
        {"{\"type\":\"run\",\"how\":\"fast\"}", "\"how\""},
        {"{\"type\":\"run\",\"how\":\"reseed\",\"seed\":1}", "\"seed\""},
        {"{\"type\":\"stop\",\"reason\":1}", "\"reason\""},
        {"{\"type\":\"mode\",\"mode\":\"x\"}", "\"mode\""},
        {"{\"type\":\"engine\",\"text\":\"\"}", "\"engine\""},
        {"{\"type\":\"import\",\"role\":\"god\"}", "\"role\""},
        {"{\"type\":\"set\",\"name\":\"seed\",\"step\":0}", "\"value\""},
    };
    gb_error err;
    gb_str text = GB_STR_INIT;
    gb_journal_reader *r;
    gb_event e;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        err = (gb_error)GB_ERROR_INIT;
        gb_str_clear(&text);
        gb_str_printf(&text, "%s{\"type\":\"undo\"}\n%s\n", HEADER,
                      cases[i].line);
        r = gb_journal_open(test_write("refused", text.data, text.len), &err);
        test_ok(r != NULL, &err);
        assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_EVENT);
        assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_ERROR);
        test_fails_with(&err, GB_USAGE, "refused, line 3", cases[i].why, NULL);
        gb_journal_reader_free(r);
    }
    gb_str_free(&text);
}

/* Headers that are none. */
static void
test_refused_headers(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "no whole line"},
        {"{\"type\":\"header\"}", "no whole line"},
        {"{\"type\":\"header\"}\n", "\"format\""},
        {"{\"format\":\"gumbel-session\",\"version\":3}\n", "version 3"},
        {"{\"format\":\"gumbel-session\",\"version\":1}\n", "\"model\""},
        {"{\"format\":\"gumbel-session\",\"version\":1,\"model\":{}}\n",
         "\"sha256\""},
        {"{\"format\":\"gumbel-session\",\"version\":1,\"model\":{\"sha256\":"
         "\"" SHA "\"},\"mode\":\"chat\"}\n", "\"settings\""},
        {"{\"format\":\"gumbel-session\",\"version\":1,\"model\":{\"sha256\":"
         "\"" SHA "\"},\"mode\":\"chat\",\"settings\":{\"seed\":\"x\"}}\n",
         "seed"},
    };
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_journal_open(test_write("bad", cases[i].text,
                                               strlen(cases[i].text)), &err));
        test_fails_with(&err, GB_USAGE, "bad", cases[i].why, NULL);
    }
    assert_null(gb_journal_open("/nowhere/file", &err));
    test_fails_with(&err, GB_USAGE, "/nowhere/file", NULL);
    assert_null(gb_journal_open(test_folder(), &err));
    test_fails_with(&err, GB_USAGE, "a folder", NULL);
}

/* What a later version may write is passed over. */
static void
test_unknown(void **state)
{
    static const char text[] = HEADER
        "{\"type\":\"dance\",\"with\":[1,{\"a\":2}]}\n"
        "{\"type\":\"set\",\"name\":\"mood\",\"value\":\"good\",\"step\":0}\n"
        "{\"type\":\"undo\",\"why\":\"bored\",\"ms\":1.5}\n"
        "{\"type\":\"redo\"";
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r = gb_journal_open(
        test_write("unknown", text, strlen(text)), &err);
    gb_event e;

    (void)state;
    test_ok(r != NULL, &err);
    assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_EVENT);
    assert_int_equal(e.type, GB_EVENT_UNDO);
    assert_true(e.ms == 1.5);
    assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_END);
    assert_int_equal(gb_journal_reader_unknown(r), 2);
    assert_true(gb_journal_reader_torn(r));
    gb_journal_reader_free(r);
}

static void
put_token(gb_str *text, gb_token id)
{
    const gb_event e = {.type = GB_EVENT_TOKEN, .id = id};

    gb_event_format(&e, text);
}

static void
assert_next_token(gb_journal_reader *r, gb_token id, unsigned line)
{
    gb_error err = GB_ERROR_INIT;
    gb_event e;

    test_ok(gb_journal_next(r, &e, &err) == GB_READ_EVENT, &err);
    assert_int_equal(e.type, GB_EVENT_TOKEN);
    assert_int_equal(e.id, id);
    assert_int_equal(gb_journal_reader_line(r), line);
}

/* Looking ahead takes nothing away, and goes no further than the tokens. */
static void
test_ahead(void **state)
{
    static const char undo[] = "{\"type\":\"undo\",\"ms\":1.5}\n";
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_journal_reader *r;
    gb_token ids[8];
    gb_event e;

    (void)state;
    gb_str_puts(&text, HEADER);
    put_token(&text, 5), put_token(&text, 6), put_token(&text, 7);
    gb_str_puts(&text, undo);
    put_token(&text, 9);
    gb_str_puts(&text, "{\"type\":\"token\"\n");
    r = gb_journal_open_text(text.data, text.len, "ahead", &err);
    test_ok(r != NULL, &err);
    assert_int_equal(gb_journal_peek_tokens(r, ids, 2), 2);
    assert_true(ids[0] == 5 && ids[1] == 6);
    assert_next_token(r, 5, 2);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(gb_journal_peek_tokens(r, ids, 8), 2);
        assert_true(ids[0] == 6 && ids[1] == 7);
    }
    assert_next_token(r, 6, 3);
    assert_next_token(r, 7, 4);
    assert_int_equal(gb_journal_peek_tokens(r, ids, 8), 0);
    assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_EVENT);
    assert_int_equal(e.type, GB_EVENT_UNDO);
    assert_int_equal(gb_journal_peek_tokens(r, ids, 8), 1);
    assert_next_token(r, 9, 6);
    assert_int_equal(gb_journal_peek_tokens(r, ids, 8), 0);
    assert_int_equal(gb_journal_next(r, &e, &err), GB_READ_ERROR);
    test_fails_with(&err, GB_USAGE, "ahead, line 7", NULL);
    gb_journal_reader_free(r);
    /* What nobody comes to read is no leak. */
    r = gb_journal_open_text(text.data, text.len, "ahead", &err);
    assert_int_equal(gb_journal_peek_tokens(r, ids, 8), 3);
    gb_journal_reader_free(r);
    gb_str_free(&text);
}

/* A rich session; returns its file. */
static const char *
make_session(void)
{
    const char *path = test_path("rich");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;

    test_set(s, "max-new-tokens", "4");
    test_send(s, "Once upon a time");
    test_begin(s, "A \xff" "b", 1);
    test_set(s, "temperature", "1.5");
    test_set(s, "seed", "5");
    test_finish(s);
    test_ok(ask_again(s, &err), &err);
    test_finish(s);
    test_ok(ask_undo(s, &err), &err);
    test_ok(ask_redo(s, &err), &err);
    test_ok(ask_reseed(s, &err), &err);
    test_finish(s);
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_send(s, "Hello");
    test_ok(ask_edit(s, "Hi", 2, &err), &err);
    test_finish(s);
    test_ok(ask_note(s, "a note", &err), &err);
    test_ok(ask_clear(s, &err), &err);
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    test_session_close(s);
    return path;
}

/* Reads a file to its end or first fault, applying all of it. */
static bool
apply_file(const char *path, gb_error *err)
{
    const gb_config *c = &test_model()->config;
    gb_journal_reader *r = gb_journal_open(path, err);
    const gb_node *node;
    const gb_header *header;
    gb_tree *t;
    gb_event e;
    size_t offset;
    gb_read got;

    if (r == NULL)
        return false;
    header = gb_journal_reader_header(r);
    t = gb_tree_new(test_model()->tokenizer, c->n_vocab, &c->ends, c->n_ctx,
                    &header->settings, header->mode, err);
    if (t == NULL) {
        gb_journal_reader_free(r);
        return false;
    }
    while ((got = gb_journal_next(r, &e, err)) == GB_READ_EVENT)
        if (!gb_tree_apply(t, &e, err)) {
            got = GB_READ_ERROR;
            break;
        }
    assert_int_equal(gb_tree_view(t)->len,
                     gb_tree_view_length(t) + t->pin.len);
    gb_tree_memory(t, &node, &offset);
    gb_tree_free(t);
    gb_journal_reader_free(r);
    return got == GB_READ_END;
}

static void
test_mutated(void **state)
{
    const char *path = make_session(), *copy = test_path("mutated");
    gb_error err = GB_ERROR_INIT;
    test_random random = {2026};
    gb_str text = GB_STR_INIT;
    unsigned i, read = 0;
    char *damaged;
    size_t n;
    int fd;

    (void)state;
    test_ok(apply_file(path, &err), &err);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    damaged = malloc(text.len);
    fd = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (i = 0; i < 10000; i++) {
        memcpy(damaged, text.data, text.len);
        n = test_mutate(&random, damaged, text.len);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, damaged, n, 0), n);
        err = (gb_error)GB_ERROR_INIT;
        if (apply_file(copy, &err))
            read++;
        else
            assert_true(err.text[0] != '\0');
    }
    assert_in_range(read, 1, 9999);
    close(fd);
    free(damaged);
    gb_str_free(&text);
}

/* The disk is full for a while: said once, nothing lost. */
static unsigned problems;

static void
count_problem(void *arg, const char *text)
{
    (void)arg;
    assert_non_null(strstr(text, "cannot write"));
    problems++;
}

static void
limit_file_size(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
test_disk_full(void **state)
{
    const char *path = test_path("disk-full");
    gb_session_options o = {
        .journal = true, .path = path, .watcher.problem = count_problem,
    };
    gb_error err = GB_ERROR_INIT;
    gb_session *s;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    s = gb_session_open(test_engine(), test_model(), &o, &err);
    test_ok(s != NULL, &err);
    test_send(s, "Once upon a time");
    limit_file_size(2000); /* in the middle of a line */
    test_send(s, " and then");
    test_send(s, " or else");
    assert_int_equal(problems, 1);
    limit_file_size(RLIM_INFINITY);
    test_send(s, " at last");
    test_session_close(s);
    test_verify(path, 48);

    /* Full until the end: the close says so. */
    path = o.path = test_path("disk-full-2");
    s = gb_session_open(test_engine(), test_model(), &o, &err);
    limit_file_size(700);
    test_send(s, "Once upon a time");
    assert_false(gb_session_close(s, &err));
    test_fails_with(&err, GB_FAILED, path, "cannot write", NULL);
    limit_file_size(RLIM_INFINITY);
}

static void
test_private(void **state)
{
    const char *path = test_path("deep/er/file");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    struct stat st;

    (void)state;
    test_send(s, "a");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* Two at once in one file would make it useless. */
    assert_null(gb_journal_resume(path, &err));
    test_fails_with(&err, GB_FAILED, "another gumbel", NULL);
    test_session_close(s);
}

/* Who goes on with a file locks it before reading, so that nothing which
 * another process still appends is cut off. */
static void
test_locked(void **state)
{
    static const char text[] = HEADER "{\"type\":\"not yet wri\n";
    const char *path = test_write("locked", text, strlen(text));
    gb_session_options o = {.journal = true, .path = path};
    gb_error err = GB_ERROR_INIT;
    int fd = open(path, O_RDWR);

    (void)state;
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_null(gb_session_open(test_engine(), test_model(), &o, &err));
    test_fails_with(&err, GB_FAILED, path, "another gumbel", NULL);
    close(fd);
}

/* What somebody else may do to a session's file. */

static void
harm_delete(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void
harm_move(const char *path)
{
    assert_int_equal(rename(path, test_path("elsewhere")), 0);
}

static void
harm_empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void
harm_cut(const char *path)
{
    assert_int_equal(truncate(path, 777), 0);
}

static void
harm_append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND);

    assert_int_equal(write(fd, "a note\n", 7), 7);
    close(fd);
}

static void
harm_replace(const char *path)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_file_replace(path, "mine", 4, 0600, &err), &err);
}

static void
harm_folder(const char *path)
{
    char *folder = gb_strdup(path), *away;

    *strrchr(folder, '/') = '\0';
    away = gb_format("%s-away", folder);
    assert_int_equal(rename(folder, away), 0);
    free(folder);
    free(away);
}

static gb_str problem_text;

static void
keep_problem(void *arg, const char *text)
{
    (void)arg;
    problems++;
    gb_str_clear(&problem_text);
    gb_str_puts(&problem_text, text);
}

static void
expect_mended(const char *text, const char *path)
{
    if (strstr(text, path) == NULL || strstr(text, "written anew") == NULL)
        fail_msg("%s: \"%s\"", path, text);
}

/* It is noticed with the next event or at the close, said once, and the
 * session is whole again. */
static void
test_harmed(void **state)
{
    static const struct {
        const char *name;
        void (*harm)(const char *path);
        bool moves; /* what is there now stays */
    } cases[] = {
        {"deleted", harm_delete, false}, {"moved", harm_move, false},
        {"emptied", harm_empty, false},  {"cut", harm_cut, false},
        {"longer", harm_append, false},  {"replaced.jsonl", harm_replace, true},
        {"gone", harm_folder, false},
    };
    gb_error err = GB_ERROR_INIT;
    gb_session_options o = {
        .journal = true, .watcher.problem = keep_problem,
    };
    gb_str text = GB_STR_INIT;
    char *name, *now;
    gb_session *s;
    size_t i, late;

    (void)state;
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    for (i = 0; i < 2 * GB_COUNT(cases); i++) {
        late = i % 2;
        name = gb_format("harmed-%zu/%s", i, cases[i / 2].name);
        o.path = test_path(name);
        problems = 0;
        s = gb_session_open(test_engine(), test_model(), &o, &err);
        test_ok(s != NULL, &err);
        test_send(s, "Once upon a time");
        cases[i / 2].harm(o.path);
        if (!late) {
            test_send(s, " and then");
            assert_int_equal(problems, 1);
            expect_mended(gb_str_cstr(&problem_text), o.path);
            now = gb_strdup(gb_session_path(s));
            test_session_close(s);
        } else {
            now = cases[i / 2].moves ? gb_format("%.*s-1.jsonl",
                                                 (int)strlen(o.path) - 6,
                                                 o.path)
                                     : gb_strdup(o.path);
            assert_false(gb_session_close(s, &err));
            expect_mended(err.text, o.path);
        }
        assert_true((strcmp(now, o.path) != 0) == cases[i / 2].moves);
        test_verify(now, late ? 12 : 24);
        if (cases[i / 2].moves) {
            gb_str_clear(&text);
            test_ok(gb_file_read(o.path, 10, &text, &err), &err);
            assert_string_equal(gb_str_cstr(&text), "mine");
        }
        free(now);
        free(name);
    }
    gb_str_free(&text);
    gb_str_free(&problem_text);
}

/* The fsync that the program calls: remembers what was there, and waits or
 * fails when it is told to. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned calls;
    ino_t inode; /* of the last regular file */
    off_t size;
    bool stuck;
    int error;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

int
fsync(int fd)
{
    struct stat st;
    int error;

    pthread_mutex_lock(&disk.lock);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        disk.inode = st.st_ino;
        disk.size = st.st_size;
    }
    disk.calls++;
    pthread_cond_broadcast(&disk.changed);
    while (disk.stuck)
        pthread_cond_wait(&disk.changed, &disk.lock);
    error = disk.error;
    pthread_mutex_unlock(&disk.lock);
    errno = error;
    return error != 0 ? -1 : 0;
}

static void
wait_for_syncs(unsigned calls)
{
    pthread_mutex_lock(&disk.lock);
    while (disk.calls < calls)
        pthread_cond_wait(&disk.changed, &disk.lock);
    pthread_mutex_unlock(&disk.lock);
}

static void
set_disk(bool stuck, int error)
{
    pthread_mutex_lock(&disk.lock);
    disk.stuck = stuck;
    disk.error = error;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.lock);
}

static void
expect_synced(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_ino == disk.inode && st.st_size == disk.size);
}

/* All is on the disk after the close, and after a save. */
static void
test_synced(void **state)
{
    const char *path = test_path("synced"), *copy = test_path("synced-copy");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_send(s, "Once upon a time");
    test_ok(gb_session_save(s, copy, false, &err), &err);
    expect_synced(copy);
    test_send(s, " and then");
    test_ok(gb_session_save(s, path, false, &err), &err);
    expect_synced(path);
    test_ok(gb_session_export_file(s, copy, true, NULL, &err), &err);
    expect_synced(copy);
    test_send(s, " there was");
    test_session_close(s);
    expect_synced(path);

    s = test_session(path, NULL);
    test_send(s, " and");
    set_disk(false, EIO);
    assert_false(gb_session_close(s, &err));
    set_disk(false, 0);
    test_fails_with(&err, GB_FAILED, path, strerror(EIO), NULL);
}

/* Meanwhile a thread sees to it; whoever writes does not wait for it. */
static void
test_syncer(void **state)
{
    const char *path = test_write("syncer", "1", 1);
    int fd = open(path, O_WRONLY | O_APPEND);
    unsigned before = disk.calls;
    gb_syncer *s = gb_syncer_start(1);

    (void)state;
    assert_non_null(s);
    gb_syncer_file(s, fd, path);
    gb_syncer_written(s);
    wait_for_syncs(before + 2); /* the file and its folder */
    expect_synced(path);

    set_disk(true, 0);
    before = disk.calls;
    assert_int_equal(write(fd, "2", 1), 1);
    gb_syncer_written(s);
    wait_for_syncs(before + 1);
    gb_syncer_written(s); /* while the disk is stuck */
    gb_syncer_file(s, fd, NULL);
    assert_int_equal(gb_syncer_error(s), 0);
    expect_synced(path);

    before = disk.calls;
    set_disk(false, EIO);
    wait_for_syncs(before + 1);
    gb_syncer_stop(s);
    set_disk(false, 0);
    close(fd);

    s = gb_syncer_start(1);
    fd = open(path, O_WRONLY | O_APPEND);
    gb_syncer_file(s, fd, NULL);
    set_disk(false, EIO);
    gb_syncer_written(s);
    while (gb_syncer_error(s) != EIO)
        sched_yield();
    assert_int_equal(gb_syncer_error(s), 0);
    gb_syncer_file(s, -1, NULL);
    close(fd);
    set_disk(false, 0);
    gb_syncer_written(s);
    gb_syncer_stop(s);
}

static size_t
count_lines(const char *path)
{
    gb_str text = GB_STR_INIT;
    size_t i, n = 0;

    if (gb_file_read(path, SIZE_MAX / 2, &text, NULL))
        for (i = 0; i < text.len; i++)
            n += text.data[i] == '\n';
    gb_str_free(&text);
    return n;
}

/* Writes without end; never returns. */
static void
write_forever(const char *path)
{
    gb_session *s = test_session(path, NULL);

    test_set(s, "max-new-tokens", "100000000");
    test_send(s, "Once upon a time");
    _exit(0);
}

/* kill -9 loses at most the event in flight: what is there is verified, and
 * gone on with. Must come before the engine is opened in this process. */
static void
test_killed(void **state)
{
    const struct timespec pause = {0, 5000000};
    const char *path = test_path("killed");
    size_t lines;
    pid_t child = fork();
    gb_session *s;
    unsigned tries;

    (void)state;
    if (child == 0)
        write_forever(path);
    for (tries = 0; tries < 12000 && count_lines(path) < 150; tries++)
        nanosleep(&pause, NULL);
    lines = count_lines(path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(lines >= 150);
    assert_true(count_lines(path) >= lines);
    test_verify(path, lines - 4);
    s = test_session(path, NULL);
    test_set(s, "max-new-tokens", "5");
    test_send(s, " The end");
    test_session_close(s);
    test_verify(path, lines + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_model_path),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_harmed),
        cmocka_unit_test(test_synced),
        cmocka_unit_test(test_syncer),
    };

    return cmocka_run_group_tests_name("journal", tests, NULL,
                                       test_engine_close);
}
