/* Streams a trajectory: each frame is printed as soon as the flow has passed its time, while later
 * ones are still being computed. A line is t,x1,x2,... of the first sample.
 *
 *     cc trajectory.c $(pkg-config --cflags --libs advect) -o trajectory
 *     ./trajectory models/checkerboard-8x8.safetensors 5 */
#include <advect/advect.h>

#include <stdio.h>
#include <stdlib.h>

/* Prints the frames that have become ready. */
static void print_frames(struct adv_run *run, const double *times, size_t dim, float *state,
                         size_t *n_printed)
{
    for (size_t n_ready = adv_run_frames_ready(run); *n_printed < n_ready; ++*n_printed) {
        adv_run_copy_frame(run, *n_printed, state);
        printf("%.3f", times[*n_printed]);
        for (size_t k = 0; k < dim; k++)
            printf(",%.9g", (double)state[k]);
        printf("\n");
    }
}

static enum adv_status stream(struct adv_model *model, const double *times, size_t n_times,
                              struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.seed = 3;
    query.times = times;
    query.n_times = n_times;

    size_t dim = adv_model_dim(model), n_printed = 0;
    struct adv_run *run = NULL;
    struct adv_evaluator *evaluator = NULL;
    const struct adv_answer *answer;
    float *state = malloc(dim * sizeof *state);
    enum adv_status status =
        state ? ADV_OK : adv_fail(error, ADV_E_MEMORY, "out of memory for %zu numbers", dim);
    if (status == ADV_OK)
        status = adv_run_new(model, &query, &run, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(adv_model_ready_weights(model), &evaluator, error);
    if (status == ADV_OK) { /* one sample is one shard of rows */
        while (!adv_run_advance(run, 0, evaluator))
            print_frames(run, times, dim, state, &n_printed);
        status = adv_run_finish(run, &answer, error);
    }
    if (status == ADV_OK)
        print_frames(run, times, dim, state, &n_printed);
    adv_evaluator_free(evaluator);
    adv_run_free(run);
    free(state);
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
