/* advect new: the recipe that advect fit would train, as a file to edit. */
#include "trainer/fit/table_command.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(member) offsetof(struct adv_table_flags, member)
static const struct adv_field own_fields[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .max = 3000,
     .help = "file to write, - for standard output; NAME.json if absent, unless there is one"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show what was found"},
};
_Static_assert(ADV_COUNT(own_fields) <= ADV_TABLE_OWN_FLAGS_MAX, "no room for flags");

/* How a recipe in that file finds the data, into name: by the name alone in one folder, else by the
 * whole path. */
static void name_data(const char *data, const char *recipe, char name[PATH_MAX])
{
    char of_data[ADV_PATH_BYTES], of_recipe[ADV_PATH_BYTES];
    char real_data[PATH_MAX], real_recipe[PATH_MAX];
    const char *slash = strrchr(data, '/');
    adv_folder_of(data, of_data);
    adv_folder_of(recipe, of_recipe);
    bool together = realpath(of_data, real_data) && realpath(of_recipe, real_recipe) &&
                    !strcmp(real_data, real_recipe);
    if (together)
        snprintf(name, PATH_MAX, "%s", slash ? slash + 1 : data);
    else if (!realpath(data, name))
        snprintf(name, PATH_MAX, "%s", data);
}

static enum adv_status write_recipe(const struct adv_table_flags *flags, const json_t *recipe,
                                    struct adv_error *error)
{
    char own[ADV_PATH_BYTES];
    const char *out = flags->out;
    snprintf(own, sizeof own, "%s.json", json_string_value(json_object_get(recipe, "name")));
    if (!out && access(own, F_OK) == 0)
        return adv_fail_field(
            error, ADV_E_INVALID, "out",
            "%s is there already: --out %s replaces it, --out OTHER.json keeps it", own, own);
    char *text = adv_json_dump(recipe, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return adv_no_memory(error);
    enum adv_status status = adv_write_output(out ? out : own, text, strlen(text), true, error);
    if (status == ADV_OK && !adv_is_dash(out) && !flags->quiet)
        printf("\nwritten: %s; train it with advect train %s\n", out ? out : own, out ? out : own);
    free(text);
    return status;
}

static enum adv_status make(const struct adv_table_flags *flags,
                            const struct adv_overrides *overrides, const char *data,
                            struct adv_error *error)
{
    struct adv_table_input input = {0};
    struct adv_proposal proposal = {0};
    char recorded[PATH_MAX];
    bool to_stdout = adv_is_dash(flags->out);
    name_data(data, flags->out && !to_stdout ? flags->out : "./recipe.json", recorded);
    enum adv_status status = flags->out ? adv_check_output(flags->out, true, error) : ADV_OK;
    if (status == ADV_OK)
        status = adv_table_input_open(data, &input, error);
    if (status == ADV_OK)
        status = adv_table_input_propose(&input, input.is_copy ? "stdin" : recorded, flags,
                                         overrides, &proposal, error);
    if (status == ADV_OK && !flags->quiet && !to_stdout)
        adv_table_input_print(&proposal);
    if (status == ADV_OK)
        status = write_recipe(flags, proposal.recipe, error);
    adv_proposal_release(&proposal);
    adv_table_input_close(&input);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct adv_table_command command = {
        .name = "new",
        .summary =
            "Writes the recipe by which advect fit would train a model of a table, with every\n"
            "choice spelled out, to be edited and trained by advect train.",
        .example = "advect new iris.csv --label-column Species && advect train iris.json",
        .fields = own_fields,
        .n_fields = ADV_COUNT(own_fields),
        .work = make,
    };
    return adv_table_command_run(&command, argc, argv);
}

const struct adv_command adv_command_new = {
    .name = "new",
    .help = "write a recipe for a table, to be edited and trained",
    .run = run,
};
