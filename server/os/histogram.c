#include "server/os/histogram.h"

void adv_histogram_count(struct adv_histogram *histogram, const struct adv_histogram_kind *kind,
                         double value, uint64_t n)
{
    size_t bucket = 0;
    while (bucket < kind->n_bounds && value > kind->bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&histogram->in_bucket[bucket], n, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_millionths,
                              (unsigned long long)(value * 1e6 * (double)n), memory_order_relaxed);
}

void adv_histogram_write_head(const struct adv_histogram_kind *kind, FILE *out)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s histogram\n", kind->name, kind->help, kind->name);
}

void adv_histogram_write(const struct adv_histogram *histogram,
                         const struct adv_histogram_kind *kind, const char *labels, FILE *out)
{
    unsigned long long n = 0, below = 0, in_bucket[ADV_HISTOGRAM_BOUNDS_MAX + 1];
    const char *name = kind->name, *comma = *labels ? "," : "";
    for (size_t b = 0; b <= kind->n_bounds; b++)
        n += in_bucket[b] = atomic_load_explicit(&histogram->in_bucket[b], memory_order_relaxed);
    if (!n)
        return;
    for (size_t b = 0; b < kind->n_bounds; b++) {
        below += in_bucket[b];
        fprintf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, kind->bounds[b],
                below);
    }
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, n);
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    double sum =
        (double)atomic_load_explicit(&histogram->sum_millionths, memory_order_relaxed) * 1e-6;
    fprintf(out, "%s_sum%s%s%s %.6f\n", name, open, labels, close, sum);
    fprintf(out, "%s_count%s%s%s %llu\n", name, open, labels, close, n);
}
