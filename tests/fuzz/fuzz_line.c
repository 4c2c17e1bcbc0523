/* The line mode, fed with any input. The session that it keeps replays. */
#include "fuzz.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "session/replay.h"
#include "tui/line.h"

/* These would stop the fuzzer too, or make it wait for minutes. */
static const char *const refused[] = {"/suspend", "/pace"};

static char *work, *input, *session, *models;
static gb_engine *engine;

static void
open_all(void)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};

    setlocale(LC_ALL, "C.UTF-8");
    setlocale(LC_NUMERIC, "C");
    signal(SIGPIPE, SIG_IGN);
    work = fuzz_path("work");
    models = fuzz_path("gumbel/models");
    input = fuzz_path("input");
    session = fuzz_path("session");
    FUZZ_CHECK(gb_make_folders(work, NULL) && gb_make_folders(models, NULL));
    engine = gb_engine_open(fuzz_model(), &options, NULL);
}

/* Files can be named in the input. A slash that begins no line is replaced,
 * so that all of them are in the folder that it works in. */
static void
write_input(const uint8_t *data, size_t size)
{
    gb_str text = GB_STR_INIT;
    size_t i;

    gb_str_append(&text, data, size);
    for (i = 1; i < size; i++)
        if (text.data[i] == '/' && text.data[i - 1] != '\n')
            text.data[i] = '|';
    fuzz_write(input, gb_str_cstr(&text), size);
    gb_str_free(&text);
}

static void
run(void)
{
    gb_tui_options o = {.worker = {.model = fuzz_model_folder(),
                                   .prefill = GB_PREFILL_OWN,
                                   .journal = true,
                                   .path = session}};
    gb_error err = GB_ERROR_INIT;
    int before = dup(STDIN_FILENO), fd = open(input, O_RDONLY | O_CLOEXEC);
    int status;

    FUZZ_CHECK(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    close(fd);
    gb_settings_init(&o.worker.settings);
    o.worker.settings.max_new_tokens = 8;
    fuzz_engine_limit(300);
    status = gb_line_main(&o, &err);
    FUZZ_CHECK(status == GB_OK || status == GB_FAILED);
    if (before >= 0) {
        dup2(before, STDIN_FILENO);
        close(before);
    }
}

static void
check_session(void)
{
    const gb_replay_options options = {.pace = false};
    gb_error err = GB_ERROR_INIT;
    gb_replay_result result;
    gb_journal_reader *r;

    if (access(session, F_OK) != 0)
        return;
    r = gb_journal_open(session, &err);
    FUZZ_CHECK(r != NULL);
    gb_engine_rewind(engine, 0);
    fuzz_engine_limit(UINT32_MAX);
    FUZZ_CHECK(gb_replay(r, engine, fuzz_model(), &options, &result, &err));
    FUZZ_CHECK(result.identical && !result.torn);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t i;
    int here;

    for (i = 0; i < GB_COUNT(refused) && size > 0; i++)
        if (memmem(data, size, refused[i], strlen(refused[i])) != NULL)
            return 0;
    if (engine == NULL)
        open_all();
    here = open(".", O_PATH | O_CLOEXEC);
    FUZZ_CHECK(here >= 0 && chdir(work) == 0);
    unlink(session);
    write_input(data, size);
    run();
    check_session();
    fuzz_empty(work);
    FUZZ_CHECK(fchdir(here) == 0);
    close(here);
    return 0;
}
