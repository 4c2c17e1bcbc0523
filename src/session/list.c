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
#include "base/number.h"
#include "base/utf8.h"
#include "session/journal.h"

/* Of a session's first text. */
#define GB_LIST_WORDS 60
/* Of all of them. */
#define GB_LIST_TEXT 2000
/* So much of a file is looked through for it. */
#define GB_LIST_EVENTS 200

static void
free_listed(gb_listed *l)
{
    size_t i;

    for (i = 0; i < l->n_story; i++)
        gb_str_free(&l->story[i].text);
    free(l->story);
    free(l->path);
    free(l->date);
    free(l->model);
    free(l->words);
    free(l->text);
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

/* The tokens in a session, which are lines that begin like this. */
static uint64_t
count_tokens(const char *lines)
{
    static const char begins[] = "{\"type\":\"token\"";
    uint64_t count = 0;
    const char *p;

    for (p = lines; p != NULL && *p != '\0';
         p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL)
        count += strncmp(p, begins, strlen(begins)) == 0 ? 1 : 0;
    return count;
}

/* A text, and the words of the first. */
static void
add_text(gb_str *text, gb_str *words, const gb_event *e)
{
    size_t room = GB_LIST_TEXT - text->len;

    if (words->len == 0)
        gb_utf8_line(words, e->text, e->n_text, GB_LIST_WORDS);
    if (text->len > 0)
        gb_str_putc(text, '\n');
    gb_utf8_clean(text, e->text, e->n_text < room ? e->n_text : room, false);
}

static void
describe(gb_listed *l)
{
    gb_str text = GB_STR_INIT, date = GB_STR_INIT, model = GB_STR_INIT;
    gb_str words = GB_STR_INIT, typed = GB_STR_INIT;
    gb_journal_reader *r = NULL;
    const gb_header *h;
    gb_event e;
    int i;

    if (gb_file_read(l->path, GB_LIST_FILE, &text, NULL))
        r = gb_journal_open_text(gb_str_cstr(&text), text.len, l->path, NULL);
    if (r != NULL) {
        h = gb_journal_reader_header(r);
        gb_str_puts(&date, h->date);
        if (h->origin.model_name != NULL)
            gb_str_puts(&model, h->origin.model_name);
        for (i = 0; i < GB_LIST_EVENTS && typed.len < GB_LIST_TEXT &&
                    gb_journal_next(r, &e, NULL) == GB_READ_EVENT; i++)
            if (e.type == GB_EVENT_PROMPT || e.type == GB_EVENT_IMPORT)
                add_text(&typed, &words, &e);
        l->tokens = count_tokens(gb_str_cstr(&text));
        gb_journal_reader_free(r);
    }
    l->date = gb_str_take(&date);
    l->model = gb_str_take(&model);
    l->words = gb_str_take(&words);
    l->text = gb_str_take(&typed);
    gb_str_free(&text);
}

void
gb_list_describe(gb_list *list)
{
    size_t i;

    for (i = 0; i < list->len; i++)
        if (list->data[i].date == NULL)
            describe(&list->data[i]);
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
            list->data[list->len++] = (gb_listed){
                .path = path,
                .changed = (double)st.st_mtim.tv_sec +
                           (double)st.st_mtim.tv_nsec * 1e-9,
            };
            path = NULL;
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

static char *
find(const gb_list *list, const char *what, gb_error *err)
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
        path = find(&list, name, err);
        gb_list_free(&list);
    }
    return path;
}

static bool
remove_one(const char *path, const char *own, gb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    if (fd < 0)
        return gb_fail(err, "%s: cannot open: %s", path, strerror(errno));
    if (own != NULL && gb_same_file(path, own))
        ok = gb_fail_usage(err, "the open session cannot be deleted: %s",
                           path);
    else
        ok = flock(fd, LOCK_EX | LOCK_NB) == 0 ||
             gb_fail(err, "%s: another gumbel is writing to this session",
                     path);
    if (ok && unlink(path) != 0)
        ok = gb_fail(err, "%s: cannot delete: %s", path, strerror(errno));
    close(fd);
    return ok;
}

bool
gb_list_remove(const gb_list *list, const char *const *names, size_t n,
               const char *own, gb_error *err)
{
    char **paths = gb_alloc_array(n + 1, sizeof *paths);
    bool ok = true;
    size_t i;

    for (i = 0; i < n && ok; i++)
        ok = (paths[i] = find(list, names[i], err)) != NULL;
    for (i = 0; i < n && ok; i++)
        ok = remove_one(paths[i], own, err);
    for (i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
    return ok;
}
