#include "base/nearest.h"

#include <string.h>

#define MAX_LENGTH 32 /* longer words are not compared */

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Edit distance with swaps of neighbours (optimal string alignment). */
static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned d[MAX_LENGTH + 1][MAX_LENGTH + 1];
    size_t i, j;

    for (i = 0; i <= n; i++)
        d[i][0] = (unsigned)i;
    for (j = 0; j <= m; j++)
        d[0][j] = (unsigned)j;
    for (i = 1; i <= n; i++) {
        for (j = 1; j <= m; j++) {
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
                           d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[n][m];
}

const char *
gb_nearest(const char *word, const char *const *names, size_t count)
{
    size_t i, m, n = strlen(word);
    unsigned d, least = 1 + (unsigned)n / 3;
    const char *best = NULL;

    if (n == 0 || n > MAX_LENGTH)
        return NULL;
    for (i = 0; i < count; i++) {
        m = strlen(names[i]);
        if (m > MAX_LENGTH)
            continue;
        d = distance(word, n, names[i], m);
        if (d < least || (d == least && best == NULL)) {
            least = d;
            best = names[i];
        }
    }
    if (best != NULL)
        return best;
    /* A beginning of a name, at most one edit away, is near too. */
    for (i = 0; n >= 3 && i < count; i++)
        if (strlen(names[i]) > n && distance(word, n, names[i], n) <= 1)
            return names[i];
    return NULL;
}
