/* Classes in requests by their names, in JSON and in text, and refusals. */
#include "tests/core/query/request_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/model.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#define NET(more) "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1" more "}"

/* Of classes with names, in no order, one of them with a comma and one a number; and without. */
static struct adv_model *clothes, *numbered, *none;

static void set_up(void)
{
    clothes = model_of("{\"name\": \"clothes\", \"data\": {\"classes\": 5, \"labels\":"
                       " [\"shirt\", \"bag\", \"ankle boot\", \"a, b\", \"1\"]},"
                       " " NET(", \"num_classes\": 5, \"null_class\": true") "}");
    numbered = model_of("{\"name\": \"numbered\", " NET(", \"num_classes\": 3") "}");
    none = model_of("{\"name\": \"none\", " NET("") "}");
}

static void tear_down(void)
{
    adv_model_unref(clothes);
    adv_model_unref(numbered);
    adv_model_unref(none);
}

static void settle(struct asked *a, const struct adv_model *of)
{
    struct adv_limits limits = adv_limits_default();
    if (a->status == ADV_OK)
        a->status = adv_request_query(a->request, of, &limits, RANDOM_SEED, &a->query, &a->error);
}

static struct asked in_json(const struct adv_model *of, const char *text)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_SAMPLES);
    a.status =
        adv_request_parse_json(a.request, of, text, strlen(text), "the body", &limits, &a.error);
    settle(&a, of);
    return a;
}

static struct asked in_text(const struct adv_model *of, const char *label)
{
    struct asked a = start(ADV_QUERY_SAMPLES);
    a.status = adv_request_set_text(a.request, "label", label, &a.error);
    settle(&a, of);
    return a;
}

static void check_labels(struct asked *a, size_t n, const int32_t *wanted, const char *what)
{
    check_ok(a, what);
    ck_assert_msg(a->query.n == n, "%s: %zu rows", what, a->query.n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(a->query.labels[i] == wanted[i], "%s: label %zu is %d", what, i,
                      a->query.labels[i]);
    done(a);
}

START_TEST(classes_go_by_name_as_by_number)
{
    static const struct {
        const char *json, *text; /* NULL: text has no way to say it */
        size_t n;
        int32_t labels[4];
    } cases[] = {
        {"{\"label\": \"bag\"}", "bag", 1, {1}},
        {"{\"label\": \"ankle boot\", \"n\": 2}", NULL, 2, {2, 2}},
        {"{\"label\": [\"ankle boot\", 0, \"bag\", -1]}",
         "ankle boot, 0 ,bag,-1",
         4,
         {2, 0, 1, -1}},
        {"{\"label\": [\"bag\", \"bag\"]}", " [\"bag\", \"bag\"] ", 2, {1, 1}},
        {"{\"label\": [\"a, b\"]}", "[\"a, b\"]", 1, {3}},
        {"{\"label\": \"\\u0062\\u0061g\"}", NULL, 1, {1}},
        {"{\"label\": 1}", "1", 1, {1}},
        {"{\"label\": \"1\"}", " \"1\"", 1, {4}}, /* in text a number is a number */
        {"{\"label\": \"a, b\"}", "\"a, b\"", 1, {3}},
        {"{\"label\": [\"1\", 1]}", "[\"1\", 1]", 2, {4, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asked a = in_json(clothes, cases[i].json);
        check_labels(&a, cases[i].n, cases[i].labels, cases[i].json);
        if (!cases[i].text)
            continue;
        a = in_text(clothes, cases[i].text);
        check_labels(&a, cases[i].n, cases[i].labels, cases[i].text);
    }
}
END_TEST

/* As in tables and in Python. */
START_TEST(of_equal_names_the_first_class_is_meant)
{
    struct adv_model *twins = model_of(
        "{\"name\": \"twins\", \"data\": {\"classes\": 5, \"labels\": [\"a\", \"a\", \"b\","
        " \"b\", \"b\"]}, " NET(", \"num_classes\": 5") "}");
    struct asked a = in_text(twins, "b,a");
    check_labels(&a, 2, (const int32_t[]){2, 0}, "b,a");
    ck_assert_int_eq(adv_model_find_label(twins, "b"), 2);
    ck_assert_int_eq(adv_model_find_label(twins, "c"), -1);
    ck_assert_int_eq(adv_model_find_label(numbered, "0"), -1);
    adv_model_unref(twins);
}
END_TEST

START_TEST(a_label_given_again_counts)
{
    struct asked a = start(ADV_QUERY_SAMPLES);
    ck_assert_int_eq(adv_request_set_text(a.request, "label", "nothing,of this", NULL), ADV_OK);
    ck_assert_int_eq(adv_request_set_text(a.request, "label", "bag,shirt", NULL), ADV_OK);
    settle(&a, clothes);
    check_labels(&a, 2, (const int32_t[]){1, 0}, "the second");
}
END_TEST

#define CLASSES " (shirt, bag, ankle boot, a, b, 1)"

static const struct {
    struct adv_model *const *of;
    const char *json, *text, *message; /* json or text NULL: it cannot be said so */
} wrong[] = {
    {&clothes, "{\"label\": \"boots\"}", "boots",
     "label is \"boots\", which is none of the model's classes" CLASSES},
    {&clothes, "{\"label\": [\"bag\", \"Bag\"]}", "bag,Bag",
     "label[1] is \"Bag\", which is none of the model's classes" CLASSES},
    {&clothes, "{\"label\": [\"bag\", \"\"]}", "bag,",
     "label[1] is \"\", which is none of the model's classes" CLASSES},
    {&clothes, "{\"label\": 1.5}", "1.5",
     "label is a real number; it must be a class, its number "
     "or its name"},
    {&clothes, "{\"label\": [1, null]}", "[1, null]",
     "label[1] is null; it must be a class, its "
     "number or its name"},
    {&clothes, "{\"label\": []}", "[]",
     "label is empty; it must be a class or an array of classes"},
    {&clothes, NULL, "[bag]",
     "label is \"[bag]\"; it must be classes separated by commas, by number "
     "or by name, or JSON"},
    {&numbered, "{\"label\": [0, \"bag\"]}", "0,bag",
     "label[1] is \"bag\"; the model's classes have no names, but numbers from 0 to 2"},
    {&none, "{\"label\": \"bag\"}", "bag",
     "label is \"bag\"; this model has no classes and takes none"},
    {&none, "{\"label\": [-1, 2]}", "-1,2", "label is 2; this model has no classes and takes none"},
    {&clothes, NULL, "bag,\xff", "label[1] is \"?\", which is none of the model's classes" CLASSES},
    {&clothes, NULL, "\"bag",
     "label is \"\"bag\"; it must be classes separated by commas, by number or by name, or JSON"},
    {&clothes, "{\"label\": [\"bag\", 1], \"n\": 3}", NULL,
     "label has 2 entries; it must have 3, one for every row"},
};

static void check_refusal(struct asked *a, const char *message)
{
    ck_assert_msg(a->status == ADV_E_INVALID, "not refused, but for: %s", message);
    ck_assert_str_eq(a->error.field, "label");
    ck_assert_str_eq(a->error.message, message);
    done(a);
}

START_TEST(wrong_labels_are_refused)
{
    struct asked a;
    if (wrong[_i].json) {
        a = in_json(*wrong[_i].of, wrong[_i].json);
        check_refusal(&a, wrong[_i].message);
    }
    if (wrong[_i].text) {
        a = in_text(*wrong[_i].of, wrong[_i].text);
        check_refusal(&a, wrong[_i].message);
    }
}
END_TEST

/* A class of a longer name goes by its number: the daemon does not look into long strings. */
START_TEST(names_have_a_greatest_length)
{
    enum { LONGEST = 1024 };
    char name[LONGEST + 2] = "", body[LONGEST + 64];
    for (size_t n = LONGEST; n <= LONGEST + 1; n++) {
        const char *words = n > LONGEST ? "label has more than 1024 bytes; it must be a class, by "
                                          "number where its name is that long"
                                        : "which is none of the model's classes";
        memset(name, 'x', n);
        struct asked a = in_text(clothes, name);
        ck_assert_msg(strstr(a.error.message, words) != NULL, "%s", a.error.message);
        done(&a);
        snprintf(body, sizeof body, "{\"label\": \"%s\"}", name);
        a = in_json(clothes, body);
        ck_assert_msg(strstr(a.error.message, words) != NULL, "%s", a.error.message);
        done(&a);
    }
    snprintf(body, sizeof body, "{\"label\": [1, \"%s\"]}", name);
    struct asked a = in_json(clothes, body);
    check_refusal(&a, "label[1] has more than 1024 bytes; it must be a class, by number where its "
                      "name is that long");
}
END_TEST

/* Told by line and column, as anything that is no JSON. */
START_TEST(names_that_are_no_json_are_told)
{
    static const char *const texts[] = {"{\"label\": [\"bag\", \"b\\q\"]}", "{\"label\": [\"bag",
                                        "{\"label\": [\"bag\\\"", "{\"label\": [\"\xff\"]}",
                                        "{\"label\": [\"bag\" \"bag\"]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct asked a = in_json(clothes, texts[i]);
        ck_assert_msg(a.status == ADV_E_FORMAT, "%s: %s", texts[i], a.error.message);
        ck_assert_msg(strstr(a.error.message, "the body is not JSON: line 1, column ") != NULL,
                      "%s: %s", texts[i], a.error.message);
        done(&a);
    }
}
END_TEST

static enum adv_status ask_by_names(void *context, struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    struct adv_request *request = NULL;
    struct adv_query query;
    (void)context;
    enum adv_status status = adv_request_new(ADV_QUERY_SAMPLES, &request, error);
    if (status == ADV_OK)
        status = adv_request_set_text(request, "label", "bag,shirt,2", error);
    if (status == ADV_OK)
        status = adv_request_query(request, clothes, &limits, RANDOM_SEED, &query, error);
    adv_request_free(request);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(ask_by_names, NULL), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request labels");
    TCase *tests = tcase_create("request labels");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, classes_go_by_name_as_by_number);
    tcase_add_test(tests, of_equal_names_the_first_class_is_meant);
    tcase_add_test(tests, names_have_a_greatest_length);
    tcase_add_test(tests, a_label_given_again_counts);
    tcase_add_loop_test(tests, wrong_labels_are_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, names_that_are_no_json_are_told);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
