#include "trainer/report/report.h"

#include <advect/extra/memory.h>

#include <stdlib.h>

void adv_report_points_release(struct adv_report_points *points)
{
    free(points->x);
    free(points->labels);
    free(points->contexts);
}

enum adv_status adv_report_points_init(struct adv_report_points *points, size_t n,
                                       const struct adv_dataset *d, struct adv_error *error)
{
    size_t rows = n ? n : 1;
    *points =
        (struct adv_report_points){.n = n,
                                   .x = calloc(rows, d->dim * sizeof(float)),
                                   .labels = calloc(rows, sizeof(int32_t)),
                                   .contexts = calloc(rows, (d->n_context + 1) * sizeof(float))};
    return points->x && points->labels && points->contexts ? ADV_OK : adv_no_memory(error);
}

enum adv_status adv_report_points_take(const struct adv_dataset *d, enum adv_split split,
                                       size_t most, struct adv_report_points *points,
                                       struct adv_error *error)
{
    size_t n = adv_dataset_rows(d, split);
    enum adv_status status = adv_report_points_init(points, n < most ? n : most, d, error);
    if (status == ADV_OK)
        adv_dataset_points(d, split, 0, points->n, points->x, points->labels, points->contexts);
    return status;
}
