/* Trains a model and writes it; Ctrl-C stops, and the next call goes on from there.
 *
 *     cc train.c $(pkg-config --cflags --libs advect) -o train
 *     ./train two-moons.safetensors 2000 */
#include <advect/advect.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char recipe[] =
    "{\"name\": \"two-moons\","
    " \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 64, \"layers\": 3},"
    " \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"two_moons\"}}},"
    " \"train\": {\"steps\": 1, \"batch\": 256, \"learning_rate\": 0.002}}";

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static bool on_step(void *context, const struct adv_training_progress *at)
{
    (void)context;
    if (at->step % 500 == 0)
        fprintf(stderr, "step %lld of %lld, loss %.4f\n", (long long)at->step, (long long)at->steps,
                at->loss);
    return !interrupted;
}

int main(int argc, char **argv)
{
    static const char checkpoint[] = "train.checkpoint";
    struct adv_training_options options = {.size = sizeof options};
    struct adv_training_run_options watch = {
        .size = sizeof watch, .checkpoint = checkpoint, .on_step = on_step};
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_model *model = NULL;
    int64_t step;
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL.safetensors STEPS\n", argv[0]);
        return 2;
    }
    signal(SIGINT, interrupt);
    options.steps = strtoll(argv[2], NULL, 10);
    enum adv_status status = adv_training_new(recipe, &options, &training, &error);
    if (status == ADV_OK && adv_checkpoint_is_unfinished(checkpoint, &step))
        status = adv_training_resume(training, checkpoint, &error);
    if (status == ADV_OK)
        status = adv_training_run(training, &watch, &error);
    if (status == ADV_OK)
        status = adv_training_model(training, &model, &error);
    if (status == ADV_OK)
        status = adv_model_save(model, argv[1], ADV_F32, &error);
    if (status != ADV_OK)
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
    adv_model_unref(model);
    adv_training_free(training);
    return status == ADV_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
