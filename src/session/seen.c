#include "session/seen.h"

#include <stdlib.h>

static void
free_bands(gb_seen_band *bands, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        free(bands[i].token.text);
    free(bands);
}

void
gb_seen_free(gb_seen *seen)
{
    size_t i;

    if (seen == NULL)
        return;
    free(seen->token.text);
    free_bands(seen->bands, seen->n_bands);
    for (i = 0; i < seen->n_candidates; i++)
        free(seen->candidates[i].token.text);
    free(seen->candidates);
    free(seen);
}

void
gb_seen_tree_free(gb_seen_tree *tree)
{
    size_t i;

    if (tree == NULL)
        return;
    for (i = 0; i < tree->len; i++) {
        free(tree->data[i].name);
        gb_str_free(&tree->data[i].text);
    }
    free(tree->data);
    free(tree);
}

void
gb_seen_trial_free(gb_seen_trial *trial)
{
    if (trial == NULL)
        return;
    free(trial->tokens);
    gb_str_free(&trial->text);
    free_bands(trial->map, trial->n_map);
    free(trial);
}
