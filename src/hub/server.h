/* Which server an address leads to. With libcurl only, after
 * gb_curl_load. */
#ifndef GB_HUB_SERVER_H
#define GB_HUB_SERVER_H

#include <stdbool.h>

#include "base/error.h"

/* Of an address; all three are libcurl's. */
typedef struct gb_server {
    char *scheme, *host, *port;
} gb_server;

/* False where it is no address; to be freed in any case. */
bool gb_server_read(gb_server *s, const char *url);
void gb_server_free(gb_server *s);

bool gb_server_speaks(const gb_server *s, const char *scheme);
bool gb_server_same(const gb_server *a, const gb_server *b);
/* Whether what is sent there stays on this machine. */
bool gb_server_is_here(const gb_server *s);

/* The address of the hub, without a slash at its end: $HF_ENDPOINT, or
 * https://huggingface.co; and its server, to be freed in any case. The caller
 * frees. */
char *gb_server_endpoint(gb_server *s, gb_error *err);

#endif
