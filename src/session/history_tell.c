/* What the watcher of a history hears. */
#include "session/history_state.h"

#include <stdlib.h>

#include "base/mem.h"

/* What telling may cost when a session is run again: so many times all text
 * that there is, and this much more. */
#define GB_TELLING_SHARE 3
#define GB_TELLING_MORE ((uint64_t)64 << 10)

void
gb_history_watch(gb_history *h, const gb_watcher *watcher)
{
    h->watcher = *watcher;
}

void
gb_history_tell_settings(const gb_history *h)
{
    if (h->watcher.settings != NULL)
        h->watcher.settings(h->watcher.arg, &h->settings, h->mode, h->step);
}

static void
tell_cut(gb_history *h, const gb_segment *last)
{
    if (h->watcher.cut != NULL)
        h->watcher.cut(h->watcher.arg, last != NULL ? last->id : 0);
    h->told = last;
    h->told_text = last != NULL ? last->text.len : 0;
}

static void
tell_segment(gb_history *h, const gb_segment *s)
{
    if (h->watcher.segment != NULL)
        h->watcher.segment(h->watcher.arg, s);
    h->told = s;
    h->told_text = s->text.len;
    if (s->id > h->told_last)
        h->told_last = s->id;
}

/* What the last segment has grown by. */
static void
tell_text(gb_history *h)
{
    const gb_segment *s = h->told;

    if (s == NULL || s->text.len == h->told_text)
        return;
    h->telling += s->text.len - h->told_text;
    if (h->watcher.text != NULL)
        h->watcher.text(h->watcher.arg, s, s->text.data + h->told_text,
                        s->text.len - h->told_text);
    h->told_text = s->text.len;
}

/* Where the branch parts from the one that the watcher knows; a parent's id
 * is lower than its child's. *count: segments to be told from there on. False
 * when finding that out, or telling, would cost more than `limit`. */
static bool
find_common(gb_history *h, uint64_t limit, const gb_segment **common,
            size_t *count)
{
    const gb_segment *a = gb_history_tip(h), *b = h->told;
    uint64_t cost = 0;

    *count = 0;
    while (a != b && cost <= limit) {
        if (b == NULL || (a != NULL && a->id > b->id)) {
            cost += GB_SEGMENT_COST + a->text.len;
            ++*count;
            a = a->parent;
        } else {
            cost += GB_SEGMENT_COST;
            b = b->parent;
        }
    }
    h->telling += cost;
    *common = a;
    return a == b;
}

/* Tells what is new since the last time; nothing when that costs more. */
static void
catch_up(gb_history *h, uint64_t limit)
{
    const gb_segment *s, *common, **list;
    size_t count, i;

    if (!find_common(h, limit, &common, &count))
        return;
    if (common == h->told)
        tell_text(h);
    else
        tell_cut(h, common);
    if (count == 0)
        return;
    list = gb_alloc_array(count, sizeof *list);
    for (s = gb_history_tip(h), i = count; i > 0; s = s->parent)
        list[--i] = s;
    for (i = 0; i < count; i++)
        tell_segment(h, list[i]);
    free(list);
}

void
gb_history_tell_changes(gb_history *h)
{
    catch_up(h, UINT64_MAX);
}

void
gb_history_tell_replayed(gb_history *h, bool jumps)
{
    uint64_t limit = GB_TELLING_SHARE * h->made + GB_TELLING_MORE;
    const gb_segment *tip = gb_history_tip(h);

    if (tip != h->told && !jumps && (tip == NULL || tip->id <= h->told_last))
        return;
    if (h->telling < limit)
        catch_up(h, limit - h->telling);
}

void
gb_history_tell(gb_history *h)
{
    tell_cut(h, NULL);
    gb_history_tell_changes(h);
    gb_history_tell_settings(h);
}
