/* Runs scripts: programs on real terminals, looked at and typed into. Speaks
 * TAP. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/tui/commands.h"
#include "tests/tui/script.h"

typedef struct options {
    const char *pictures;
    double timeout_ms;
    const char *only;
    bool keep;
} options;

enum { PASSED = 0, FAILED = 1, SKIPPED = 77, CRASHED = 98, UNUSABLE = 99 };

/* libvterm 0.1 has faults of its own where sizes change: what ends us is never
 * the program, which is another process. */
#define MOST_CRASHES 3

static void
usage(FILE *out)
{
    fputs("usage: drive [-k] [-o FOLDER] [-t SECONDS] [-x TEXT] FILE...\n"
          "  -k, --keep             keep the tests' folders\n"
          "  -o, --pictures FOLDER  where snapshots go\n"
          "  -t, --timeout SECONDS  how long to wait for anything (60)\n"
          "  -x, --only TEXT        only tests with TEXT in their names\n"
          "  -l, --list             list the commands of scripts\n",
          out);
}

static int
run_test(const options *o, const script *s, size_t test, const char *folder)
{
    stage t;
    gb_error err = GB_ERROR_INIT;
    int result = PASSED;

    memset(&t, 0, sizeof(t));
    t.pictures = o->pictures != NULL ? o->pictures : folder;
    t.timeout_ms = o->timeout_ms;
    t.pty.fd = -1;
    if (!stage_open(&t, folder, &err) || !script_run(s, test, &t, &err)) {
        stage_explain(&t, &err);
        result = err.status == GB_USAGE ? UNUSABLE : FAILED;
    } else if (t.skipped) {
        result = SKIPPED;
    }
    stage_close(&t);
    return result;
}

/* In a process of its own, so that no test sees another's environment. */
static int
run_alone(const options *o, script *s, size_t test, const char *folder)
{
    pid_t pid;
    int status;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        status = run_test(o, s, test, folder);
        script_close(s);
        fflush(NULL);
        _exit(status);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return UNUSABLE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CRASHED;
}

static void
remove_folder(const char *folder)
{
    char *line = gb_format("rm -rf '%s'", folder);

    if (system(line) != 0)
        fprintf(stderr, "drive: could not remove %s\n", folder);
    free(line);
}

/* True unless the test failed. */
static bool
report(const options *o, script *s, size_t test, int number)
{
    char folder[] = "/tmp/gumbel-tui-XXXXXX";
    const char *name = script_name(s, test);
    int result, tries = 0;

    if (o->only != NULL && strstr(name, o->only) == NULL) {
        printf("ok %d - %s # SKIP not asked for\n", number, name);
        return true;
    }
    do {
        strcpy(strrchr(folder, '-'), "-XXXXXX");
        if (mkdtemp(folder) == NULL) {
            printf("not ok %d - %s\n# no temporary folder\n", number, name);
            return false;
        }
        result = run_alone(o, s, test, folder);
        if (result != CRASHED)
            break;
        printf("# the terminal emulator crashed\n");
        remove_folder(folder);
    } while (++tries < MOST_CRASHES);
    printf("%sok %d - %s%s\n",
           result == PASSED || result == SKIPPED ? "" : "not ", number, name,
           result == SKIPPED ? " # SKIP what it needs is not here" : "");
    fflush(stdout);
    if (o->keep)
        printf("# its folder is %s\n", folder);
    else
        remove_folder(folder);
    return result == PASSED || result == SKIPPED;
}

static int
run_files(const options *o, char **paths, int count)
{
    script **scripts = gb_alloc_array((size_t)count, sizeof(*scripts));
    gb_error err = GB_ERROR_INIT;
    size_t tests = 0, test;
    int i, number = 0, opened = 0;
    bool ok = true;

    for (i = 0; i < count; i++, opened++) {
        scripts[i] = script_open(paths[i], &err);
        if (scripts[i] == NULL)
            break;
        tests += script_count(scripts[i]);
    }
    if (opened < count)
        printf("Bail out! %s\n", err.text);
    else
        printf("1..%zu\n", tests);
    for (i = 0; i < count && opened == count; i++)
        for (test = 0; test < script_count(scripts[i]); test++)
            ok &= report(o, scripts[i], test, ++number);
    while (opened > 0)
        script_close(scripts[--opened]);
    free(scripts);
    return ok && err.text[0] == '\0' ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The program that was built is the one that is run. Kernels that one test
 * compiles are there for the next; runtest has said where, people need not. */
static void
set_environment(void)
{
    const char *old = getenv("PATH");
    char *path = gb_format("%s:%s", GB_BUILDDIR, old != NULL ? old : "");
    gb_error err = GB_ERROR_INIT;

    setenv("PATH", path, 1);
    free(path);
    setenv("abs_top_builddir", GB_BUILDDIR, 0);
    setenv("abs_top_srcdir", GB_SOURCE_MODELDIR "/..", 0);
    setenv("XDG_CACHE_HOME", GB_BUILDDIR "/tests/cache", 0);
    setenv("POCL_CACHE_DIR", GB_BUILDDIR "/tests/cache/pocl", 0);
    if (!gb_make_folders(getenv("POCL_CACHE_DIR"), &err))
        fprintf(stderr, "drive: %s\n", err.text);
}

int
main(int argc, char **argv)
{
    static const struct option known[] = {
        {"help", no_argument, NULL, 'h'},
        {"keep", no_argument, NULL, 'k'},
        {"list", no_argument, NULL, 'l'},
        {"pictures", required_argument, NULL, 'o'},
        {"timeout", required_argument, NULL, 't'},
        {"only", required_argument, NULL, 'x'},
        {NULL, 0, NULL, 0},
    };
    options o = {NULL, 60000, NULL, false};
    int c;

    while ((c = getopt_long(argc, argv, "hklo:t:x:", known, NULL)) != -1) {
        switch (c) {
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS;
        case 'k':
            o.keep = true;
            break;
        case 'l':
            command_list();
            return EXIT_SUCCESS;
        case 'o':
            o.pictures = optarg;
            break;
        case 't':
            o.timeout_ms = atof(optarg) * 1000;
            break;
        case 'x':
            o.only = optarg;
            break;
        default:
            usage(stderr);
            return GB_USAGE;
        }
    }
    if (optind == argc || o.timeout_ms <= 0) {
        usage(stderr);
        return GB_USAGE;
    }
    set_environment();
    return run_files(&o, argv + optind, argc - optind);
}
