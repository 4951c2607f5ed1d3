#include "tests/core/dataset/dataset_support.h"

#include "tests/support/folder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char dataset_folder[64];

void dataset_make_folder(void)
{
    folder_make(dataset_folder);
}

void dataset_remove_folder(void)
{
    folder_remove(dataset_folder);
}

void dataset_write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dataset_folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

json_t *dataset_json(const char *text)
{
    json_error_t flaw;
    json_t *json = json_loads(text, 0, &flaw);
    ck_assert_msg(json != NULL, "%s: %s", text, flaw.text);
    return json;
}

enum adv_status dataset_open_text(const char *text, struct adv_dataset *dataset,
                                  struct adv_error *error)
{
    json_t *json = dataset_json(text);
    struct adv_data_recipe recipe = {0};
    enum adv_status status = adv_data_recipe_init(&recipe, json, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe, 7, dataset_folder, dataset, error);
    adv_data_recipe_release(&recipe);
    json_decref(json);
    return status;
}

void dataset_refuses(const char *text, const char *expected)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_dataset dataset;
    enum adv_status status = dataset_open_text(text, &dataset, &error);
    ck_assert_msg(status != ADV_OK, "accepted: %s", text);
    ck_assert_msg(strstr(error.message, expected) != NULL, "%s\n  gives: %s\n  not: %s", text,
                  error.message, expected);
}

struct adv_dataset dataset_opened(const char *text)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_dataset dataset = {0};
    ck_assert_msg(dataset_open_text(text, &dataset, &error) == ADV_OK, "%s: %s", text,
                  error.message);
    return dataset;
}

void dataset_write_text(const char *name, const char *text)
{
    dataset_write_file(name, text, strlen(text));
}
