/* The part of the plane that pictures of a data set show. */
#include <advect/extra/dataset.h>

#include <math.h>
#include <stdlib.h>

#define SAMPLE_ROWS ((size_t)4096)
#define TAIL 100   /* the part of the rows on either side that a box may leave out */
#define MARGIN 0.2 /* of its side, on every side */

static int by_value(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

/* A few rows far out do not make the rest a dot. */
static void find_range(const struct adv_dataset *d, size_t axis, double *lo, double *hi)
{
    float values[SAMPLE_ROWS];
    size_t n = d->n_rows < SAMPLE_ROWS ? d->n_rows : SAMPLE_ROWS;
    for (size_t i = 0; i < n; i++)
        values[i] = d->source.rows.data[i * d->n_rows / n * 2 + axis];
    qsort(values, n, sizeof *values, by_value);
    double low = (double)values[n / TAIL], high = (double)values[n - 1 - n / TAIL];
    double margin = high > low ? MARGIN * (high - low) : 1;
    *lo = low - margin;
    *hi = high + margin;
}

/* The prior's bounds, where both parameters have them. */
static bool prior_box(const struct adv_simulator *simulator, double lo[2], double hi[2])
{
    for (size_t axis = 0; axis < 2; axis++)
        adv_simulator_support(simulator, axis, &lo[axis], &hi[axis]);
    return isfinite(lo[0]) && isfinite(hi[0]) && isfinite(lo[1]) && isfinite(hi[1]);
}

bool adv_dataset_box(const struct adv_dataset *d, double lo[2], double hi[2])
{
    if (d->dim != 2 || d->n_dims != 1)
        return false;
    if (d->source.density) {
        adv_density_box(d->source.density, lo, hi);
        return true;
    }
    if (d->source.simulator && prior_box(d->source.simulator, lo, hi))
        return true;
    if (adv_source_is_drawn(&d->source))
        return false;
    for (size_t axis = 0; axis < 2 && d->source.rows.columns; axis++)
        find_range(d, axis, &lo[axis], &hi[axis]);
    return d->source.rows.columns != NULL;
}
