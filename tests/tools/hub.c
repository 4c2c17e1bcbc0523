/* A hub on loopback, for tests: the files of a folder over HTTP, and what can
 * go wrong with them.
 *
 * hub FOLDER LOG [RULE...]: prints its port, then answers one request after
 * the other until its standard input ends. Each request is a line of LOG:
 *   PATH host=... range=... if-range=... auth=...
 * A RULE is TIMES:PART:ACTION[:ARGUMENT]; the first whose PART is in the path
 * and that was not used TIMES yet ("*": always) acts:
 *   status:N[ HEADER]   answers so, without a file
 *   redirect:ADDRESS    sends to ADDRESS and the path; %p is the port
 *   cut:N               ends in the middle, after N bytes of the file
 *   less:N, more:N      so many bytes less or more than the file has
 *   flip:N              byte N is another one
 *   slow:N              N bytes, and nothing more until the client goes
 *   whole:              knows no ranges
 *   etag:TEXT           of this version
 *   header:LINE         one more */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_RULES 16

typedef struct rule {
    long left; /* -1: always */
    char *part, *action, *argument;
} rule;

typedef struct request {
    char path[1024], host[128], range[128], if_range[256], auth[256];
} request;

static rule rules[MAX_RULES];
static int n_rules, port;

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
read_rule(char *text)
{
    rule *r = &rules[n_rules++];
    char *times = strsep(&text, ":");

    r->left = strcmp(times, "*") == 0 ? -1 : atol(times);
    r->part = strsep(&text, ":");
    r->action = strsep(&text, ":");
    r->argument = text != NULL ? text : strdup("");
}

static rule *
find_rule(const char *path)
{
    int i;

    for (i = 0; i < n_rules; i++) {
        if (rules[i].left == 0 || strstr(path, rules[i].part) == NULL)
            continue;
        rules[i].left -= rules[i].left > 0;
        return &rules[i];
    }
    return NULL;
}

static bool
does(const rule *r, const char *action)
{
    return r != NULL && strcmp(r->action, action) == 0;
}

static long
amount(const rule *r, const char *action)
{
    return does(r, action) ? atol(r->argument) : 0;
}

/* %XX, the query and, from a proxy's client, the host in front. */
static void
take_path(char *out, const char *url)
{
    unsigned c;

    if (strncmp(url, "http://", 7) == 0)
        url = strchr(url + 7, '/');
    for (; *url != '\0' && *url != '?'; out++)
        if (*url == '%' && sscanf(url + 1, "%2x", &c) == 1) {
            *out = (char)c;
            url += 3;
        } else {
            *out = *url++;
        }
    *out = '\0';
}

static void
take_header(char *to, size_t n, const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) == 0)
        snprintf(to, n, "%.*s", (int)n - 1, line + length);
}

static bool
read_request(FILE *in, request *q)
{
    char line[4096], url[2048];

    *q = (request){.host = "-", .range = "-", .if_range = "-", .auth = "-"};
    if (fgets(line, sizeof line, in) == NULL ||
        sscanf(line, "GET %1023s", url) != 1)
        return false;
    take_path(q->path, url);
    while (fgets(line, sizeof line, in) != NULL && line[0] != '\r') {
        line[strcspn(line, "\r\n")] = '\0';
        take_header(q->host, sizeof q->host, line, "Host: ");
        take_header(q->range, sizeof q->range, line, "Range: ");
        take_header(q->if_range, sizeof q->if_range, line, "If-Range: ");
        take_header(q->auth, sizeof q->auth, line, "Authorization: ");
    }
    return true;
}

static void
answer_status(FILE *out, const rule *r)
{
    char *header = strchr(r->argument, ' ');
    int status = atoi(r->argument);

    fprintf(out, "HTTP/1.1 %d Trouble\r\nConnection: close\r\n", status);
    if (header != NULL)
        fprintf(out, "%s\r\n", header + 1);
    fprintf(out, "Content-Length: 4\r\n\r\nsad\n");
}

static void
answer_redirect(FILE *out, const rule *r, const char *path)
{
    const char *p;

    fprintf(out, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: ");
    for (p = r->argument; *p != '\0'; p++)
        if (p[0] == '%' && p[1] == 'p') {
            fprintf(out, "%d", port);
            p++;
        } else {
            fputc(*p, out);
        }
    fprintf(out, "%s\r\nContent-Length: 0\r\n\r\n", path);
}

static void
wait_for_the_end(FILE *out)
{
    struct pollfd fds[] = {{fileno(out), POLLRDHUP, 0}, {0, POLLHUP, 0}};

    fflush(out);
    poll(fds, 2, -1);
}

static void
answer_file(FILE *out, const rule *r, const request *q, FILE *file)
{
    const char *etag = does(r, "etag") ? r->argument : "one";
    char quoted[300];
    long size, from = 0, end, at, stop;
    int c;

    fseek(file, 0, SEEK_END);
    size = ftell(file);
    end = size - amount(r, "less") + amount(r, "more");
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    if (!does(r, "whole") &&
        (q->if_range[0] == '-' || strcmp(q->if_range, quoted) == 0))
        sscanf(q->range, "bytes=%ld-", &from);
    if (from > 0 && from >= size) {
        fprintf(out, "HTTP/1.1 416 Range\r\nConnection: close\r\n"
                "Content-Length: 0\r\n\r\n");
        return;
    }
    fprintf(out, "HTTP/1.1 %s\r\nConnection: close\r\n"
            "Content-Length: %ld\r\nETag: %s\r\n",
            from > 0 ? "206 Part" : "200 OK", end - from, quoted);
    if (does(r, "header"))
        fprintf(out, "%s\r\n", r->argument);
    if (from > 0)
        fprintf(out, "Content-Range: bytes %ld-%ld/%ld\r\n", from, end - 1,
                end);
    fprintf(out, "\r\n");
    stop = does(r, "cut") || does(r, "slow") ? from + atol(r->argument) : end;
    fseek(file, from, SEEK_SET);
    for (at = from; at < stop && at < end; at++) {
        c = at < size ? fgetc(file) : 'x';
        fputc(does(r, "flip") && at == atol(r->argument) ? c ^ 1 : c, out);
    }
    if (does(r, "slow"))
        wait_for_the_end(out);
}

static void
answer(FILE *out, const char *folder, const request *q)
{
    rule *r = find_rule(q->path);
    char path[2048];
    FILE *file;
    struct stat st;

    if (does(r, "status")) {
        answer_status(out, r);
        return;
    }
    if (does(r, "redirect")) {
        answer_redirect(out, r, q->path);
        return;
    }
    snprintf(path, sizeof path, "%s%s", folder, q->path);
    file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb")
                                                       : NULL;
    if (file == NULL) {
        fprintf(out, "HTTP/1.1 404 None\r\nConnection: close\r\n"
                "X-Error-Code: EntryNotFound\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    answer_file(out, r, q, file);
    fclose(file);
}

static void
serve(int client, const char *folder, FILE *log)
{
    FILE *in = fdopen(client, "rb"), *out = fdopen(dup(client), "wb");
    request q;

    if (in != NULL && out != NULL && read_request(in, &q)) {
        fprintf(log, "%s host=%s range=%s if-range=%s auth=%s\n", q.path,
                q.host, q.range, q.if_range, q.auth);
        fflush(log);
        answer(out, folder, &q);
    }
    if (out != NULL)
        fclose(out);
    if (in != NULL)
        fclose(in);
}

static int
listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) != 0 ||
        listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        die("hub");
    port = ntohs(address.sin_port);
    return fd;
}

int
main(int argc, char **argv)
{
    struct pollfd fds[2] = {{.events = POLLIN}, {0, 0, 0}};
    FILE *log;
    int i, client;

    if (argc < 3 || argc > 3 + MAX_RULES ||
        (log = fopen(argv[2], "w")) == NULL) {
        fprintf(stderr, "usage: hub FOLDER LOG [RULE...]\n");
        return 2;
    }
    for (i = 3; i < argc; i++)
        read_rule(argv[i]);
    signal(SIGPIPE, SIG_IGN);
    fds[0].fd = listen_on_loopback();
    printf("%d\n", port);
    fflush(stdout);
    while (poll(fds, 2, -1) >= 0 && (fds[1].revents & POLLHUP) == 0) {
        client = accept(fds[0].fd, NULL, NULL);
        if (client >= 0)
            serve(client, argv[1], log);
    }
    return 0;
}
