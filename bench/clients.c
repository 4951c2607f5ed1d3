/* The calls of bench/clients.py as a C program makes them: prints the microseconds of one
 * query of N samples, the median of many.
 *
 * usage: clients MODEL N STEPS REPEATS */
#include <advect/advect.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum adv_status ask(struct adv_model *model, struct adv_pool *pool, const char **argv)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run_options options = {.size = sizeof options, .pool = pool};
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    query.n = strtoul(argv[2], NULL, 10);
    query.solver = adv_solver_spec_accurate();
    query.solver.steps = strtol(argv[3], NULL, 10);
    enum adv_status status = adv_solver_find("euler", &query.solver.solver, NULL);
    if (status == ADV_OK)
        status = adv_run_new(model, &query, &run, NULL);
    if (status == ADV_OK)
        status = adv_run_all(run, &options, &answer, NULL);
    adv_run_free(run);
    return status;
}

#define REPEATS_MAX 10000

int main(int argc, const char **argv)
{
    static double took[REPEATS_MAX];
    struct adv_model *model = NULL;
    struct adv_pool *pool = NULL;
    size_t n = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (n < 1 || n > REPEATS_MAX || adv_model_load(argv[1], NULL, &model, NULL) != ADV_OK ||
        adv_pool_new(adv_cpu_count(), &pool, NULL) != ADV_OK)
        return EXIT_FAILURE;
    for (size_t i = 0; i < n; i++) {
        double from = now_us();
        if (ask(model, pool, argv) != ADV_OK)
            return EXIT_FAILURE;
        took[i] = now_us() - from;
    }
    qsort(took, n, sizeof *took, ascending);
    printf("%.3f\n", took[n / 2]);
    adv_pool_free(pool);
    adv_model_unref(model);
    return EXIT_SUCCESS;
}
