/* What a recipe is proposed by: the table as it was found. Inside core/train only. */
#ifndef ADV_TRAIN_PROPOSAL_H
#define ADV_TRAIN_PROPOSAL_H

#include <advect/extra/dataset.h>
#include <advect/extra/propose.h>
#include <advect/extra/table.h>

struct adv_found {
    bool is_npy;
    struct adv_table_survey survey; /* of a CSV file */
    size_t n_rows, dim;             /* complete rows; columns that are numbers */
};

enum adv_status adv_found_read(const struct adv_propose_options *options, struct adv_found *found,
                               struct adv_error *error);
void adv_found_release(struct adv_found *found);

/* As of adv_proposal: a new reference. */
enum adv_status adv_found_to_json(const struct adv_propose_options *options,
                                  const struct adv_found *found, const struct adv_dataset *dataset,
                                  json_t **json, struct adv_error *error);

/* Members net and train of the recipe: new references; the second is NULL without memory. Errors:
 * ADV_E_INVALID for columns that such a network cannot model; ADV_E_MEMORY. */
enum adv_status adv_proposal_net(const struct adv_propose_options *options,
                                 const struct adv_dataset *dataset, json_t **net,
                                 struct adv_error *error);
json_t *adv_proposal_training(const struct adv_propose_options *options,
                              const struct adv_dataset *dataset);

#define ADV_NAME_BYTES 128

/* A model's name: of a file's path the last part without the endings of tables, with "-" for what
 * names cannot have; else the text as it is. */
void adv_name_of_file(const char *text, bool is_path, char name[ADV_NAME_BYTES]);

#endif
