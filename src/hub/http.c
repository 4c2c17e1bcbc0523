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

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "hub/curl.h"
#include "hub/endpoint.h"
#include "hub/transfer.h"

#define MAX_HOPS 10

/* --- the handle ----------------------------------------------------------- */

/* Called about once a second, and when something comes. libcurl's own limit
 * (CURLOPT_LOW_SPEED_TIME) looks at the mean of some seconds, and so sees late
 * that a fast server has fallen silent. Connecting has a limit of its own. */
static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    gb_http *h = arg;
    curl_off_t asked = 0;

    (void)a, (void)b, (void)c, (void)d;
    curl_easy_getinfo(h->curl, CURLINFO_PRETRANSFER_TIME_T, &asked);
    if (asked == 0)
        h->heard = gb_now_ms();
    h->silent = gb_now_ms() - h->heard > 1000.0 * (double)gb_hub_timeout();
    return h->silent || gb_http_is_cancelled(h);
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

static void
set_options(gb_http *h)
{
    CURL *c = h->curl;

    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, gb_hub_timeout());
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->words);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, gb_transfer_header);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gb_transfer_body);
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
    gb_http *h;

    if (!gb_curl_load(err))
        return NULL;
    h = gb_alloc(sizeof *h);
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
ask(gb_transfer *t, const char *url, char **next, double *wait)
{
    gb_http *h = t->h;
    struct curl_slist *headers = make_headers(h, t->request, t->own);
    char *to = NULL;
    CURLcode code;

    t->status = 0;
    h->silent = false;
    h->words[0] = '\0';
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
    return *next != NULL ? GB_HTTP_DONE : gb_transfer_judge(t, code, wait);
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
    gb_transfer t = {.h = h, .request = r, .own = true, .err = err,
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
