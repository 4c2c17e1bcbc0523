/* One file from the hub into a folder: begun again where it broke off, and
 * there under its name only when it is whole and the one that it should be. */
#ifndef GB_HUB_DOWNLOAD_H
#define GB_HUB_DOWNLOAD_H

#include "hub/repo.h"

typedef struct gb_download {
    gb_http *http;
    const char *path;   /* on the hub, see gb_http_request */
    const char *folder; /* where it goes */
    const gb_hub_file *file;
    const atomic_bool *cancel;
    /* Called with what is there of the file now, at the beginning and often
     * after that. */
    void (*progress)(void *arg, uint64_t done);
    /* It waits for some seconds, for this reason, to try again. */
    void (*wait)(void *arg, double seconds, const char *why);
    void *arg;
} gb_download;

/* Errors begin with the file's name. What is there of it stays, whatever
 * happens, unless it is wrong. */
bool gb_download_run(const gb_download *d, gb_error *err);

/* Bytes that are there of it; the whole size when it is whole. */
uint64_t gb_download_there(const char *folder, const gb_hub_file *file);

#endif
