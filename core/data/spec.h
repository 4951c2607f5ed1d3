/* JSON specifications of the form {"kind": name, options of that kind ...}, as
 * densities and transforms have them. */
#ifndef ADV_DATA_SPEC_H
#define ADV_DATA_SPEC_H

#include <advect/extra/fields.h>

/* Finds spec's "kind" among the NULL-terminated names. *index: which; *options: a new reference to
 * an object of the other members. */
enum adv_status adv_spec_kind(const json_t *spec, const char *const *names, size_t *index,
                              json_t **options, struct adv_error *error);

/* A zeroed state of state_bytes whose fields are set from their defaults, then from options.
 * kind: prefix of field names in errors. Freed by adv_spec_free_state. */
enum adv_status adv_spec_new_state(const struct adv_field *fields, size_t n_fields,
                                   size_t state_bytes, const json_t *options, const char *kind,
                                   void **state, struct adv_error *error);
void adv_spec_free_state(const struct adv_field *fields, size_t n_fields, void *state);

/* Bounds, inclusive, and name of the numbers to be read. */
struct adv_number_list {
    const char *name; /* "affine.scale", for errors */
    size_t count;
    double min, max;
};

/* One number for all, or an array of count numbers, into out [count]. json NULL: fallback for
 * all. */
enum adv_status adv_spec_numbers(const struct adv_number_list *list, const json_t *json,
                                 double fallback, double *out, struct adv_error *error);

#endif
