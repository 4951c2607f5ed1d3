#include "trainer/bench/ops_table.h"

#define ROWS_MAX 128

static double seconds_of(const struct adv_profile_row *row)
{
    return row->forward_s + row->tangent_s + row->backward_s;
}

void adv_ops_table_print(const struct adv_profile *profile, FILE *out)
{
    struct adv_profile_row rows[ROWS_MAX];
    size_t n = adv_profile_rows(profile, rows, ROWS_MAX);
    double all = 0, work = 0;
    n = n < ROWS_MAX ? n : ROWS_MAX;
    for (size_t i = 0; i < n; i++) {
        all += seconds_of(&rows[i]);
        work += (double)rows[i].multiply_adds;
    }
    fprintf(out, "%-44s %5s %7s %8s %8s %9s %7s\n", "op", "nodes", "time", "forward", "tangent",
            "backward", "work");
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%-44s %5zu %6.1f%% %7.1f%% %7.1f%% %8.1f%% %6.1f%%\n", rows[i].label,
                rows[i].nodes, 100 * seconds_of(&rows[i]) / all, 100 * rows[i].forward_s / all,
                100 * rows[i].tangent_s / all, 100 * rows[i].backward_s / all,
                work > 0 ? 100 * (double)rows[i].multiply_adds / work : 0);
}
