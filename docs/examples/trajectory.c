/* Streams a trajectory: each frame is printed as soon as the flow has passed its time, while later
 * ones are still being computed. A line is t,x1,x2,... of the first sample.
 *
 *     cc trajectory.c $(pkg-config --cflags --libs advect) -o trajectory
 *     ./trajectory models/checkerboard-8x8.safetensors 5 */
#include <advect/advect.h>

#include <stdio.h>
#include <stdlib.h>

struct stream {
    struct adv_run *run;
    const double *times;
    size_t dim, n_printed;
    float *state; /* [dim] */
};

/* Prints the frames that have become ready. */
static void print_frames(void *context, double share)
{
    (void)share;
    struct stream *s = context;
    for (size_t n_ready = adv_run_frames_ready(s->run); s->n_printed < n_ready; s->n_printed++) {
        adv_run_copy_frame(s->run, s->n_printed, s->state);
        printf("%.3f", s->times[s->n_printed]);
        for (size_t k = 0; k < s->dim; k++)
            printf(",%.9g", (double)s->state[k]);
        printf("\n");
        fflush(stdout);
    }
}

static enum adv_status stream(struct adv_model *model, const double *times, size_t n_times,
                              struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.seed = 3;
    query.times = times;
    query.n_times = n_times;

    struct stream s = {.times = times, .dim = adv_model_dim(model)};
    struct adv_run_options options = {
        .size = sizeof options, .progress = print_frames, .context = &s};
    const struct adv_answer *answer;
    s.state = malloc(s.dim * sizeof *s.state);
    enum adv_status status =
        s.state ? ADV_OK : adv_fail(error, ADV_E_MEMORY, "out of memory for %zu values", s.dim);
    if (status == ADV_OK)
        status = adv_run_new(model, &query, &s.run, error);
    if (status == ADV_OK)
        status = adv_run_all(s.run, &options, &answer, error);
    adv_run_free(s.run);
    free(s.state);
    return status;
}

int main(int argc, char **argv)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    size_t n_times = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (n_times < 2 || n_times > 1000) {
        fprintf(stderr, "usage: %s MODEL.safetensors FRAMES (2 to 1000)\n", argv[0]);
        return 2;
    }
    double times[1000];
    for (size_t f = 0; f < n_times; f++)
        times[f] = (double)f / (double)(n_times - 1);
    enum adv_status status = adv_model_load(argv[1], NULL, &model, &error);
    if (status == ADV_OK)
        status = stream(model, times, n_times, &error);
    if (status != ADV_OK)
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
    adv_model_unref(model);
    return status == ADV_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
