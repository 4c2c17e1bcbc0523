/* Getting files from the hub over HTTP. All that an answer says is somebody
 * else's: it is bounded and checked here or by whoever takes it. */
#ifndef GB_HUB_HTTP_H
#define GB_HUB_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

#define GB_SIZE_UNKNOWN UINT64_MAX

typedef struct gb_http gb_http;

/* A connection to $HF_ENDPOINT (else https://huggingface.co), with $HF_TOKEN
 * or the token that Hugging Face's programs have kept; neither goes to any
 * other host, nor unencrypted to another machine. Proxies as libcurl takes
 * them from the environment. An error where this gumbel has no libcurl. */
gb_http *gb_http_open(const atomic_bool *cancel, gb_error *err);
void gb_http_close(gb_http *h);
/* As in messages: "huggingface.co". */
const char *gb_http_host(const gb_http *h);

/* The head of an answer with a file in it. */
typedef struct gb_http_answer {
    bool part;       /* of the file, from where it was asked for */
    uint64_t size;   /* of the whole file; or GB_SIZE_UNKNOWN */
    char sha256[65]; /* of it, where the hub says so; else "" */
    char etag[256];  /* a strong one with its quotes, or "" */
} gb_http_answer;

typedef struct gb_http_request {
    const char *path; /* below the endpoint, from a "/" on, encoded */
    uint64_t from;    /* so many bytes are there already, */
    const char *etag; /* of the file with this one; NULL: whatever it has */
    /* Both return false with an error to end it. */
    bool (*begin)(void *arg, const gb_http_answer *a, gb_error *err);
    bool (*take)(void *arg, const void *bytes, size_t n, gb_error *err);
    void *arg;
} gb_http_request;

typedef enum gb_http_end {
    GB_HTTP_DONE,
    GB_HTTP_FAILED,   /* err says why */
    GB_HTTP_AGAIN,    /* the same, and it may go better another time */
    GB_HTTP_NO_RANGE, /* the same: there is nothing from there on */
} gb_http_end;

/* Follows redirects, but from https never to anything else. *wait becomes the
 * seconds after which the server wants to be asked again, -1 for no wish. */
gb_http_end gb_http_get(gb_http *h, const gb_http_request *r, double *wait,
                        gb_error *err);

/* Appends a text as a part of a path: no slash stays one. */
void gb_http_escape(gb_str *out, const char *text);

#endif
