/* The table of fields. JSON bodies, URL queries, flags, help and schema are all
 * read from it, so that they cannot disagree. */
#include "core/request/table.h"

#include "core/base/mem.h"

#include <string.h>

enum {
    SAMPLES = 1 << ADV_QUERY_SAMPLES,
    TRAJECTORIES = 1 << ADV_QUERY_TRAJECTORIES,
    LOG_DENSITY = 1 << ADV_QUERY_LOG_DENSITY,
    LATENTS = 1 << ADV_QUERY_LATENTS,
    VELOCITY = 1 << ADV_QUERY_VELOCITY,
    SCORE = 1 << ADV_QUERY_SCORE,
    FROM_BASE = SAMPLES | TRAJECTORIES,
    AT_POINTS = LOG_DENSITY | LATENTS | VELOCITY | SCORE,
    ALL = FROM_BASE | AT_POINTS,
    SOLVED = ALL & ~VELOCITY,
    WITH_DENSITY = SAMPLES | LOG_DENSITY
};

#define MAX_COUNT 1e9   /* beyond any limit; limits have their own refusals */
#define MAX_SEED 0x1p53 /* integers up to here survive every JSON reader */
#define AT(member) offsetof(struct adv_request_options, member)

static const char *const spaces[] = {"data", "flow", NULL};
static const char *const priorities[] = {"low", "normal", "high", NULL}; /* -1, 0, 1 */
static const char *const score_methods[] = {"path", "difference", NULL};
static const char *const divergences[] = {"auto", "exact", "hutchinson", NULL};
static const char *const velocity_divergences[] = {"false", "true", "exact", "hutchinson", NULL};

#define POINTS_SCHEMA                                                                              \
    "{\"type\": \"array\", \"minItems\": 1, \"items\":"                                            \
    " {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\"}}}"

/* A number is a context of one. */
#define CONTEXT_SCHEMA                                                                             \
    "{\"anyOf\": [{\"type\": \"number\"},"                                                         \
    " {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\"}},"                  \
    " {\"type\": \"array\", \"minItems\": 1, \"items\":"                                           \
    " {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"number\"}}}]}"

const struct adv_request_row adv_request_rows[] = {
    {.field = {"n", ADV_FIELD_INT, AT(n), .min = 1, .max = MAX_COUNT, .fallback = "1",
               .help = "number of samples; of each context, where several are given"},
     .in_text = FROM_BASE,
     .in_json = FROM_BASE},
    {.field = {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = MAX_SEED,
               .help = "seed of the base samples; if absent, one is drawn and named in the answer"},
     .in_text = FROM_BASE,
     .in_json = FROM_BASE},
    {.field = {"first", ADV_FIELD_INT, AT(first), .min = 0, .max = MAX_SEED, .fallback = "0",
               .help = "index of the first sample in the random stream of the seed"},
     .in_text = FROM_BASE,
     .in_json = FROM_BASE},
    {.field = {"x0", ADV_FIELD_JSON,
               .help = "starting points in base units, in place of random ones"},
     .in_json = FROM_BASE,
     .read = adv_request_read_points,
     .scan = adv_request_scan_points,
     .schema = POINTS_SCHEMA},
    {.field = {"points", ADV_FIELD_JSON, .required = true,
               .help = "points as rows of numbers, one row per point"},
     .in_json = AT_POINTS,
     .read = adv_request_read_points,
     .scan = adv_request_scan_points,
     .schema = POINTS_SCHEMA},
    {.field =
         {"label", ADV_FIELD_STRING,
          .help =
              "class of all rows, or a list with the class of each row, by number from 0 on or by "
              "name; -1 means no class. As text, what looks like a number is one: a name that "
              "does, or that has a comma, stands in quotation marks or in a JSON array"},
     .in_text = ALL,
     .in_json = ALL,
     .read = adv_request_read_label,
     .scan = adv_request_scan_labels,
     .schema = "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": -1}, {\"type\": \"string\"},"
               " {\"type\": \"array\", \"minItems\": 1,"
               " \"items\": {\"anyOf\": [{\"type\": \"integer\", \"minimum\": -1},"
               " {\"type\": \"string\"}]}}]}"},
    {.field = {"context", ADV_FIELD_STRING,
               .help =
                   "what a model of conditional densities is conditioned on: a list of numbers, "
                   "or one such list for each row; in a URL with commas between numbers and "
                   "semicolons between lists, as in 0.1,-0.2;0.3,0"},
     .in_text = ALL,
     .in_json = ALL,
     .read = adv_request_read_context,
     .scan = adv_request_scan_context,
     .schema = CONTEXT_SCHEMA,
     .served = true},
    {.field = {"guidance", ADV_FIELD_REAL, AT(guidance), .min = -100, .max = 100,
               .help =
                   "guidance weight w in v_null + w (v_label - v_null); if absent, the model's own "
                   "for samples and trajectories without log-densities, 1 otherwise"},
     .in_text = ALL,
     .in_json = ALL},
    {.field = {"t", ADV_FIELD_REAL, AT(t), .min = 0, .max = 1, .fallback = "1",
               .help = "time of the points, from 0 (base) to 1 (data)"},
     .in_text = AT_POINTS,
     .in_json = AT_POINTS},
    {.field = {"method", ADV_FIELD_CHOICE, AT(score_method), .choices = score_methods,
               .fallback = "path",
               .help =
                   "how the score is computed: path, from the velocity, at t < 1; difference, by "
                   "differences of 2 log-densities for each dimension, with an error"},
     .in_text = SCORE,
     .in_json = SCORE},
    {.field = {"frames", ADV_FIELD_INT, AT(frames), .min = 2, .max = MAX_COUNT, .fallback = "11",
               .help = "number of frames, at equally spaced times from 0 to 1"},
     .in_text = TRAJECTORIES,
     .in_json = TRAJECTORIES},
    {.field = {"times", ADV_FIELD_STRING,
               .help = "list of ascending times in [0, 1], in place of frames"},
     .in_text = TRAJECTORIES,
     .in_json = TRAJECTORIES,
     .read = adv_request_read_times,
     .scan = adv_request_scan_times,
     .schema = "{\"type\": \"array\", \"minItems\": 2,"
               " \"items\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1}}"},
    {.field = {"log_density", ADV_FIELD_BOOL, AT(log_density), .fallback = "false",
               .help = "also compute the log-density of each sample"},
     .in_text = SAMPLES,
     .in_json = SAMPLES},
    {.field = {"solver", ADV_FIELD_JSON,
               .help = "method and accuracy of the integration of the flow"},
     .in_json = SOLVED,
     .read = adv_request_read_group},
    {.field = {"solver", ADV_FIELD_CHOICE, AT(method),
               .help = "integration method, or flow_map of models that have one, whose default it "
                       "is for all that it gives; if absent, midpoint for samples and trajectories "
                       "of images, rk4 for "
                       "those of points, dopri5 for log-densities, latents and scores; sde is of "
                       "samples and trajectories only"},
     .in_text = SOLVED,
     .in_json = SOLVED,
     .group = "solver",
     .key = "method"},
    {.field =
         {"steps", ADV_FIELD_INT, AT(steps), .min = 1, .max = MAX_COUNT,
          .help =
              "number of equal steps over [0, 1], fixed-step solvers only, of flow_map 1, 2, 4 or "
              "8; "
              "if absent, as many as take 30 velocity evaluations for samples and trajectories of "
              "images, 100 otherwise, and of flow_map 4"},
     .in_text = SOLVED,
     .in_json = SOLVED,
     .group = "solver",
     .key = "steps"},
    {.field = {"noise", ADV_FIELD_REAL, AT(noise), .min = 0, .max = ADV_NOISE_MAX,
               .help = "how much noise the solver sde adds, as a multiple of what is left of the "
                       "path's; 1 if absent"},
     .in_text = FROM_BASE,
     .in_json = FROM_BASE,
     .group = "solver",
     .key = "noise"},
    {.field = {"rtol", ADV_FIELD_REAL, AT(rtol), .min = 0, .max = 1, .fallback = "1e-5",
               .help = "relative tolerance of the adaptive solver, dopri5"},
     .in_text = SOLVED & ~SCORE,
     .in_json = SOLVED & ~SCORE,
     .group = "solver",
     .key = "rtol"},
    {.field = {"rtol", ADV_FIELD_REAL, AT(rtol), .min = 0, .max = 1, .fallback = "1e-7",
               .help = "relative tolerance of the adaptive solver, dopri5"},
     .in_text = SCORE,
     .in_json = SCORE,
     .group = "solver",
     .key = "rtol"},
    {.field = {"atol", ADV_FIELD_REAL, AT(atol), .min = 0, .max = 1, .fallback = "1e-5",
               .help = "absolute tolerance of the adaptive solver, dopri5"},
     .in_text = SOLVED & ~SCORE,
     .in_json = SOLVED & ~SCORE,
     .group = "solver",
     .key = "atol"},
    {.field = {"atol", ADV_FIELD_REAL, AT(atol), .min = 0, .max = 1, .fallback = "1e-7",
               .help = "absolute tolerance of the adaptive solver, dopri5"},
     .in_text = SCORE,
     .in_json = SCORE,
     .group = "solver",
     .key = "atol"},
    {.field = {"divergence", ADV_FIELD_JSON,
               .help = "method of computing the divergence of the velocity"},
     .in_json = WITH_DENSITY,
     .read = adv_request_read_group},
    {.field = {"divergence", ADV_FIELD_JSON,
               .help = "also compute the divergence of the velocity: true, false, or the method"},
     .in_json = VELOCITY,
     .read = adv_request_read_divergence,
     .schema = "{\"type\": \"boolean\"}"},
    {.field = {"divergence", ADV_FIELD_CHOICE, AT(divergence_method), .choices = divergences,
               .fallback = "auto",
               .help = "method for the divergence of the velocity, where auto means exact up to 16 "
                       "dimensions and hutchinson beyond"},
     .in_text = WITH_DENSITY,
     .in_json = WITH_DENSITY | VELOCITY,
     .group = "divergence",
     .key = "method"},
    {.field = {"divergence", ADV_FIELD_CHOICE, AT(velocity_divergence),
               .choices = velocity_divergences, .fallback = "false",
               .help = "also compute the divergence of the velocity, where true means exact up to "
                       "16 dimensions and hutchinson beyond"},
     .in_text = VELOCITY},
    {.field =
         {"probes", ADV_FIELD_INT, AT(probes), .min = 1, .max = MAX_COUNT, .fallback = "16",
          .help = "number of random probe vectors of the Hutchinson estimate of the divergence; as "
                  "many as dimensions, or more, give the exact one"},
     .in_text = WITH_DENSITY | VELOCITY,
     .in_json = WITH_DENSITY | VELOCITY,
     .group = "divergence",
     .key = "probes"},
    {.field = {"probe_seed", ADV_FIELD_INT, AT(probe_seed), .min = 0, .max = MAX_SEED,
               .fallback = "0", .help = "seed of the Hutchinson probe vectors"},
     .in_text = WITH_DENSITY | VELOCITY,
     .in_json = WITH_DENSITY | VELOCITY,
     .group = "divergence",
     .key = "seed"},
    {.field = {"renew_probes", ADV_FIELD_BOOL,
               .help = "draw fresh probes at each evaluation, for less variance; if absent, where "
                       "the solver's steps are fixed and no errors are asked for"},
     .in_text = WITH_DENSITY,
     .in_json = WITH_DENSITY,
     .group = "divergence",
     .key = "renew",
     .read = adv_request_read_renewal,
     .schema = "{\"type\": \"boolean\"}"},
    {.field = {"errors", ADV_FIELD_BOOL,
               .help = "also estimate how far the integration errs in each log-density and latent, "
                       "for about half as much work again; if absent, true of points in JSON where "
                       "divergences are exact, up to 16 dimensions; false leaves it out"},
     .in_text = WITH_DENSITY | LATENTS,
     .in_json = WITH_DENSITY | LATENTS,
     .read = adv_request_read_errors,
     .schema = "{\"type\": \"boolean\"}"},
    {.field = {"space", ADV_FIELD_CHOICE, AT(space), .choices = spaces, .fallback = "data",
               .help = "units of points and answers, where flow means those of the network"},
     .in_text = ALL,
     .in_json = ALL},
    {.field = {"timeout_ms", ADV_FIELD_INT, AT(timeout_ms), .min = 1, .max = 86400000, .unit = "ms",
               .help = "longest time to wait for the answer, if shorter than the server's own "
                       "limit"},
     .in_text = ALL,
     .in_json = ALL,
     .served = true},
    {.field = {"priority", ADV_FIELD_CHOICE, AT(priority), .choices = priorities,
               .fallback = "normal",
               .help = "which requests the server computes first; high is for keys that allow it"},
     .in_text = ALL,
     .in_json = ALL,
     .served = true},
};

const size_t adv_request_n_rows = ADV_COUNT(adv_request_rows);
_Static_assert(ADV_COUNT(adv_request_rows) <= ADV_REQUEST_FIELDS_MAX, "room for every row");

static bool same_group(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

size_t adv_request_fields(const struct adv_request_part *part,
                          struct adv_field fields[ADV_REQUEST_FIELDS_MAX],
                          const struct adv_request_row **rows)
{
    size_t n = 0;
    for (size_t i = 0; i < adv_request_n_rows; i++) {
        const struct adv_request_row *row = &adv_request_rows[i];
        unsigned kinds = part->text ? row->in_text : row->in_json;
        if (part->flags && row->served)
            continue;
        if (!(kinds >> part->kind & 1) || (!part->text && !same_group(part->group, row->group)))
            continue;
        fields[n] = row->field;
        if (!part->text && row->key)
            fields[n].name = row->key;
        if (row->field.kind == ADV_FIELD_CHOICE && !row->field.choices)
            fields[n].choices = adv_solver_names(); /* known at run time only */
        if (rows)
            rows[n] = row;
        n++;
    }
    return n;
}
