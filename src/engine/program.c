#include "engine/program.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/mem.h"
#include "base/str.h"
#include "cl/kernels.h"
#include "engine/pocl.h"

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
from_binary(cl_context context, const gb_device *d, const char *options,
            const unsigned char *binary, size_t size)
{
    cl_int code, status;
    cl_program program = clCreateProgramWithBinary(context, 1, &d->id, &size,
                                                   &binary, &status, &code);

    if (code == CL_SUCCESS && status == CL_SUCCESS &&
        clBuildProgram(program, 1, &d->id, options, NULL, NULL) == CL_SUCCESS)
        return program;
    if (program != NULL)
        clReleaseProgram(program);
    return NULL;
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
    size_t size;

    if (!gb_cache_read(path, MAX_BINARY, &file) ||
        file.len <= sizeof header)
        goto out;
    memcpy(&header, file.data, sizeof header);
    binary = (const unsigned char *)file.data + sizeof header;
    size = file.len - sizeof header;
    digest_of(binary, size, digest);
    if (memcmp(header.magic, MAGIC, sizeof header.magic) == 0 &&
        memcmp(header.key, key, sizeof header.key) == 0 &&
        memcmp(header.digest, digest, sizeof digest) == 0)
        program = from_binary(context, d, options, binary, size);
out:
    gb_str_free(&file);
    return program;
}

static void
save(const unsigned char *binary, size_t size, const char *path,
     const unsigned char *key)
{
    gb_str file = GB_STR_INIT;
    cache_header header;

    memcpy(header.magic, MAGIC, sizeof header.magic);
    memcpy(header.key, key, sizeof header.key);
    digest_of(binary, size, header.digest);
    gb_str_append(&file, &header, sizeof header);
    gb_str_append(&file, binary, size);
    gb_cache_write(path, file.data, file.len);
    gb_str_free(&file);
}

/* The caller frees. NULL where there is none. */
static unsigned char *
binary_of(cl_program program, size_t *size)
{
    unsigned char *binary;

    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof *size, size,
                         NULL) != CL_SUCCESS ||
        *size == 0 || *size > MAX_BINARY)
        return NULL;
    binary = gb_try_alloc(*size, 1);
    if (binary != NULL &&
        clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary,
                         NULL) == CL_SUCCESS)
        return binary;
    free(binary);
    return NULL;
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

/* From the source. LLVM inside PoCL catches signals and removes the files that
 * it is writing before it hands them on; so a signal makes the compiler fail
 * where the program goes on, and it is asked once more. */
static cl_program
compile(cl_context context, const gb_device *d, const char *options,
        gb_error *err)
{
    const char *source = gb_kernel_source;
    size_t size = gb_kernel_source_size;
    cl_program program;
    cl_int code;
    int tries;

    program = clCreateProgramWithSource(context, 1, &source, &size, &code);
    for (tries = 0; program != NULL && tries < 2; tries++) {
        code = clBuildProgram(program, 1, &d->id, options, NULL, NULL);
        if (code == CL_SUCCESS)
            return program;
    }
    build_failed(program, d, code, err);
    if (program != NULL)
        clReleaseProgram(program);
    return NULL;
}

/* PoCL keeps compiled kernels itself, but to find them from the source it has
 * clang read that with all its headers, at each start; and to hand out the
 * binary of a program it compiles every kernel a second time. What is compiled
 * and not linked it hands out as it is, and takes back as a binary, by which it
 * finds the kernels at once. NULL where this goes wrong. */
static cl_program
compile_to_bitcode(cl_context context, const gb_device *d,
                   const char *options, const char *path,
                   const unsigned char *key)
{
    const char *source = gb_kernel_source;
    const unsigned char *bitcode = NULL;
    size_t size = gb_kernel_source_size;
    unsigned char *binary = NULL;
    cl_program object, program = NULL;

    object = clCreateProgramWithSource(context, 1, &source, &size, NULL);
    if (object == NULL)
        return NULL;
    if (clCompileProgram(object, 1, &d->id, options, 0, NULL, NULL, NULL,
                         NULL) == CL_SUCCESS)
        binary = binary_of(object, &size);
    clReleaseProgram(object);
    if (binary != NULL)
        bitcode = gb_pocl_bitcode(binary, size, &size);
    if (bitcode != NULL)
        program = from_binary(context, d, options, bitcode, size);
    if (program != NULL)
        save(bitcode, size, path, key);
    free(binary);
    return program;
}

static cl_program
compile_and_save(cl_context context, const gb_device *d, const char *options,
                 const char *path, const unsigned char *key, gb_error *err)
{
    cl_program program = compile(context, d, options, err);
    unsigned char *binary;
    size_t size;

    if (program == NULL || path == NULL || gb_pocl_has(d))
        return program;
    binary = binary_of(program, &size);
    if (binary != NULL)
        save(binary, size, path, key);
    free(binary);
    return program;
}

cl_program
gb_program_build(cl_context context, const gb_device *d, const char *options,
                 bool *cached, gb_error *err)
{
    unsigned char key[SHA256_DIGEST_SIZE];
    cl_program program;
    char *path;

    cache_key(d, options, key);
    path = gb_cache_path("program", key, sizeof key);
    program = path != NULL ? load(context, d, options, path, key) : NULL;
    *cached = program != NULL;
    if (program == NULL && path != NULL && gb_pocl_has(d))
        program = compile_to_bitcode(context, d, options, path, key);
    if (program == NULL)
        program = compile_and_save(context, d, options, path, key, err);
    free(path);
    return program;
}
