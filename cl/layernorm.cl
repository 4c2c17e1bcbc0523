#if GB_LANES == 1
#define NORM_LOCAL
#define NORM_SCRATCH 0
#else
#define NORM_LOCAL local float scratch[GB_LANES];
#define NORM_SCRATCH scratch
#endif

/* y = (x - mean) / sqrt(variance + eps) * gain + bias, over the first `width`
 * of a row; the rest of y up to `end` becomes 0 (gain and bias are padded with
 * zeros); end = 0: nothing is written. Two passes over the row, so that the
 * variance is a sum of squares of small numbers (Ba et al. 2016). */
void
norm_row(global const float *row, global const float *gain,
         global const float *bias, global float *out, int width, int end,
         float eps, local float *scratch)
{
    int i, lane = get_local_id(0) * GB_VW;
    float mean, scale;
    vf sum = 0.0f, squares = 0.0f, d;
#if GB_VW > 1
    int whole = width / GB_VW * GB_VW, j;
    float tail = 0.0f;
#else
    int whole = width;
#endif

    for (i = lane; i < whole; i += GB_LANES * GB_VW)
        sum += VLOAD(row + i);
#if GB_VW > 1
    for (j = whole; j < width; j++)
        tail += row[j];
    mean = (vsum(sum) + tail) / width;
#else
    mean = group_sum(sum, scratch) / width;
#endif

    for (i = lane; i < whole; i += GB_LANES * GB_VW) {
        d = VLOAD(row + i) - mean;
        squares = FMA(d, d, squares);
    }
#if GB_VW > 1
    for (j = whole, tail = 0.0f; j < width; j++)
        tail = FMA(row[j] - mean, row[j] - mean, tail);
    scale = 1.0f / sqrt((vsum(squares) + tail) / width + eps);
#else
    scale = 1.0f / sqrt(group_sum(squares, scratch) / width + eps);
#endif

    for (i = lane; i < end; i += GB_LANES * GB_VW)
        VSTORE(FMA((VLOAD(row + i) - mean) * scale, VLOAD(gain + i),
                   VLOAD(bias + i)),
               out + i);
}

/* y (n, ld) f32 = the norms of rows of x, which are read from first_row on and
 * become rows 0 .. of y; with a negative first_row they are all read, and those
 * that have a slot become the row of y that it says. So do those of quants (see
 * cl/quantize.cl). Groups: (1, rows). */
LANES_KERNEL
layernorm(global const float *x, global const float *gain,
          global const float *bias, global float *y, int width, int ld,
          float eps, int first_row, global const row_t *rows,
          global void *quants, int reader)
{
    NORM_LOCAL
    int t = get_group_id(1);
    int from = max(first_row, 0) + t, to = first_row < 0 ? rows[t].slot : t;

    norm_row(x + (size_t)from * ld, gain, bias, y + (size_t)to * ld, width,
             to < 0 ? 0 : ld, eps, NORM_SCRATCH);
    QUANTS_BARRIER();
    quantize_part(reader, y + (size_t)to * ld, width, 0, to < 0 ? 0 : width,
                  quants, to);
}
