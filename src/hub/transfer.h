/* One answer of a server as libcurl hands it over, and what came of it: the
 * inside of hub/http.h. */
#ifndef GB_HUB_TRANSFER_H
#define GB_HUB_TRANSFER_H

#include "hub/curl.h"
#include "hub/http.h"
#include "hub/server.h"

struct gb_http {
    CURL *curl;
    char *endpoint; /* without a slash at its end */
    gb_server server; /* of it */
    char *token;
    bool knows_token; /* whether it may be sent there at all */
    const atomic_bool *cancel;
    double heard; /* when something came, milliseconds */
    bool silent;  /* nothing did for too long */
    char words[CURL_ERROR_SIZE]; /* of libcurl, on what went wrong */
};

/* One answer as it comes. */
typedef struct gb_transfer {
    gb_http *h;
    const gb_http_request *request;
    bool own;  /* it is the endpoint that answers */
    long status;
    bool begun; /* request->begin was called */
    size_t unwanted;
    gb_http_answer answer;
    uint64_t length, from, total; /* Content-Length, Content-Range */
    uint64_t linked_size;
    char linked_sha256[65];
    char code[64], message[256]; /* X-Error-... of the hub */
    double retry_after; /* seconds; -1: no wish */
    gb_error *err;
} gb_transfer;

/* Whether the user does not want it any more. */
bool gb_http_is_cancelled(const gb_http *h);

/* libcurl's callbacks for the lines of a head, and for what follows; `t` is a
 * gb_transfer. */
size_t gb_transfer_header(char *bytes, size_t size, size_t n, void *t);
size_t gb_transfer_body(char *bytes, size_t size, size_t n, void *t);

/* What it was in the end; *wait as gb_http_get has it. */
gb_http_end gb_transfer_judge(gb_transfer *t, CURLcode code, double *wait);

#endif
