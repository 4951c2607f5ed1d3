#include "core/flow/profile.h"

#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/graph/exec.h"
#include "core/nets/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum adv_status adv_profile_new(const struct adv_net *net, struct adv_profile **out,
                                struct adv_error *error)
{
    struct adv_profile *profile = adv_calloc(1, sizeof *profile);
    if (!profile)
        return adv_no_memory(error);
    profile->net = net;
    profile->seconds = adv_calloc(net->graph.n_nodes, ADV_N_SWEEPS * sizeof *profile->seconds);
    if (!profile->seconds) {
        adv_profile_free(profile);
        return adv_no_memory(error);
    }
    *out = profile;
    return ADV_OK;
}

void adv_profile_free(struct adv_profile *profile)
{
    if (!profile)
        return;
    free(profile->seconds);
    free(profile);
}

static void append_shape(char *label, size_t size, struct adv_shape shape)
{
    if (shape.height * shape.width == 1)
        adv_append(label, size, "%zu", shape.channels);
    else
        adv_append(label, size, "%zux%zux%zu", shape.channels, shape.height, shape.width);
}

static struct adv_profile_row row_of(const struct adv_profile *profile, size_t i)
{
    const struct adv_node *node = &profile->net->graph.nodes[i];
    const struct adv_signature *s = &node->signature;
    const double *seconds = profile->seconds + i * ADV_N_SWEEPS;
    struct adv_profile_row row = {
        .nodes = 1,
        .forward_s = seconds[ADV_FORWARD],
        .tangent_s = seconds[ADV_TANGENT],
        .backward_s = seconds[ADV_BACKWARD],
        .multiply_adds = node->op->multiply_adds ? node->op->multiply_adds(s) : 0,
    };
    snprintf(row.label, sizeof row.label, "%s ", node->op->name);
    if (s->n_params > 0 && s->param[0][2] > 1)
        adv_append(row.label, sizeof row.label, "%zux%zu ", s->param[0][2], s->param[0][3]);
    append_shape(row.label, sizeof row.label, s->in[0]);
    adv_append(row.label, sizeof row.label, " -> ");
    append_shape(row.label, sizeof row.label, s->out);
    return row;
}

static void merge(struct adv_profile_row *into, const struct adv_profile_row *row)
{
    into->nodes += row->nodes;
    into->forward_s += row->forward_s;
    into->tangent_s += row->tangent_s;
    into->backward_s += row->backward_s;
    into->multiply_adds += row->multiply_adds;
}

static double seconds_of(const struct adv_profile_row *row)
{
    return row->forward_s + row->tangent_s + row->backward_s;
}

static int by_falling_time(const void *a, const void *b)
{
    double x = seconds_of(a), y = seconds_of(b);
    return (x < y) - (x > y);
}

/* One row per distinct label, into rows [n_nodes]. */
static size_t group(const struct adv_profile *profile, struct adv_profile_row *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->net->graph.n_nodes; i++) {
        struct adv_profile_row row = row_of(profile, i);
        size_t k = 0;
        while (k < n && strcmp(rows[k].label, row.label) != 0)
            k++;
        if (k < n)
            merge(&rows[k], &row);
        else
            rows[n++] = row;
    }
    return n;
}

size_t adv_profile_rows(const struct adv_profile *profile, struct adv_profile_row *rows,
                        size_t most)
{
    struct adv_profile_row *all = adv_calloc(profile->net->graph.n_nodes, sizeof *all);
    if (!all)
        return 0;
    size_t n = group(profile, all);
    qsort(all, n, sizeof *all, by_falling_time);
    memcpy(rows, all, (n < most ? n : most) * sizeof *rows);
    free(all);
    return n;
}
