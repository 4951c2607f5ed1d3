/* advect reweight: what samples of an approximate posterior say about the exact one.
 *
 * Samples theta of q(theta | x) with the weights p(theta) p(x | theta) / q(theta | x) are samples of
 * the exact posterior of x, and their mean weight is the evidence p(x). Prior and likelihood are
 * the user's, columns beside those of `advect sample --log-density`, or a built-in simulator's. */
#include "trainer/cli/files.h"
#include "trainer/cli/options.h"
#include "trainer/weights/importance.h"
#include "trainer/weights/log_weights.h"
#include "trainer/weights/weighted.h"

#include <advect/extra/memory.h>
#include <advect/extra/table.h>

#include <stdlib.h>
#include <string.h>

#define RESOLUTION_MAX 0.01 /* nats, of a logarithm in single precision */

struct options {
    char *density, *prior, *likelihood, *simulator, *context, *out;
    bool json;
};

#define AT(member) offsetof(struct options, member)

static const struct adv_field fields[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1,
     .help = "CSV or NPY file to write the samples to, with a last column \"weight\" that sums to "
             "1"},
    {"log_density", ADV_FIELD_STRING, AT(density), .min = 1, .fallback = "log_density",
     .help = "column with the log-density that the samples were drawn from"},
    {"log_prior", ADV_FIELD_STRING, AT(prior), .min = 1,
     .help = "column with the log-density of the prior, log_prior if absent; -1e30 where it has "
             "none"},
    {"log_likelihood", ADV_FIELD_STRING, AT(likelihood), .min = 1,
     .help = "column with the log-likelihood of the observation, log_likelihood if absent; -1e30 "
             "where it has none"},
    {"simulator", ADV_FIELD_STRING, AT(simulator), .min = 1,
     .help = "built-in simulator whose prior and likelihood take the place of the columns"},
    {"context", ADV_FIELD_STRING, AT(context), .min = 1,
     .help = "observation for --simulator: numbers, as 0.1,-0.2, or a CSV or NPY file of one row; "
             "of a CSV file with a header, the columns that the simulator names"},
    {"json", ADV_FIELD_BOOL, AT(json), .help = "print the results as JSON"},
};

static const struct adv_option_letter letters[] = {{'o', "out"}, {0}};

static const struct adv_options command_line = {
    .command = "reweight",
    .operands = "SAMPLES.csv",
    .n_operands = 1,
    .summary =
        "Corrects samples of a posterior by importance weights, prior x likelihood / density, and\n"
        "prints their effective sample size and the log evidence of the observation with its\n"
        "standard error. The samples are those of `advect sample --log-density` for one context,\n"
        "with the log prior and the log-likelihood of each in two more columns, or of a built-in\n"
        "simulator.",
    .example = "advect reweight samples.csv -o weighted.csv",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .letters = letters,
};

/* Says where single precision blurs the weights that matter. */
static void tell_resolution(double largest)
{
    double resolution = largest * 0x1p-24;
    if (resolution > RESOLUTION_MAX)
        fprintf(stderr,
                "advect reweight: logarithms as large as %.3g are read to %.2g nats (single "
                "precision), and "
                "weights with them; take a constant from the column, and add it to the log "
                "evidence\n",
                largest, resolution);
}

static enum adv_status reweigh(const struct options *options, const char *path,
                               const struct adv_array *rows, struct adv_error *error)
{
    const struct adv_log_weights how = {
        options->density, options->prior ? options->prior : "log_prior",
        options->likelihood ? options->likelihood : "log_likelihood", options->simulator,
        options->context};
    static const struct adv_evidence evidence = {"log_evidence", "log evidence, nats"};
    size_t n = rows->shape[0];
    double largest;
    struct adv_importance importance;
    if (n == 0)
        return adv_fail(error, ADV_E_INVALID, "%s has no rows", path);
    double *weights = calloc(n, sizeof *weights);
    if (!weights)
        return adv_no_memory(error);
    enum adv_status status = adv_log_weights_of(&how, path, rows, weights, &largest, error);
    if (status == ADV_OK)
        tell_resolution(largest);
    if (status == ADV_OK)
        status = adv_importance_weigh(n, weights, weights, &importance, error);
    if (status == ADV_OK && options->out)
        status = adv_weighted_write(rows, weights, options->out, error);
    if (status == ADV_OK)
        status = adv_weighted_print(&importance, n, &evidence, options->json, error);
    if (status == ADV_OK)
        adv_weighted_warn("reweight", &importance,
                          "more of them, or a density closer to the posterior's, would say more");
    free(weights);
    return status;
}

/* A simulator takes the place of both columns. */
static enum adv_status check_columns(const struct options *options, struct adv_error *error)
{
    const char *flag = options->prior ? "log_prior" : options->likelihood ? "log_likelihood" : NULL;
    if (!flag || !options->simulator)
        return ADV_OK;
    return adv_fail_field(
        error, ADV_E_INVALID, flag,
        "%s names a column, whose place simulator takes; leave out one of the two", flag);
}

static enum adv_status reweight(const char *path, const struct options *options,
                                struct adv_error *error)
{
    struct adv_table table = {0};
    const struct adv_table_options how = {.header = ADV_HEADER_YES};
    enum adv_status status = check_columns(options, error);
    if (status == ADV_OK)
        status = adv_weighted_check(options->out, error);
    if (status == ADV_OK)
        status = adv_table_read(path, &how, &table, error);
    if (status == ADV_OK)
        status = reweigh(options, path, &table.rows, error);
    adv_table_release(&table);
    return status;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = reweight(path, &options, &error);
    adv_fields_release(fields, ADV_COUNT(fields), &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("reweight", &error);
}

const struct adv_command adv_command_reweight = {
    .name = "reweight",
    .help = "correct samples of a posterior by importance weights",
    .run = run,
};
