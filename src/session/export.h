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
} gb_export;

/* Appends the current path. */
void gb_session_export(gb_session *s, gb_export format, gb_str *out);
/* The same into a file, the format by the end of its name (.md, .json, else
 * text). A file that is there is replaced only when that is asked for; the
 * session's own file, and one that another program has locked, never. */
bool gb_session_export_file(gb_session *s, const char *path, bool replace,
                            gb_error *err);

#endif
