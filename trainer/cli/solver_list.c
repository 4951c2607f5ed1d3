#include "trainer/cli/solver_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 10000
#define POWER_MAX 10.0

const char adv_solver_list_default[] =
    "euler:10,euler:20,euler:40,midpoint:5,midpoint:8,midpoint:10,midpoint:15,midpoint:20,"
    "midpoint:5^0.7,midpoint:8^0.7,midpoint:10^0.7,heun:5,heun:8,heun:15,rk4:4,rk4:8,rk4:25,"
    "dopri5:1e-2,dopri5:1e-3,dopri5:1e-4";

static enum adv_status refuse(const char *flag, const char *name, const char *why,
                              struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, flag, "%s has \"%s\": %s", flag, name, why);
}

static enum adv_status refuse_method(const char *flag, const char *method, struct adv_error *error)
{
    char names[128] = "";
    for (const char *const *name = adv_solver_names(); *name; name++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", *name);
    }
    return adv_fail_field(error, ADV_E_INVALID, flag,
                          "%s has the method \"%s\"; it must be one of %s", flag, method, names);
}

/* The number that text begins with. *end: what follows it. */
static bool read_number(const char *text, double *value, const char **end)
{
    char *after;
    *value = strtod(text, &after);
    *end = after;
    return after != text && isfinite(*value);
}

static enum adv_status read_setting(const char *flag, const char *setting,
                                    struct adv_listed_solver *listed, struct adv_error *error)
{
    double value;
    const char *end;
    bool adaptive = adv_solver_is_adaptive(listed->solver.solver);
    bool known = read_number(setting, &value, &end);
    if (adaptive && (!known || *end || !(value >= 1e-9 && value <= 1)))
        return refuse(flag, listed->name, "the colon must be followed by a tolerance, 1e-9 to 1",
                      error);
    if (!adaptive && (!known || !(value >= 1 && value <= STEPS_MAX) || value != floor(value)))
        return refuse(flag, listed->name,
                      "the colon must be followed by a number of steps, 1 to 10000", error);
    listed->power = 1;
    if (adaptive)
        listed->solver.rtol = listed->solver.atol = value;
    else
        listed->solver.steps = (int64_t)value;
    if (!*end)
        return ADV_OK;
    if (*end != '^' || !read_number(end + 1, &listed->power, &end) || *end ||
        !(listed->power > 0 && listed->power <= POWER_MAX))
        return refuse(flag, listed->name,
                      "the steps may only be followed by ^POWER, up to 10, in a list of solvers",
                      error);
    return ADV_OK;
}

static enum adv_status read_one(const char *flag, const char *from, size_t length,
                                struct adv_listed_solver *listed, struct adv_error *error)
{
    char method[sizeof listed->name];
    if (length >= sizeof method)
        return adv_fail_field(error, ADV_E_INVALID, flag, "%s has \"%.40s...\", which is too long",
                              flag, from);
    memcpy(listed->name, from, length);
    listed->name[length] = 0;
    memcpy(method, listed->name, sizeof method);
    char *colon = strchr(method, ':');
    if (!colon)
        return refuse(flag, listed->name, "it must be METHOD:STEPS, or METHOD:TOLERANCE for dopri5",
                      error);
    *colon = 0;
    listed->solver = adv_solver_spec_accurate();
    if (adv_solver_find(method, &listed->solver.solver, NULL) != ADV_OK)
        return refuse_method(flag, method, error);
    return read_setting(flag, colon + 1, listed, error);
}

enum adv_status adv_solver_read(const char *flag, const char *text, struct adv_solver_spec *solver,
                                struct adv_error *error)
{
    struct adv_listed_solver listed;
    enum adv_status status = read_one(flag, text, strlen(text), &listed, error);
    if (status == ADV_OK && listed.power != 1)
        status = refuse(flag, text, "the steps must be equal ones, without ^POWER", error);
    if (status == ADV_OK)
        *solver = listed.solver;
    return status;
}

enum adv_status adv_solver_list_read(const char *list, struct adv_listed_solver **out,
                                     size_t *n_out, struct adv_error *error)
{
    size_t n = 1, i = 0;
    for (const char *at = list; *at; at++)
        n += *at == ',';
    struct adv_listed_solver *solvers = calloc(n, sizeof *solvers);
    if (!solvers)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    for (const char *at = list; status == ADV_OK && i < n; i++) {
        size_t length = strcspn(at, ",");
        status = read_one("--solvers", at, length, &solvers[i], error);
        at += length + 1;
    }
    if (status != ADV_OK) {
        free(solvers);
        return status;
    }
    *out = solvers;
    *n_out = n;
    return ADV_OK;
}
