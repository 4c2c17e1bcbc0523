#include "session/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/journal.h"

/* Of a session's first text. */
#define GB_LIST_WORDS 60
/* So much of a file is looked through for it. */
#define GB_LIST_EVENTS 100

static void
free_listed(gb_listed *l)
{
    free(l->path);
    free(l->date);
    free(l->model);
    free(l->words);
}

void
gb_list_free(gb_list *list)
{
    size_t i;

    for (i = 0; i < list->len; i++)
        free_listed(&list->data[i]);
    free(list->data);
    *list = (gb_list){0};
}

/* The beginning of a text on one line. */
static char *
first_words(const char *text, size_t n)
{
    gb_str words = GB_STR_INIT;
    size_t i;

    gb_utf8_clean(&words, text, n < GB_LIST_WORDS ? n : GB_LIST_WORDS, false);
    for (i = 0; i < words.len; i++)
        if (words.data[i] == '\n' || words.data[i] == '\t')
            words.data[i] = ' ';
    if (n > GB_LIST_WORDS)
        gb_str_puts(&words, "...");
    return gb_str_take(&words);
}

/* The tokens in a file, which are lines that begin like this. */
static uint64_t
count_tokens(const char *path)
{
    static const char begins[] = "{\"type\":\"token\"";
    gb_str text = GB_STR_INIT;
    uint64_t count = 0;
    const char *p;

    if (gb_file_read(path, (size_t)1 << 30, &text, NULL) && text.len > 0)
        for (p = text.data; p != NULL && *p != '\0';
             p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL)
            count += strncmp(p, begins, strlen(begins)) == 0 ? 1 : 0;
    gb_str_free(&text);
    return count;
}

static gb_listed
describe(const char *path, double changed)
{
    gb_journal_reader *r = gb_journal_open(path, NULL);
    gb_listed l = {.path = gb_strdup(path), .changed = changed};
    const gb_header *h;
    gb_event e;
    int i;

    if (r != NULL) {
        h = gb_journal_reader_header(r);
        l.date = gb_strdup(h->date);
        if (h->origin.model_name != NULL)
            l.model = gb_strdup(h->origin.model_name);
        for (i = 0; i < GB_LIST_EVENTS && l.words == NULL &&
                    gb_journal_next(r, &e, NULL) == GB_READ_EVENT; i++)
            if ((e.type == GB_EVENT_PROMPT || e.type == GB_EVENT_IMPORT) &&
                e.n_text > 0)
                l.words = first_words(e.text, e.n_text);
        l.tokens = count_tokens(path);
        gb_journal_reader_free(r);
    }
    l.date = l.date != NULL ? l.date : gb_strdup("");
    l.model = l.model != NULL ? l.model : gb_strdup("");
    l.words = l.words != NULL ? l.words : gb_strdup("");
    return l;
}

static int
compare(const void *a, const void *b)
{
    const gb_listed *x = a, *y = b;

    if (x->changed != y->changed)
        return x->changed > y->changed ? -1 : 1;
    return strcmp(y->path, x->path);
}

static bool
is_session(const char *name)
{
    size_t n = strlen(name), m = strlen(".jsonl");

    return name[0] != '.' && n > m && strcmp(name + n - m, ".jsonl") == 0;
}

bool
gb_list_read(gb_list *list, gb_error *err)
{
    char *folder = gb_journal_folder(), *path;
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    const struct dirent *entry;
    struct stat st;

    *list = (gb_list){0};
    if (dir == NULL) {
        bool none = folder == NULL || errno == ENOENT;

        if (!none)
            gb_fail(err, "%s: cannot read: %s", folder, strerror(errno));
        free(folder);
        return none;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!is_session(entry->d_name))
            continue;
        path = gb_path_join(folder, entry->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            list->data = gb_realloc_array(list->data, list->len + 1,
                                          sizeof *list->data);
            list->data[list->len++] = describe(
                path, (double)st.st_mtim.tv_sec +
                          (double)st.st_mtim.tv_nsec * 1e-9);
        }
        free(path);
    }
    closedir(dir);
    free(folder);
    if (list->len > 0)
        qsort(list->data, list->len, sizeof *list->data, compare);
    return true;
}

void
gb_list_format(const gb_list *list, gb_str *out)
{
    const gb_listed *l;
    size_t i;

    for (i = 0; i < list->len; i++) {
        l = &list->data[i];
        gb_str_printf(out, "%3zu  %-16.16s  ", i + 1,
                      l->date[0] != '\0' ? l->date : "cannot be read");
        gb_utf8_visible(out, l->model, strlen(l->model), false);
        gb_str_printf(out, "  %llu tokens  ", (unsigned long long)l->tokens);
        gb_utf8_visible(out, l->words, strlen(l->words), false);
        gb_str_putc(out, '\n');
    }
}

static bool
is_number(const char *what)
{
    return what[0] != '\0' && what[strspn(what, "0123456789")] == '\0';
}

char *
gb_list_find(const gb_list *list, const char *what, gb_error *err)
{
    uint64_t number;
    const char *name;
    size_t i;

    if (is_number(what)) {
        if (gb_parse_u64(what, &number) && number >= 1 && number <= list->len)
            return gb_strdup(list->data[number - 1].path);
        gb_fail_usage(err, "expected a session from 1 to %zu, found %s",
                      list->len, what);
        return NULL;
    }
    for (i = 0; i < list->len; i++) {
        name = strrchr(list->data[i].path, '/') + 1;
        if (strcmp(name, what) == 0 || strcmp(list->data[i].path, what) == 0)
            return gb_strdup(list->data[i].path);
    }
    gb_fail_usage(err, "there is no session \"%s\"; gumbel sessions lists "
                  "them", what);
    return NULL;
}

char *
gb_list_path(const char *name, gb_error *err)
{
    char *path = NULL;
    gb_list list;

    if (!is_number(name) || access(name, F_OK) == 0)
        return gb_strdup(name);
    if (gb_list_read(&list, err)) {
        path = gb_list_find(&list, name, err);
        gb_list_free(&list);
    }
    return path;
}

bool
gb_list_remove(const char *path, gb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    if (fd < 0)
        return gb_fail(err, "%s: cannot open: %s", path, strerror(errno));
    ok = flock(fd, LOCK_EX | LOCK_NB) == 0 ||
         gb_fail(err, "%s: another gumbel is writing to this session", path);
    if (ok && unlink(path) != 0)
        ok = gb_fail(err, "%s: cannot delete: %s", path, strerror(errno));
    close(fd);
    return ok;
}
