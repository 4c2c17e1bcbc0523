/* What a repository of the hub has, and which of its files a model is. */
#ifndef GB_HUB_REPO_H
#define GB_HUB_REPO_H

#include "hub/http.h"
#include "model/hub_name.h"

typedef struct gb_hub_file {
    char *name;      /* a plain file name, see gb_hub_is_plain */
    uint64_t size;   /* or GB_SIZE_UNKNOWN */
    char sha256[65]; /* where the hub says it; else "" */
    char sha1[41];   /* as git counts it, with its size in front; else "" */
    bool weights;    /* and no small file of the model */
} gb_hub_file;

typedef struct gb_repo {
    char *commit; /* what the revision is now */
    gb_hub_file *files; /* all whose names are plain */
    size_t n;
} gb_repo;

/* Reads the hub's answer (JSON); `where` is for messages. Call gb_repo_free in
 * any case. */
bool gb_repo_read(gb_repo *r, const char *json, size_t n, const char *where,
                  gb_error *err);
void gb_repo_free(gb_repo *r);
const gb_hub_file *gb_repo_find(const gb_repo *r, const char *name);

/* Appends a path of the hub: what the repository has, one of its files. */
void gb_repo_list_path(gb_str *out, const gb_hub_name *name);
void gb_repo_file_path(gb_str *out, const gb_hub_name *name,
                       const char *commit, const char *file);

/* The index whose shards are the weights; NULL where one file has them, or
 * there are none. */
const gb_hub_file *gb_repo_index(const gb_repo *r);

/* The files that make the model, the small ones first; `index` is the text of
 * gb_repo_index (n bytes). The caller frees the list, the files are r's. */
bool gb_repo_choose(gb_repo *r, const gb_hub_name *name, const char *index,
                    size_t n, gb_hub_file ***list, size_t *count,
                    gb_error *err);

#endif
