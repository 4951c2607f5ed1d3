/* Data sets that tests open, in a folder of their own. */
#ifndef TESTS_DATASET_SUPPORT_H
#define TESTS_DATASET_SUPPORT_H

#include <advect/extra/dataset.h>
#include <jansson.h>

/* Checked fixtures: a new folder; its removal with all in it. */
void dataset_make_folder(void);
void dataset_remove_folder(void);
extern char dataset_folder[64];

/* Files in the folder. */
void dataset_write_file(const char *name, const void *bytes, size_t n);
void dataset_write_text(const char *name, const char *text);

json_t *dataset_json(const char *text);

/* The data part of a recipe, as text, opened with seed 7 in the folder. */
enum adv_status dataset_open_text(const char *text, struct adv_dataset *dataset,
                                  struct adv_error *error);
/* It must open; or must be refused with a message that contains what is expected. */
struct adv_dataset dataset_opened(const char *text);
void dataset_refuses(const char *text, const char *expected);

#endif
