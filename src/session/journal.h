/* The session file: JSON Lines, described in doc/session-format.md. A header
 * object, then one object for each event. */
#ifndef GB_SESSION_JOURNAL_H
#define GB_SESSION_JOURNAL_H

#include <stdatomic.h>

#include "engine/engine.h"
#include "session/event.h"
#include "session/settings.h"

#define GB_JOURNAL_VERSION 2
/* A prompt of GB_TEXT_MAX bytes fits even when each becomes \u0000. */
#define GB_TEXT_MAX ((size_t)8 << 20)
#define GB_LINE_MAX ((size_t)64 << 20)

/* What computed the tokens. Strings are owned by the struct. */
typedef struct gb_origin {
    char *model_name, *model_path;
    char model_sha256[65]; /* "" when not known */
    char *device, *driver;
    char *dtype;           /* "f32", "f16", "bf16" */
    char *prefill;         /* "own", "clblast" */
    char *cache_type;      /* of keys and values: "f32", "f16" */
    char *gumbel;          /* version of gumbel */
} gb_origin;

/* Of this program and that engine; reads the model's files for their hash,
 * once for each model. */
bool gb_origin_of(gb_engine *engine, gb_model *model, gb_origin *origin,
                  gb_error *err);
void gb_origin_copy(gb_origin *to, const gb_origin *from);
void gb_origin_free(gb_origin *origin);
/* Appends what differs, for people: "dtype f16, was f32; ..."; nothing when
 * both are the same. The model's path and name do not count. */
void gb_origin_compare(const gb_origin *now, const gb_origin *then,
                       gb_str *out);

/* Whether the session in `file` was written with this model. If not, says by
 * name, hash and -m which one it needs (GB_USAGE). Hashes may take long: see
 * gb_model_hash. */
bool gb_origin_is_of(const gb_origin *then, const char *file, gb_model *model,
                     const gb_progress *progress, gb_error *err);
/* The same for when there is no model yet. Returns false. */
bool gb_origin_refuse(const gb_origin *then, const char *file,
                      const gb_model *model, const gb_progress *progress,
                      gb_error *err);
/* The folder of the model that wrote the session if it is installed under its
 * name, hash and all; else NULL. Nothing that only the session names is
 * opened. The caller frees. */
char *gb_origin_find(const gb_origin *then, const gb_progress *progress);

typedef struct gb_header {
    gb_origin origin;
    gb_settings settings;
    gb_mode mode;
    char date[32]; /* 2026-11-22T19:30:00Z */
} gb_header;

void gb_header_free(gb_header *header);

/* Sets the date to now, in UTC. */
void gb_header_date(gb_header *header);

/* Appends the line, with its newline. */
void gb_header_format(const gb_header *header, gb_str *out);

/* Writing. All lines stay in memory too. When the file cannot be written, it
 * is said once, and tried again with every event and at the close. When
 * somebody else deletes, moves, replaces or changes it, it is written anew. */
typedef struct gb_journal gb_journal;
typedef struct gb_journal_reader gb_journal_reader;

/* A journal in the file `path`, which is created by the first event (mode
 * 0600, folders too; a file that has anything in it is never touched). path
 * NULL: in memory alone. needed false: also where it cannot be created, which
 * is said with the status GB_OK then. */
gb_journal *gb_journal_new(const char *path, bool needed);
/* A journal in a file that is there. From here on nobody else writes to it:
 * fails when another process does. To be read, and then begun. */
gb_journal *gb_journal_resume(const char *path, gb_error *err);
/* Begins with the lines that were read (and kept): those of its own file,
 * where what follows them, a torn last line, is cut off; or those of another
 * journal, and then nothing is written before the first event. */
bool gb_journal_begin(gb_journal *j, const gb_journal_reader *r,
                      gb_error *err);
/* False with what there is to be said about the file; the status of err is
 * GB_FAILED also when all lines are in it. */
bool gb_journal_close(gb_journal *j, gb_error *err);

/* True when it has no header yet. */
bool gb_journal_is_empty(const gb_journal *j);
/* Appends one line by one write. False once for each new trouble. */
bool gb_journal_header(gb_journal *j, const gb_header *header, gb_error *err);
bool gb_journal_write(gb_journal *j, const gb_event *event, gb_error *err);
/* Leaves the line to be written together with the next one. */
void gb_journal_hold(gb_journal *j, const gb_event *event);

/* NULL when in memory, or the file is not there yet. Another one after
 * another file was put into its place. */
const char *gb_journal_path(const gb_journal *j);
/* Reads what was journaled so far. */
gb_journal_reader *gb_journal_read(const gb_journal *j, gb_error *err);
/* Waits until all lines are on the disk. */
bool gb_journal_sync(gb_journal *j, gb_error *err);
/* Writes everything that was journaled so far to another file. */
bool gb_journal_save(gb_journal *j, const char *path, gb_error *err);

/* $XDG_STATE_HOME/gumbel/sessions/2026-11-22T19-30-00-NNNN.jsonl, which does
 * not exist; NULL and an error without a home. The caller frees. */
char *gb_journal_new_path(gb_error *err);
/* The folder itself; NULL without a home. The caller frees. */
char *gb_journal_folder(void);

/* Reading. Nothing in the file is trusted. */

/* Opens and reads the header. GB_USAGE when the file is no session file. */
gb_journal_reader *gb_journal_open(const char *path, gb_error *err);
/* The same from n bytes of text or from a descriptor, which is closed with
 * the reader; `name` is for messages. What comes slowly is waited for, until
 * a signal has set *cancel (which may be NULL): then GB_INTERRUPTED. */
gb_journal_reader *gb_journal_open_fd(int fd, const char *name,
                                      const atomic_bool *cancel,
                                      gb_error *err);
gb_journal_reader *gb_journal_open_text(const char *text, size_t n,
                                        const char *name, gb_error *err);
/* Keeps all lines in memory, for gb_journal_begin. */
void gb_journal_reader_keep(gb_journal_reader *r);
void gb_journal_reader_free(gb_journal_reader *r);

const gb_header *gb_journal_reader_header(const gb_journal_reader *r);

typedef enum gb_read {
    GB_READ_EVENT,
    GB_READ_END,
    GB_READ_ERROR,
} gb_read;
/* The next event; what it points to is valid until the next call. Events of
 * a type this version does not know are passed over (and counted); a torn
 * last line is the end. */
gb_read gb_journal_next(gb_journal_reader *r, gb_event *event, gb_error *err);

/* The tokens (most) that follow at once, as far as the file says so and was
 * read; returns how many. They are not checked, and come again as events. */
size_t gb_journal_peek_tokens(gb_journal_reader *r, gb_token *ids,
                              size_t most);

/* Of the event read last, for messages: "FILE, line N". */
const char *gb_journal_reader_place(gb_journal_reader *r);
unsigned gb_journal_reader_line(const gb_journal_reader *r);
unsigned gb_journal_reader_unknown(const gb_journal_reader *r);
bool gb_journal_reader_torn(const gb_journal_reader *r);
/* The whole lines read so far; what it keeps of them. */
const char *gb_journal_reader_lines(const gb_journal_reader *r, size_t *n);

/* The value of a GB_EVENT_ENGINE: gumbel, device, driver, dtype, prefill,
 * cache_type. The caller frees what it gets; reading leaves the model's members
 * alone. */
char *gb_origin_format(const gb_origin *origin);
bool gb_origin_read(gb_origin *origin, const char *json, gb_error *err);

#endif
