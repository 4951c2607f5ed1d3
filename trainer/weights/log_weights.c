#include "trainer/weights/log_weights.h"

#include "trainer/weights/observations.h"

#include <advect/extra/simulator.h>
#include <advect/extra/words.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS_FROM 20.0   /* nats below the heaviest: what is lighter does not matter */
#define NO_DENSITY (-1e30) /* how tables, which hold no infinity, write the logarithm of nothing */

static double cell(const struct adv_array *rows, size_t row, size_t column)
{
    return (double)rows->data[row * rows->shape[1] + column];
}

static bool has_column(const struct adv_array *rows, const char *name, size_t *column)
{
    for (size_t c = 0; rows->columns && c < rows->shape[1]; c++) {
        if (!strcmp(rows->columns[c], name)) {
            *column = c;
            return true;
        }
    }
    return false;
}

static enum adv_status find_column(const struct adv_array *rows, const char *path, const char *flag,
                                   const char *name, size_t *column, struct adv_error *error)
{
    if (has_column(rows, name, column))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, flag,
                          "%s has no column \"%s\"; --%s NAME names another", path, name, flag);
}

/* ---------------------------------------------------------------- of one context */

static enum adv_status refuse_contexts(const struct adv_array *rows, const char *path,
                                       size_t column, size_t row, struct adv_error *error)
{
    return adv_fail_field(
        error, ADV_E_INVALID, "context",
        "%s has samples of several contexts: its column \"%s\" is %g in row 0 and "
        "%g in row %zu; weigh those of one at a time, or, where the column says something else, "
        "leave it out",
        path, rows->columns[column], cell(rows, 0, column), cell(rows, row, column), row);
}

/* How many rows from this one on have its number. */
static size_t run_length(const struct adv_array *rows, size_t column, size_t from)
{
    size_t n = rows->shape[0], row = from + 1;
    while (row < n && cell(rows, row, column) == cell(rows, from, column))
        row++;
    return row - from;
}

/* Whether a column is such as `advect sample` writes of several contexts, -n samples of each in
 * turn; *length: -n. Where that is 1 the name decides, which is "context1", ... where the model has
 * none: a column of any other name may be the user's. */
static bool is_of_contexts(const struct adv_array *rows, size_t column, size_t *length)
{
    static const char unnamed[] = "context";
    *length = run_length(rows, column, 0);
    if (*length == rows->shape[0])
        return false;
    if (*length < 2) {
        const char *name = rows->columns[column], *number = name + strlen(unnamed);
        return strncmp(name, unnamed, strlen(unnamed)) == 0 && *number &&
               number[strspn(number, "0123456789")] == '\0';
    }
    for (size_t row = *length; row < rows->shape[0]; row += *length) {
        if (run_length(rows, column, row) != *length)
            return false;
    }
    return true;
}

/* Contexts stand behind the log-density. What else does is the user's: columns[2] are known. */
static enum adv_status check_one_context(const struct adv_array *rows, const char *path,
                                         size_t density, const size_t columns[2],
                                         struct adv_error *error)
{
    size_t length;
    for (size_t c = density + 1; c < rows->shape[1]; c++) {
        if (c != columns[0] && c != columns[1] && is_of_contexts(rows, c, &length))
            return refuse_contexts(rows, path, c, length, error);
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- of columns */

static double largest_of(const struct adv_array *rows, const size_t columns[2],
                         const double *log_weight)
{
    double top = -INFINITY, largest = 0;
    for (size_t i = 0; i < rows->shape[0]; i++)
        top = fmax(top, log_weight[i]);
    for (size_t i = 0; i < rows->shape[0]; i++) {
        if (log_weight[i] > top - COUNTS_FROM)
            largest = fmax(largest,
                           fmax(fabs(cell(rows, i, columns[0])), fabs(cell(rows, i, columns[1]))));
    }
    return largest;
}

static enum adv_status of_columns(const struct adv_log_weights *how, const char *path,
                                  const struct adv_array *rows, size_t density, double *log_weight,
                                  double *largest, struct adv_error *error)
{
    size_t columns[2] = {0};
    if (how->context)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "--context is read with --simulator only; the columns are those of "
                              "one observation");
    enum adv_status status = find_column(rows, path, "log-prior", how->prior, &columns[0], error);
    if (status == ADV_OK)
        status = find_column(rows, path, "log-likelihood", how->likelihood, &columns[1], error);
    if (status == ADV_OK)
        status = check_one_context(rows, path, density, columns, error);
    if (status != ADV_OK)
        return status;
    for (size_t i = 0; i < rows->shape[0]; i++) {
        double prior = cell(rows, i, columns[0]), likelihood = cell(rows, i, columns[1]);
        bool is_none = prior <= NO_DENSITY || likelihood <= NO_DENSITY;
        log_weight[i] += is_none ? -INFINITY : prior + likelihood;
    }
    *largest = largest_of(rows, columns, log_weight);
    return ADV_OK;
}

/* ---------------------------------------------------------------- of a simulator */

static enum adv_status find_simulator(const char *name, const struct adv_simulator **simulator,
                                      struct adv_error *error)
{
    size_t index;
    enum adv_status status = adv_find_name("simulator", name, adv_simulator_names, &index, error);
    if (status == ADV_OK)
        *simulator = adv_simulator_find(adv_simulator_names[index]);
    return status;
}

/* theta [n, parameters], from the columns of their names. */
static enum adv_status take_parameters(const struct adv_simulator *simulator, const char *path,
                                       const struct adv_array *rows, float *theta,
                                       struct adv_error *error)
{
    size_t n_parameters = adv_simulator_parameters(simulator), column;
    for (size_t k = 0; k < n_parameters; k++) {
        const char *name = adv_simulator_column(simulator, k);
        if (!has_column(rows, name, &column))
            return adv_fail_field(error, ADV_E_INVALID, "simulator",
                                  "%s has no column \"%s\", a parameter of %s", path, name,
                                  adv_simulator_name(simulator));
        for (size_t i = 0; i < rows->shape[0]; i++)
            theta[i * n_parameters + k] = rows->data[i * rows->shape[1] + column];
    }
    return ADV_OK;
}

static enum adv_status read_observation(const struct adv_simulator *simulator, const char *path,
                                        struct adv_array *observation, struct adv_error *error)
{
    if (!path)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "with --simulator, --context names the observation");
    size_t n = adv_simulator_data(simulator), n_read, n_rows;
    const char **names = calloc(n, sizeof *names);
    if (!names)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        names[i] = adv_simulator_column(simulator, adv_simulator_parameters(simulator) + i);
    enum adv_status status = adv_observations_read(path, names, n, observation, error);
    n_read = observation->n_elements;
    n_rows = observation->n_dims == 2 ? observation->shape[0] : 1;
    if (status == ADV_OK && n_rows != 1) {
        status = adv_fail_field(error, ADV_E_INVALID, "context",
                                "%s has %zu observations; it must have one", path, n_rows);
        adv_array_release(observation);
    } else if (status == ADV_OK && n_read != n) {
        status = adv_fail_field(error, ADV_E_INVALID, "context",
                                "%s has %zu number%s; one observation of %s has %zu", path, n_read,
                                n_read == 1 ? "" : "s", adv_simulator_name(simulator), n);
        adv_array_release(observation);
    }
    free(names);
    return status;
}

/* Samples that name their context, as those of several do, must be of the observation. */
static enum adv_status check_observation(const struct adv_simulator *simulator, const char *path,
                                         const struct adv_array *rows, const float *observation,
                                         struct adv_error *error)
{
    for (size_t k = 0; k < adv_simulator_data(simulator); k++) {
        const char *name = adv_simulator_column(simulator, adv_simulator_parameters(simulator) + k);
        size_t column, n = rows->shape[0];
        if (!has_column(rows, name, &column))
            continue;
        size_t alike = run_length(rows, column, 0);
        if (alike < n)
            return refuse_contexts(rows, path, column, alike, error);
        if (cell(rows, 0, column) != (double)observation[k])
            return adv_fail_field(error, ADV_E_INVALID, "context",
                                  "%s is %g in the observation of --context, and %g in %s", name,
                                  (double)observation[k], cell(rows, 0, column), path);
    }
    return ADV_OK;
}

/* The observation beside every row's parameters. Outside of the prior there is no likelihood. */
static enum adv_status add_logarithms(const struct adv_simulator *simulator, size_t n,
                                      const float *theta, const float *observation,
                                      double *log_weight, struct adv_error *error)
{
    size_t size = adv_simulator_data(simulator);
    double *logs = calloc(n, 2 * sizeof *logs);
    float *x = calloc(n, size * sizeof *x);
    bool whole = logs && x;
    for (size_t i = 0; whole && i < n; i++)
        memcpy(x + i * size, observation, size * sizeof *x);
    if (whole) {
        adv_simulator_log_prior(simulator, n, theta, logs);
        adv_simulator_log_likelihood(simulator, n, theta, x, logs + n);
    }
    for (size_t i = 0; whole && i < n; i++)
        log_weight[i] += logs[i] == -INFINITY ? -INFINITY : logs[i] + logs[n + i];
    free(x);
    free(logs);
    return whole ? ADV_OK : adv_no_memory(error);
}

static enum adv_status of_simulator(const struct adv_log_weights *how, const char *path,
                                    const struct adv_array *rows, double *log_weight,
                                    struct adv_error *error)
{
    const struct adv_simulator *simulator = NULL;
    struct adv_array observation = {0};
    enum adv_status status = find_simulator(how->simulator, &simulator, error);
    if (status == ADV_OK)
        status = read_observation(simulator, how->context, &observation, error);
    if (status != ADV_OK)
        return status;
    float *theta = calloc(rows->shape[0], adv_simulator_parameters(simulator) * sizeof *theta);
    status = theta ? take_parameters(simulator, path, rows, theta, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = check_observation(simulator, path, rows, observation.data, error);
    if (status == ADV_OK)
        status =
            add_logarithms(simulator, rows->shape[0], theta, observation.data, log_weight, error);
    free(theta);
    adv_array_release(&observation);
    return status;
}

enum adv_status adv_log_weights_of(const struct adv_log_weights *how, const char *path,
                                   const struct adv_array *rows, double *log_weight,
                                   double *largest, struct adv_error *error)
{
    size_t density = 0;
    *largest = 0;
    enum adv_status status = find_column(rows, path, "log-density", how->density, &density, error);
    for (size_t i = 0; status == ADV_OK && i < rows->shape[0]; i++)
        log_weight[i] = -cell(rows, i, density);
    if (status == ADV_OK)
        status = how->simulator ? of_simulator(how, path, rows, log_weight, error)
                                : of_columns(how, path, rows, density, log_weight, largest, error);
    return status;
}
