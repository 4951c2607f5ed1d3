/* What a table's columns seem to be, said and not applied: whether a column of
 * numbers above 0 can fall below is for those to say who know it. Of a simulator's
 * that is known. */
#include "core/base/mem.h"
#include "core/dataset/supports.h"
#include "core/dataset/tails.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MIN 20     /* fewer say little */
#define COLUMNS_MAX 256 /* a wider table would bring pages of advice */
#define ATOM_SHARE 0.05 /* of the rows, by which a repeated value is worth a word */
#define NEAR_BOUND 3.0  /* standard deviations between mean and bound: a Gaussian would pass */

struct facts {
    double lo, hi, mean, deviation;
    bool whole;
    double atom, atom_share; /* the most frequent value of those sorted */
    double median, reach;    /* in interquartile ranges */
};

static double value_at(const struct adv_dataset *d, size_t row, size_t column)
{
    return (double)d->source.rows.data[row * d->dim + column];
}

static struct facts find_facts(const struct adv_dataset *d, size_t column)
{
    double first = value_at(d, 0, column), squares = 0;
    struct facts facts = {.lo = first, .hi = first, .whole = true};
    for (size_t i = 0; i < d->n_rows; i++) {
        double x = value_at(d, i, column), off = x - facts.mean;
        facts.lo = fmin(facts.lo, x);
        facts.hi = fmax(facts.hi, x);
        facts.whole = facts.whole && x == floor(x);
        facts.mean += off / (double)(i + 1);
        squares += off * (x - facts.mean);
    }
    facts.deviation = sqrt(squares / (double)d->n_rows);
    return facts;
}

static void find_order_facts(const struct adv_dataset *d, size_t column, double *values,
                             struct facts *facts)
{
    size_t n = adv_sorted_values(d->n_rows, d->source.rows.data + column, d->dim, values);
    size_t run = 0, longest = 0;
    for (size_t i = 0; i < n; i++) {
        run = i > 0 && values[i] == values[i - 1] ? run + 1 : 1;
        if (run > longest) {
            longest = run;
            facts->atom = values[i];
        }
    }
    facts->atom_share = (double)longest / (double)n;
    facts->median = values[n / 2];
    facts->reach = adv_tail_reach(n, values, facts->lo, facts->hi);
}

/* ---------------------------------------------------------------- sentences */

struct speaker {
    void (*say)(void *context, const char *sentence);
    void *context;
    char column[80];
};

static void tell(const struct speaker *speaker, const char *sentence)
{
    char text[320];
    snprintf(text, sizeof text, "column %s: %s", speaker->column, sentence);
    speaker->say(speaker->context, text);
}

/* "[0, null]" and the like where the data stop at a round bound that a Gaussian of their mean and
 * deviation would pass; NULL where they do not. */
static const char *bounds_of(const struct facts *f, const char **what)
{
    bool above = f->lo >= 0 && f->mean - 0 < NEAR_BOUND * f->deviation;
    bool below = f->hi <= 0 && 0 - f->mean < NEAR_BOUND * f->deviation;
    bool unit = f->lo >= 0 && f->hi <= 1 && f->hi > 0.5 && 1 - f->mean < NEAR_BOUND * f->deviation;
    *what = unit ? "between 0 and 1" : above ? "at least 0" : "at most 0";
    return unit ? "[0, 1]" : above ? "[0, null]" : below ? "[null, 0]" : NULL;
}

static void suggest_support(const struct facts *f, const struct speaker *speaker)
{
    char text[200];
    const char *what, *bounds = bounds_of(f, &what);
    if (f->whole)
        snprintf(text, sizeof text, "all values are whole numbers%s%s; consider support %s%s%s",
                 bounds ? ", " : "", bounds ? what : "", bounds ? "{\"integer\": " : "\"integer\"",
                 bounds ? bounds : "", bounds ? "}" : "");
    else if (bounds)
        snprintf(text, sizeof text, "all values are %s; consider support %s", what, bounds);
    else
        return;
    tell(speaker, text);
}

static void suggest_from_order(const struct facts *f, const struct speaker *speaker)
{
    char text[240];
    if (!f->whole && f->atom_share >= ATOM_SHARE) {
        snprintf(text, sizeof text,
                 "exact repeats of %.7g in %.0f %% of the rows (an atom), which no density has: "
                 "the model will put a narrow peak there",
                 f->atom, 100 * f->atom_share);
        tell(speaker, text);
    }
    double far = f->hi - f->median > f->median - f->lo ? f->hi : f->lo;
    if (f->reach >= ADV_HEAVY_REACH) {
        snprintf(text, sizeof text,
                 "%.9g is %.0f interquartile ranges from the median; consider support \"heavy\", "
                 "unless the value is an error",
                 far, f->reach);
        tell(speaker, text);
    }
}

static void suggest_of_column(const struct adv_dataset *d, size_t column, double *values,
                              struct speaker *speaker)
{
    const char *name = adv_dataset_column(d, column);
    struct facts facts = find_facts(d, column);
    if (name && *name)
        snprintf(speaker->column, sizeof speaker->column, "%.70s", name);
    else
        snprintf(speaker->column, sizeof speaker->column, "%zu", column);
    suggest_support(&facts, speaker);
    find_order_facts(d, column, values, &facts);
    suggest_from_order(&facts, speaker);
}

void adv_dataset_suggest(const struct adv_dataset *d,
                         void (*say)(void *context, const char *sentence), void *context)
{
    if (!d->stated || d->source.simulator || d->n_rows < ROWS_MIN)
        return;
    size_t room = d->n_rows < ADV_ROWS_SORTED ? d->n_rows : ADV_ROWS_SORTED;
    double *values = adv_calloc(room, sizeof *values);
    struct speaker speaker = {.say = say, .context = context};
    for (size_t column = 0; values && column < d->dim && column < COLUMNS_MAX; column++) {
        if (!d->stated[column])
            suggest_of_column(d, column, values, &speaker);
    }
    free(values); /* advice that finds no memory stays unsaid */
}
