#include "hub/server.h"

#ifdef HAVE_LIBCURL

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "hub/curl.h"

#define ENDPOINT "https://huggingface.co"

void
gb_server_free(gb_server *s)
{
    curl_free(s->scheme);
    curl_free(s->host);
    curl_free(s->port);
    *s = (gb_server){NULL, NULL, NULL};
}

bool
gb_server_read(gb_server *s, const char *url)
{
    CURLU *u = curl_url();
    bool ok;

    *s = (gb_server){NULL, NULL, NULL};
    ok = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
         curl_url_get(u, CURLUPART_SCHEME, &s->scheme, 0) == CURLUE_OK &&
         curl_url_get(u, CURLUPART_HOST, &s->host, 0) == CURLUE_OK &&
         curl_url_get(u, CURLUPART_PORT, &s->port, CURLU_DEFAULT_PORT) ==
             CURLUE_OK;
    curl_url_cleanup(u);
    return ok;
}

bool
gb_server_speaks(const gb_server *s, const char *scheme)
{
    return strcasecmp(s->scheme, scheme) == 0;
}

bool
gb_server_same(const gb_server *a, const gb_server *b)
{
    return strcasecmp(a->scheme, b->scheme) == 0 &&
           strcasecmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

bool
gb_server_is_here(const gb_server *s)
{
    const bool is_number = s->host[strspn(s->host, "0123456789.")] == '\0';

    return strcasecmp(s->host, "localhost") == 0 ||
           (is_number && strncmp(s->host, "127.", 4) == 0) ||
           strcmp(s->host, "[::1]") == 0;
}

static bool
has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

char *
gb_server_endpoint(gb_server *server, gb_error *err)
{
    const char *value = getenv("HF_ENDPOINT");
    gb_str shown = GB_STR_INIT;
    CURLU *u = curl_url();
    char *endpoint;
    size_t n;
    bool ok;

    if (value == NULL || value[0] == '\0')
        value = ENDPOINT;
    n = strlen(value);
    while (n > 0 && value[n - 1] == '/')
        n--;
    endpoint = gb_strndup(value, n);
    ok = gb_server_read(server, endpoint) &&
         (gb_server_speaks(server, "https") ||
          gb_server_speaks(server, "http")) &&
         curl_url_set(u, CURLUPART_URL, endpoint, 0) == CURLUE_OK &&
         !has_part(u, CURLUPART_USER) && !has_part(u, CURLUPART_QUERY) &&
         !has_part(u, CURLUPART_FRAGMENT);
    curl_url_cleanup(u);
    gb_utf8_quote(&shown, value, strlen(value));
    if (!ok)
        gb_fail_usage(err, "$HF_ENDPOINT: expected an address as %s, found "
                      "%s", ENDPOINT, gb_str_cstr(&shown));
    gb_str_free(&shown);
    if (ok)
        return endpoint;
    free(endpoint);
    return NULL;
}

#else

typedef int gb_server_unused; /* no file may be empty */

#endif
