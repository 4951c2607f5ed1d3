#include "core/train/assignment.h"

#include "core/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum adv_status adv_assignment_init(struct adv_assignment *a, size_t n_max, struct adv_error *error)
{
    *a = (struct adv_assignment){.n_max = n_max};
    a->u = adv_calloc(n_max, sizeof *a->u);
    a->v = adv_calloc(n_max, sizeof *a->v);
    a->distance = adv_calloc(n_max, sizeof *a->distance);
    a->column_of = adv_calloc(n_max, sizeof *a->column_of);
    a->row_of = adv_calloc(n_max, sizeof *a->row_of);
    a->before = adv_calloc(n_max, sizeof *a->before);
    a->done = adv_calloc(n_max, sizeof *a->done);
    if (a->u && a->v && a->distance && a->column_of && a->row_of && a->before && a->done)
        return ADV_OK;
    adv_assignment_release(a);
    return adv_no_memory(error);
}

void adv_assignment_release(struct adv_assignment *a)
{
    free(a->u);
    free(a->v);
    free(a->distance);
    free(a->column_of);
    free(a->row_of);
    free(a->before);
    free(a->done);
    *a = (struct adv_assignment){0};
}

/* Duals that no cost is below, and pairs where both meet it: each column's least cost, then each
 * row's least of what is left, at the first column where that is. */
static void begin(struct adv_assignment *a, size_t n, const float *cost)
{
    for (size_t j = 0; j < n; j++) {
        a->v[j] = INFINITY;
        a->row_of[j] = ADV_NOT_ASSIGNED;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            a->v[j] = fmin(a->v[j], (double)cost[i * n + j]);
    }
    for (size_t i = 0; i < n; i++) {
        size_t best = 0;
        a->u[i] = INFINITY;
        for (size_t j = 0; j < n; j++) {
            double left = (double)cost[i * n + j] - a->v[j];
            if (left < a->u[i]) {
                a->u[i] = left;
                best = j;
            }
        }
        a->column_of[i] = ADV_NOT_ASSIGNED;
        if (a->row_of[best] == ADV_NOT_ASSIGNED) {
            a->row_of[best] = (uint32_t)i;
            a->column_of[i] = (uint32_t)best;
        }
    }
}

/* Dijkstra's search in the costs that the duals leave, from a free row to the nearest free column;
 * its number, and *length, how far it is. */
static size_t search(struct adv_assignment *a, size_t n, const float *cost, size_t row,
                     double *length)
{
    for (size_t j = 0; j < n; j++) {
        a->distance[j] = INFINITY;
        a->done[j] = 0;
    }
    *length = 0;
    for (;;) {
        size_t nearest = n;
        double least = INFINITY;
        for (size_t j = 0; j < n; j++) {
            if (a->done[j])
                continue;
            double through = *length + (double)cost[row * n + j] - a->u[row] - a->v[j];
            if (through < a->distance[j]) {
                a->distance[j] = through;
                a->before[j] = (uint32_t)row;
            }
            if (a->distance[j] < least) {
                least = a->distance[j];
                nearest = j;
            }
        }
        if (nearest == n)
            adv_bug("no path to a free column of %zu: a cost is not finite", n);
        *length = least;
        a->done[nearest] = 1;
        if (a->row_of[nearest] == ADV_NOT_ASSIGNED)
            return nearest;
        row = a->row_of[nearest];
    }
}

/* Pairs the rows on the path from the free row `first` to the free column. */
static void augment(struct adv_assignment *a, size_t first, size_t column)
{
    for (;;) {
        uint32_t row = a->before[column], freed = a->column_of[row];
        a->row_of[column] = row;
        a->column_of[row] = (uint32_t)column;
        if (row == first)
            return;
        column = freed;
    }
}

void adv_assignment_solve(struct adv_assignment *a, size_t n, const float *cost)
{
    begin(a, n, cost);
    for (size_t i = 0; i < n; i++) {
        if (a->column_of[i] != ADV_NOT_ASSIGNED)
            continue;
        double length;
        size_t end = search(a, n, cost, i, &length);
        a->u[i] += length;
        for (size_t j = 0; j < n; j++) {
            if (!a->done[j] || j == end)
                continue;
            a->u[a->row_of[j]] += length - a->distance[j];
            a->v[j] -= length - a->distance[j];
        }
        augment(a, i, end);
    }
}
