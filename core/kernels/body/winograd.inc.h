/* Winograd's minimal filtering F(4 x 4, 3 x 3) (Winograd 1980; Lavin and Gray 2016, section 4.3):
 * 4 x 4 outputs of a 3 x 3 correlation from 36 products in place of 144,
 *     Y = A' [(G w G') . (B' d B)] A,
 * with the interpolation points 0, 1, -1, 2, -2. Images have their channels last; vectors run over
 * channels, whose number is a multiple of LANES. */

#define WINOGRAD_SIDE 6 /* of a tile of d; of a tile of Y: 4 */

/* b = B' d, for six numbers d `step` apart */
INLINE void input_line(const vector *d, size_t step, vector *b)
{
    vector even = d[4 * step] - 4 * d[2 * step], odd = d[3 * step] - 4 * d[step];
    vector difference = d[4 * step] - d[2 * step], twice = 2 * (d[3 * step] - d[step]);
    b[0] = 4 * d[0] - 5 * d[2 * step] + d[4 * step];
    b[1] = even + odd;
    b[2] = even - odd;
    b[3] = difference + twice;
    b[4] = difference - twice;
    b[5] = 4 * d[step] - 5 * d[3 * step] + d[5 * step];
}

/* y = A' m */
INLINE void output_line(const vector *m, size_t step, vector *y)
{
    vector s = m[step] + m[2 * step], d = m[step] - m[2 * step];
    vector p = m[3 * step] + m[4 * step], q = m[3 * step] - m[4 * step];
    y[0] = m[0] + s + p;
    y[1] = d + 2 * q;
    y[2] = s + 4 * p;
    y[3] = d + 8 * q + m[5 * step];
}

/* m = A y */
INLINE void spread_line(const vector *y, size_t step, vector *m)
{
    vector even = y[0] + y[2 * step], odd = y[step] + y[3 * step];
    vector even4 = y[0] + 4 * y[2 * step], odd2 = 2 * y[step] + 8 * y[3 * step];
    m[0] = y[0];
    m[1] = even + odd;
    m[2] = even - odd;
    m[3] = even4 + odd2;
    m[4] = even4 - odd2;
    m[5] = y[3 * step];
}

/* Where tile t of an image of height x width begins: its first output pixel. */
struct corner {
    size_t image, row, column;
};

INLINE struct corner corner_of(const struct adv_tiles *g, size_t t)
{
    size_t across = (g->width + 3) / 4, per_image = (g->height + 3) / 4 * across;
    return (struct corner){t / per_image, t % per_image / across * 4, t % across * 4};
}

static void winograd_input(const struct adv_tiles *g, const adv_real *x, const adv_real *zeros,
                           size_t first, size_t count, adv_real *v)
{
    const size_t c = g->channels, plane = count * c;
    for (size_t t = 0; t < count; t++) {
        struct corner at = corner_of(g, first + t);
        const adv_real *pixel[36];
        for (size_t i = 0; i < 36; i++) {
            size_t h = at.row + i / 6 - 1, w = at.column + i % 6 - 1; /* below zero wraps round */
            bool inside = h < g->height && w < g->width;
            pixel[i] = inside ? x + ((at.image * g->height + h) * g->width + w) * c : zeros;
        }
        for (size_t k = 0; k < c; k += LANES) {
            vector d[36], b[36];
            UNROLL
            for (size_t j = 0; j < 6; j++) {
                UNROLL
                for (size_t i = 0; i < 6; i++)
                    d[i] = load(pixel[i * 6 + j] + k);
                input_line(d, 1, b + j * 6);
            }
            UNROLL
            for (size_t i = 0; i < 6; i++) {
                input_line(b + i, 6, d);
                UNROLL
                for (size_t j = 0; j < 6; j++)
                    memcpy(v + (i * 6 + j) * plane + t * c + k, &d[j], sizeof(vector));
            }
        }
    }
}

static void winograd_output(const struct adv_tiles *g, const adv_real *m, size_t first,
                            size_t count, const adv_real *bias, bool add, adv_real *y)
{
    const size_t c = g->channels, plane = count * c;
    for (size_t t = 0; t < count; t++) {
        struct corner at = corner_of(g, first + t);
        adv_real *out = y + ((at.image * g->height + at.row) * g->width + at.column) * c;
        size_t rows = g->height - at.row < 4 ? g->height - at.row : 4;
        size_t columns = g->width - at.column < 4 ? g->width - at.column : 4;
        for (size_t k = 0; k < c; k += LANES) {
            vector from[6], half[24], line[4], start = bias ? load(bias + k) : (vector){0};
            UNROLL
            for (size_t j = 0; j < 6; j++) {
                UNROLL
                for (size_t i = 0; i < 6; i++)
                    from[i] = load(m + (i * 6 + j) * plane + t * c + k);
                output_line(from, 1, half + j * 4);
            }
            for (size_t i = 0; i < rows; i++) {
                output_line(half + i, 4, line);
                for (size_t j = 0; j < columns; j++) {
                    adv_real *to = out + (i * g->width + j) * c + k;
                    vector sum = line[j] + (add ? load(to) : start);
                    memcpy(to, &sum, sizeof sum);
                }
            }
        }
    }
}

static void winograd_spread(const struct adv_tiles *g, const adv_real *y, const adv_real *zeros,
                            size_t first, size_t count, adv_real *m)
{
    const size_t c = g->channels, plane = count * c;
    for (size_t t = 0; t < count; t++) {
        struct corner at = corner_of(g, first + t);
        const adv_real *pixel[16];
        for (size_t i = 0; i < 16; i++) {
            size_t h = at.row + i / 4, w = at.column + i % 4;
            bool inside = h < g->height && w < g->width;
            pixel[i] = inside ? y + ((at.image * g->height + h) * g->width + w) * c : zeros;
        }
        for (size_t k = 0; k < c; k += LANES) {
            vector from[4], half[24], line[6];
            UNROLL
            for (size_t j = 0; j < 4; j++) {
                UNROLL
                for (size_t i = 0; i < 4; i++)
                    from[i] = load(pixel[i * 4 + j] + k);
                spread_line(from, 1, half + j * 6);
            }
            UNROLL
            for (size_t i = 0; i < 6; i++) {
                spread_line(half + i, 6, line);
                UNROLL
                for (size_t j = 0; j < 6; j++)
                    memcpy(m + (i * 6 + j) * plane + t * c + k, &line[j], sizeof(vector));
            }
        }
    }
}

/* u = G w for three numbers of w `step` apart, and w = G' u */
INLINE void weight_line(const vector *w, size_t step, vector *u)
{
    vector ends = w[0] + w[2 * step], quarter = w[0] / 24 + w[2 * step] / 6;
    u[0] = w[0] / 4;
    u[1] = (ends + w[step]) / -6;
    u[2] = (ends - w[step]) / -6;
    u[3] = quarter + w[step] / 12;
    u[4] = quarter - w[step] / 12;
    u[5] = w[2 * step];
}

INLINE void weight_adjoint_line(const vector *u, size_t step, vector *w)
{
    vector sixth = (u[step] + u[2 * step]) / -6, sum = u[3 * step] + u[4 * step];
    w[0] = u[0] / 4 + sixth + sum / 24;
    w[1] = (u[2 * step] - u[step]) / 6 + (u[3 * step] - u[4 * step]) / 12;
    w[2] = sixth + sum / 6 + u[5 * step];
}

static void winograd_pack(size_t n, const struct adv_panels *from, adv_real *packed)
{
    const size_t c = from->run, plane = packed_size(n, c);
    for (size_t o = 0; o < n; o += LANES) {
        for (size_t i = 0; i < c; i++) {
            adv_real taps[9][LANES];
            vector w[9], half[18], line[6];
            for (size_t tap = 0; tap < 9; tap++) {
                const adv_real *at = from->w + (ptrdiff_t)o * from->output_stride +
                                     (ptrdiff_t)tap * from->run_stride +
                                     (ptrdiff_t)i * from->stride;
                for (size_t lane = 0; lane < LANES; lane++)
                    taps[tap][lane] = at[(ptrdiff_t)lane * from->output_stride];
                w[tap] = load(taps[tap]);
            }
            UNROLL
            for (size_t column = 0; column < 3; column++)
                weight_line(w + column, 3, half + column * 6);
            UNROLL
            for (size_t row = 0; row < 6; row++) {
                weight_line(half + row, 6, line);
                UNROLL
                for (size_t column = 0; column < 6; column++)
                    memcpy(packed + (row * 6 + column) * plane + o * c + i * LANES, &line[column],
                           sizeof(vector));
            }
        }
    }
}

static void winograd_weight_adjoint(size_t n, size_t c, const adv_real *u, adv_real *w)
{
    for (size_t o = 0; o < n; o++) {
        for (size_t i = 0; i < c; i += LANES) {
            vector from[6], half[18], line[3];
            UNROLL
            for (size_t column = 0; column < 6; column++) {
                UNROLL
                for (size_t row = 0; row < 6; row++)
                    from[row] = load(u + ((row * 6 + column) * n + o) * c + i);
                weight_adjoint_line(from, 1, half + column * 3);
            }
            UNROLL
            for (size_t row = 0; row < 3; row++) {
                weight_adjoint_line(half + row, 3, line);
                for (size_t lane = 0; lane < LANES; lane++) {
                    for (size_t column = 0; column < 3; column++)
                        w[(o * c + i + lane) * 9 + row * 3 + column] += line[column][lane];
                }
            }
        }
    }
}
