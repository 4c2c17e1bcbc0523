/* random_model FOLDER --layers L --width E ...: see the usage below. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_model.h"

static const char usage[] =
    "usage: random_model FOLDER --layers L --width E --heads H --vocab V\n"
    "           --context C [--inner I] [--dtype f32|f16|bf16] [--seed S]\n"
    "           [--shards N] [--prefix PREFIX] [--untied] [--no-tokenizer]\n"
    "           [--hollow] [--other PART-OF-A-NAME --other-dtype "
    "f32|f16|bf16]\n";

enum { LAYERS = 256, WIDTH, HEADS, VOCAB, CONTEXT, INNER, DTYPE, SEED,
       SHARDS, PREFIX, UNTIED, NO_TOKENIZER, HOLLOW, OTHER, OTHER_DTYPE };

static const struct option options[] = {
    {"layers", required_argument, NULL, LAYERS},
    {"width", required_argument, NULL, WIDTH},
    {"heads", required_argument, NULL, HEADS},
    {"vocab", required_argument, NULL, VOCAB},
    {"context", required_argument, NULL, CONTEXT},
    {"inner", required_argument, NULL, INNER},
    {"dtype", required_argument, NULL, DTYPE},
    {"seed", required_argument, NULL, SEED},
    {"shards", required_argument, NULL, SHARDS},
    {"prefix", required_argument, NULL, PREFIX},
    {"untied", no_argument, NULL, UNTIED},
    {"no-tokenizer", no_argument, NULL, NO_TOKENIZER},
    {"hollow", no_argument, NULL, HOLLOW},
    {"other", required_argument, NULL, OTHER},
    {"other-dtype", required_argument, NULL, OTHER_DTYPE},
    {NULL, 0, NULL, 0},
};

static bool
number(const char *text, uint64_t limit, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
           *value <= limit;
}

static bool
size(const char *text, uint32_t *value)
{
    uint64_t n;

    if (!number(text, 1u << 28, &n))
        return false;
    *value = (uint32_t)n;
    return true;
}

static bool
dtype(const char *text, gb_dtype *value)
{
    static const char *const names[] = {"f32", "f16", "bf16"};
    unsigned i;

    for (i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *value = (gb_dtype)i;
            return true;
        }
    return false;
}

static bool
set(gb_random_model *m, int option)
{
    switch (option) {
    case LAYERS:
        return size(optarg, &m->layers);
    case WIDTH:
        return size(optarg, &m->width);
    case HEADS:
        return size(optarg, &m->heads);
    case VOCAB:
        return size(optarg, &m->vocab);
    case CONTEXT:
        return size(optarg, &m->context);
    case INNER:
        return size(optarg, &m->inner);
    case DTYPE:
        return dtype(optarg, &m->dtype);
    case SEED:
        return number(optarg, UINT64_MAX, &m->seed);
    case SHARDS:
        return size(optarg, &m->shards);
    case PREFIX:
        m->prefix = optarg;
        return true;
    case UNTIED:
        m->untied = true;
        return true;
    case NO_TOKENIZER:
        m->no_tokenizer = true;
        return true;
    case HOLLOW:
        m->hollow = true;
        return true;
    case OTHER:
        m->other = optarg;
        return true;
    case OTHER_DTYPE:
        return dtype(optarg, &m->other_dtype);
    default:
        return false;
    }
}

int
main(int argc, char **argv)
{
    gb_random_model m = {.dtype = GB_F32};
    gb_error err = GB_ERROR_INIT;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!set(&m, option)) {
            fputs(usage, stderr);
            return GB_USAGE;
        }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return GB_USAGE;
    }
    if (!gb_random_model_write(&m, argv[optind], &err)) {
        fprintf(stderr, "random_model: %s\n", err.text);
        return err.status;
    }
    return GB_OK;
}
