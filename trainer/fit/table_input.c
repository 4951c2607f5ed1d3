#include "trainer/fit/table_input.h"

#include "trainer/cli/json.h"

#include <advect/array_file.h>
#include <advect/extra/table.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDIN_MAX_BYTES ((size_t)4 << 30)

#define AT(member) offsetof(struct adv_table_flags, member)
static const struct adv_field fields[ADV_TABLE_FLAGS] = {
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = 64,
     .help = "name of the model; the file's without its ending if absent"},
    {"columns", ADV_FIELD_STRING, AT(columns), .min = 1,
     .help = "columns of a CSV file to model: names, patterns such as bill*, positions from 0, and "
             "with a ! what to leave out; every column of numbers that vary if absent"},
    {"context", ADV_FIELD_STRING, AT(context), .min = 1,
     .help = "columns of a CSV file that the model is conditioned on, named as those of --columns: "
             "it learns the density of the others given these"},
    {"label_column", ADV_FIELD_STRING, AT(label_column), .min = 1,
     .help = "column of the classes, by name or position; each then has a distribution of its own"},
    {"support", ADV_FIELD_JSON, AT(support),
     .help = "what the values of columns can be, as data.support of recipes: {\"so2\": [0, null]}"},
    {"missing", ADV_FIELD_CHOICE, AT(missing), .choices = adv_missing_names, .fallback = "drop",
     .help = "what becomes of rows with missing cells"},
    {"header", ADV_FIELD_CHOICE, AT(header), .choices = adv_header_names, .fallback = "auto",
     .help = "whether the first line names the columns"},
    {"separator", ADV_FIELD_CHOICE, AT(separator), .choices = adv_separator_names,
     .fallback = "auto", .help = "what stands between the cells of a row"},
    {"net", ADV_FIELD_CHOICE, AT(net), .choices = adv_proposed_net_names, .fallback = "mlp",
     .help = "kind of the network: a transformer learns more from few rows of many columns, above "
             "all given a context, and takes ten to fifty times as long"},
    {"steps", ADV_FIELD_INT, AT(steps), .min = 1, .max = 1e9,
     .help = "largest number of optimiser steps; chosen by the number of rows if absent"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "seed of all random numbers, which rows are held out among them"},
};

const struct adv_field *adv_table_flags(void)
{
    return fields;
}

/* ---------------------------------------------------------------- the file */

static enum adv_status copy_stdin(struct adv_table_input *input, struct adv_error *error)
{
    const char *folder = getenv("TMPDIR");
    void *bytes = NULL;
    size_t n_bytes = 0;
    enum adv_status status = adv_stdin_read(STDIN_MAX_BYTES, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    snprintf(input->path, sizeof input->path, "%.3000s/advect-XXXXXX",
             folder && *folder ? folder : "/tmp");
    int file = mkstemp(input->path);
    if (file < 0)
        status = adv_fail(error, ADV_E_IO, "cannot keep standard input in %s: %s", input->path,
                          strerror(errno));
    else
        close(file);
    if (status == ADV_OK) {
        input->is_copy = true;
        status = adv_file_replace(input->path, bytes, n_bytes, error);
    }
    free(bytes);
    return status;
}

enum adv_status adv_table_input_open(const char *data, struct adv_table_input *input,
                                     struct adv_error *error)
{
    *input = (struct adv_table_input){0};
    if (adv_is_dash(data))
        return copy_stdin(input, error);
    if (strlen(data) >= sizeof input->path)
        return adv_fail(error, ADV_E_INVALID, "the file's path is too long");
    snprintf(input->path, sizeof input->path, "%s", data);
    (void)stat(input->path, &input->state); /* what is not there is told when it is read */
    return ADV_OK;
}

enum adv_status adv_table_input_check(const struct adv_table_input *input, struct adv_error *error)
{
    const struct stat *before = &input->state;
    struct stat now = {0};
    if (input->is_copy)
        return ADV_OK;
    if (stat(input->path, &now) == 0 && now.st_ino == before->st_ino &&
        now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
        return ADV_OK;
    return adv_fail(error, ADV_E_IO,
                    "%s changed while it was read; give it when it is whole, or a copy of it",
                    input->path);
}

void adv_table_input_close(struct adv_table_input *input)
{
    if (input->is_copy)
        unlink(input->path);
    input->is_copy = false;
}

/* ---------------------------------------------------------------- the proposal */

/* What --set makes of the recipe is for nobody else to check before it is used. */
static enum adv_status apply(const struct adv_overrides *overrides, const char *data,
                             json_t *recipe, struct adv_error *error)
{
    enum adv_status status = adv_overrides_apply(overrides, recipe, error);
    return status == ADV_OK && overrides->n > 0 ? adv_recipe_check(recipe, data, error) : status;
}

enum adv_status adv_table_input_propose(const struct adv_table_input *input, const char *recorded,
                                        const struct adv_table_flags *flags,
                                        const struct adv_overrides *overrides,
                                        struct adv_proposal *proposal, struct adv_error *error)
{
    const char *label = flags->label_column;
    json_t *columns = flags->columns ? adv_json_columns(flags->columns) : NULL;
    json_t *context = flags->context ? adv_json_columns(flags->context) : NULL;
    json_t *label_column = label ? adv_json_column(label, strlen(label)) : NULL;
    const struct adv_propose_options options = {
        .file = input->path,
        .recorded = recorded,
        .name = flags->name      ? flags->name
                : input->is_copy ? "stdin"
                                 : NULL,
        .columns = columns,
        .context = context,
        .label_column = label_column,
        .support = flags->support,
        .missing = flags->missing,
        .header = flags->header,
        .separator = flags->separator,
        .net = flags->net,
        .steps = flags->steps,
        .seed = flags->seed,
        .where = "--",
    };
    enum adv_status status = ADV_OK;
    if ((flags->columns && !columns) || (flags->context && !context) || (label && !label_column))
        status = adv_fail_field(error, ADV_E_INVALID, "columns", "names of columns must be UTF-8");
    if (status == ADV_OK)
        status = adv_recipe_propose(&options, proposal, error);
    json_decref(columns);
    json_decref(context);
    json_decref(label_column);
    if (status != ADV_OK)
        return status;
    status = adv_table_input_check(input, error);
    if (status == ADV_OK)
        status = apply(overrides, input->path, proposal->recipe, error);
    if (status != ADV_OK)
        adv_proposal_release(proposal);
    return status;
}
