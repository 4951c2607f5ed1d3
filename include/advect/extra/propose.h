/* From a table to a recipe: what a training of it takes, chosen by what is in it. */
#ifndef ADVECT_EXTRA_PROPOSE_H
#define ADVECT_EXTRA_PROPOSE_H

#include <advect/api.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_PROPOSE_COLUMNS_MAX 256 /* exact log-densities take time in proportion to them */
#define ADV_PROPOSE_ROWS_MIN 10

/* Kinds of networks (docs/reference/networks.md). A transformer learns more from few rows of many
 * columns, above all given a context, and takes ten to fifty times as long. */
enum adv_proposed_net { ADV_PROPOSED_MLP, ADV_PROPOSED_TRANSFORMER };
extern const char *const adv_proposed_net_names[];

/* What is known of the table. All but file may be zeros. */
struct adv_propose_options {
    const char *file;     /* CSV or NPY, gzipped or not */
    const char *recorded; /* how the recipe is to name it; NULL: as file */
    const char *name;     /* of the model; NULL: the file's, without folder and ending */
    const json_t *columns, *context, *label_column; /* as of adv_table_options; of CSV files only */
    const char *labels;                 /* of an NPY file: the one with its rows' classes */
    const char *context_file;           /* of an NPY file: the one with its rows' contexts */
    const json_t *support;              /* data.support of the recipe */
    int64_t missing, header, separator; /* as of adv_table_options */
    int64_t net;                        /* enum adv_proposed_net */
    int64_t steps;                      /* train.steps; 0: chosen */
    int64_t seed;                       /* train.seed */
    const char *where;                  /* as of adv_table_options */
};

struct adv_proposal {
    json_t *recipe; /* docs/reference/recipe.md */
    /* What was found:
     *
     *     "file", "rows": {"complete", "dropped", "held_out"}, "classes",
     *     "columns": [{"name", "kind": of adv_column_kind_names, "use": "number", "context", "label" or
     *                  "none", "support": in words, "low", "high", "missing", "texts"}],
     *     "notes": ["..."], "suggestions": ["..."]
     *
     * a column's members being null where there is nothing to say. */
    json_t *found;
};

/* Reads the file, chooses, and tries how many Gaussians describe the held-out rows best
 * (net.mixture); the same file, options and seed give the same recipe. Errors: as of adv_table_read
 * and adv_dataset_open; ADV_E_INVALID for tables with fewer rows or more columns than the above,
 * for labels of which most rows have one of their own, and for a transformer of circles. */
enum adv_status adv_recipe_propose(const struct adv_propose_options *options,
                                   struct adv_proposal *proposal, struct adv_error *error);
void adv_proposal_release(struct adv_proposal *proposal);

/* Whether a training by this recipe could begin, of a proposal that was edited: its name, settings,
 * data and network. data: as of adv_training_options. Reads the data; a teacher is not looked for.
 * Errors: as of adv_training_new. */
enum adv_status adv_recipe_check(const json_t *recipe, const char *data, struct adv_error *error);

ADV_API_END
#endif
