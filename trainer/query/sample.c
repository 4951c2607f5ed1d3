/* advect sample: see query_command.h. */
#include "trainer/query/query_command.h"

static int run(int argc, char **argv)
{
    static const struct adv_query_command command = {
        .name = "sample",
        .kind = ADV_QUERY_SAMPLES,
        .summary = "Draws samples. A seed gives the same samples, whatever their number and the "
                   "number of threads;\n"
                   "without --seed, one is drawn and named in the JSON output.",
        .example =
            "advect sample models/checkerboard-8x8.safetensors -n 5000 --seed 3 -o board.png",
    };
    return adv_query_command_run(&command, argc, argv);
}

const struct adv_command adv_command_sample = {
    .name = "sample",
    .help = "draw samples from a model",
    .run = run,
};
