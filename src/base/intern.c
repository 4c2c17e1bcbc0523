#include "base/intern.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

const char *
gb_intern(const char *text)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct kept {
        struct kept *next;
        char *text;
    } *all;
    struct kept *k;

    pthread_mutex_lock(&lock);
    for (k = all; k != NULL; k = k->next)
        if (strcmp(k->text, text) == 0)
            break;
    if (k == NULL) {
        k = gb_alloc(sizeof *k);
        k->text = gb_strdup(text);
        k->next = all;
        all = k;
    }
    pthread_mutex_unlock(&lock);
    return k->text;
}
