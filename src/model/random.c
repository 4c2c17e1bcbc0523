#include "model/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static const struct {
    const char *name, *sizes;
} known[] = {
    {"gpt2", "12,768,12,50257,1024"},
    {"gpt2-medium", "24,1024,16,50257,1024"},
    {"gpt2-large", "36,1280,20,50257,1024"},
    {"gpt2-xl", "48,1600,25,50257,1024"},
};

/* Five whole numbers with commas between; what is more than config.json may
 * say is refused. */
static bool
read_sizes(const char *text, uint32_t sizes[5])
{
    static const unsigned long most[5] = {1024, 65536, 4096, 1 << 20,
                                          1 << 20};
    unsigned long n;
    char *end;
    int i;

    for (i = 0; i < 5; i++, text = end + 1) {
        if (text[0] < '0' || text[0] > '9')
            return false;
        n = strtoul(text, &end, 10);
        if (n < 1 || n > most[i] || *end != (i < 4 ? ',' : '\0'))
            return false;
        sizes[i] = (uint32_t)n;
    }
    return sizes[1] % sizes[2] == 0;
}

bool
gb_random_parse(const char *shape, gb_config *c, gb_error *err)
{
    const char *text = shape;
    char shown[GB_JSON_SHOWN];
    uint32_t sizes[5];
    size_t i;

    for (i = 0; i < GB_COUNT(known); i++)
        if (strcmp(shape, known[i].name) == 0)
            text = known[i].sizes;
    if (!read_sizes(text, sizes))
        return gb_fail_usage(err, "shape: expected gpt2, gpt2-medium, "
                             "gpt2-large, gpt2-xl or L,D,H,V,C (layers, "
                             "width, a multiple of heads, heads, vocabulary, "
                             "context), found %s",
                             gb_json_quote(shape, shown));
    *c = (gb_config){
        .n_layer = sizes[0],
        .n_embd = sizes[1],
        .n_head = sizes[2],
        .n_vocab = sizes[3],
        .n_ctx = sizes[4],
        .head_size = sizes[1] / sizes[2],
        .n_inner = 4 * sizes[1],
        .start_id = GB_NO_TOKEN,
        .tied = true,
        .ln_eps = 1e-5f,
        .scale_attn = true,
    };
    return true;
}

static uint64_t
fnv1a64(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

/* (rows, columns), or (rows) where columns is 0, of numbers in center +
 * [-scale, scale); which ones, the name says. */
static gb_tensor
tensor(const char *name, uint64_t rows, uint64_t columns, double center,
       double scale)
{
    const uint64_t count = rows * (columns > 0 ? columns : 1);

    return (gb_tensor){
        .name = name,
        .path = "random weights",
        .dtype = GB_F32,
        .rank = columns > 0 ? 2 : 1,
        .shape = {rows, columns},
        .count = count,
        .size = count * sizeof(float),
        .noise = {fnv1a64(name), (float)center, (float)scale},
    };
}

/* Of a matrix whose products with vectors of unit variance have the standard
 * deviation `gain`. */
static double
spread(double gain, uint32_t fan_in)
{
    return gain * sqrt(3.0 / fan_in);
}

static void
make_block(gb_block_weights *b, const gb_config *c, uint32_t layer)
{
    const uint64_t E = c->n_embd, I = c->n_inner;
    const struct {
        const char *name;
        uint64_t rows, columns;
        double center, scale;
        gb_tensor *out;
    } parts[] = {
        {"ln_1.weight", E, 0, 1, 0.2, &b->ln_1_weight},
        {"ln_1.bias", E, 0, 0, 0.1, &b->ln_1_bias},
        /* Scores then vary enough for attention to look at few positions. */
        {"attn.c_attn.weight", E, 3 * E, 0, spread(1.5, c->n_embd),
         &b->attn_weight},
        {"attn.c_attn.bias", 3 * E, 0, 0, 0.1, &b->attn_bias},
        {"attn.c_proj.weight", E, E, 0, spread(1, c->n_embd),
         &b->proj_weight},
        {"attn.c_proj.bias", E, 0, 0, 0.1, &b->proj_bias},
        {"ln_2.weight", E, 0, 1, 0.2, &b->ln_2_weight},
        {"ln_2.bias", E, 0, 0, 0.1, &b->ln_2_bias},
        {"mlp.c_fc.weight", E, I, 0, spread(1, c->n_embd), &b->fc_weight},
        {"mlp.c_fc.bias", I, 0, 0, 0.1, &b->fc_bias},
        {"mlp.c_proj.weight", I, E, 0, spread(1, c->n_inner),
         &b->fc_proj_weight},
        {"mlp.c_proj.bias", E, 0, 0, 0.1, &b->fc_proj_bias},
    };
    char name[64];
    size_t i;

    for (i = 0; i < GB_COUNT(parts); i++) {
        snprintf(name, sizeof name, "h.%u.%s", (unsigned)layer,
                 parts[i].name);
        *parts[i].out = tensor(name, parts[i].rows, parts[i].columns,
                               parts[i].center, parts[i].scale);
        parts[i].out->name = parts[i].name;
    }
}

gb_model *
gb_random_open(const char *shape, gb_error *err)
{
    gb_config c;
    gb_model *m;
    uint32_t i;

    if (!gb_random_parse(shape, &c, err))
        return NULL;
    m = gb_alloc(sizeof *m);
    m->path = gb_strdup(shape);
    m->name = gb_strdup(shape);
    m->config = c;
    /* Logits are a normalized vector times wte: standard deviation 2.5. */
    m->wte = tensor("wte.weight", c.n_vocab, c.n_embd, 0,
                    spread(2.5, c.n_embd));
    m->wpe = tensor("wpe.weight", c.n_ctx, c.n_embd, 0,
                    spread(1.25, c.n_embd));
    m->ln_f_weight = tensor("ln_f.weight", c.n_embd, 0, 1, 0.2);
    m->ln_f_bias = tensor("ln_f.bias", c.n_embd, 0, 0, 0.1);
    m->lm_head = m->wte;
    m->tied = true;
    m->blocks = gb_alloc_array(c.n_layer, sizeof *m->blocks);
    for (i = 0; i < c.n_layer; i++)
        make_block(&m->blocks[i], &c, i);
    return m;
}
