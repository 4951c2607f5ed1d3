/* The recipe for a table with its options as JSON text, in which no type of jansson is seen. */
#include <advect/train.h>

#include <advect/extra/fields.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/propose.h>
#include <advect/extra/table.h>

#include <string.h>

struct options {
    char *name, *recorded, *labels, *context_file;
    json_t *columns, *context, *label_column, *support;
    int64_t missing, header, separator, net, steps, seed;
};

#define AT(member) offsetof(struct options, member)
static const struct adv_field fields[] = {
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = 64, .help = "name of the model"},
    {"recorded", ADV_FIELD_STRING, AT(recorded), .min = 1, .max = 4000,
     .help = "what the recipe calls the file"},
    {"columns", ADV_FIELD_JSON, AT(columns), .help = "columns of a CSV file to model"},
    {"context", ADV_FIELD_JSON, AT(context),
     .help = "columns of a CSV file that condition the density of the others"},
    {"context_file", ADV_FIELD_STRING, AT(context_file), .min = 1, .max = 4000,
     .help = "NPY file with the contexts of an NPY file's rows"},
    {"label_column", ADV_FIELD_JSON, AT(label_column), .help = "column of the classes"},
    {"labels", ADV_FIELD_STRING, AT(labels), .min = 1, .max = 4000,
     .help = "NPY file with the classes of an NPY file's rows"},
    {"support", ADV_FIELD_JSON, AT(support), .help = "what the values of columns can be"},
    {"missing", ADV_FIELD_CHOICE, AT(missing), .choices = adv_missing_names, .fallback = "drop",
     .help = "what becomes of rows with missing cells"},
    {"header", ADV_FIELD_CHOICE, AT(header), .choices = adv_header_names, .fallback = "auto",
     .help = "whether the first line names the columns"},
    {"separator", ADV_FIELD_CHOICE, AT(separator), .choices = adv_separator_names,
     .fallback = "auto", .help = "what stands between the cells of a row"},
    {"net", ADV_FIELD_CHOICE, AT(net), .choices = adv_proposed_net_names, .fallback = "mlp",
     .help = "kind of the network"},
    {"steps", ADV_FIELD_INT, AT(steps), .min = 0, .max = 1e9,
     .help = "largest number of optimiser steps; chosen by the number of rows if 0"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .help = "seed of all random numbers"},
};

static enum adv_status read_options(const char *text, struct options *options,
                                    struct adv_error *error)
{
    json_t *json = NULL;
    enum adv_status status = adv_fields_init(fields, ADV_COUNT(fields), options, error);
    if (status != ADV_OK || !text)
        return status;
    status = adv_json_parse(text, strlen(text), &json, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, ADV_COUNT(fields), json, NULL, options, error);
    else
        adv_error_prefix(error, "the options: ");
    json_decref(json);
    return status;
}

static enum adv_status propose(const char *file, const struct options *options, char **recipe,
                               struct adv_error *error)
{
    struct adv_proposal proposal = {0};
    const struct adv_propose_options how = {.file = file,
                                            .recorded = options->recorded,
                                            .name = options->name,
                                            .columns = options->columns,
                                            .context = options->context,
                                            .context_file = options->context_file,
                                            .label_column = options->label_column,
                                            .labels = options->labels,
                                            .support = options->support,
                                            .missing = options->missing,
                                            .header = options->header,
                                            .separator = options->separator,
                                            .net = options->net,
                                            .steps = options->steps,
                                            .seed = options->seed,
                                            .where = ""};
    enum adv_status status = adv_recipe_propose(&how, &proposal, error);
    char *text = status == ADV_OK ? adv_json_dump(proposal.recipe, JSON_REAL_PRECISION(9)) : NULL;
    adv_proposal_release(&proposal);
    if (status != ADV_OK)
        return status;
    if (!text)
        return adv_no_memory(error);
    *recipe = text;
    return ADV_OK;
}

enum adv_status adv_recipe_for_file(const char *file, const char *options, char **recipe,
                                    struct adv_error *error)
{
    struct options read = {0};
    enum adv_status status = read_options(options, &read, error);
    if (status == ADV_OK)
        status = propose(file, &read, recipe, error);
    adv_fields_release(fields, ADV_COUNT(fields), &read);
    return status;
}
