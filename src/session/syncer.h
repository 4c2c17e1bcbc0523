/* A thread that has the disk keep what is written to a file, every few
 * seconds, so that who writes never waits for the disk. */
#ifndef GB_SESSION_SYNCER_H
#define GB_SESSION_SYNCER_H

typedef struct gb_syncer gb_syncer;

/* Signals go where they go for the thread that calls. NULL when there is no
 * thread to be had. */
gb_syncer *gb_syncer_start(unsigned pause_ms);
/* Waits for what is under way; NULL is nothing. */
void gb_syncer_stop(gb_syncer *s);

/* The file from now on (-1: none), which stays the caller's; to be told
 * before one is closed. path: of one that is new, so that its name is kept
 * too; else NULL. Never waits for the disk, nor do those below. */
void gb_syncer_file(gb_syncer *s, int fd, const char *path);
/* Something was written to it. */
void gb_syncer_written(gb_syncer *s);
/* The errno of what failed since the last call; 0: nothing did. */
int gb_syncer_error(gb_syncer *s);

#endif
