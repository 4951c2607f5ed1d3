/* Draws samples of a model and weighs them: x1,x2,...,log-density, a line each.
 *
 *     cc sample.c $(pkg-config --cflags --libs advect) -o sample
 *     ./sample models/checkerboard-8x8.safetensors 5 */
#include <advect/advect.h>

#include <stdio.h>
#include <stdlib.h>

static enum adv_status print_samples(struct adv_model *model, size_t n, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = n;
    query.seed = 3; /* the same samples wherever and whenever they are drawn */
    query.log_density = true;
    query.solver = adv_solver_spec_accurate();

    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    enum adv_status status = adv_run_new(model, &query, &run, error);
    if (status == ADV_OK)
        status = adv_run_all(run, NULL, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < answer->n; i++) {
        for (size_t k = 0; k < answer->dim; k++)
            printf("%.9g,", (double)answer->states[i * answer->dim + k]);
        printf("%.17g\n", answer->log_density[i]);
    }
    adv_run_free(run);
    return status;
}

int main(int argc, char **argv)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL.safetensors N\n", argv[0]);
        return 2;
    }
    enum adv_status status = adv_model_load(argv[1], NULL, &model, &error);
    if (status == ADV_OK)
        status = print_samples(model, strtoul(argv[2], NULL, 10), &error);
    if (status != ADV_OK)
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
    adv_model_unref(model);
    return status == ADV_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
