#include "session/ends.h"

#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "session/chat.h"

/* Where the characters of a text end, in bytes. */
typedef struct cells {
    size_t *ends; /* (n) */
    size_t n;
} cells;

static cells
cells_of(const char *text, size_t n)
{
    cells c = {gb_alloc_array(n + 1, sizeof *c.ends), 0};
    gb_cell cell;
    size_t at = 0;

    while (at < n) {
        gb_cell_read(&cell, text + at, n - at, 0, false);
        at += cell.bytes;
        c.ends[c.n++] = at;
    }
    return c;
}

/* What the tokenizer has put before a user's text, and chat around it: how
 * much of n there is before the `shown`, in bytes or characters. */
static size_t
before(const gb_node *n, size_t all, size_t shown)
{
    const size_t behind =
        n->mode == GB_MODE_CHAT ? gb_chat_tail() : 0;

    return n->skipped > 0 || n->role != GB_ROLE_USER ||
                   all < shown + behind
               ? 0
               : all - shown - behind;
}

/* The tokens' bytes and the text have as many characters. */
static void
place_by_cells(gb_node *n, const gb_tokenizer *t, const gb_str *bytes)
{
    const cells made = cells_of(bytes->data, bytes->len);
    const cells shown = cells_of(gb_str_cstr(&n->text), n->text.len);
    const size_t first = before(n, made.n, shown.n);
    size_t at = 0, k = 0, last, size;
    uint32_t i;

    for (i = 0; i < n->n_tokens; i++) {
        gb_tokenizer_bytes(t, n->tokens[i].id, &size);
        at += size;
        while (k < made.n && made.ends[k] <= at)
            k++;
        last = k > first ? k - first : 0;
        if (last > shown.n)
            last = shown.n;
        n->tokens[i].end = last > 0 ? (uint32_t)shown.ends[last - 1] : 0;
    }
    free(made.ends);
    free(shown.ends);
}

static void
place_by_bytes(gb_node *n, const gb_tokenizer *t, size_t first)
{
    size_t at = 0, end, size;
    uint32_t i;

    for (i = 0; i < n->n_tokens; i++) {
        gb_tokenizer_bytes(t, n->tokens[i].id, &size);
        at += size;
        end = at > first ? at - first : 0;
        n->tokens[i].end = (uint32_t)(end < n->text.len ? end : n->text.len);
    }
}

void
gb_node_place_ends(gb_node *n, const gb_tokenizer *t)
{
    gb_str bytes = GB_STR_INIT;
    const char *b;
    size_t first, size;
    uint32_t i;

    for (i = 0; i < n->n_tokens; i++) {
        b = gb_tokenizer_bytes(t, n->tokens[i].id, &size);
        gb_str_append(&bytes, b, size);
    }
    first = before(n, bytes.len, n->text.len);
    if (n->skipped > 0 || bytes.len == 0 ||
        gb_tokenizer_get_facts(t).normalizer == NULL)
        place_by_bytes(n, t, first);
    else
        place_by_cells(n, t, &bytes);
    gb_str_free(&bytes);
}
