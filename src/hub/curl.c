#ifdef HAVE_LIBCURL

#include "hub/curl.h"

#include <pthread.h>

#include "base/library.h"
#include "base/mem.h"

gb_curl gb_curl_loaded;

static gb_error problem = GB_ERROR_INIT;
static bool is_loaded;

static void
load(void)
{
#define CALL(name) {#name, &name},
    static const gb_call calls[] = {GB_CURL_CALLS(CALL)};
#undef CALL

    is_loaded = gb_library_load(GB_CURL_LIBRARY, calls, GB_COUNT(calls),
                                &problem);
    if (is_loaded)
        curl_global_init(CURL_GLOBAL_DEFAULT);
    else
        gb_fail_context(&problem, "pull needs libcurl");
}

bool
gb_curl_load(gb_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (!is_loaded && err != NULL)
        *err = problem;
    return is_loaded;
}

#else

typedef int gb_curl_unused; /* no file may be empty */

#endif
