/* What GGUF calls the tensors of GPT-2, and ggml its types. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/gguf.h"

/* Parts of names; %N stands for the number of a layer. */
static const struct {
    const char *name, *key;
} whole[] = {
    {"token_embd", "wte"},
    {"position_embd", "wpe"},
    {"output_norm", "ln_f"},
    {"output", "lm_head"},
}, parts[] = {
    {"attn_norm", "ln_1"},
    {"attn_qkv", "attn.c_attn"},
    {"attn_output", "attn.c_proj"},
    {"ffn_norm", "ln_2"},
    {"ffn_up", "mlp.c_fc"},
    {"ffn_down", "mlp.c_proj"},
};

static const char *const types[] = {
    [0] = "F32",      [1] = "F16",     [2] = "Q4_0",    [3] = "Q4_1",
    [6] = "Q5_0",     [7] = "Q5_1",    [8] = "Q8_0",    [9] = "Q8_1",
    [10] = "Q2_K",    [11] = "Q3_K",   [12] = "Q4_K",   [13] = "Q5_K",
    [14] = "Q6_K",    [15] = "Q8_K",   [16] = "IQ2_XXS", [17] = "IQ2_XS",
    [18] = "IQ3_XXS", [19] = "IQ1_S",  [20] = "IQ4_NL", [21] = "IQ3_S",
    [22] = "IQ2_S",   [23] = "IQ4_XS", [24] = "I8",     [25] = "I16",
    [26] = "I32",     [27] = "I64",    [28] = "F64",    [29] = "IQ1_M",
    [30] = "BF16",    [34] = "TQ1_0",  [35] = "TQ2_0",  [39] = "MXFP4",
};

const char *
gb_gguf_type_name(uint32_t type)
{
    return type < GB_COUNT(types) ? types[type] : NULL;
}

uint32_t
gb_gguf_type(gb_dtype dtype)
{
    uint32_t type = 0;
    gb_dtype found;

    while (types[type] == NULL || !gb_dtype_find(types[type], &found) ||
           found != dtype)
        type++;
    return type;
}

/* Whether s is `word` and then ".weight" or ".bias"; that end, or NULL. */
static const char *
end_behind(const char *s, const char *word)
{
    const size_t n = strlen(word);

    if (strncmp(s, word, n) != 0)
        return NULL;
    return strcmp(s + n, ".weight") == 0 || strcmp(s + n, ".bias") == 0
               ? s + n
               : NULL;
}

/* What follows "blk.N." or "h.N.", with N's digits; or NULL. */
static const char *
behind_layer(const char *s, const char *prefix, int *digits)
{
    const size_t n = strlen(prefix);
    int i = 0;

    if (strncmp(s, prefix, n) != 0)
        return NULL;
    while (isdigit((unsigned char)s[n + (size_t)i]) && i < 9)
        i++;
    *digits = i;
    return i > 0 && s[n + (size_t)i] == '.' ? s + n + i + 1 : NULL;
}

char *
gb_gguf_key(const char *name)
{
    const char *rest, *end;
    int digits;
    size_t i;

    for (i = 0; i < GB_COUNT(whole); i++)
        if ((end = end_behind(name, whole[i].name)) != NULL)
            return gb_format("%s%s", whole[i].key, end);
    rest = behind_layer(name, "blk.", &digits);
    for (i = 0; rest != NULL && i < GB_COUNT(parts); i++)
        if ((end = end_behind(rest, parts[i].name)) != NULL)
            return gb_format("h.%.*s.%s%s", digits, name + 4, parts[i].key,
                             end);
    return NULL;
}

char *
gb_gguf_name(const char *key)
{
    const char *rest, *end;
    int digits;
    size_t i;

    for (i = 0; i < GB_COUNT(whole); i++)
        if ((end = end_behind(key, whole[i].key)) != NULL)
            return gb_format("%s%s", whole[i].name, end);
    rest = behind_layer(key, "h.", &digits);
    for (i = 0; rest != NULL && i < GB_COUNT(parts); i++)
        if ((end = end_behind(rest, parts[i].key)) != NULL)
            return gb_format("blk.%.*s.%s%s", digits, key + 2, parts[i].name,
                             end);
    return NULL;
}
