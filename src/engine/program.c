#include "engine/program.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/mem.h"
#include "base/str.h"
#include "cl/kernels.h"

#define MAGIC "gumbel-program-1"
#define MAX_BINARY ((size_t)256 << 20)

/* A cache file is the magic, the key, a digest of the binary, the binary. */
typedef struct cache_header {
    char magic[16];
    unsigned char key[SHA256_DIGEST_SIZE];
    unsigned char digest[SHA256_DIGEST_SIZE];
} cache_header;

static void
digest_of(const void *data, size_t n, unsigned char out[SHA256_DIGEST_SIZE])
{
    struct sha256_ctx ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, n, data);
    sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
}

static void
cache_key(const gb_device *d, const char *options,
          unsigned char key[SHA256_DIGEST_SIZE])
{
    gb_str s = GB_STR_INIT;

    gb_str_printf(&s, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", MAGIC, options, d->name,
                  d->vendor, d->version, d->driver, d->platform_name);
    gb_str_append(&s, gb_kernel_source, gb_kernel_source_size);
    digest_of(s.data, s.len, key);
    gb_str_free(&s);
}

static cl_program
load(cl_context context, const gb_device *d, const char *options,
     const char *path, const unsigned char *key)
{
    gb_str file = GB_STR_INIT;
    unsigned char digest[SHA256_DIGEST_SIZE];
    const unsigned char *binary;
    cl_program program = NULL;
    cache_header header;
    cl_int code, status;
    size_t size;

    if (!gb_cache_read(path, MAX_BINARY, &file) ||
        file.len <= sizeof header)
        goto out;
    memcpy(&header, file.data, sizeof header);
    binary = (const unsigned char *)file.data + sizeof header;
    size = file.len - sizeof header;
    digest_of(binary, size, digest);
    if (memcmp(header.magic, MAGIC, sizeof header.magic) != 0 ||
        memcmp(header.key, key, sizeof header.key) != 0 ||
        memcmp(header.digest, digest, sizeof digest) != 0)
        goto out;
    program = clCreateProgramWithBinary(context, 1, &d->id, &size, &binary,
                                        &status, &code);
    if (code != CL_SUCCESS || status != CL_SUCCESS ||
        clBuildProgram(program, 1, &d->id, options, NULL, NULL) !=
            CL_SUCCESS) {
        if (program != NULL)
            clReleaseProgram(program);
        program = NULL;
    }
out:
    gb_str_free(&file);
    return program;
}

static void
save(cl_program program, const char *path, const unsigned char *key)
{
    gb_str file = GB_STR_INIT;
    cache_header header;
    unsigned char *binary;
    size_t size;

    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size,
                         NULL) != CL_SUCCESS ||
        size == 0 || size > MAX_BINARY)
        return;
    binary = gb_try_alloc(size, 1);
    if (binary == NULL)
        return;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary,
                         NULL) == CL_SUCCESS) {
        memcpy(header.magic, MAGIC, sizeof header.magic);
        memcpy(header.key, key, sizeof header.key);
        digest_of(binary, size, header.digest);
        gb_str_append(&file, &header, sizeof header);
        gb_str_append(&file, binary, size);
        gb_cache_write(path, file.data, file.len);
    }
    free(binary);
    gb_str_free(&file);
}

/* The compiler's log; the caller frees. NULL where there is none. */
static char *
read_log(cl_program program, const gb_device *d)
{
    size_t size = 0;
    char *log = NULL;

    clGetProgramBuildInfo(program, d->id, CL_PROGRAM_BUILD_LOG, 0, NULL,
                          &size);
    if (size > 0)
        log = gb_try_alloc(size + 1, 1);
    if (log != NULL)
        clGetProgramBuildInfo(program, d->id, CL_PROGRAM_BUILD_LOG, size, log,
                              NULL);
    return log;
}

/* The line that tells what is wrong: the first with an error, else the first
 * that says anything. */
static const char *
telling_line(const char *log)
{
    const char *at = strstr(log, "error:");

    if (at == NULL)
        return log + strspn(log, " \t\r\n");
    while (at > log && at[-1] != '\n')
        at--;
    return at;
}

static bool
build_failed(cl_program program, const gb_device *d, cl_int code,
             gb_error *err)
{
    char *log = read_log(program, d);
    const char *line = telling_line(log != NULL ? log : "");
    size_t n = strcspn(line, "\r\n");

    if (n == 0)
        line = "the compiler says nothing of why (its log is empty)";
    gb_fail(err, "%s: cannot compile the kernels (%s): %.*s", d->name,
            gb_cl_error(code), n == 0 ? 600 : (int)n, line);
    line += n;
    if (err != NULL && n > 0)
        snprintf(err->log, sizeof err->log, "%s",
                 line + strspn(line, "\r\n"));
    free(log);
    return false;
}

/* PoCL keeps compiled kernels itself, and to hand out a binary it compiles
 * all of them a second time: seconds at the first start for 50 ms at each
 * later one. So there only when a folder is asked for by name. */
static bool
worth_keeping(const gb_device *d)
{
    return strcmp(d->platform_name, "Portable Computing Language") != 0 ||
           getenv("GUMBEL_CACHE") != NULL;
}

cl_program
gb_program_build(cl_context context, const gb_device *d, const char *options,
                 bool *cached, gb_error *err)
{
    unsigned char key[SHA256_DIGEST_SIZE];
    const char *source = gb_kernel_source;
    size_t size = gb_kernel_source_size;
    char *path = NULL;
    cl_program program = NULL;
    cl_int code;

    *cached = false;
    if (worth_keeping(d)) {
        cache_key(d, options, key);
        path = gb_cache_path("program", key, sizeof key);
    }
    if (path != NULL) {
        program = load(context, d, options, path, key);
        *cached = program != NULL;
    }
    if (program == NULL) {
        program =
            clCreateProgramWithSource(context, 1, &source, &size, &code);
        if (code == CL_SUCCESS)
            code = clBuildProgram(program, 1, &d->id, options, NULL, NULL);
        if (code != CL_SUCCESS) {
            build_failed(program, d, code, err);
            if (program != NULL)
                clReleaseProgram(program);
            program = NULL;
        } else if (path != NULL) {
            save(program, path, key);
        }
    }
    free(path);
    return program;
}
