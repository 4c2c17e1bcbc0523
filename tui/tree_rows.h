/* The tree of takes as rows of the screen: lines that say what follows what,
 * how it was written, and how it begins. Knows nothing of terminals. */
#ifndef GB_TUI_TREE_ROWS_H
#define GB_TUI_TREE_ROWS_H

#include "session/seen.h"
#include "tui/row.h"

typedef struct gb_tree_rows {
    const gb_seen_tree *tree;
    size_t first, len;  /* those of the tree that are shown */
    size_t current;     /* the branch in which the text ends; GB_NONE */
    unsigned label;     /* columns up to the texts */
    uint64_t takes, places; /* of the whole tree: ways to its ends, and
                               places where they part */
} gb_tree_rows;

/* alone: the node to be shown with what follows it; 0, or one that is not
 * there: all. */
void gb_tree_rows_set(gb_tree_rows *r, const gb_seen_tree *tree,
                      uint32_t alone);
void gb_tree_rows_put(const gb_tree_rows *r, size_t i, gb_row *row);
/* The row of a node; 0 when there is none. */
size_t gb_tree_rows_find(const gb_tree_rows *r, uint32_t node);

#endif
