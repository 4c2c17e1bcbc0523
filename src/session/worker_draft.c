/* Who guesses tokens ahead for the session. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/worker_state.h"

/* What is on trial guesses likewise. */
static void
take(gb_worker *w, gb_draft *d)
{
    gb_worker_end_trial(w);
    if (w->session != NULL)
        gb_session_set_draft(w->session, d);
    gb_draft_close(w->draft);
    w->draft = d;
    w->draft_before = (gb_draft_count){0};
}

static void
say(void *arg, const char *text)
{
    gb_error note = GB_ERROR_INIT;

    gb_fail(&note, "%s", text);
    note.status = GB_OK;
    gb_worker_tell_error(arg, 0, &note);
}

bool
gb_worker_set_draft(gb_worker *w, const char *who, gb_str *said,
                    gb_error *err)
{
    const gb_draft_options options = {
        .who = who,
        .device = w->device,
        .progress = gb_worker_progress(w),
        .say = say,
        .arg = w,
    };
    gb_error why = GB_ERROR_INIT;
    gb_draft *d = NULL;
    char *name = gb_strdup(who);

    if (w->engine != NULL && !gb_draft_open(w->engine, &options, &d, &why)) {
        free(name);
        *err = why;
        return false;
    }
    if (said != NULL && w->engine != NULL && d == NULL)
        gb_str_puts(said, why.text);
    take(w, d);
    free(w->drafter);
    w->drafter = name;
    return true;
}

void
gb_worker_close_draft(gb_worker *w)
{
    take(w, NULL);
}

void
gb_worker_reopen_draft(gb_worker *w)
{
    gb_error problem = GB_ERROR_INIT;
    gb_str said = GB_STR_INIT;

    if (!gb_worker_set_draft(w, w->drafter, &said, &problem)) {
        gb_fail_context(&problem, "draft");
        gb_worker_tell_error(w, 0, &problem);
    }
    gb_str_free(&said);
}
