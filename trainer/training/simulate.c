/* advect simulate: tables of simulations, to train on or to try a posterior with. */
#include "trainer/cli/files.h"
#include "trainer/cli/named_rows.h"
#include "trainer/cli/options.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <advect/extra/simulator.h>
#include <advect/extra/words.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROWS 1000
#define PRINTED_ROWS ((size_t)1024) /* simulated at once for standard output */
#define ROW_MAX 64                  /* numbers of a row */

struct simulate_options {
    int64_t n, seed, first;
    char *theta, *out;
    bool list;
};

#define AT(member) offsetof(struct simulate_options, member)
static const struct adv_field fields[] = {
    {"n", ADV_FIELD_INT, AT(n), .min = 0, .max = 1e9, .fallback = "0",
     .help = "number of simulations; 0 means 1000 or, with --theta, one for each of its rows"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "1",
     .help = "seed of the random numbers"},
    {"first", ADV_FIELD_INT, AT(first), .min = 0, .max = 9e15, .fallback = "0",
     .help = "number of simulations of the seed that come before the first one"},
    {"theta", ADV_FIELD_STRING, AT(theta), .min = 1,
     .help = "CSV or NPY file of parameters, in place of those of the prior: a row for each "
             "simulation, or one row for all; of a CSV file with a header, the columns of the "
             "parameters' names"},
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .fallback = "-",
     .help = "file to write, .csv or .npy; - means CSV to standard output"},
    {"list", ADV_FIELD_BOOL, AT(list), .help = "list the simulators and exit"},
};
static const struct adv_option_letter letters[] = {{'n', "n"}, {'o', "out"}, {0}};

static void print_list(void)
{
    for (const char *const *name = adv_simulator_names; *name; name++) {
        const struct adv_simulator *s = adv_simulator_find(*name);
        printf("%-24s %2zu -> %2zu  %s\n", *name, adv_simulator_parameters(s),
               adv_simulator_data(s), adv_simulator_help(s));
    }
}

/* ---------------------------------------------------------------- work */

struct work {
    const struct adv_simulator *simulator;
    size_t n, k, d; /* simulations; parameters and data of one */
    uint64_t seed, first;
    struct adv_array theta; /* [n or 1, k]; data NULL: of the prior */
    bool is_npy;
};

/* Where a parameter must lie, in words. */
static void describe_support(double lo, double hi, char text[64])
{
    if (isfinite(lo) && isfinite(hi))
        snprintf(text, 64, "between %g and %g", lo, hi);
    else
        snprintf(text, 64, isfinite(lo) ? "above %g" : "below %g", isfinite(lo) ? lo : hi);
}

static enum adv_status check_theta(const struct work *w, const char *path, struct adv_error *error)
{
    const struct adv_array *theta = &w->theta;
    size_t n = theta->n_dims > 0 ? theta->shape[0] : 0;
    size_t width = theta->n_dims == 2 ? theta->shape[1] : 0;
    if (theta->n_dims != 2 || theta->shape[1] != w->k || theta->shape[0] == 0)
        return adv_fail_field(error, ADV_E_INVALID, "theta",
                              "%s has %zu row%s of %zu number%s; it must have at least one row, of "
                              "the %zu parameters of %s",
                              path, n, n == 1 ? "" : "s", width, width == 1 ? "" : "s", w->k,
                              adv_simulator_name(w->simulator));
    for (size_t i = 0; i < theta->n_elements; i++) {
        double lo, hi, value = (double)theta->data[i];
        adv_simulator_support(w->simulator, i % w->k, &lo, &hi);
        if (adv_simulator_allows(w->simulator, i % w->k, value))
            continue;
        char allowed[64];
        describe_support(lo, hi, allowed);
        return adv_fail_field(error, ADV_E_INVALID, "theta",
                              "row %zu of %s has %s %g; it must be %s, as in the prior", i / w->k,
                              path, adv_simulator_column(w->simulator, i % w->k), value, allowed);
    }
    return ADV_OK;
}

static enum adv_status read_parameters(struct work *w, const char *path, struct adv_error *error)
{
    const char *names[ROW_MAX];
    for (size_t k = 0; k < w->k; k++)
        names[k] = adv_simulator_column(w->simulator, k);
    return adv_named_rows_read(path, names, w->k, &w->theta, error);
}

static enum adv_status read_theta(struct work *w, const struct simulate_options *options,
                                  struct adv_error *error)
{
    w->n = options->n ? (size_t)options->n : DEFAULT_ROWS;
    if (!options->theta)
        return ADV_OK;
    enum adv_status status = read_parameters(w, options->theta, error);
    if (status == ADV_OK)
        status = check_theta(w, options->theta, error);
    if (status != ADV_OK)
        return status;
    size_t rows = w->theta.shape[0];
    if (options->n == 0)
        w->n = rows;
    if (rows != 1 && rows != w->n)
        return adv_fail_field(error, ADV_E_INVALID, "n",
                              "n is %zu, but %s has %zu rows; it must have as many, or one for all "
                              "simulations",
                              w->n, options->theta, rows);
    return ADV_OK;
}

/* Rows [n, k + d] from simulation `from` of the work on. */
static void fill(const struct work *w, size_t from, size_t n, float *rows)
{
    const size_t width = w->k + w->d;
    const uint64_t first = w->first + from;
    if (!w->theta.data) {
        adv_simulator_rows(w->simulator, w->seed, first, n, rows);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const float *theta = w->theta.data + (w->theta.shape[0] == 1 ? 0 : from + i) * w->k;
        memcpy(rows + i * width, theta, w->k * sizeof *rows);
        adv_simulator_simulate(w->simulator, w->seed, first + i, 1, theta, rows + i * width + w->k);
    }
}

/* Parameters that are far beyond what the prior draws may be too much for a simulator. */
static enum adv_status check_rows(const struct work *w, size_t from, size_t n, const float *rows,
                                  struct adv_error *error)
{
    for (size_t i = 0; i < n * (w->k + w->d); i++) {
        if (!isfinite(rows[i]))
            return adv_fail_field(error, ADV_E_INVALID, "theta",
                                  "simulation %zu gave %s %g; its parameters are too far from the "
                                  "prior",
                                  from + i / (w->k + w->d),
                                  adv_simulator_column(w->simulator, i % (w->k + w->d)),
                                  (double)rows[i]);
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- output */

static bool print_row(size_t width, const float *row)
{
    bool written = true;
    for (size_t c = 0; written && c < width; c++)
        written = printf("%.9g%c", (double)row[c], c + 1 < width ? ',' : '\n') >= 0;
    return written;
}

/* Flushed here, so that errno is that of what could not be written. */
static enum adv_status print_some(size_t n, size_t width, const float *rows,
                                  struct adv_error *error)
{
    bool written = true;
    for (size_t i = 0; written && i < n; i++)
        written = print_row(width, rows + i * width);
    if (!written || fflush(stdout) != 0)
        return adv_fail(error, ADV_E_IO, "cannot write to stdout: %s", strerror(errno));
    return ADV_OK;
}

static enum adv_status print_rows(const struct work *w, struct adv_error *error)
{
    const size_t width = w->k + w->d;
    float *rows = calloc(PRINTED_ROWS * width, sizeof *rows);
    if (!rows)
        return adv_no_memory(error);
    for (size_t c = 0; c < width; c++)
        printf("%s%c", adv_simulator_column(w->simulator, c), c + 1 < width ? ',' : '\n');
    enum adv_status status = ADV_OK;
    for (size_t from = 0; from < w->n && status == ADV_OK; from += PRINTED_ROWS) {
        size_t n = w->n - from < PRINTED_ROWS ? w->n - from : PRINTED_ROWS;
        fill(w, from, n, rows);
        status = check_rows(w, from, n, rows, error);
        if (status == ADV_OK)
            status = print_some(n, width, rows, error);
    }
    free(rows);
    return status;
}

/* Memory that programs can have without any being ended for it; SIZE_MAX where the system does not
 * say. */
static size_t available_bytes(void)
{
    static const char name[] = "MemAvailable:";
    char line[128];
    size_t bytes = SIZE_MAX;
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file)
        return SIZE_MAX;
    while (bytes == SIZE_MAX && fgets(line, sizeof line, file)) {
        if (!strncmp(line, name, sizeof name - 1))
            bytes = (size_t)strtoull(line + sizeof name - 1, NULL, 10) * 1024; /* it is in KiB */
    }
    fclose(file);
    return bytes;
}

/* A file is written as a whole. */
static enum adv_status check_size(const struct work *w, struct adv_error *error)
{
    double wanted = (double)w->n * (double)(w->k + w->d) * sizeof(float);
    double available = (double)available_bytes();
    if (wanted <= available)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_MEMORY, "n",
                          "n is %zu: a file of so many simulations takes %.3g GB of memory, of "
                          "which %.3g are free; simulate fewer, or as CSV to standard output "
                          "(-o -), which takes none",
                          w->n, wanted / 1e9, available / 1e9);
}

static enum adv_status write_rows(const struct work *w, const char *path, struct adv_error *error)
{
    const size_t shape[2] = {w->n, w->k + w->d};
    const char *columns[ROW_MAX];
    enum adv_status status = check_size(w, error);
    if (status != ADV_OK)
        return status;
    float *rows = calloc(w->n, shape[1] * sizeof *rows);
    if (!rows)
        return adv_fail(error, ADV_E_MEMORY, "out of memory for %zu simulations", w->n);
    for (size_t c = 0; c < shape[1]; c++)
        columns[c] = adv_simulator_column(w->simulator, c);
    fill(w, 0, w->n, rows);
    status = check_rows(w, 0, w->n, rows, error);
    if (status == ADV_OK && w->is_npy)
        status = adv_npy_write_float(path, 2, shape, rows, error);
    else if (status == ADV_OK)
        status = adv_csv_write(path, shape[0], shape[1], rows, columns, error);
    free(rows);
    return status;
}

static enum adv_status simulate(const char *name, const struct simulate_options *options,
                                struct adv_error *error)
{
    size_t index;
    enum adv_status status = adv_find_name("simulator", name, adv_simulator_names, &index, error);
    if (status != ADV_OK)
        return status;
    struct work w = {
        .simulator = adv_simulator_find(adv_simulator_names[index]),
        .seed = (uint64_t)options->seed,
        .first = (uint64_t)options->first,
    };
    w.k = adv_simulator_parameters(w.simulator);
    w.d = adv_simulator_data(w.simulator);
    bool to_stdout = adv_is_dash(options->out);
    if (!to_stdout)
        status = adv_choose_table_format(options->out, "simulations", &w.is_npy, error);
    if (status == ADV_OK && !to_stdout)
        status = adv_check_writable(options->out, error);
    if (status == ADV_OK)
        status = read_theta(&w, options, error);
    if (status == ADV_OK)
        status = to_stdout ? print_rows(&w, error) : write_rows(&w, options->out, error);
    adv_array_release(&w.theta);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct adv_options command_line = {
        .command = "simulate",
        .operands = "NAME",
        .n_more = 1,
        .summary =
            "Draws parameters from the prior of a simulator and data given each of them: a table\n"
            "whose columns are first the parameters, then the data. A seed gives the same\n"
            "simulations, whatever their number.",
        .example = "advect simulate two_moons -n 10000 -o two-moons.csv",
        .fields = fields,
        .n_fields = ADV_COUNT(fields),
        .letters = letters,
    };
    struct simulate_options options = {0};
    const char *name;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &name);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = options.list ? ADV_OK : simulate(name, &options, &error);
    if (options.list)
        print_list();
    adv_fields_release(fields, ADV_COUNT(fields), &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("simulate", &error);
}

const struct adv_command adv_command_simulate = {
    .name = "simulate",
    .help = "draw parameters and data from a built-in simulator",
    .run = run,
};
