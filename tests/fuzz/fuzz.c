#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Where the sanitizers write; there is none in a program without them. */
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static char folder[64]; /* libFuzzer ends the program, and tells nobody */
static pid_t owner;
static int report = STDERR_FILENO;

void
fuzz_failed(const char *file, int line, const char *what)
{
    dprintf(report, "%s:%d: this does not hold: %s\n", file, line, what);
    abort();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type;
    return ftw->level > 0 ? remove(path) : 0;
}

void
fuzz_empty(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
remove_folder(void)
{
    if (owner != getpid())
        return;
    fuzz_empty(folder);
    rmdir(folder);
}

static void
enter(void)
{
    static const char *const names[] = {
        "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
        "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "TMPDIR",
    };
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++)
        setenv(names[i], folder, 1);
    unsetenv("GUMBEL_MODEL");
    unsetenv("GUMBEL_DEVICE");
    atexit(remove_folder);
}

const char *
fuzz_folder(void)
{
    if (folder[0] != '\0')
        return folder;
    owner = getpid();
    strcpy(folder, "/dev/shm/gumbel-fuzz-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        strcpy(folder, "/tmp/gumbel-fuzz-XXXXXX");
        FUZZ_CHECK(mkdtemp(folder) != NULL);
    }
    enter();
    return folder;
}

char *
fuzz_path(const char *name)
{
    return gb_path_join(fuzz_folder(), name);
}

void
fuzz_write(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(gb_fd_write(fd, path, data, n, NULL));
    close(fd);
}

bool
fuzz_text(gb_tokenizer *t, uint32_t rows, const char *text, size_t n,
          bool whole, bool specials, gb_str *back)
{
    gb_error err = GB_ERROR_INIT;
    gb_ids ids = GB_IDS_INIT;
    bool ok = (whole ? gb_tokenizer_encode_whole : gb_tokenizer_encode)(
        t, text, n, specials, &ids, &err);
    size_t i;

    for (i = 0; i < ids.len; i++)
        FUZZ_CHECK(ids.data[i] < rows);
    if (ok)
        FUZZ_CHECK(gb_tokenizer_decode(t, ids.data, ids.len, back, NULL));
    else
        FUZZ_CHECK(ids.len == 0 && err.text[0] != '\0');
    gb_ids_free(&ids);
    return ok;
}

void
fuzz_silence(void)
{
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (report != STDERR_FILENO)
        return;
    report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    FUZZ_CHECK(nothing >= 0 && report >= 0);
    if (__sanitizer_set_report_fd != NULL)
        __sanitizer_set_report_fd((void *)(intptr_t)report);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
}
