/* advect inspect: what a model's file holds. */
#include "trainer/cli/environment.h"
#include "trainer/cli/options.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/model.h>

#include <stdlib.h>
#include <string.h>

struct inspect_options {
    bool json;
};

static const struct adv_field fields[] = {
    {"json", ADV_FIELD_BOOL, offsetof(struct inspect_options, json),
     .help = "print the whole configuration as JSON"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_options command_line = {
    .command = "inspect",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary = "Shows a model: its data, network, program, parameters, training and card.",
    .example = "advect inspect models/checkerboard-8x8.safetensors",
    .fields = fields,
    .n_fields = N_FIELDS,
};

static void print_sides(const char *label, size_t n, const size_t *sides)
{
    printf("%-12s [", label);
    for (size_t i = 0; i < n; i++)
        printf("%s%zu", i ? ", " : "", sides[i]);
    puts("]");
}

static void print_json(const char *label, const json_t *json)
{
    char *text = json ? adv_json_dump(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL;
    if (text)
        printf("%-12s %s\n", label, text);
    free(text);
}

/* What the values of each column can be, where the transform says it. */
static bool print_columns(const struct adv_model *model)
{
    const struct adv_transform *transform = adv_model_transform(model);
    char words[160];
    if (!adv_transform_describe(transform, 0, words, sizeof words))
        return false;
    printf("%-12s columns, each mapped by what its values can be\n", "transform");
    for (size_t i = 0; i < adv_model_dim(model); i++) {
        const char *name = adv_transform_column_name(transform, i);
        adv_transform_describe(transform, i, words, sizeof words);
        printf("  %4zu %-20s %s\n", i, name ? name : "", words);
    }
    return true;
}

/* What the velocity is conditioned on beside t and label. */
static void print_context(const struct adv_model *model, const json_t *context)
{
    if (adv_model_context(model) == 0)
        return;
    printf("%-12s %zu number%s%s\n", "context", adv_model_context(model),
           adv_model_context(model) == 1 ? "" : "s",
           adv_model_has_null_context(model) ? ", or none" : "");
    print_json("  columns", json_object_get(context, "columns"));
    print_json("  transform", json_object_get(context, "transform"));
    print_json("  reach", json_object_get(context, "reach"));
}

static void print_data(const struct adv_model *model)
{
    size_t shape[3];
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    print_sides("shape", (size_t)adv_model_shape(model, shape), shape);
    if (adv_model_classes(model) > 0)
        printf("%-12s %zu%s\n", "classes", adv_model_classes(model),
               adv_model_has_null_class(model) ? ", and none" : "");
    print_json("labels", json_object_get(data, "labels"));
    print_json("columns", json_object_get(data, "columns"));
    if (!print_columns(model))
        print_json("transform", json_object_get(data, "transform"));
    print_context(model, json_object_get(data, "context"));
    print_json("source", json_object_get(data, "source"));
    printf("%-12s %s\n", "path", adv_path_name(adv_model_path(model)));
}

/* An array of objects, which no line holds. */
static bool is_long(const json_t *member)
{
    return json_is_object(json_array_get(member, 0));
}

/* Members of an object, one a line, but nested objects. */
static void print_members(const char *title, const json_t *object)
{
    const char *key;
    json_t *member;
    if (!json_is_object(object))
        return;
    printf("\n%s\n", title);
    json_object_foreach((json_t *)object, key, member)
    {
        char *text = adv_json_dump(member, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        if (text && !json_is_object(member) && !is_long(member))
            printf("  %-30s %s\n", key, text);
        free(text);
    }
}

/* Of a model of few steps, and how far its log-densities are from the teacher's. */
static void print_flow_map(const json_t *map)
{
    const json_t *entry;
    size_t i;
    print_members("flow map", map);
    json_array_foreach(json_object_get(map, "log_density"), i, entry)
    {
        printf(
            "  log-density of %lld step%s: bias %.3g, spread %.3g, mean absolute difference %.3g "
            "nats\n",
            (long long)json_integer_value(json_object_get(entry, "steps")),
            json_integer_value(json_object_get(entry, "steps")) == 1 ? "" : "s",
            json_number_value(json_object_get(entry, "bias")),
            json_number_value(json_object_get(entry, "spread")),
            json_number_value(json_object_get(entry, "mean_absolute")));
    }
}

static void print_parameters(const struct adv_net *net)
{
    printf("\nparameters, %zu in all\n", adv_net_weights(net));
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        struct adv_parameter p = adv_net_parameter(net, i);
        char label[64];
        snprintf(label, sizeof label, "  %-28s %9zu ", p.name, p.n_elements);
        print_sides(label, (size_t)p.n_dims, p.shape);
    }
}

static void print_model(const struct adv_model *model)
{
    const struct adv_net *net = adv_model_net(model);
    const json_t *config = adv_model_config_json(model);
    printf("%-12s %s\n%-12s %s\n", "name", adv_model_name(model), "digest",
           adv_model_digest(model));
    print_data(model);
    print_members("network", json_object_get(config, "net"));
    size_t per_row, per_condition;
    adv_net_multiply_adds(net, &per_row, &per_condition);
    printf("\nprogram, %zu multiply-adds per row and %zu per distinct (t, label%s)\n", per_row,
           per_condition, adv_model_context(model) > 0 ? ", context" : "");
    adv_net_print(net, stdout);
    print_parameters(net);
    print_members(
        "training",
        json_object_get(json_object_get(json_object_get(config, "train"), "recipe"), "train"));
    print_flow_map(json_object_get(config, "flow_map"));
    print_members("card", adv_model_card_json(model));
}

static int run(int argc, char **argv)
{
    struct inspect_options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    if (adv_model_load(path, adv_environment(), &model, &error) != ADV_OK)
        return adv_command_fail("inspect", &error);
    if (options.json) {
        json_dumpf(adv_model_config_json(model), stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        print_model(model);
    }
    adv_model_unref(model);
    return ADV_EXIT_OK;
}

const struct adv_command adv_command_inspect = {
    .name = "inspect",
    .help = "show a model's configuration, program, parameters and card",
    .run = run,
};
