/* advect logp: see query_command.h. */
#include "trainer/query/query_command.h"

static int run(int argc, char **argv)
{
    static const struct adv_query_command command = {
        .name = "logp",
        .kind = ADV_QUERY_LOG_DENSITY,
        .summary = "Computes log-densities of points, in nats and data units; the JSON output also "
                   "holds the latents\n"
                   "of the points.",
        .example = "advect logp models/four-modes.safetensors --points points.csv -o logp.csv",
    };
    return adv_query_command_run(&command, argc, argv);
}

const struct adv_command adv_command_logp = {
    .name = "logp",
    .help = "compute log-densities of points",
    .run = run,
};
