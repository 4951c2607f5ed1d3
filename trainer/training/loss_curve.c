/* The loss curve as a table and as a picture. */
#include "trainer/training/loss_curve.h"

#include "trainer/cli/files.h"

#include <advect/array_file.h>
#include <advect/extra/plot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* An empty cell where there is no number. */
static void print_cell(FILE *out, double value, const char *end)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    fputs(end, out);
}

enum adv_status adv_loss_curve_write_csv(const struct adv_training *t, const char *path,
                                         struct adv_error *error)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    if (!out)
        return adv_no_memory(error);
    bool measured = isfinite(adv_training_progress(t)->best_nll);
    fprintf(out, "step,loss,held_out,learning_rate,seconds%s\n", measured ? ",held_out_nll" : "");
    for (size_t i = 0; i < adv_training_curve_points(t); i++) {
        const struct adv_curve_point *p = adv_training_curve_point(t, i);
        fprintf(out, "%lld,", (long long)p->step);
        print_cell(out, p->loss, ",");
        print_cell(out, p->held_out, ",");
        print_cell(out, p->learning_rate, ",");
        print_cell(out, p->seconds, measured ? "," : "\n");
        if (measured)
            print_cell(out, p->held_out_nll, "\n");
    }
    bool complete = fclose(out) == 0;
    enum adv_status status =
        complete ? adv_file_replace(path, text, n_bytes, error) : adv_no_memory(error);
    free(text);
    return status;
}

enum column { TRAINING, HELD_OUT, NLL };

static double value_at(const struct adv_curve_point *point, enum column column)
{
    return column == TRAINING ? point->loss : column == NLL ? point->held_out_nll : point->held_out;
}

/* A line through (step, value) of one column, where it has finite values. */
static enum adv_status add_line(struct adv_plot *plot, const struct adv_training *t,
                                enum column column, struct adv_error *error)
{
    static const char *const labels[] = {[TRAINING] = "training", [HELD_OUT] = "held out"};
    struct adv_mark mark = {.colour = column == NLL ? 1 : (int)column,
                            .label = column == NLL ? NULL : labels[column]};
    size_t n_points = adv_training_curve_points(t);
    float *points = calloc(n_points ? n_points : 1, 2 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    size_t n = 0;
    for (size_t i = 0; i < n_points; i++) {
        const struct adv_curve_point *point = adv_training_curve_point(t, i);
        double value = value_at(point, column);
        if (!isfinite(value))
            continue;
        points[2 * n] = (float)point->step;
        points[2 * n + 1] = (float)value;
        n++;
    }
    enum adv_status status = n ? adv_plot_line(plot, n, points, &mark, error) : ADV_OK;
    free(points);
    return status;
}

enum adv_status adv_loss_curve_draw(const struct adv_training *t, enum adv_loss_curve what,
                                    struct adv_bytes *png, struct adv_error *error)
{
    bool of_loss = what == ADV_CURVE_OF_LOSS;
    struct adv_axes axes = {
        .width = 800,
        .height = 480,
        .title = adv_training_name(t),
        .x_label = "step",
        .y_label = of_loss ? "flow-matching loss" : "held-out negative log-density",
    };
    struct adv_plot *plot = NULL;
    struct adv_image image = {0};
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = add_line(plot, t, of_loss ? TRAINING : NLL, error);
    if (status == ADV_OK && of_loss)
        status = add_line(plot, t, HELD_OUT, error);
    if (status == ADV_OK)
        status = adv_plot_render(plot, &image, error);
    if (status == ADV_OK)
        status = adv_png_encode(&image, 6, png, error);
    adv_image_release(&image);
    adv_plot_free(plot);
    return status;
}

enum adv_status adv_loss_curve_write_png(const struct adv_training *t, const char *path,
                                         struct adv_error *error)
{
    struct adv_bytes png = {0};
    enum adv_status status = adv_loss_curve_draw(t, ADV_CURVE_OF_LOSS, &png, error);
    if (status == ADV_OK)
        status = adv_write_output(path, png.data, png.n, false, error);
    adv_bytes_release(&png);
    return status;
}
