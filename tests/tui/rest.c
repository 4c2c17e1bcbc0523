#include "tests/tui/rest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* What a thread's file in /proc holds, into so many bytes; false: it cannot be
 * read, or the thread has ended. */
static bool
read_of(pid_t pid, long thread, const char *name, char *text, size_t size)
{
    char path[96];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/%s", (long)pid, thread,
             name);
    file = fopen(path, "re");
    text[file != NULL ? fread(text, 1, size - 1, file) : 0] = '\0';
    if (file != NULL)
        fclose(file);
    return text[0] != '\0';
}

unsigned long
rest_count(pid_t pid)
{
    static const char wanted[] = "\nvoluntary_ctxt_switches:";
    char text[16384];
    const char *line;

    if (!read_of(pid, pid, "status", text, sizeof(text)))
        return 0;
    line = strstr(text, wanted);
    return line != NULL ? strtoul(line + strlen(wanted), NULL, 10) : 0;
}

static bool
sleeps(pid_t pid, long thread)
{
    char text[1024], state;

    /* A thread that has ended in the meantime does nothing either. */
    if (!read_of(pid, thread, "stat", text, sizeof(text)) ||
        sscanf(text, "%*d (%*[^)]) %c", &state) != 1)
        return true;
    /* For a child it may be waiting: a driver's linker, an editor. */
    return state == 'S' &&
           !read_of(pid, thread, "children", text, sizeof(text));
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
    char line[256];

    return read_of(pid, pid, "syscall", line, sizeof(line))
               ? is_endless_poll(line) : -1;
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
