#include "model/unicode.h"

#ifdef HAVE_UTF8PROC

#include <pthread.h>
#include <utf8proc.h>

#include "base/library.h"
#include "base/mem.h"

#define CALLS(call)                                                           \
    call(utf8proc_decompose_char) call(utf8proc_get_property)                 \
    call(utf8proc_normalize_utf32) call(utf8proc_tolower)

static struct {
#define MEMBER(name) __typeof__(name) *name;
    CALLS(MEMBER)
#undef MEMBER
} loaded;

static gb_error problem = GB_ERROR_INIT;
static bool is_loaded;

static void
load(void)
{
#define CALL(name) {#name, &loaded.name},
    static const gb_call calls[] = {CALLS(CALL)};
#undef CALL

    is_loaded = gb_library_load(GB_UTF8PROC_LIBRARY, calls, GB_COUNT(calls),
                                &problem);
    if (!is_loaded)
        gb_fail_context(&problem, "it needs libutf8proc");
}

bool
gb_unicode_load(gb_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (!is_loaded && err != NULL)
        *err = problem;
    return is_loaded;
}

/* Without regard to what stands around, as Rust has it: the library has only
 * those that become one character. */
size_t
gb_unicode_lower(uint32_t rune, uint32_t out[GB_UNICODE_MOST])
{
    if (rune == 0x130) {
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)loaded.utf8proc_tolower((utf8proc_int32_t)rune);
    return 1;
}

size_t
gb_unicode_decompose(uint32_t rune, bool compatible,
                     uint32_t out[GB_UNICODE_MOST])
{
    const int options = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE |
                        (compatible ? UTF8PROC_COMPAT : 0);
    utf8proc_int32_t made[GB_UNICODE_MOST];
    int bound = 0;
    utf8proc_ssize_t n, i;

    n = loaded.utf8proc_decompose_char((utf8proc_int32_t)rune, made,
                                       GB_UNICODE_MOST,
                                       (utf8proc_option_t)options, &bound);
    if (n < 1 || n > GB_UNICODE_MOST) {
        out[0] = rune;
        return 1;
    }
    for (i = 0; i < n; i++)
        out[i] = (uint32_t)made[i];
    return (size_t)n;
}

bool
gb_unicode_is_mark(uint32_t rune)
{
    const utf8proc_property_t *p =
        loaded.utf8proc_get_property((utf8proc_int32_t)rune);

    return p->category == UTF8PROC_CATEGORY_MN ||
           p->category == UTF8PROC_CATEGORY_MC ||
           p->category == UTF8PROC_CATEGORY_ME;
}

unsigned
gb_unicode_class(uint32_t rune)
{
    const utf8proc_property_t *p =
        loaded.utf8proc_get_property((utf8proc_int32_t)rune);

    return (unsigned)p->combining_class;
}

size_t
gb_unicode_compose(uint32_t *runes, size_t n)
{
    const int options = UTF8PROC_COMPOSE | UTF8PROC_STABLE;

    return (size_t)loaded.utf8proc_normalize_utf32(
        (utf8proc_int32_t *)runes, (utf8proc_ssize_t)n,
        (utf8proc_option_t)options);
}

#else

bool
gb_unicode_load(gb_error *err)
{
    return gb_fail(err, "it needs libutf8proc, and this gumbel was built "
                   "without it");
}

size_t
gb_unicode_lower(uint32_t rune, uint32_t out[GB_UNICODE_MOST])
{
    out[0] = rune;
    return 1;
}

size_t
gb_unicode_decompose(uint32_t rune, bool compatible,
                     uint32_t out[GB_UNICODE_MOST])
{
    (void)compatible;
    out[0] = rune;
    return 1;
}

bool
gb_unicode_is_mark(uint32_t rune)
{
    (void)rune;
    return false;
}

unsigned
gb_unicode_class(uint32_t rune)
{
    (void)rune;
    return 0;
}

size_t
gb_unicode_compose(uint32_t *runes, size_t n)
{
    (void)runes;
    return n;
}

#endif
