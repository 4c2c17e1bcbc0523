#include "tests/tui/rest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static FILE *
open_of(pid_t pid, long thread, const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/%s", (long)pid, thread,
             name);
    return fopen(path, "re");
}

unsigned long
rest_count(pid_t pid)
{
    FILE *file = open_of(pid, pid, "status");
    unsigned long count = 0;
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return count;
}

/* For these it may be waiting: a driver's linker, an editor. */
static bool
has_children(pid_t pid, long thread)
{
    FILE *file = open_of(pid, thread, "children");
    bool has = file != NULL && fgetc(file) != EOF;

    if (file != NULL)
        fclose(file);
    return has;
}

static bool
sleeps(pid_t pid, long thread)
{
    FILE *file = open_of(pid, thread, "stat");
    char state = 'S';

    /* A thread that has ended in the meantime does nothing either. */
    if (file == NULL)
        return true;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'S';
    fclose(file);
    return state == 'S' && !has_children(pid, thread);
}

/* Whether a line of /proc/PID/syscall is a poll that waits for ever. */
static bool
is_endless_poll(const char *line)
{
    unsigned long long arg[3];
    long number;

    if (sscanf(line, "%ld %llx %llx %llx", &number, &arg[0], &arg[1],
               &arg[2]) != 4)
        return false;
#ifdef SYS_poll
    if (number == SYS_poll)
        return (int)arg[2] < 0;
#endif
    return number == SYS_ppoll && arg[2] == 0;
}

/* 1: it does; 0: it does not; -1: this cannot be known. */
static int
polls(pid_t pid)
{
    FILE *file = open_of(pid, pid, "syscall");
    char line[256] = "";
    bool known = file != NULL && fgets(line, sizeof(line), file) != NULL;

    if (file != NULL)
        fclose(file);
    return known ? is_endless_poll(line) : -1;
}

static bool
others_sleep(pid_t pid)
{
    char path[64];
    DIR *folder;
    const struct dirent *entry;
    bool sleep = true;

    snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
    folder = opendir(path);
    while (folder != NULL && sleep && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            sleep = sleeps(pid, atol(entry->d_name));
    if (folder != NULL)
        closedir(folder);
    return sleep;
}

bool
rest_since(pid_t pid, unsigned long count)
{
    unsigned long before = rest_count(pid);
    int poll = polls(pid);

    if (before == 0 || poll < 0)
        return true;
    /* What another thread has to say wakes the first one. */
    return before > count && poll > 0 && others_sleep(pid) &&
           polls(pid) > 0 && rest_count(pid) == before;
}
