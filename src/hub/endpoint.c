#include "hub/endpoint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define TOKEN_LIMIT 4096u /* bytes */
#define PATIENCE 30       /* seconds */

static bool
is_on(const char *name)
{
    static const char *const words[] = {"1", "on", "yes", "true"};
    const char *value = getenv(name);
    size_t i;

    for (i = 0; value != NULL && i < GB_COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return false;
}

bool
gb_hub_is_offline(void)
{
    return is_on("HF_HUB_OFFLINE");
}

long
gb_hub_timeout(void)
{
    const char *value = getenv("HF_HUB_DOWNLOAD_TIMEOUT");
    long seconds = value != NULL ? strtol(value, NULL, 10) : 0;

    return seconds > 0 && seconds <= 86400 ? seconds : PATIENCE;
}

static char *
token_path(void)
{
    const char *path = getenv("HF_TOKEN_PATH"), *home = getenv("HF_HOME");

    if (path != NULL && path[0] != '\0')
        return gb_strdup(path);
    if (home != NULL && home[0] != '\0')
        return gb_path_join(home, "token");
    home = getenv("XDG_CACHE_HOME");
    if (home != NULL && home[0] == '/')
        return gb_path_join(home, "huggingface/token");
    home = getenv("HOME");
    return home != NULL && home[0] == '/'
               ? gb_path_join(home, ".cache/huggingface/token")
               : NULL;
}

/* Nothing that ends a line of a header, or is none of it. */
static bool
take_token(const char *text, const char *where, char **token, gb_error *err)
{
    size_t n;

    text += strspn(text, " \t\r\n");
    n = strcspn(text, " \t\r\n");
    if (n == 0)
        return true;
    *token = gb_strndup(text, n);
    for (; *text != '\0'; text++)
        if ((unsigned char)*text > 126 ||
            (*text < '!' && strchr(" \t\r\n", *text) == NULL))
            return gb_fail_usage(err, "%s: expected a token of printable "
                                 "characters", where);
    return true;
}

bool
gb_hub_token(char **token, gb_error *err)
{
    const char *value = getenv("HF_TOKEN");
    gb_str text = GB_STR_INIT;
    bool ok = true;
    char *path;

    *token = NULL;
    if (value != NULL && value[0] != '\0')
        return take_token(value, "$HF_TOKEN", token, err);
    path = is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? NULL : token_path();
    if (path != NULL && gb_file_read(path, TOKEN_LIMIT, &text, NULL))
        ok = take_token(gb_str_cstr(&text), path, token, err);
    gb_str_free(&text);
    free(path);
    return ok;
}
