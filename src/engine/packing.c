#include "engine/packing.h"

#include <string.h>

#include "base/mem.h"
#include "base/round.h"

const gb_packing_row gb_packings[GB_PACKINGS] = {
    [GB_PACK_F32] = {"f32", 1, 4},
    [GB_PACK_F16] = {"f16", 1, 2},
    [GB_PACK_BF16] = {"bf16", 1, 2},
    [GB_PACK_Q8_0] = {"q8_0", GB_QUANT_BLOCK, 34},
    [GB_PACK_Q4_0] = {"q4_0", GB_QUANT_BLOCK, 18},
};

static const char *const choices[] = {
    [GB_DTYPE_AUTO] = "auto",
    [GB_DTYPE_F32] = "f32",
    [GB_DTYPE_F16] = "f16",
    [GB_DTYPE_BF16] = "bf16",
    [GB_DTYPE_Q8_0] = "q8_0",
    [GB_DTYPE_Q4_0] = "q4_0",
};

const char *
gb_dtype_choice_name(gb_dtype_choice choice)
{
    return choice < GB_COUNT(choices) ? choices[choice] : NULL;
}

bool
gb_dtype_choice_parse(const char *name, gb_dtype_choice *choice)
{
    unsigned i;

    for (i = 0; i < GB_COUNT(choices); i++)
        if (strcmp(choices[i], name) == 0) {
            *choice = (gb_dtype_choice)i;
            return true;
        }
    return false;
}

gb_packing
gb_packing_fine(gb_packing coarse)
{
    return coarse == GB_PACK_Q4_0 ? GB_PACK_Q8_0 : coarse;
}

gb_packing
gb_packing_for(gb_dtype_choice choice, gb_dtype file, gb_matrix_role role)
{
    static const gb_packing exact[] = {
        [GB_F32] = GB_PACK_F32,
        [GB_F16] = GB_PACK_F16,
        [GB_BF16] = GB_PACK_BF16,
        [GB_F64] = GB_PACK_F32,
        [GB_Q8_0] = GB_PACK_Q8_0, [GB_Q4_0] = GB_PACK_Q4_0,
        [GB_Q4_1] = GB_PACK_Q8_0, [GB_Q5_0] = GB_PACK_Q8_0,
        [GB_Q5_1] = GB_PACK_Q8_0, [GB_Q2_K] = GB_PACK_Q8_0,
        [GB_Q3_K] = GB_PACK_Q8_0, [GB_Q4_K] = GB_PACK_Q8_0,
        [GB_Q5_K] = GB_PACK_Q8_0, [GB_Q6_K] = GB_PACK_Q8_0,
    };
    static const gb_packing asked[] = {
        [GB_DTYPE_F32] = GB_PACK_F32,   [GB_DTYPE_F16] = GB_PACK_F16,
        [GB_DTYPE_BF16] = GB_PACK_BF16, [GB_DTYPE_Q8_0] = GB_PACK_Q8_0,
        [GB_DTYPE_Q4_0] = GB_PACK_Q4_0,
    };

    if (choice == GB_DTYPE_AUTO)
        return exact[file];
    return role == GB_MATRIX_FINE ? gb_packing_fine(asked[choice])
                                  : asked[choice];
}

bool
gb_packing_is_quantized(gb_packing packing)
{
    return gb_packings[packing].block > 1;
}

uint32_t
gb_panels_blocks(const gb_panels *p)
{
    return (uint32_t)gb_div_up(p->n_in, gb_packings[p->packing].block);
}

size_t
gb_panels_row(const gb_panels *p)
{
    return (size_t)p->width * gb_packings[p->packing].bytes;
}

uint32_t
gb_panels_count(const gb_panels *p)
{
    return (uint32_t)gb_div_up(p->n_out, p->width);
}

uint32_t
gb_panels_outputs(const gb_panels *p)
{
    return gb_panels_count(p) * p->width;
}

uint64_t
gb_panels_size(const gb_panels *p)
{
    return (uint64_t)gb_panels_count(p) * gb_panels_blocks(p) *
           gb_panels_row(p);
}
