#include "test.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Paths are few and live until the end, so that tests need not free them. */
static char *kept[4096];
static size_t n_kept;

static void
free_kept(void)
{
    while (n_kept > 0)
        free(kept[--n_kept]);
}

static const char *
keep(char *path)
{
    if (n_kept == 0)
        atexit(free_kept);
    if (n_kept == GB_COUNT(kept)) {
        fprintf(stderr, "more than %zu test paths\n", GB_COUNT(kept));
        exit(99);
    }
    return kept[n_kept++] = path;
}

static const char *
source_folder(void)
{
    const char *s = getenv("abs_top_srcdir");

    return s != NULL ? s : ".";
}

const char *
test_source(const char *path)
{
    return keep(gb_path_join(source_folder(), path));
}

const char *
test_shared_data(const char *path)
{
    char *folder = gb_path_join(source_folder(), "../shared/data");
    char *full = gb_path_join(folder, path);

    free(folder);
    keep(full);
    return access(full, R_OK) == 0 ? full : NULL;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static char folder[64];
static pid_t folder_owner;

static void
remove_folder(void)
{
    if (folder_owner == getpid())
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
test_folder(void)
{
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/gumbel-test-XXXXXX");
        if (mkdtemp(folder) == NULL) {
            fprintf(stderr, "%s: %s\n", folder, strerror(errno));
            exit(99);
        }
        folder_owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

void
test_ok(bool ok, const gb_error *err)
{
    if (!ok)
        fail_msg("unexpected error: %s", err->text);
}

void
test_fails_with(const gb_error *err, gb_status status, ...)
{
    const char *part;
    va_list ap;

    if (err->status != status)
        fail_msg("status %d, expected %d: %s", err->status, status, err->text);
    va_start(ap, status);
    while ((part = va_arg(ap, const char *)) != NULL)
        if (strstr(err->text, part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err->text, part);
    va_end(ap);
}

gb_str
test_bytes(const char *name)
{
    char *path = gb_path_join("tests/golden", name);
    gb_error err = GB_ERROR_INIT;
    gb_str bytes = GB_STR_INIT;

    test_ok(gb_file_read(test_source(path), 1 << 20, &bytes, &err), &err);
    free(path);
    keep(bytes.data);
    return bytes;
}

const char *
test_write(const char *name, const void *data, size_t n)
{
    char *path = gb_path_join(test_folder(), name);
    char *slash = strrchr(path, '/');
    gb_error err = GB_ERROR_INIT;

    *slash = '\0';
    test_ok(gb_make_folders(path, &err), &err);
    *slash = '/';
    test_ok(gb_file_replace(path, data, n, 0600, &err), &err);
    return keep(path);
}
