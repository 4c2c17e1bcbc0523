/* Reads x (n floats, a whole number of rounds) once, as fast as the device
 * can, for `gumbel bench`: what a token costs at the least is the bytes of
 * the weights over this speed. Group g reads part g, GB_LANES * GB_VW * 4
 * floats a round; sums (items) keeps the compiler from leaving it out. */
LANES_KERNEL
read_speed(global const float *x, ulong part, global float *sums)
{
    const int stride = GB_LANES * GB_VW;
    global const float *p =
        x + get_group_id(0) * part + get_local_id(0) * GB_VW;
    vf a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    ulong i;

    for (i = 0; i < part; i += 4 * stride) {
        a += VLOAD(p + i);
        b += VLOAD(p + i + stride);
        c += VLOAD(p + i + 2 * stride);
        d += VLOAD(p + i + 3 * stride);
    }
    sums[get_global_id(0)] = vsum(a + b + c + d);
}

/* Chains of multiply-adds that do not wait for each other, as many as there
 * are registers for: 24 multiply-adds of a vf in each round. */
#if GB_WIDE > 2
#define CHAINS 8
#else
#define CHAINS 6
#endif

LANES_KERNEL
peak(uint rounds, float by, float add, global float *sums)
{
    vf a[CHAINS], sum = 0.0f;
    uint i;
    int c, k;

    for (c = 0; c < CHAINS; c++)
        a[c] = (float)(get_global_id(0) + c);
    for (i = 0; i < rounds; i++) {
#pragma unroll
        for (k = 0; k < 24 / CHAINS; k++)
#pragma unroll
            for (c = 0; c < CHAINS; c++)
                a[c] = FMA(a[c], (vf)by, (vf)add);
    }
    for (c = 0; c < CHAINS; c++)
        sum += a[c];
    sums[get_global_id(0)] = vsum(sum);
}
