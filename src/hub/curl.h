/* libcurl. With all that it needs itself it would take longer to load than the
 * rest of gumbel, so it is loaded by who asks the hub; its functions are called
 * by their names as ever. Included where HAVE_LIBCURL is. */
#ifndef GB_HUB_CURL_H
#define GB_HUB_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/error.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define GB_CURL_CALLS(call)                                                   \
    call(curl_easy_cleanup) call(curl_easy_getinfo) call(curl_easy_init)      \
    call(curl_easy_perform) call(curl_easy_setopt) call(curl_easy_strerror)   \
    call(curl_free) call(curl_global_init) call(curl_slist_append)            \
    call(curl_slist_free_all) call(curl_url) call(curl_url_cleanup)           \
    call(curl_url_get) call(curl_url_set)

typedef struct gb_curl {
#define GB_CURL_MEMBER(name) __typeof__(name) *name;
    GB_CURL_CALLS(GB_CURL_MEMBER)
#undef GB_CURL_MEMBER
} gb_curl;

extern gb_curl gb_curl_loaded;

/* Before the first call of any. From any thread, any number of times. */
bool gb_curl_load(gb_error *err);

#define curl_easy_cleanup gb_curl_loaded.curl_easy_cleanup
#define curl_easy_getinfo gb_curl_loaded.curl_easy_getinfo
#define curl_easy_init gb_curl_loaded.curl_easy_init
#define curl_easy_perform gb_curl_loaded.curl_easy_perform
#define curl_easy_setopt gb_curl_loaded.curl_easy_setopt
#define curl_easy_strerror gb_curl_loaded.curl_easy_strerror
#define curl_free gb_curl_loaded.curl_free
#define curl_global_init gb_curl_loaded.curl_global_init
#define curl_slist_append gb_curl_loaded.curl_slist_append
#define curl_slist_free_all gb_curl_loaded.curl_slist_free_all
#define curl_url gb_curl_loaded.curl_url
#define curl_url_cleanup gb_curl_loaded.curl_url_cleanup
#define curl_url_get gb_curl_loaded.curl_url_get
#define curl_url_set gb_curl_loaded.curl_url_set

#endif
