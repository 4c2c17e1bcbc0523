#include "model/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define DIRECTORY_LIMIT (64u << 20) /* bytes; 150 tensors have 20 thousand */

enum { END_SIZE = 22, LOCATOR_SIZE = 20, END64_SIZE = 56, ENTRY_SIZE = 46,
       LOCAL_SIZE = 30, COMMENT_MOST = 65535 };

/* n bytes, little endian. */
static uint64_t
number(const char *p, size_t n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | (unsigned char)p[n];
    return value;
}

static bool
broken(const gb_zip *z, const char *what, gb_error *err)
{
    return gb_fail(err, "%s: expected a ZIP archive as PyTorch writes it, "
                   "found %s (is the file cut off?)", z->path, what);
}

/* Where the directory lies in a file of more than 4 GB. */
static bool
read_end64(const gb_zip *z, uint64_t end, uint64_t *at, uint64_t *size,
           uint64_t *count, gb_error *err)
{
    char locator[LOCATOR_SIZE], end64[END64_SIZE];
    uint64_t where;

    if (end < LOCATOR_SIZE)
        return broken(z, "no directory", err);
    if (!gb_source_read(z->source, z->path, end - LOCATOR_SIZE, locator,
                        sizeof locator, err))
        return false;
    where = number(locator + 8, 8);
    if (memcmp(locator, "PK\6\7", 4) != 0 || where > end ||
        end - where < END64_SIZE)
        return broken(z, "no directory", err);
    if (!gb_source_read(z->source, z->path, where, end64, sizeof end64, err))
        return false;
    if (memcmp(end64, "PK\6\6", 4) != 0)
        return broken(z, "no directory", err);
    *count = number(end64 + 32, 8);
    *size = number(end64 + 40, 8);
    *at = number(end64 + 48, 8);
    return true;
}

/* The record at the end, behind which there may be a comment. */
static bool
find_directory(const gb_zip *z, uint64_t *at, uint64_t *size, uint64_t *count,
               gb_error *err)
{
    const uint64_t total = z->source->size;
    size_t n = total < END_SIZE + COMMENT_MOST ? (size_t)total
                                               : END_SIZE + COMMENT_MOST, i;
    char *tail;
    bool ok;

    if (total < END_SIZE)
        return broken(z, "too few bytes", err);
    tail = gb_alloc(n);
    ok = gb_source_read(z->source, z->path, total - n, tail, n, err);
    for (i = n - END_SIZE; ok; i--) {
        if (memcmp(tail + i, "PK\5\6", 4) == 0 &&
            number(tail + i + 20, 2) == n - i - END_SIZE)
            break;
        if (i == 0)
            ok = broken(z, "no directory at its end", err);
    }
    if (ok) {
        *count = number(tail + i + 10, 2);
        *size = number(tail + i + 12, 4);
        *at = number(tail + i + 16, 4);
        if (*count == 0xffff || *size == 0xffffffff || *at == 0xffffffff)
            ok = read_end64(z, total - n + i, at, size, count, err);
    }
    free(tail);
    return ok;
}

/* The numbers that did not fit, in the order in which they are listed. */
static void
read_extra(const char *p, size_t n, gb_zip_entry *e)
{
    size_t size, at;

    for (; n >= 4; p += 4 + size, n -= 4 + size) {
        size = number(p + 2, 2);
        if (size > n - 4)
            return;
        if (number(p, 2) != 1)
            continue;
        at = e->size == 0xffffffff ? 16 : 0; /* both sizes go before it */
        if (at > 0 && size >= at)
            e->size = number(p + 4, 8);
        if (e->header == 0xffffffff && size >= at + 8)
            e->header = number(p + 4 + at, 8);
        return;
    }
}

static int
compare(const void *a, const void *b)
{
    const gb_zip_entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* One entry of the directory at p, of which n bytes are left; the name gets a
 * NUL in place of the signature behind it. */
static size_t
read_entry(gb_zip *z, char *p, size_t n)
{
    gb_zip_entry *e = &z->entries[z->n];
    size_t name, extra, whole;

    if (n < ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0)
        return 0;
    name = number(p + 28, 2);
    extra = number(p + 30, 2);
    whole = ENTRY_SIZE + name + extra + number(p + 32, 2);
    if (whole > n || name == 0)
        return 0;
    *e = (gb_zip_entry){
        .header = number(p + 42, 4),
        .size = number(p + 24, 4),
        .stored = number(p + 10, 2) == 0 && (number(p + 8, 2) & 1) == 0 &&
                  number(p + 20, 4) == number(p + 24, 4),
    };
    read_extra(p + ENTRY_SIZE + name, extra, e);
    memmove(p, p + ENTRY_SIZE, name);
    p[name] = '\0';
    if (strlen(p) != name)
        return 0;
    e->name = p;
    z->n++;
    return whole;
}

static bool
read_directory(gb_zip *z, uint64_t at, uint64_t size, uint64_t count,
               gb_error *err)
{
    size_t i, used, left = (size_t)size;
    char shown[GB_JSON_SHOWN], *p;

    if (at > z->source->size || size > z->source->size - at ||
        size > DIRECTORY_LIMIT || count > size / ENTRY_SIZE)
        return broken(z, "a directory that is not in the file", err);
    z->directory = p = gb_alloc(left + 1);
    z->entries = gb_alloc_array((size_t)count + 1, sizeof *z->entries);
    if (!gb_source_read(z->source, z->path, at, p, left, err))
        return false;
    while (z->n < count) {
        used = read_entry(z, p, left);
        if (used == 0)
            return broken(z, "a directory that is damaged", err);
        p += used;
        left -= used;
    }
    qsort(z->entries, z->n, sizeof *z->entries, compare);
    for (i = 1; i < z->n; i++)
        if (strcmp(z->entries[i - 1].name, z->entries[i].name) == 0)
            return gb_fail(err, "%s: expected %s once, found it twice",
                           z->path, gb_json_quote(z->entries[i].name, shown));
    return true;
}

bool
gb_zip_open(gb_zip *z, const gb_source *source, const char *path,
            gb_error *err)
{
    uint64_t at = 0, size = 0, count = 0;

    *z = (gb_zip){.source = source, .path = path};
    return find_directory(z, &at, &size, &count, err) &&
           read_directory(z, at, size, count, err);
}

void
gb_zip_close(gb_zip *z)
{
    free(z->directory);
    free(z->entries);
    *z = (gb_zip){NULL};
}

const gb_zip_entry *
gb_zip_find(const gb_zip *z, const char *name)
{
    const gb_zip_entry key = {.name = name};

    return z->n == 0 ? NULL
                     : bsearch(&key, z->entries, z->n, sizeof key, compare);
}

bool
gb_zip_locate(const gb_zip *z, const gb_zip_entry *e, uint64_t *at,
              gb_error *err)
{
    const uint64_t total = z->source->size;
    char local[LOCAL_SIZE], shown[GB_JSON_SHOWN];

    if (!e->stored)
        return gb_fail(err, "%s: %s: expected bytes as they are, found them "
                       "compressed", z->path, gb_json_quote(e->name, shown));
    if (e->header > total || total - e->header < LOCAL_SIZE)
        return broken(z, "an entry that is not in the file", err);
    if (!gb_source_read(z->source, z->path, e->header, local, sizeof local,
                        err))
        return false;
    if (memcmp(local, "PK\3\4", 4) != 0)
        return broken(z, "an entry that is damaged", err);
    *at = e->header + LOCAL_SIZE + number(local + 26, 2) +
          number(local + 28, 2);
    return (*at <= total && e->size <= total - *at) ||
           broken(z, "an entry that is not in the file", err);
}
