#include "hub/http.h"

#ifdef HAVE_LIBCURL

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "hub/endpoint.h"
#include "hub/transfer.h"

#define ERROR_LIMIT 65536u /* bytes of an answer that nobody wants */
/* Codes of OpenSSL: a certificate of its own, or of somebody unknown. */
#define UNKNOWN_ISSUER 18
#define UNKNOWN_ISSUER_LAST 21

typedef gb_transfer transfer;

/* --- headers -------------------------------------------------------------- */

/* A number that is all of the text, or what it was. */
static uint64_t
number(const char *text, uint64_t before)
{
    char *end;
    unsigned long long n;

    if (text[0] < '0' || text[0] > '9')
        return before;
    n = strtoull(text, &end, 10);
    return *end == '\0' && n < (1ull << 62) ? (uint64_t)n : before;
}

/* "bytes 5-9/10" */
static void
take_range(transfer *t, const char *value)
{
    uint64_t first, last, total;

    if (sscanf(value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last,
               &total) == 3 &&
        first <= last && last < total) {
        t->from = first;
        t->total = total;
    }
}

static void
take_sha256(char out[65], const char *value)
{
    size_t n = strspn(value, "\"");

    if (strspn(value + n, "0123456789abcdef") == 64) {
        memcpy(out, value + n, 64);
        out[64] = '\0';
    }
}

static void
take_header(transfer *t, const char *name, const char *value)
{
    if (strcasecmp(name, "content-length") == 0)
        t->length = number(value, GB_SIZE_UNKNOWN);
    else if (strcasecmp(name, "content-range") == 0)
        take_range(t, value);
    else if (strcasecmp(name, "retry-after") == 0)
        t->retry_after = (double)number(value, 0);
    else if (strcasecmp(name, "etag") == 0 && value[0] == '"' &&
             strlen(value) < sizeof t->answer.etag)
        memcpy(t->answer.etag, value, strlen(value) + 1);
    else if (!t->own)
        return;
    else if (strcasecmp(name, "x-linked-size") == 0)
        t->linked_size = number(value, t->linked_size);
    else if (strcasecmp(name, "x-linked-etag") == 0)
        take_sha256(t->linked_sha256, value);
    else if (strcasecmp(name, "x-error-code") == 0)
        snprintf(t->code, sizeof t->code, "%s", value);
    else if (strcasecmp(name, "x-error-message") == 0)
        snprintf(t->message, sizeof t->message, "%s", value);
}

/* Each answer begins with a status line, those on the way (100) too. */
static void
begin_answer(transfer *t)
{
    t->length = t->from = t->total = GB_SIZE_UNKNOWN;
    t->answer.etag[0] = '\0';
    t->retry_after = -1;
}

size_t
gb_transfer_header(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *t = arg;
    size_t length = size * n;
    char *line = gb_strndup(bytes, length), *colon;

    t->h->heard = gb_now_ms();
    line[strcspn(line, "\r\n")] = '\0';
    colon = strchr(line, ':');
    if (strncmp(line, "HTTP/", 5) == 0) {
        begin_answer(t);
    } else if (colon != NULL) {
        *colon++ = '\0';
        take_header(t, line, colon + strspn(colon, " \t"));
    }
    free(line);
    return length;
}

/* --- bodies --------------------------------------------------------------- */

/* The head is complete. */
static bool
begin_body(transfer *t)
{
    gb_http_answer *a = &t->answer;

    t->begun = true;
    a->part = t->status == 206;
    a->size = a->part ? t->total : t->length;
    memcpy(a->sha256, t->linked_sha256, sizeof a->sha256);
    if (a->part && t->from != t->request->from)
        return gb_fail(t->err, "expected the bytes from %" PRIu64 " on, found "
                       "others", t->request->from);
    if (a->size == GB_SIZE_UNKNOWN)
        a->size = t->linked_size;
    if (t->linked_size != GB_SIZE_UNKNOWN && t->linked_size != a->size)
        return gb_fail(t->err, "expected %" PRIu64 " bytes (X-Linked-Size), "
                       "found %" PRIu64, t->linked_size, a->size);
    return t->request->begin(t->request->arg, a, t->err);
}

static bool
take_body(transfer *t, const char *bytes, size_t n)
{
    if (t->status == 0)
        curl_easy_getinfo(t->h->curl, CURLINFO_RESPONSE_CODE, &t->status);
    if (t->status != 200 && t->status != 206) {
        t->unwanted += n;
        return t->unwanted <= ERROR_LIMIT;
    }
    return (t->begun || begin_body(t)) &&
           t->request->take(t->request->arg, bytes, n, t->err);
}

/* The time that a disk takes is not the server's. */
size_t
gb_transfer_body(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *t = arg;
    bool ok = take_body(t, bytes, size * n);

    t->h->heard = gb_now_ms();
    return ok ? size * n : 0;
}

/* --- what came of it ------------------------------------------------------ */

bool
gb_http_is_cancelled(const gb_http *h)
{
    return h->cancel != NULL && atomic_load(h->cancel);
}

static gb_http_end
fail_silent(gb_error *err)
{
    gb_fail(err, "nothing came for %ld seconds", gb_hub_timeout());
    return GB_HTTP_AGAIN;
}

/* Only who has signed it can be told to be trusted. */
static gb_http_end
fail_certificate(const gb_http *h, const char *words, gb_error *err)
{
    long verified = 0;

    curl_easy_getinfo(h->curl, CURLINFO_SSL_VERIFYRESULT, &verified);
    gb_fail(err, "its certificate is not good: %s%s", words,
            verified >= UNKNOWN_ISSUER && verified <= UNKNOWN_ISSUER_LAST
                ? " (Debian: the package ca-certificates has the authorities "
                  "that are trusted; $SSL_CERT_FILE names others)"
                : "");
    return GB_HTTP_FAILED;
}

static gb_http_end
fail_code(const transfer *t, CURLcode code, const char *words)
{
    gb_error *err = t->err;

    switch (code) {
    case CURLE_SSL_CACERT_BADFILE:
        gb_fail(err, "the authorities that are trusted cannot be read: %s",
                words);
        return GB_HTTP_FAILED;
    case CURLE_PEER_FAILED_VERIFICATION:
        return fail_certificate(t->h, words, err);
    case CURLE_OPERATION_TIMEDOUT:
        return fail_silent(err);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        gb_fail(err, "the connection broke");
        return GB_HTTP_AGAIN;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        gb_fail(err, "%s", words);
        return GB_HTTP_AGAIN;
    default:
        gb_fail(err, "%s", words);
        return GB_HTTP_FAILED;
    }
}

static gb_http_end
fail_curl(const transfer *t, CURLcode code)
{
    const gb_http *h = t->h;
    const char *words = h->words[0] != '\0' ? h->words
                                            : curl_easy_strerror(code);
    gb_str shown = GB_STR_INIT;
    gb_http_end end;

    if (gb_http_is_cancelled(h)) {
        gb_fail_interrupted(t->err);
        return GB_HTTP_FAILED;
    }
    if (t->err->status != GB_OK) /* a callback's own */
        return GB_HTTP_FAILED;
    if (h->silent)
        return fail_silent(t->err);
    gb_utf8_visible(&shown, words, strlen(words), false);
    end = fail_code(t, code, gb_str_cstr(&shown));
    gb_str_free(&shown);
    return end;
}

/* What the hub itself said of it, in brackets, safe to show. */
static void
put_message(const transfer *t, gb_str *out)
{
    if (t->message[0] == '\0')
        return;
    gb_str_puts(out, " (");
    gb_utf8_visible(out, t->message, strlen(t->message), false);
    gb_str_putc(out, ')');
}

static gb_http_end
fail_status(transfer *t, gb_str *said)
{
    const gb_http *h = t->h;
    const char *words = gb_str_cstr(said);
    const bool denied = t->status == 401 || t->status == 403;

    if (t->status == 416) {
        gb_fail(t->err, "the server has no such part of it (416)%s", words);
        return GB_HTTP_NO_RANGE;
    }
    if (strcmp(t->code, "GatedRepo") == 0)
        gb_fail(t->err, "its owner gives it only to those who ask: accept the "
                "terms on its page and set $HF_TOKEN%s", words);
    else if (denied && h->token != NULL && !h->knows_token)
        gb_fail(t->err, "access is denied; the token is not sent to %s, which "
                "is not asked by https%s", h->server.host, words);
    else if (denied && h->token != NULL)
        gb_fail(t->err, "access is denied with this token, or there is no "
                "such model%s", words);
    else if (denied)
        gb_fail(t->err, "there is no such model, or it is one that needs a "
                "token: $HF_TOKEN%s", words);
    else if (t->status == 404 && strcmp(t->code, "RevisionNotFound") == 0)
        gb_fail(t->err, "there is no such revision%s", words);
    else if (t->status == 404)
        gb_fail(t->err, "there is none%s", words);
    else if (t->status == 429)
        gb_fail(t->err, "too much was asked of the hub (429)%s", words);
    else
        gb_fail(t->err, "the server answered %ld%s", t->status, words);
    return t->status == 408 || t->status == 429 || t->status >= 500
               ? GB_HTTP_AGAIN
               : GB_HTTP_FAILED;
}

gb_http_end
gb_transfer_judge(gb_transfer *t, CURLcode code, double *wait)
{
    gb_str said = GB_STR_INIT;
    curl_off_t seconds = 0;
    gb_http_end end;

    curl_easy_getinfo(t->h->curl, CURLINFO_RESPONSE_CODE, &t->status);
    if (t->status != 200 && t->status != 206 && t->status != 0 &&
        (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
        /* It may also be a date. */
        curl_easy_getinfo(t->h->curl, CURLINFO_RETRY_AFTER, &seconds);
        *wait = seconds > 0 ? (double)seconds : t->retry_after;
        put_message(t, &said);
        end = fail_status(t, &said);
        gb_str_free(&said);
        return end;
    }
    if (code != CURLE_OK)
        return fail_curl(t, code);
    /* An empty file has no body. */
    return t->begun || begin_body(t) ? GB_HTTP_DONE : GB_HTTP_FAILED;
}

#endif
