/* A session as a file for people and programs. */
#ifndef GB_SESSION_EXPORT_H
#define GB_SESSION_EXPORT_H

#include "session/session.h"

typedef enum gb_export {
    GB_EXPORT_TEXT,     /* what user and model wrote, nothing else */
    GB_EXPORT_MARKDOWN, /* the user's text set off, notes in italics */
    GB_EXPORT_JSON,     /* one object: model, settings, segments with text,
                           ids, log-probabilities and all that is known of
                           each token; takes */
    GB_EXPORT_HTML,     /* a page to read, with the spectra of the tokens */
} gb_export;

typedef struct gb_exporting {
    gb_progress progress; /* while a page's tokens are looked at */
    gb_str *said;         /* what there is to say of the result; or NULL */
} gb_exporting;

/* Appends the current path. */
void gb_session_export(gb_session *s, gb_export format, gb_str *out);
/* The same into a file, the format by the end of its name (.md, .json, .html,
 * else text). A file that is there is replaced only when that is asked for;
 * the session's own file, and one that another program has locked, never. how
 * may be NULL. */
bool gb_session_export_file(gb_session *s, const char *path, bool replace,
                            const gb_exporting *how, gb_error *err);

/* export_html.c: the page. False: cancelled, and nothing was appended. */
bool gb_export_html(gb_session *s, const gb_exporting *how, gb_str *out,
                    gb_error *err);

#endif
