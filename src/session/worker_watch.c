/* What the worker tells of what is shown beside the text. */
#include <stdlib.h>

#include "base/mem.h"
#include "session/worker_state.h"

void
gb_worker_tell_tree(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_TREE);

    n->tree = gb_seen_tree_of(w->session->tree);
    gb_news_put(&w->news, n);
}

bool
gb_worker_tell_sessions(gb_worker *w, gb_error *err)
{
    gb_list *list = gb_alloc(sizeof *list);
    gb_news *n;

    if (!gb_list_read(list, err)) {
        free(list);
        return false;
    }
    gb_list_describe(list);
    n = gb_news_new(GB_NEWS_SESSIONS);
    n->sessions = list;
    gb_news_put(&w->news, n);
    return true;
}
