#include <advect/extra/source.h>

#include "core/base/mem.h"
#include "core/dataset/simulations.h"

#include <advect/extra/fields.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/words.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME_MAX 4096

/* The options of every kind; each kind's fields name those it takes. */
struct source_options {
    char *kind; /* read before, to find the table */
    json_t *density, *columns, *context_columns, *label_column;
    int64_t missing, header, separator;
    const json_t *names; /* borrowed, from adv_source_open */
    int64_t simulator, n, seed;
    char *file, *images, *labels, *context;
    char *test_file, *test_images, *test_labels, *test_context; /* see adv_source_test */
};

struct source_kind {
    const char *name, *help;
    const struct adv_field *fields;
    size_t n_fields;
    enum adv_status (*open)(const struct source_options *options, const char *place,
                            struct adv_source *source, struct adv_error *error);
};

#define AT(member) offsetof(struct source_options, member)
#define KIND_FIELD                                                                                 \
    {                                                                                              \
        "kind", ADV_FIELD_STRING, AT(kind), .required = true, .help = "kind of data source"        \
    }

/* ---------------------------------------------------------------- files */

/* The folder in which files are looked for: `place`, or the one that holds it if it is a file. */
static int folder_length(const char *place, bool *is_file)
{
    struct stat about;
    *is_file = stat(place, &about) == 0 && S_ISREG(about.st_mode);
    if (!*is_file)
        return (int)strlen(place);
    const char *slash = strrchr(place, '/');
    return slash ? (int)(slash - place) : 0;
}

/* The file called name, or with ".gz" added or taken away, into full_name [FILE_NAME_MAX]. Of a
 * source with one file of examples (only), a `place` that is a file takes its place. */
static enum adv_status find_file(const char *place, const char *name, bool only, const char *hint,
                                 char *full_name, struct adv_error *error)
{
    static const char gz[] = ".gz";
    bool is_file;
    int folder = folder_length(place, &is_file), length = (int)strlen(name);
    if (is_file && only) {
        snprintf(full_name, FILE_NAME_MAX, "%s", place);
        return ADV_OK;
    }
    bool zipped = length > 3 && !strcmp(name + length - 3, gz);
    if (name[0] == '/')
        folder = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        int stem = attempt == 1 && zipped ? length - 3 : length;
        int n = snprintf(full_name, FILE_NAME_MAX, "%.*s%s%.*s%s", folder, place, folder ? "/" : "",
                         stem, name, attempt == 1 && !zipped ? gz : "");
        if (n < FILE_NAME_MAX && access(full_name, R_OK) == 0)
            return ADV_OK;
    }
    return adv_fail(error, ADV_E_IO, "cannot read %s in %s; say where it is with --data%s", name,
                    *place ? place : ".", hint);
}

/* ---------------------------------------------------------------- density */

static const struct adv_field density_fields[] = {
    KIND_FIELD,
    {"density", ADV_FIELD_JSON, AT(density), .required = true,
     .help = "synthetic density that examples are drawn from"},
};

static enum adv_status open_density(const struct source_options *options, const char *place,
                                    struct adv_source *source, struct adv_error *error)
{
    (void)place;
    enum adv_status status = adv_density_new(options->density, &source->density, error);
    if (status == ADV_E_INVALID)
        adv_error_prefix(error, "data.source.density: ");
    return status;
}

/* ---------------------------------------------------------------- simulator */

static const struct adv_field simulator_fields[] = {
    KIND_FIELD,
    {"name", ADV_FIELD_CHOICE, AT(simulator), .choices = adv_simulator_names, .required = true,
     .help = "simulator that examples are drawn from"},
    {"n", ADV_FIELD_INT, AT(n), .min = 0, .max = ADV_SIMULATIONS_MAX, .fallback = "0",
     .help = "number of simulations, made once; 0 means fresh ones at every step"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "1",
     .help = "seed of n simulations; fresh ones follow from that of the training"},
};

static enum adv_status open_simulator(const struct source_options *options, const char *place,
                                      struct adv_source *source, struct adv_error *error)
{
    (void)place;
    source->simulator = adv_simulator_find(adv_simulator_names[options->simulator]);
    return adv_simulations_open((size_t)options->n, (uint64_t)options->seed, source, error);
}

/* ---------------------------------------------------------------- idx */

static const struct adv_field idx_fields[] = {
    KIND_FIELD,
    {"images", ADV_FIELD_STRING, AT(images), .min = 1, .required = true,
     .help = "IDX file of images"},
    {"labels", ADV_FIELD_STRING, AT(labels), .min = 1, .help = "IDX file of labels"},
    {"test_images", ADV_FIELD_STRING, AT(test_images), .min = 1, .help = "IDX file of test images"},
    {"test_labels", ADV_FIELD_STRING, AT(test_labels), .min = 1, .help = "IDX file of test labels"},
};

static const char idx_hint[] =
    " DIR. MNIST's four files (train-images-idx3-ubyte.gz and so on) come from "
    "https://yann.lecun.com/exdb/mnist, or from its mirror "
    "https://ossci-datasets.s3.amazonaws.com/mnist";

static enum adv_status open_idx(const struct source_options *options, const char *place,
                                struct adv_source *source, struct adv_error *error)
{
    char path[FILE_NAME_MAX];
    enum adv_status status = find_file(place, options->images, false, idx_hint, path, error);
    if (status == ADV_OK)
        status = adv_idx_read(path, &source->rows, error);
    if (status == ADV_OK && options->labels)
        status = find_file(place, options->labels, false, idx_hint, path, error);
    if (status == ADV_OK && options->labels)
        status = adv_idx_read(path, &source->labels, error);
    return status;
}

/* ---------------------------------------------------------------- csv */

static const struct adv_field csv_fields[] = {
    KIND_FIELD,
    {"file", ADV_FIELD_STRING, AT(file), .min = 1, .required = true,
     .help = "CSV file of examples"},
    {"columns", ADV_FIELD_JSON, AT(columns),
     .help =
         "columns that are the numbers of an example: names, patterns such as bill* and positions "
         "from 0, and with a ! what to leave out; all if absent"},
    {"context", ADV_FIELD_JSON, AT(context_columns),
     .help =
         "columns that are the values of a context, on which the others are conditioned: names, "
         "patterns and positions, and with a ! what to leave out"},
    {"label_column", ADV_FIELD_JSON, AT(label_column),
     .help = "column of the labels, by name or by index from 0"},
    {"missing", ADV_FIELD_CHOICE, AT(missing), .choices = adv_missing_names, .fallback = "refuse",
     .help = "what becomes of rows with missing cells"},
    {"header", ADV_FIELD_CHOICE, AT(header), .choices = adv_header_names, .fallback = "auto",
     .help = "whether the first line names the columns"},
    {"separator", ADV_FIELD_CHOICE, AT(separator), .choices = adv_separator_names,
     .fallback = "auto", .help = "what stands between the cells of a row"},
    {"test_file", ADV_FIELD_STRING, AT(test_file), .min = 1, .help = "CSV file of test examples"},
};

static enum adv_status open_csv(const struct source_options *options, const char *place,
                                struct adv_source *source, struct adv_error *error)
{
    char path[FILE_NAME_MAX];
    const struct adv_table_options how = {.columns = options->columns,
                                          .context = options->context_columns,
                                          .label_column = options->label_column,
                                          .names = options->names,
                                          .missing = options->missing,
                                          .header = options->header,
                                          .separator = options->separator,
                                          .where = "data.source."};
    enum adv_status status = find_file(place, options->file, true, " PATH", path, error);
    if (status == ADV_OK)
        status = adv_table_read(path, &how, &source->table, error);
    if (status != ADV_OK)
        return status;
    source->n_context = source->table.n_context;
    source->rows = source->table.rows;
    source->table.rows = (struct adv_array){0};
    return ADV_OK;
}

/* ---------------------------------------------------------------- npy */

static const struct adv_field npy_fields[] = {
    KIND_FIELD,
    {"file", ADV_FIELD_STRING, AT(file), .min = 1, .required = true,
     .help = "NPY file of examples"},
    {"labels", ADV_FIELD_STRING, AT(labels), .min = 1, .help = "NPY file of labels"},
    {"context", ADV_FIELD_STRING, AT(context), .min = 1,
     .help = "NPY file of contexts, a row for each example"},
    {"test_file", ADV_FIELD_STRING, AT(test_file), .min = 1, .help = "NPY file of test examples"},
    {"test_labels", ADV_FIELD_STRING, AT(test_labels), .min = 1, .help = "NPY file of test labels"},
    {"test_context", ADV_FIELD_STRING, AT(test_context), .min = 1,
     .help = "NPY file of test contexts"},
};

/* Puts the columns of a second array behind those of the rows. */
static enum adv_status append_context(struct adv_source *source, const struct adv_array *context,
                                      struct adv_error *error)
{
    struct adv_array *rows = &source->rows;
    if (rows->n_dims != 2 || context->n_dims != 2 || rows->shape[0] != context->shape[0])
        return adv_fail_field(error, ADV_E_INVALID, "data.source.context",
                              "data.source.context has %zu rows and %d dimensions; the file of "
                              "examples has %zu and %d: both must have two, and as many rows",
                              context->shape[0], context->n_dims, rows->shape[0], rows->n_dims);
    size_t n = rows->shape[0], dim = rows->shape[1], more = context->shape[1], n_elements;
    float *joined =
        adv_mul_size(n, dim + more, &n_elements) ? adv_calloc(n_elements, sizeof *joined) : NULL;
    if (!joined)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        memcpy(joined + i * (dim + more), rows->data + i * dim, dim * sizeof *joined);
        memcpy(joined + i * (dim + more) + dim, context->data + i * more, more * sizeof *joined);
    }
    free(rows->data);
    rows->data = joined;
    rows->n_elements = n_elements;
    rows->shape[1] = dim + more;
    source->n_context = more;
    return ADV_OK;
}

static enum adv_status read_context(const char *place, const char *name, struct adv_source *source,
                                    struct adv_error *error)
{
    char path[FILE_NAME_MAX];
    struct adv_array context = {0};
    enum adv_status status = find_file(place, name, false, " PATH", path, error);
    if (status == ADV_OK)
        status = adv_npy_read(path, &context, error);
    if (status == ADV_OK)
        status = append_context(source, &context, error);
    adv_array_release(&context);
    return status;
}

static enum adv_status open_npy(const struct source_options *options, const char *place,
                                struct adv_source *source, struct adv_error *error)
{
    char path[FILE_NAME_MAX];
    enum adv_status status = find_file(place, options->file, true, " PATH", path, error);
    if (status == ADV_OK)
        status = adv_npy_read(path, &source->rows, error);
    if (status == ADV_OK && options->labels)
        status = find_file(place, options->labels, false, " PATH", path, error);
    if (status == ADV_OK && options->labels)
        status = adv_npy_read(path, &source->labels, error);
    if (status == ADV_OK && options->context)
        status = read_context(place, options->context, source, error);
    return status;
}

/* ---------------------------------------------------------------- the table */

static const struct source_kind kinds[] = {
    {"density", "fresh points of a synthetic density at every step", density_fields,
     ADV_COUNT(density_fields), open_density},
    {"simulator", "parameters and data of a built-in simulator", simulator_fields,
     ADV_COUNT(simulator_fields), open_simulator},
    {"idx", "images in IDX files, as those of MNIST", idx_fields, ADV_COUNT(idx_fields), open_idx},
    {"csv", "table in a CSV file", csv_fields, ADV_COUNT(csv_fields), open_csv},
    {"npy", "array in an NPY file", npy_fields, ADV_COUNT(npy_fields), open_npy},
};

bool adv_source_group(size_t i, struct adv_field_group *group)
{
    if (i >= ADV_COUNT(kinds))
        return false;
    *group =
        (struct adv_field_group){kinds[i].name, kinds[i].help, kinds[i].fields, kinds[i].n_fields};
    return true;
}

static enum adv_status find_kind(const json_t *spec, const struct source_kind **kind,
                                 struct adv_error *error)
{
    const char *names[ADV_COUNT(kinds) + 1] = {NULL};
    for (size_t i = 0; i < ADV_COUNT(kinds); i++)
        names[i] = kinds[i].name;
    size_t index;
    enum adv_status status = adv_find_name(
        "data.source.kind", json_string_value(json_object_get(spec, "kind")), names, &index, error);
    if (status == ADV_OK)
        *kind = &kinds[index];
    return status;
}

enum adv_status adv_source_open(const json_t *spec, const char *place, const json_t *names,
                                struct adv_source *out, struct adv_error *error)
{
    const struct source_kind *kind = NULL;
    enum adv_status status = find_kind(spec, &kind, error);
    if (status != ADV_OK)
        return status;
    struct source_options options = {.names = names};
    struct adv_source source = {0};
    status = adv_fields_init(kind->fields, kind->n_fields, &options, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(kind->fields, kind->n_fields, spec, "data.source", &options,
                                      error);
    if (status == ADV_OK)
        status = kind->open(&options, place, &source, error);
    if (status == ADV_OK)
        *out = source;
    else
        adv_source_release(&source);
    adv_fields_release(kind->fields, kind->n_fields, &options);
    return status;
}

/* ---------------------------------------------------------------- test files */

static const char test_prefix[] = "test_";
#define TEST_PREFIX_LENGTH (sizeof test_prefix - 1)

static bool is_test_field(const struct adv_field *field)
{
    return !strncmp(field->name, test_prefix, TEST_PREFIX_LENGTH);
}

/* Puts what test_X says in the place of X, or takes X away where it says nothing. */
static bool replace(json_t *spec, const char *test_name, size_t *n_named)
{
    const char *name = test_name + TEST_PREFIX_LENGTH;
    json_t *named = json_object_get(spec, test_name);
    bool complete = true;
    if (json_is_string(named)) {
        complete = json_object_set(spec, name, named) == 0;
        *n_named += 1;
    } else {
        json_object_del(spec, name);
    }
    json_object_del(spec, test_name);
    return complete;
}

enum adv_status adv_source_test(const json_t *spec, json_t **out, struct adv_error *error)
{
    const struct source_kind *kind = NULL;
    enum adv_status status = find_kind(spec, &kind, error);
    if (status != ADV_OK)
        return status;
    json_t *test = adv_json_deep_copy(spec);
    bool complete = test != NULL;
    size_t n_named = 0;
    for (size_t i = 0; complete && i < kind->n_fields; i++) {
        if (is_test_field(&kind->fields[i]))
            complete = replace(test, kind->fields[i].name, &n_named);
    }
    if (!complete)
        status = adv_no_memory(error);
    else if (n_named == 0)
        status = adv_fail_field(error, ADV_E_INVALID, "data.source",
                                "the model's file names no test files for its source of kind %s",
                                kind->name);
    if (status == ADV_OK)
        *out = test;
    else
        json_decref(test);
    return status;
}

void adv_source_release(struct adv_source *source)
{
    adv_density_free(source->density);
    adv_array_release(&source->rows);
    adv_array_release(&source->labels);
    adv_table_release(&source->table);
    *source = (struct adv_source){0};
}
