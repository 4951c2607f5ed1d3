/* Everything that a recipe can say, as a document: written from the tables by which recipes are
 * read, so that nothing is missing and no default is another. */
#include <advect/extra/net.h>
#include <advect/extra/recipe.h>
#include <advect/extra/source.h>
#include <advect/extra/transform.h>

static const char introduction[] =
    "# Every field of a recipe\n\n"
    "This page is written by `advect --recipe-reference` from the tables by which recipes are "
    "read.\n"
    "[Recipe fields](recipe.md) explains those that need more words than a line, "
    "[networks](networks.md)\nand [densities](densities.md) the kinds.\n";

struct section {
    const char *title, *text;
    bool (*group)(size_t i, struct adv_field_group *group);
};

static const struct section sections[] = {
    {"Kinds of data.source", "By `kind`, which stands beside these.", adv_source_group},
    {"Kinds of data.source.density", "By `kind`, which stands beside these.", adv_density_group},
    {"Kinds of data.transform", "By `kind`, which stands beside these; or a kind's name alone.",
     adv_transform_group},
    {"Kinds of column in a transform of kind columns",
     "By `kind`, which stands beside these. `data.support` states the same more briefly.",
     adv_support_group},
    {"Kinds of net", "By `kind`, which stands beside these.", adv_net_group},
};

/* A phrase of a table as a sentence. */
static void print_sentence(const char *phrase, FILE *out)
{
    bool lower = *phrase >= 'a' && *phrase <= 'z';
    fprintf(out, "%c%s.\n", lower ? *phrase - 'a' + 'A' : *phrase, phrase + 1);
}

static void print_group(const struct adv_field_group *group, FILE *out)
{
    fprintf(out, "\n### %s\n\n", group->name);
    print_sentence(group->help, out);
    if (group->n_fields == 0) {
        fputs("\nNo fields of its own.\n", out);
        return;
    }
    fputc('\n', out);
    adv_fields_markdown(group->fields, group->n_fields, out);
}

static void print_parts(FILE *out)
{
    struct adv_field_group group;
    for (size_t i = 0; adv_recipe_group(i, &group); i++) {
        fprintf(out, "\n## %s\n\n", *group.name ? group.name : "The recipe");
        adv_fields_markdown(group.fields, group.n_fields, out);
    }
    fputs("\nPaths:", out);
    for (const char *const *name = adv_path_names(); *name; name++)
        fprintf(out, " `%s`", *name);
    fputs(".\n", out);
}

void adv_recipe_reference(FILE *out)
{
    struct adv_field_group group;
    fputs(introduction, out);
    print_parts(out);
    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++) {
        fprintf(out, "\n## %s\n\n%s\n", sections[s].title, sections[s].text);
        for (size_t i = 0; sections[s].group(i, &group); i++)
            print_group(&group, out);
    }
}
