#include "trainer/fit/table_command.h"

#include "trainer/cli/options.h"

#include <string.h>

#define FLAGS_MAX (ADV_TABLE_FLAGS + ADV_TABLE_OWN_FLAGS_MAX)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

/* The common flags, then the command's own; their number. */
static size_t join_flags(const struct adv_table_command *command,
                         struct adv_field fields[FLAGS_MAX])
{
    memcpy(fields, adv_table_flags(), ADV_TABLE_FLAGS * sizeof *fields);
    memcpy(fields + ADV_TABLE_FLAGS, command->fields, command->n_fields * sizeof *fields);
    return ADV_TABLE_FLAGS + command->n_fields;
}

int adv_table_command_run(const struct adv_table_command *command, int argc, char **argv)
{
    struct adv_overrides overrides = {0};
    const struct adv_more_options set = adv_overrides_flag(&overrides);
    struct adv_field fields[FLAGS_MAX];
    size_t n_fields = join_flags(command, fields);
    const struct adv_options command_line = {
        .command = command->name,
        .operands = "DATA",
        .n_operands = 1,
        .summary = command->summary,
        .example = command->example,
        .fields = fields,
        .n_fields = n_fields,
        .letters = letters,
        .more = &set,
    };
    struct adv_table_flags flags = {0};
    const char *data;
    int outcome = adv_options_read(&command_line, argc, argv, &flags, &data);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = command->work(&flags, &overrides, data, &error);
    adv_fields_release(fields, n_fields, &flags);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail(command->name, &error);
}
