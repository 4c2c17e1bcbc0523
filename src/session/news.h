/* The queue of news from the worker's thread to the interface's. */
#ifndef GB_SESSION_NEWS_H
#define GB_SESSION_NEWS_H

#include <pthread.h>

#include "session/worker.h"

typedef struct gb_news_queue {
    pthread_mutex_t lock;
    int fd[2]; /* a pipe that holds one byte while there is news */
    gb_news *first, *last;
    /* Those in the queue that newer ones bring up to date, or NULL; none of
     * the three stands between a text and what is appended to it, nor does
     * what is replaced by newer news of its kind. */
    gb_news *stats, *settings, *state;
    gb_news *text;
} gb_news_queue;

bool gb_news_open(gb_news_queue *q, gb_error *err);
void gb_news_close(gb_news_queue *q);

gb_news *gb_news_new(gb_news_type type);
/* Takes the news over. */
void gb_news_put(gb_news_queue *q, gb_news *news);
/* NULL when there is none. */
gb_news *gb_news_take(gb_news_queue *q);

#endif
