/* The sessions that are kept. */
#ifndef GB_SESSION_LIST_H
#define GB_SESSION_LIST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "model/model.h"

typedef struct gb_listed_part {
    bool typed; /* by the user, else written by the model */
    gb_str text;
} gb_listed_part;

typedef struct gb_listed {
    char *path;
    double changed;  /* seconds since 1970 */
    /* When described; NULL before: */
    char *date;      /* when it began, UTC; "" when its header cannot be read */
    char *model;     /* its name */
    char *words;     /* the beginning of what the user wrote first */
    char *text;      /* more of what the user wrote, a line each time */
    uint64_t tokens; /* that the model wrote, in all takes */
    /* When its story is read: */
    bool read;       /* that was tried */
    uint32_t takes;  /* ends that its tree has; 0: not known */
    gb_listed_part *story; /* (n_story) the beginning of the text on its path */
    size_t n_story;
} gb_listed;

typedef struct gb_list {
    gb_listed *data; /* newest first */
    size_t len;
} gb_list;

/* All sessions of the sessions' folder (none when there is no folder), their
 * paths alone. False: the folder cannot be read. */
bool gb_list_read(gb_list *list, gb_error *err);
/* Reads the files, for the rest that is to be known of them. */
void gb_list_describe(gb_list *list);
/* Reads takes and story of a session, with the tokenizer of `model` where that
 * wrote it, or else of the model that it names, if it is still there: opened
 * and kept in *other for the next one (NULL at first; the caller closes it).
 * False: cancelled. */
bool gb_listed_read_story(gb_listed *l, const gb_model *model,
                          gb_model **other, const atomic_bool *cancel);
void gb_list_copy(gb_list *to, const gb_list *from);
/* Takes what is known of sessions that have not changed since from an older
 * list, which is to be freed then. */
void gb_list_take_over(gb_list *list, gb_list *old);
void gb_list_free(gb_list *list);

/* So much of a file is read at most. */
#define GB_LIST_FILE ((size_t)1 << 30)

/* One a line, for people, when described: number, date, model, tokens,
 * words. */
void gb_list_format(const gb_list *list, gb_str *out);

/* What somebody means by a file's name, or by a number of the list (1: the
 * newest) where no file is called so; NULL: there is none. The caller
 * frees. */
char *gb_list_path(const char *name, gb_error *err);

/* Deletes the sessions that somebody means by these names (n), each a number
 * of the list or a file's name, below the folder or not; all are found before
 * any is deleted. Refused when it is `own` (the open one's path, or NULL), or
 * a program is writing to it. */
bool gb_list_remove(const gb_list *list, const char *const *names, size_t n,
                    const char *own, gb_error *err);

#endif
