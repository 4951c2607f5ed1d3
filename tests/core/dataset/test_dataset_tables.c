/* Data sets of tables as people have them, and of images with their channels last. */
#include "tests/core/dataset/dataset_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/dataset.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

static const char kinds_csv[] =
    "a,kind,note,b\n1,short,x,2\n3,long,x,4\n5,short,x,NA\n7,long,x,8\n";
#define KINDS(more)                                                                                \
    "{\"source\": {\"kind\": \"csv\", \"file\": \"kinds.csv\", \"columns\": [\"!note\"], "         \
    "\"missing\": "                                                                                \
    "\"drop\", \"label_column\": \"kind\"}, \"held_out\": 0" more "}"

static int32_t label_of(const struct adv_dataset *d, uint64_t row)
{
    float x[2];
    int32_t label;
    adv_dataset_points(d, ADV_SPLIT_TEST, row, 1, x, &label, NULL);
    return label;
}

START_TEST(texts_become_classes)
{
    dataset_write_text("kinds.csv", kinds_csv);
    struct adv_dataset d = dataset_opened(KINDS("")); /* by their order as texts: long, short */
    ck_assert_uint_eq(d.classes, 2);
    ck_assert_uint_eq(d.n_rows, 3);
    ck_assert_int_eq(label_of(&d, 0), 1);
    ck_assert_int_eq(label_of(&d, 1), 0);
    ck_assert_str_eq(json_string_value(json_array_get(d.label_names, 0)), "long");
    ck_assert_str_eq(adv_dataset_column(&d, 1), "b");
    ck_assert_ptr_nonnull(strstr(adv_dataset_notes(&d), "1 of 4 rows"));
    ck_assert_ptr_nonnull(strstr(adv_dataset_notes(&d), "from 0, are \"long\", \"short\""));
    adv_dataset_close(&d);
    d = dataset_opened(KINDS(", \"labels\": [\"short\", \"middle\", \"long\"]"));
    ck_assert_uint_eq(d.classes, 3);
    ck_assert_int_eq(label_of(&d, 0), 0);
    ck_assert_int_eq(label_of(&d, 1), 2);
    ck_assert_ptr_null(d.label_names);
    adv_dataset_close(&d);
    dataset_refuses(KINDS(", \"labels\": [\"short\", \"lang\"]"),
                    "is \"long\", which is not one of");
    dataset_refuses(KINDS(", \"classes\": 3"),
                    "the labels are 2 different texts, \"short\", \"long\"");
}
END_TEST

START_TEST(numbers_that_count_from_elsewhere_become_classes)
{
    dataset_write_text("q.csv", "a,b,quality\n1,2,10\n3,4,8\n5,6,9\n");
#define QUALITY(more)                                                                              \
    "{\"source\": {\"kind\": \"csv\", \"file\": \"q.csv\", \"label_column\": 2}, \"held_out\": "   \
    "0" more "}"
    struct adv_dataset d = dataset_opened(QUALITY(", \"classes\": 3"));
    ck_assert_int_eq(label_of(&d, 0), 2); /* 8, 9, 10: by size */
    ck_assert_int_eq(label_of(&d, 1), 0);
    ck_assert_str_eq(json_string_value(json_array_get(d.label_names, 2)), "10");
    adv_dataset_close(&d);
    dataset_refuses(QUALITY(", \"classes\": 2"), "must be an integer between 0 and 1");
    dataset_refuses(QUALITY(""), "data.classes is 0");
}
END_TEST

START_TEST(named_columns_are_found_in_any_order)
{
    dataset_write_text("xy.csv", "y,z,x\n1,2,3\n4,5,6\n");
#define XY(more) "{\"source\": {\"kind\": \"csv\", \"file\": \"xy.csv\"}, \"held_out\": 0" more "}"
    struct adv_dataset d = dataset_opened(XY(", \"columns\": [\"x\", \"y\"]"));
    ck_assert_uint_eq(d.dim, 2);
    ck_assert_float_eq(d.source.rows.data[0], 3);
    ck_assert_float_eq(d.source.rows.data[1], 1);
    adv_dataset_close(&d);
    dataset_refuses(XY(", \"columns\": [\"x\", \"w\"]"), "there is no column \"w\"");
    dataset_write_text("xy.csv", "1,2\n4,5\n");
    d = dataset_opened(XY(", \"columns\": [\"x\", \"y\"]"));
    ck_assert_str_eq(adv_dataset_column(&d, 1), "y");
    adv_dataset_close(&d);
    dataset_refuses(XY(", \"columns\": [\"x\"]"), "must be an array of 2 names");
    dataset_refuses(XY(", \"columns\": [\"x\", 2]"), "data.columns[1] is not a string");
}
END_TEST

START_TEST(columns_of_another_scale_are_noticed)
{
    dataset_write_text("far.csv", "a,b,year\n1,2,7\n3,4,7\n8,1,7\n");
    dataset_refuses(
        "{\"source\": {\"kind\": \"csv\", \"file\": \"far.csv\"}, \"transform\": {\"kind\": "
        "\"standardise\"}}",
        "leave column \"year\" out (data.source.columns): column 2 of the data is 7");
    dataset_write_text("far.csv", "a,b\n1000,0.5\n1010,0.1\n990,-0.9\n1003,0.4\n");
#define FAR(more)                                                                                  \
    "{\"source\": {\"kind\": \"csv\", \"file\": \"far.csv\"}, \"held_out\": 0" more "}"
    struct adv_dataset d = dataset_opened(FAR(", \"transform\": \"identity\""));
    ck_assert_ptr_nonnull(strstr(adv_dataset_notes(&d), "column \"a\" has mean 1e+03"));
    ck_assert_ptr_null(strstr(adv_dataset_notes(&d), "and 1 more"));
    adv_dataset_close(&d);
    d = dataset_opened(FAR(", \"transform\": {\"kind\": \"standardise\"}"));
    ck_assert_str_eq(adv_dataset_notes(&d), "");
    adv_dataset_close(&d);
}
END_TEST

/* Two images of 5 x 2 pixels; pixel (y, x) of channel c of image i is 1000 i + 100 c + 10 y + x. */
START_TEST(channels_may_come_last)
{
    enum { H = 5, W = 2, C = 3 };
    float last[2][H][W][C];
    char path[128];
    for (int i = 0; i < 2 * H * W * C; i++)
        ((float *)last)[i] =
            (float)(i / (H * W * C) * 1000 + i % C * 100 + i / (W * C) % H * 10 + i / C % W);
    snprintf(path, sizeof path, "%s/images.npy", dataset_folder);
    ck_assert_int_eq(
        adv_npy_write_float(path, 4, (const size_t[]){2, H, W, C}, (const float *)last, NULL),
        ADV_OK);
#define IMAGES(more)                                                                               \
    "{\"source\": {\"kind\": \"npy\", \"file\": \"images.npy\"}, \"held_out\": 0" more "}"
    struct adv_dataset d = dataset_opened(IMAGES(""));
    ck_assert_uint_eq(d.shape[0], C);
    ck_assert_uint_eq(d.shape[1], H);
    ck_assert_uint_eq(d.shape[2], W);
    for (int i = 0; i < 2 * C * H * W; i++)
        ck_assert_float_eq(
            d.source.rows.data[i],
            (float)(i / (C * H * W) * 1000 + i / (H * W) % C * 100 + i / W % H * 10 + i % W));
    ck_assert_ptr_nonnull(strstr(adv_dataset_notes(&d), "put first: [3, 5, 2]"));
    adv_dataset_close(&d);
    dataset_refuses(IMAGES(", \"shape\": [5, 2, 3]"),
                    "it must be [channels, height, width], [3, 5, 2]");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data sets of tables");
    TCase *tests = tcase_create("tables");
    tcase_add_checked_fixture(tests, dataset_make_folder, dataset_remove_folder);
    tcase_add_test(tests, texts_become_classes);
    tcase_add_test(tests, numbers_that_count_from_elsewhere_become_classes);
    tcase_add_test(tests, named_columns_are_found_in_any_order);
    tcase_add_test(tests, columns_of_another_scale_are_noticed);
    tcase_add_test(tests, channels_may_come_last);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
