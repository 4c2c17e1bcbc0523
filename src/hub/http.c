#include "hub/http.h"

#ifndef HAVE_LIBCURL

gb_http *
gb_http_open(const atomic_bool *cancel, gb_error *err)
{
    (void)cancel;
    gb_fail(err, "this gumbel was built without libcurl, which pull needs");
    return NULL;
}

void
gb_http_close(gb_http *h)
{
    (void)h;
}

const char *
gb_http_host(const gb_http *h)
{
    (void)h;
    return "";
}

gb_http_end
gb_http_get(gb_http *h, const gb_http_request *r, double *wait, gb_error *err)
{
    (void)h, (void)r, (void)wait, (void)err;
    return GB_HTTP_FAILED;
}

void
gb_http_escape(gb_str *out, const char *text)
{
    gb_str_puts(out, text);
}

#else

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "hub/endpoint.h"
#include "hub/server.h"

#define MAX_HOPS 10
#define ERROR_LIMIT 65536u /* bytes of an answer that nobody wants */

struct gb_http {
    CURL *curl;
    char *endpoint; /* without a slash at its end */
    gb_server server; /* of it */
    char *token;
    bool knows_token; /* whether it may be sent there at all */
    const atomic_bool *cancel;
};

/* One answer as it comes. */
typedef struct transfer {
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
} transfer;

/* --- the handle ----------------------------------------------------------- */

static void
init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const gb_http *h = arg;

    (void)a, (void)b, (void)c, (void)d;
    return h->cancel != NULL && atomic_load(h->cancel);
}

/* Where this system keeps its certificates libcurl knows; these say that they
 * are elsewhere. */
static void
set_certificates(CURL *curl)
{
    static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE",
                                        "REQUESTS_CA_BUNDLE"};
    const char *value;
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++) {
        value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            curl_easy_setopt(curl, CURLOPT_CAINFO, value);
            return;
        }
    }
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg);
static size_t on_body(char *bytes, size_t size, size_t n, void *arg);

static void
set_options(gb_http *h)
{
    CURL *c = h->curl;
    long timeout = gb_hub_timeout();

    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, timeout);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, timeout);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 262144L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    set_certificates(c);
}

gb_http *
gb_http_open(const atomic_bool *cancel, gb_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    gb_http *h = gb_alloc(sizeof *h);

    pthread_once(&once, init_curl);
    h->cancel = cancel;
    h->curl = curl_easy_init();
    if (h->curl == NULL)
        gb_fail(err, "libcurl does not start");
    h->endpoint = gb_server_endpoint(&h->server, err);
    if (h->curl == NULL || h->endpoint == NULL ||
        !gb_hub_token(&h->token, err)) {
        gb_http_close(h);
        return NULL;
    }
    h->knows_token =
        h->token != NULL && (gb_server_speaks(&h->server, "https") ||
                             gb_server_is_here(&h->server));
    set_options(h);
    return h;
}

void
gb_http_close(gb_http *h)
{
    if (h == NULL)
        return;
    curl_easy_cleanup(h->curl);
    gb_server_free(&h->server);
    free(h->endpoint);
    free(h->token);
    free(h);
}

const char *
gb_http_host(const gb_http *h)
{
    return h->server.host;
}

void
gb_http_escape(gb_str *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL)
            gb_str_putc(out, *text);
        else
            gb_str_printf(out, "%%%02X", (unsigned char)*text);
}

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

static size_t
on_header(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *t = arg;
    size_t length = size * n;
    char *line = gb_strndup(bytes, length), *colon;

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

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *t = arg;
    size_t length = size * n;

    if (t->status == 0)
        curl_easy_getinfo(t->h->curl, CURLINFO_RESPONSE_CODE, &t->status);
    if (t->status != 200 && t->status != 206) {
        t->unwanted += length;
        return t->unwanted <= ERROR_LIMIT ? length : 0;
    }
    if (!t->begun && !begin_body(t))
        return 0;
    return t->request->take(t->request->arg, bytes, length, t->err) ? length
                                                                    : 0;
}

/* --- what came of it ------------------------------------------------------ */

static bool
is_interrupted(const gb_http *h)
{
    return h->cancel != NULL && atomic_load(h->cancel);
}

static gb_http_end
fail_curl(transfer *t, CURLcode code)
{
    gb_error *err = t->err;
    long verified = 0;

    if (is_interrupted(t->h)) {
        gb_fail_interrupted(err);
        return GB_HTTP_FAILED;
    }
    if (err->status != GB_OK) /* a callback's own */
        return GB_HTTP_FAILED;
    curl_easy_getinfo(t->h->curl, CURLINFO_SSL_VERIFYRESULT, &verified);
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        gb_fail(err, "the certificate cannot be verified: %s (Debian: the "
                "package ca-certificates has those that are trusted; "
                "$SSL_CERT_FILE names others)", curl_easy_strerror(code));
        return GB_HTTP_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
        gb_fail(err, "nothing came for %ld seconds", gb_hub_timeout());
        return GB_HTTP_AGAIN;
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
        gb_fail(err, "%s", curl_easy_strerror(code));
        return GB_HTTP_AGAIN;
    default:
        gb_fail(err, "%s", curl_easy_strerror(code));
        return GB_HTTP_FAILED;
    }
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

static gb_http_end
judge(transfer *t, CURLcode code, double *wait)
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

/* --- requests ------------------------------------------------------------- */

/* The headers of a request to this address. */
static struct curl_slist *
make_headers(gb_http *h, const gb_http_request *r, bool own)
{
    struct curl_slist *list = NULL;
    char *line;

    if (own && h->knows_token) {
        line = gb_format("Authorization: Bearer %s", h->token);
        list = curl_slist_append(list, line);
        free(line);
    }
    if (r->from > 0) {
        line = gb_format("Range: bytes=%" PRIu64 "-", r->from);
        list = curl_slist_append(list, line);
        free(line);
    }
    if (r->from > 0 && r->etag != NULL) {
        line = gb_format("If-Range: %s", r->etag);
        list = curl_slist_append(list, line);
        free(line);
    }
    return list;
}

/* Asks once; *next becomes where it is said to be, or NULL. */
static gb_http_end
ask(transfer *t, const char *url, char **next, double *wait)
{
    gb_http *h = t->h;
    struct curl_slist *headers = make_headers(h, t->request, t->own);
    char *to = NULL;
    CURLcode code;

    t->status = 0;
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, t);
    code = curl_easy_perform(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
        curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &to);
    *next = to != NULL && t->err->status == GB_OK ? gb_strdup(to) : NULL;
    return *next != NULL ? GB_HTTP_DONE : judge(t, code, wait);
}

/* Whether the hub may send us there; *own: it is the hub itself. */
static bool
check_redirect(const gb_http *h, const char *from, const char *to, bool *own,
               gb_error *err)
{
    gb_server a = {NULL, NULL, NULL}, b = {NULL, NULL, NULL};
    bool ok = gb_server_read(&a, from) && gb_server_read(&b, to) &&
              (gb_server_speaks(&b, "https") ||
               (gb_server_speaks(&b, "http") && gb_server_speaks(&a, "http")));
    gb_str shown = GB_STR_INIT;

    *own = ok && gb_server_same(&b, &h->server);
    if (!ok) {
        gb_utf8_line(&shown, to, strcspn(to, "?"), 80);
        gb_fail(err, "refused to be sent to another address than https: %s",
                gb_str_cstr(&shown));
    }
    gb_str_free(&shown);
    gb_server_free(&a);
    gb_server_free(&b);
    return ok;
}

gb_http_end
gb_http_get(gb_http *h, const gb_http_request *r, double *wait, gb_error *err)
{
    transfer t = {.h = h, .request = r, .own = true, .err = err,
                  .linked_size = GB_SIZE_UNKNOWN};
    char *url = gb_format("%s%s", h->endpoint, r->path), *next;
    gb_http_end end;
    int hops;

    *wait = -1;
    *err = (gb_error)GB_ERROR_INIT;
    for (hops = 0;; hops++) {
        end = ask(&t, url, &next, wait);
        if (next == NULL)
            break;
        end = GB_HTTP_FAILED;
        if (hops == MAX_HOPS)
            gb_fail(err, "more than %d redirects", MAX_HOPS);
        if (hops == MAX_HOPS ||
            !check_redirect(h, url, next, &t.own, err)) {
            free(next);
            break;
        }
        free(url);
        url = next;
    }
    free(url);
    return end;
}

#endif
