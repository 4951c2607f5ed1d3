/* advect trajectory: see query_command.h. */
#include "trainer/query/query_command.h"

static int run(int argc, char **argv)
{
    static const struct adv_query_command command = {
        .name = "trajectory",
        .kind = ADV_QUERY_TRAJECTORIES,
        .summary = "Draws samples and gives their states at several times on the way from the base "
                   "to the data.",
        .example =
            "advect trajectory models/four-modes.safetensors -n 2000 --frames 30 -o flow.apng",
    };
    return adv_query_command_run(&command, argc, argv);
}

const struct adv_command adv_command_trajectory = {
    .name = "trajectory",
    .help = "draw samples and give their states along the flow",
    .run = run,
};
