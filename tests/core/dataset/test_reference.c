/* The document of every field of recipes is what the code says today, and has what recipes say. */
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *reference_text(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    adv_recipe_reference(out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

/* The tests run in the source's folder. */
START_TEST(the_document_is_what_the_code_says)
{
    void *bytes;
    size_t n;
    char *text = reference_text();
    ck_assert_int_eq(adv_file_read("docs/reference/recipes.md", 1 << 20, &bytes, &n, NULL), ADV_OK);
    ck_assert_msg(n == strlen(text) && !memcmp(text, bytes, n),
                  "write it anew: advect --recipe-reference >docs/reference/recipes.md");
    free(bytes);
    free(text);
}
END_TEST

/* The part of the document from a heading to the next one of its level, cut out of text. */
static char *section_of(const char *text, const char *heading)
{
    const char *from = strstr(text, heading);
    ck_assert_msg(from != NULL, "no heading %s", heading);
    size_t level = strspn(heading + 1, "#");
    char next[8] = "\n### ";
    memcpy(next + 1 + level, " ", 2);
    const char *to = strstr(from + 1, next);
    char *section = to ? strndup(from, (size_t)(to - from)) : strdup(from);
    ck_assert_ptr_nonnull(section);
    return section;
}

static void assert_has_rows(const char *text, const char *heading, const json_t *object)
{
    const char *key;
    const json_t *value;
    char row[128], *section = section_of(text, heading);
    ck_assert_uint_gt(json_object_size(object), 0);
    json_object_foreach((json_t *)object, key, value)
    {
        snprintf(row, sizeof row, "\n| `%s` | ", key);
        ck_assert_msg(strstr(section, row) || !strcmp(key, "kind"), "%s has no row %s", heading,
                      key);
    }
    free(section);
}

/* A recipe with every default spelled out is all that its parts can say. */
START_TEST(recipes_say_nothing_else)
{
    char *text = reference_text();
    struct adv_recipe recipe = {0};
    ck_assert_int_eq(adv_recipe_parse(&recipe,
                                      "{\"name\": \"a\", \"net\": {}, \"data\": {\"source\": {}}, "
                                      "\"train\": {\"steps\": 1}}",
                                      NULL),
                     ADV_OK);
    json_t *json = adv_recipe_to_json(&recipe);
    assert_has_rows(text, "\n## The recipe\n", json);
    assert_has_rows(text, "\n## data\n", json_object_get(json, "data"));
    assert_has_rows(text, "\n## train\n", json_object_get(json, "train"));
    assert_has_rows(text, "\n## sampling\n", json_object_get(json, "sampling"));
    json_decref(json);
    adv_recipe_release(&recipe);
    free(text);
}
END_TEST

static const char *const nets[] = {
    "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 4, \"layers\": 1}",
    "{\"kind\": \"transformer\", \"dim\": 2, \"channels\": 4, \"layers\": 1}",
    "{\"kind\": \"sequential\", \"dim\": 2, \"channels\": 4, \"layers\": 1}",
    ("{\"kind\": \"unet\", \"image\": [1, 8, 8], \"model_channels\": 32, \"num_res_blocks\": 1, "
     "\"channel_mult\": [1]}"),
    "{\"kind\": \"empirical\", \"dim\": 2, \"samples\": 3}",
};

START_TEST(every_option_of_every_net_is_there)
{
    char *text = reference_text(), *section = section_of(text, "\n## Kinds of net\n"), heading[64];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_field_group group;
    struct adv_net *net = NULL;
    ck_assert(adv_net_group((size_t)_i, &group));
    ck_assert(!adv_net_group(sizeof nets / sizeof *nets, &group));
    json_t *config = json_loads(nets[_i], 0, NULL);
    ck_assert_msg(adv_net_new(config, &net, &error) == ADV_OK, "%s", error.message);
    json_t *spelled = adv_net_config(net);
    snprintf(heading, sizeof heading, "\n### %s\n",
             json_string_value(json_object_get(config, "kind")));
    assert_has_rows(section, heading, spelled);
    json_decref(spelled);
    json_decref(config);
    adv_net_free(net);
    free(section);
    free(text);
}
END_TEST

START_TEST(every_kind_is_there)
{
    static const char *const transforms[] = {"identity", "affine",      "standardise",
                                             "logit",    "gaussianise", "columns"};
    static const char *const sources[] = {"density", "idx", "csv", "npy"};
    char *text = reference_text(), heading[64];
    for (const char *const *name = adv_density_kinds(); *name; name++) {
        snprintf(heading, sizeof heading, "\n### %s\n", *name);
        ck_assert_msg(strstr(text, heading) != NULL, "%s", *name);
    }
    for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++) {
        snprintf(heading, sizeof heading, "\n### %s\n", transforms[i]);
        ck_assert_msg(strstr(text, heading) != NULL, "%s", transforms[i]);
    }
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        snprintf(heading, sizeof heading, "\n### %s\n", sources[i]);
        ck_assert_msg(strstr(text, heading) != NULL, "%s", sources[i]);
    }
    for (const char *const *name = adv_path_names(); *name; name++) {
        snprintf(heading, sizeof heading, " `%s`", *name);
        ck_assert_msg(strstr(strstr(text, "\nPaths:"), heading) != NULL, "%s", *name);
    }
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reference");
    TCase *tests = tcase_create("reference");
    tcase_add_test(tests, the_document_is_what_the_code_says);
    tcase_add_test(tests, recipes_say_nothing_else);
    tcase_add_loop_test(tests, every_option_of_every_net_is_there, 0,
                        (int)(sizeof nets / sizeof *nets));
    tcase_add_test(tests, every_kind_is_there);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
