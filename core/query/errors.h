/* What an answer says against itself. How far the integration may have gone wrong: every row is
 * integrated a second time beside the first, more coarsely, by shards of its own, and the difference
 * is turned into an error bar of the first. The method, and what it leaves out, is told in
 * <advect/query.h>. */
#ifndef ADV_QUERY_ERRORS_H
#define ADV_QUERY_ERRORS_H

#include <advect/query.h>

#define ADV_WARNINGS_MAX 3

/* All NULL where no errors are asked for. */
struct adv_run_errors {
    double *coarse_log_density;   /* [n], or NULL where the answer has no log-density */
    float *coarse_latents;        /* [n, dim], or NULL where the answer has no latents */
    float *coarse_score;          /* [n, dim] of SCORE, or NULL */
    double *log_density, *latent; /* [n], the answer's, or NULL likewise */
    double *score;                /* [n], likewise */
    char texts[ADV_WARNINGS_MAX][256];
    const char *warnings[ADV_WARNINGS_MAX + 1];
    size_t n_warnings;
};

struct adv_run;

/* The setting of the second integration over a time of `length` in (0, 1]: half as many steps, and
 * where there is but one, two; or ten times the tolerances. */
struct adv_solver_spec adv_coarse_solver(const struct adv_solver_spec *spec, double length);

/* Makes room, and sets the answer's arrays; ADV_E_MEMORY. */
enum adv_status adv_run_errors_init(struct adv_run *run, struct adv_error *error);
void adv_run_errors_release(struct adv_run_errors *errors);
size_t adv_run_errors_bytes(const struct adv_run *run);

/* Once all shards have ended: the answer's errors, and warnings of these and of what cannot be. */
void adv_run_errors_finish(struct adv_run *run);

#endif
