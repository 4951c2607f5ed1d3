/* advect score: see query_command.h. */
#include "trainer/query/query_command.h"

static int run(int argc, char **argv)
{
    static const struct adv_query_command command = {
        .name = "score",
        .kind = ADV_QUERY_SCORE,
        .summary = "Computes the score of points, the gradient of the log-density, in nats per "
                   "data unit: from the\n"
                   "velocity (--method path, at t < 1), or by differences of log-densities "
                   "(--method difference),\n"
                   "which also tell an error.",
        .example = "advect score models/four-modes.safetensors --points points.csv --t 0.9 "
                   "-o score.csv",
    };
    return adv_query_command_run(&command, argc, argv);
}

const struct adv_command adv_command_score = {
    .name = "score",
    .help = "compute the score of points, the gradient of the log-density",
    .run = run,
};
