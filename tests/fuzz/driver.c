/* Runs a fuzz target where there is no libFuzzer: over the files that are
 * named, or as a test over its corpus, each file as it is and damaged in
 * always the same ways. The target runs in a child, so that the input it
 * falls over can be kept. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"
#include "tests/unit/mutate.h"

#define INPUT_LIMIT (1u << 20)
#define DAMAGED_COPIES 20 /* of each file */
#define SECONDS 100       /* in which any input is done */

/* Shared by both processes: how far it has come. */
typedef struct record {
    unsigned files, damaged, copy; /* copy 0: the file as it is */
    char file[256];
    size_t n;
    char input[INPUT_LIMIT];
} record;

static record *progress;

static void
run(const char *data, size_t n)
{
    char *exact = malloc(n > 0 ? n : 1); /* no byte behind it may be read */

    FUZZ_CHECK(exact != NULL && n <= INPUT_LIMIT);
    memcpy(exact, data, n);
    memcpy(progress->input, data, n);
    progress->n = n;
    alarm(SECONDS);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
    alarm(0);
    free(exact);
}

static void
run_file(const char *path, unsigned copies)
{
    gb_str text = GB_STR_INIT, copy = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    test_random random = {0};
    size_t i;

    if (!gb_file_read(path, INPUT_LIMIT, &text, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    snprintf(progress->file, sizeof progress->file, "%s", path);
    progress->copy = 0;
    run(gb_str_cstr(&text), text.len);
    progress->files++;
    for (i = 0; i < text.len; i++)
        random.state = random.state * 31 + (unsigned char)text.data[i];
    while (progress->copy < copies) {
        gb_str_clear(&copy);
        gb_str_append(&copy, gb_str_cstr(&text), text.len);
        progress->copy++;
        run(gb_str_cstr(&copy), test_mutate(&random, copy.data, copy.len));
        progress->damaged++;
    }
    gb_str_free(&text);
    gb_str_free(&copy);
}

static int
is_seed(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static void
run_corpus(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_seed, alphasort), i;
    char *path;

    for (i = 0; i < n; i++) {
        path = gb_path_join(folder, names[i]->d_name);
        run_file(path, DAMAGED_COPIES);
        free(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* Keeps the input and says where. */
static void
report(const char *program, int status)
{
    char *path = gb_format("%s.found", program);
    gb_error err = GB_ERROR_INIT;

    if (WIFSIGNALED(status))
        printf("# signal %d", WTERMSIG(status));
    else
        printf("# status %d", WEXITSTATUS(status));
    if (progress->copy > 0)
        printf(", damaged copy %u of", progress->copy);
    printf(" %s\n", progress->file);
    if (gb_file_replace(path, progress->input, progress->n, 0600, &err))
        printf("# the input is kept in %s\n", path);
    else
        printf("# %s\n", err.text);
    free(path);
}

/* tests/fuzz/corpus/NAME in the source tree, of the program fuzz_NAME. */
static char *
corpus_of(const char *program)
{
    const char *name = strrchr(program, '/'), *top = getenv("abs_top_srcdir");

    name = name != NULL ? name + 1 : program;
    if (strncmp(name, "fuzz_", 5) == 0)
        name += 5;
    return gb_format("%s/tests/fuzz/corpus/%s", top != NULL ? top : ".", name);
}

static void
work(const char *program)
{
    char *folder = corpus_of(program);

    fuzz_silence();
    run_corpus(folder);
    free(folder);
    exit(0);
}

static int
test(const char *program)
{
    pid_t pid;
    int status = 0;
    bool ok;

    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FUZZ_CHECK(progress != MAP_FAILED);
    fuzz_folder();
    pid = fork();
    FUZZ_CHECK(pid >= 0);
    if (pid == 0)
        work(program);
    FUZZ_CHECK(waitpid(pid, &status, 0) == pid);
    ok = status == 0 && progress->files > 0;
    printf("1..1\n%sok 1 - %u files, %u damaged copies\n", ok ? "" : "not ",
           progress->files, progress->damaged);
    if (status != 0)
        report(program, status);
    return !ok;
}

int
main(int argc, char **argv)
{
    int i;

    if (argc < 2)
        return test(argv[0]);
    progress = gb_alloc(sizeof *progress);
    for (i = 1; i < argc; i++)
        run_file(argv[i], 0);
    free(progress);
    return 0;
}
