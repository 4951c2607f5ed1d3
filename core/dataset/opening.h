/* Parts of a data set and of its opening. Inside core/dataset only. */
#ifndef ADV_DATASET_OPENING_H
#define ADV_DATASET_OPENING_H

#include <advect/extra/dataset.h>

#define ADV_FIT_ROWS 16384 /* of what is drawn afresh, to fit a transform on */

/* Reads labels and classes: classes, labels, label_names. */
enum adv_status adv_dataset_read_labels(struct adv_dataset *dataset,
                                        const struct adv_data_recipe *recipe,
                                        struct adv_error *error);

/* Takes the numbers of contexts out of the rows: n_context, contexts, context_columns. */
enum adv_status adv_dataset_split_context(struct adv_dataset *dataset, struct adv_error *error);
/* Once the split is known: names the numbers of contexts, makes and fits their transform as
 * data.context, or NULL, says, and measures how far they reach. */
enum adv_status adv_dataset_open_context(struct adv_dataset *dataset, const json_t *recipe,
                                         struct adv_error *error);

/* What is wrong with a row of the source, told with where it is: in a file the line. why: what.
 * Returns its status. */
enum adv_status adv_dataset_fail_row(const struct adv_dataset *dataset, const char *field,
                                     size_t row, const struct adv_error *why,
                                     struct adv_error *error);

/* The n names of a field, one for each number of what is told by `of`, as one block to be freed:
 * columns [n]. ADV_E_INVALID where they are anything else; ADV_E_MEMORY. */
enum adv_status adv_dataset_read_names(const char *field, const char *of, const json_t *names,
                                       size_t n, char ***columns, struct adv_error *error);

/* The transform that "auto" stands for, of contexts [n, n_context], n > 0; a new reference, or NULL
 * without memory: numbers of heavy tails (core/dataset/tails.h) have the support "heavy", the others
 * are standardised. */
json_t *adv_dataset_auto_context_transform(size_t n, size_t n_context, const float *contexts);

/* Names the columns as the recipe does, where the file did not. */
enum adv_status adv_dataset_read_columns(struct adv_dataset *dataset, const json_t *names,
                                         struct adv_error *error);

/* Puts the name of the first column with one number throughout before a message about it. */
void adv_dataset_name_constant(const struct adv_dataset *dataset, struct adv_error *error);

/* Notes columns whose numbers, in flow units, a network would hardly learn. */
enum adv_status adv_dataset_note_scale(struct adv_dataset *dataset, struct adv_error *error);

#endif
