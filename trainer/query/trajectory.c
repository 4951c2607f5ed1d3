/* advect trajectory: see ask.h. */
#include "trainer/query/ask.h"

static int run(int argc, char **argv)
{
    static const struct adv_ask ask = {
        .command = "trajectory",
        .kind = ADV_QUERY_TRAJECTORIES,
        .summary = "The states of samples on their way from the base to the data.",
        .example =
            "advect trajectory models/two-moons.safetensors -n 2000 --frames 30 -o flow.apng",
    };
    return adv_ask_run(&ask, argc, argv);
}

const struct adv_command adv_command_trajectory = {
    .name = "trajectory",
    .help = "states of samples along the way",
    .run = run,
};
