#include "model/hub_name.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/utf8.h"

#define NAME_CHARACTERS                                                        \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

const char *const gb_hub_short_names[] = {
    "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2", NULL,
};

/* Where they are, in the same order. */
static const char *const short_repos[] = {
    "openai-community/gpt2",       "openai-community/gpt2-medium",
    "openai-community/gpt2-large", "openai-community/gpt2-xl",
    "distilbert/distilgpt2",
};

_Static_assert(GB_COUNT(short_repos) + 1 == GB_COUNT(gb_hub_short_names),
               "each has a place");

const char *
gb_hub_short_name(const char *repo)
{
    size_t i;

    for (i = 0; i < GB_COUNT(short_repos); i++)
        if (strcmp(repo, short_repos[i]) == 0)
            return gb_hub_short_names[i];
    return NULL;
}

bool
gb_hub_is_plain(const char *name)
{
    gb_str shown = GB_STR_INIT;
    bool same;

    if (name[0] == '\0' || name[0] == '.' || strlen(name) > NAME_MAX - 32 ||
        strpbrk(name, "/\\") != NULL)
        return false;
    gb_utf8_visible(&shown, name, strlen(name), false);
    same = strcmp(gb_str_cstr(&shown), name) == 0;
    gb_str_free(&shown);
    return same;
}

/* As the hub has them: an owner, a repository, a part of a revision. */
static bool
is_name(const char *s, size_t n)
{
    return n > 0 && n <= 96 && strspn(s, NAME_CHARACTERS) >= n &&
           s[0] != '.' && s[0] != '-' && s[n - 1] != '.' && s[n - 1] != '-';
}

/* Names with slashes between them. */
static bool
is_revision(const char *s)
{
    size_t n;

    if (strlen(s) > 200 || strstr(s, "..") != NULL)
        return false;
    for (;; s += n + 1) {
        n = strcspn(s, "/");
        if (!is_name(s, n))
            return false;
        if (s[n] == '\0')
            return true;
    }
}

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n > m && strcmp(s + n - m, end) == 0;
}

static bool
refuse(const char *text, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "expected the name of a model on the hub, as "
                         "gpt2, OWNER/NAME, OWNER/NAME@REVISION or "
                         "OWNER/NAME/FILE.gguf, found %s",
                         gb_json_quote(text, shown));
}

static bool
refuse_short(const char *text, gb_error *err)
{
    const char *near = gb_nearest(text, gb_hub_short_names,
                                  GB_COUNT(gb_hub_short_names) - 1);
    char shown[GB_JSON_SHOWN];

    if (near == NULL)
        return refuse(text, err);
    return gb_fail_usage(err, "no model is called %s for short; did you mean "
                         "%s?", gb_json_quote(text, shown), near);
}

/* What it is called here. A slash in a revision would make a folder. */
static char *
local_name(const gb_hub_name *n)
{
    const char *name = gb_hub_short_name(n->repo);
    char *local, *p;

    if (name == NULL)
        name = n->repo;
    if (strcmp(n->revision, "main") == 0)
        return n->file != NULL ? gb_format("%s/%s", n->repo, n->file)
                               : gb_strdup(name);
    local = gb_format("%s@%s%s%s", n->file != NULL ? n->repo : name,
                      n->revision, n->file != NULL ? "/" : "",
                      n->file != NULL ? n->file : "");
    for (p = strchr(local, '@'); p != NULL && *p != '\0'; p++)
        if (*p == '/' && (n->file == NULL || p != strrchr(local, '/')))
            *p = '+';
    return local;
}

/* OWNER/NAME and what may stand behind it. */
static bool
read_repo(gb_hub_name *n, const char *text, gb_error *err)
{
    const char *name = strchr(text, '/') + 1;
    const char *file = NULL, *at = strchr(text, '@');
    size_t owner = (size_t)(name - 1 - text), length;

    length = strcspn(name, "/@");
    if (!is_name(text, owner) || !is_name(name, length))
        return refuse(text, err);
    n->repo = gb_strndup(text, owner + 1 + length);
    if (strstr(n->repo, "..") != NULL || strstr(n->repo, "--") != NULL)
        return refuse(text, err);
    if (ends_with(text, ".gguf") && strchr(name, '/') != NULL)
        file = strrchr(text, '/') + 1;
    if (file == NULL ? name[length] == '/'
                     : !gb_hub_is_plain(file) ||
                           (at == NULL && file != name + length + 1))
        return refuse(text, err);
    n->file = file != NULL ? gb_strdup(file) : NULL;
    if (at == NULL)
        return true;
    free(n->revision);
    n->revision = file != NULL && file > at
                      ? gb_strndup(at + 1, (size_t)(file - at) - 2)
                      : gb_strdup(at + 1);
    return is_revision(n->revision) || refuse(text, err);
}

static bool
read_short(gb_hub_name *n, const char *text, gb_error *err)
{
    size_t length = strcspn(text, "@"), i;

    for (i = 0; i < GB_COUNT(short_repos); i++)
        if (strlen(gb_hub_short_names[i]) == length &&
            memcmp(gb_hub_short_names[i], text, length) == 0)
            n->repo = gb_strdup(short_repos[i]);
    if (n->repo == NULL)
        return refuse_short(text, err);
    if (text[length] == '\0')
        return true;
    free(n->revision);
    n->revision = gb_strdup(text + length + 1);
    return is_revision(n->revision) || refuse(text, err);
}

bool
gb_hub_name_read(gb_hub_name *n, const char *text, gb_error *err)
{
    const char *slash = strchr(text, '/'), *at = strchr(text, '@');
    bool is_short = slash == NULL || (at != NULL && at < slash);

    *n = (gb_hub_name){.revision = gb_strdup("main")};
    if (!(is_short ? read_short : read_repo)(n, text, err))
        return false;
    n->local = local_name(n);
    return true;
}

void
gb_hub_name_free(gb_hub_name *n)
{
    free(n->repo);
    free(n->revision);
    free(n->file);
    free(n->local);
    *n = (gb_hub_name){NULL, NULL, NULL, NULL};
}
