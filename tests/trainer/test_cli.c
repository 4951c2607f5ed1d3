/* The program `advect` from outside: exit codes, messages, files, signals. */
#include <advect/extra/all.h>

#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *contents(const char *name, size_t *n)
{
    void *bytes;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_read(cli_at(name), 1 << 24, &bytes, n, &error) == ADV_OK, "%s",
                  error.message);
    return bytes;
}

static void same_weights(const char *one, const char *other)
{
    struct adv_model *a = NULL, *b = NULL;
    ck_assert_int_eq(adv_model_load(cli_at(one), NULL, &a, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_load(cli_at(other), NULL, &b, NULL), ADV_OK);
    ck_assert_mem_eq(adv_model_weights(a), adv_model_weights(b),
                     adv_net_weights(adv_model_net(a)) * sizeof(float));
    adv_model_unref(a);
    adv_model_unref(b);
}

#define BOARD                                                                                      \
    "{\"name\": \"board\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, "            \
    "\"layers\": "                                                                                 \
    "1}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": "                  \
    "\"checkerboard\", "                                                                           \
    "\"dim\": 2, \"cells\": 4}}}, \"train\": {\"steps\": %s, \"batch\": 32%s}}"

static void write_recipe(const char *name, const char *steps, const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, BOARD, steps, more);
    cli_write(name, text);
}

static void train_board(void)
{
    write_recipe("board.json", "30", "");
    CLI_SUCCEEDS("train board.json --quiet");
    ck_assert_str_eq(cli_output, "");
}

/* ---------------------------------------------------------------- usage */

START_TEST(every_command_has_help_with_an_example)
{
    static const char *const commands[] = {"train",      "eval",     "sample",   "logp",
                                           "trajectory", "figure",   "inspect",  "import",
                                           "bench",      "reweight", "posterior"};
    CLI_SUCCEEDS("--help");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        ck_assert_msg(strstr(cli_output, commands[i]) != NULL, "%s", commands[i]);
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char example[64];
        CLI_SUCCEEDS("%s --help", commands[i]);
        snprintf(example, sizeof example, "example:\n  advect %s ", commands[i]);
        ck_assert_msg(strstr(cli_output, example) != NULL, "%s", cli_output);
    }
    CLI_SUCCEEDS("help train");
    ck_assert_ptr_nonnull(strstr(cli_output, "usage: advect train "));
    CLI_SUCCEEDS("--version");
}
END_TEST

START_TEST(wrong_usage_is_explained_and_exits_2)
{
    cli_fails(2, "", "usage: advect");
    cli_fails(2, "trian", "did you mean \"train\"");
    cli_fails(2, "help trian", "did you mean \"train\"");
    cli_fails(2, "train", "an argument is missing; usage: advect train RECIPE.json");
    cli_fails(2, "train a b", "\"b\" is one argument too many");
    cli_fails(2, "help train b", "\"b\" is one argument too many");
    cli_fails(2, "train --step 3 a", "did you mean --steps?");
    cli_fails(2, "train a --steps", "--steps needs a value");
    cli_fails(2, "train a --steps=x", "steps is \"x\"");
    cli_fails(2, "train a --steps=-1", "steps is -1");
    cli_fails(2, "train a -x", "-x is not a known flag");
    cli_fails(2, "train a --dtype f8", "must be one of f32, f16");
    cli_fails(2, "sample a -n 0", "n is 0");
    cli_fails(2, "sample a --guidence 2", "did you mean --guidance?");
    cli_fails(2, "trajectory a --solver rk5", "solver is \"rk5\"");
    cli_fails(1, "import a -o b", "a: cannot open");
    cli_fails(2, "import a --config b", "--out is missing");
    cli_fails(2, "bench a --work nothing", "must be one of velocity");
    cli_fails(2, "eval a --density {", "must be JSON");
}
END_TEST

START_TEST(what_fails_at_work_exits_1)
{
    cli_write("broken.json", "{\"name\": \"a\",\n \"net\": }");
    cli_write("plain.txt", "no model");
    write_recipe("typo.json", "30, \"batchs\": 3", "");
    cli_write("mnist.json", "{\"name\": \"m\", \"net\": {\"kind\": \"mlp\", \"dim\": 784, "
                            "\"channels\": 8, \"layers\": 1}, \"data\": {\"source\": {\"kind\": "
                            "\"idx\", \"images\": \"train-images-idx3-ubyte.gz\"}}, \"train\": "
                            "{\"steps\": 1}}");
    write_recipe("board.json", "3", "");
    cli_fails(1, "train board.json --set data.source.density.kind=board",
              "data.source.density: kind is \"board\"");
    cli_fails(1, "train no.json", "no.json");
    cli_fails(1, "train broken.json", "broken.json: line 2");
    cli_fails(1, "train typo.json", "typo.json: ");
    cli_fails(1, "train typo.json", "did you mean \"batch\"");
    cli_fails(1, "train mnist.json", "MNIST's four files");
    cli_fails(1, "train mnist.json --data /nowhere", "/nowhere");
    cli_fails(1, "sample no.safetensors", "no.safetensors");
    cli_fails(1, "inspect plain.txt", "plain.txt");
    write_recipe("board.json", "3", "");
    cli_fails(1, "train board.json --resume --quiet", "board.checkpoint");
    cli_fails(1, "train board.json --quiet --out no/where.safetensors", "no/where");
}
END_TEST

/* ---------------------------------------------------------------- training */

START_TEST(training_leaves_a_model_a_checkpoint_and_a_curve)
{
    write_recipe("board.json", "30", ", \"held_out_every\": 10");
    CLI_SUCCEEDS("train board.json --out out.safetensors --curve curve.png");
    ck_assert_ptr_nonnull(strstr(cli_output, "step 30 of 30"));
    ck_assert_ptr_null(strstr(cli_output, "memory: "));
    ck_assert(cli_exists("out.safetensors") && cli_exists("out.checkpoint"));
    struct adv_array curve = {0};
    ck_assert_int_eq(adv_csv_read(cli_at("out.curve.csv"), &curve, NULL), ADV_OK);
    ck_assert_uint_eq(curve.shape[0], 3);
    ck_assert_uint_eq(curve.shape[1], 5);
    ck_assert_float_eq(curve.data[5], 20);
    size_t n;
    void *png = contents("curve.png", &n);
    ck_assert_mem_eq(png, "\x89PNG", 4);
    free(png);
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("out.safetensors"), NULL, &model, NULL), ADV_OK);
    const json_t *config = adv_model_config_json(model), *train = json_object_get(config, "train");
    ck_assert_str_eq(adv_model_name(model), "board");
    ck_assert_int_eq(json_integer_value(json_object_get(train, "steps")), 30);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(train, "recipe"), "data"));
    ck_assert_ptr_nonnull(json_object_get(json_object_get(train, "dataset"), "digest"));
    ck_assert(json_is_real(json_object_get(adv_model_card_json(model), "held_out_loss")));
    const json_t *kept = json_object_get(train, "curve");
    ck_assert_uint_eq(json_array_size(kept), 3);
    for (size_t i = 0; i < 9; i++) { /* step, loss, held_out: the table's first three columns */
        double value = json_number_value(json_array_get(json_array_get(kept, i / 3), i % 3));
        ck_assert_double_eq_tol((double)curve.data[i / 3 * 5 + i % 3], value, 1e-7 * fabs(value));
    }
    adv_array_release(&curve);
    adv_model_unref(model);
    CLI_SUCCEEDS("train board.json --out half.safetensors --dtype f16 --steps 3 --quiet --memory");
    ck_assert_ptr_nonnull(strstr(cli_output, "memory: about "));
    CLI_SUCCEEDS("inspect half.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "blocks.0.ff.weight"));
    ck_assert_ptr_nonnull(strstr(cli_output, "held_out_loss"));
}
END_TEST

START_TEST(a_model_keeps_its_curve_thinned)
{
    write_recipe("board.json", "230", ", \"held_out_every\": 1");
    CLI_SUCCEEDS("train board.json --out out.safetensors --quiet");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("out.safetensors"), NULL, &model, NULL), ADV_OK);
    const json_t *train = json_object_get(adv_model_config_json(model), "train"),
                 *curve = json_object_get(train, "curve");
    ck_assert_uint_eq(json_array_size(curve), 200);
    int64_t before = 0;
    for (size_t i = 0; i < 200; i++) {
        int64_t step = json_integer_value(json_array_get(json_array_get(curve, i), 0));
        ck_assert_int_gt(step, before);
        ck_assert_int_le(step, before + 2);
        before = step;
    }
    ck_assert_int_eq(before, 230);
    adv_model_unref(model);
}
END_TEST

/* Starts the program itself, its stderr into the file `log`; the process. */
static pid_t start_training(const char *recipe, const char *out)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int log = open(cli_at("log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (log < 0 || dup2(log, STDERR_FILENO) < 0)
            _exit(127);
        execl(cli_program, cli_program, "train", recipe, "--out", out, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void wait_for_file(const char *name)
{
    for (int i = 0; i < 3000 && !cli_exists(name); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    ck_assert_msg(cli_exists(name), "%s did not appear", name);
}

static int wait_for_exit(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "killed by a signal");
    return WEXITSTATUS(status);
}

/* Loop index: the signal. */
START_TEST(a_signal_leaves_a_checkpoint_that_continues_bit_for_bit)
{
    static const int signals[] = {SIGINT, SIGTERM};
    write_recipe("board.json", "4000", ", \"checkpoint_every_s\": 0.05");
    pid_t child = start_training(cli_at("board.json"), cli_at("b.safetensors"));
    wait_for_file("b.checkpoint");
    ck_assert_int_eq(kill(child, signals[_i]), 0);
    ck_assert_int_eq(wait_for_exit(child), 1);
    ck_assert(!cli_exists("b.safetensors"));
    size_t n;
    char *log = contents("log", &n);
    ck_assert_msg(strstr(log, "--resume") != NULL, "%s", log);
    free(log);

    cli_fails(1, "train board.json --out b.safetensors --quiet", "unfinished training at step");
    CLI_SUCCEEDS("train board.json --out b.safetensors --quiet --resume --threads 1");
    CLI_SUCCEEDS("train board.json --out straight.safetensors --quiet");
    same_weights("b.safetensors", "straight.safetensors");
}
END_TEST

START_TEST(a_full_disk_warns_and_keeps_the_checkpoint)
{
    write_recipe("board.json", "40", ", \"checkpoint_every_s\": 0");
    write_recipe("short.json", "20", ", \"checkpoint_every_s\": 0");
    CLI_SUCCEEDS("train short.json --out b.safetensors --quiet");
    size_t n_before, n_after;
    void *before = contents("b.checkpoint", &n_before);
    /* In units of 1024 bytes. The limit would also cut the counts of a coverage build, which
     * therefore go into this folder. */
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command,
             "cd %s && (ulimit -f 1; GCOV_PREFIX=. %s train board.json --out b.safetensors "
             "--resume > out 2>&1)",
             cli_folder, cli_program);
    int status = system(command);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    void *after = contents("b.checkpoint", &n_after);
    ck_assert_uint_eq(n_before, n_after);
    ck_assert_mem_eq(before, after, n_before);
    free(before);
    free(after);
    char *out = contents("out", &n_after);
    ck_assert_msg(strstr(out, "warning: no checkpoint at step 21") != NULL, "%s", out);
    free(out);
    CLI_SUCCEEDS("train board.json --out b.safetensors --resume --quiet");
}
END_TEST

/* One byte of the moments of AdamW, which no header tells of. */
START_TEST(a_damaged_checkpoint_is_refused)
{
    write_recipe("board.json", "40", "");
    write_recipe("short.json", "20", "");
    CLI_SUCCEEDS("train short.json --out b.safetensors --quiet");
    FILE *file = fopen(cli_at("b.checkpoint"), "r+b");
    ck_assert_int_eq(fseek(file, -100, SEEK_END), 0);
    int byte = fgetc(file);
    ck_assert_int_eq(fseek(file, -100, SEEK_END), 0);
    fputc(byte ^ 64, file);
    fclose(file);
    cli_fails(1, "train board.json --out b.safetensors --resume",
              "b.checkpoint: the checkpoint is damaged");
}
END_TEST

/* The model is the smaller of the two. */
START_TEST(a_full_disk_leaves_the_model_of_a_training_that_is_over)
{
    size_t n_model, n_checkpoint, n_out;
    write_recipe("board.json", "40", "");
    CLI_SUCCEEDS("train board.json --out a.safetensors --quiet");
    free(contents("a.safetensors", &n_model));
    free(contents("a.checkpoint", &n_checkpoint));
    size_t limit = n_model / 512 + 1; /* in units of 512 bytes, or of 1024 with some shells */
    ck_assert_uint_lt(limit * 1024, n_checkpoint);
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command,
             "cd %s && (ulimit -f %zu; GCOV_PREFIX=. %s train board.json --out b.safetensors "
             "> out 2>&1)",
             cli_folder, limit, cli_program);
    int status = system(command);
    char *out = contents("out", &n_out);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", out);
    ck_assert_msg(strstr(out, "warning: no checkpoint at step 40, the last") != NULL, "%s", out);
    free(out);
    same_weights("a.safetensors", "b.safetensors");
}
END_TEST

/* Twelve residual layers after one step at rate 10: each multiplies by about 100. */
START_TEST(divergence_is_reported_and_keeps_the_checkpoint)
{
    cli_write("wild.json",
              "{\"name\": \"wild\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, "
              "\"layers\": 12, \"residual\": true}, \"data\": {\"source\": {\"kind\": \"density\", "
              "\"density\": {\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 4}}}, \"train\": "
              "{\"steps\": 100, \"batch\": 32, \"learning_rate\": 10, \"clip_norm\": 0, "
              "\"checkpoint_every_s\": 0}}");
    cli_fails(1, "train wild.json --quiet", "training diverged at step 2");
    ck_assert(cli_exists("wild.checkpoint") && !cli_exists("wild.safetensors"));
    /* The checkpoint is whole, and the same thing happens again. */
    cli_fails(1, "train wild.json --quiet --resume", "training diverged at step 2");
}
END_TEST

START_TEST(csv_and_npy_data_are_found_where_data_says)
{
    char recipe[512];
    snprintf(recipe, sizeof recipe, "%s",
             "{\"name\": \"rows\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
             "\"layers\": 1, \"num_classes\": 2}, \"data\": {\"source\": {\"kind\": \"csv\", "
             "\"file\": \"rows.csv\", \"label_column\": \"c\"}, \"classes\": 2, \"transform\": "
             "{\"kind\": \"standardise\"}}, \"train\": {\"steps\": 5, \"batch\": 8}}");
    cli_write("recipe.json", recipe);
    cli_write("rows.csv", "a,b,c\n1,2,0\n2,4,1\n3,5,0\n4,9,1\n");
    CLI_SUCCEEDS("train recipe.json --quiet");
    ck_assert_int_eq(mkdir(cli_at("elsewhere"), 0755), 0);
    ck_assert_int_eq(rename(cli_at("rows.csv"), cli_at("elsewhere/other.csv")), 0);
    cli_fails(1, "train recipe.json --quiet", "--data");
    CLI_SUCCEEDS("train recipe.json --quiet --data elsewhere/other.csv");
    ck_assert_int_eq(rename(cli_at("elsewhere/other.csv"), cli_at("elsewhere/rows.csv")), 0);
    CLI_SUCCEEDS("train recipe.json --quiet --data elsewhere");
    CLI_SUCCEEDS("eval rows.safetensors --data elsewhere --quiet --points 1");
    ck_assert_ptr_nonnull(strstr(cli_output, "held-out examples"));
}
END_TEST

static void write_hours(void)
{
    char rows[8192];
    size_t n = (size_t)snprintf(rows, sizeof rows, "hour,count,rain\n");
    for (int i = 0; i < 120; i++)
        n += (size_t)snprintf(rows + n, sizeof rows - n, "%.1f,%d,%.2f\n", (i * 7 % 240) / 10.0,
                              i % 9, i % 4 ? 0.1 * (i % 11) : 0.0);
    cli_write("hours.csv", rows);
    cli_write(
        "hours.json",
        "{\"name\": \"hours\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, "
        "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"hours.csv\"}, "
        "\"support\": {\"hour\": {\"periodic\": 24}, \"count\": {\"integer\": [0, null]}}}, "
        "\"train\": {\"steps\": 6, \"batch\": 16, \"held_out_every\": 3}}");
}

/* From the recipe to answers: what the columns are is kept in the model's file alone. */
START_TEST(columns_keep_their_support)
{
    struct adv_array samples = {0};
    write_hours();
    CLI_SUCCEEDS("train hours.json --quiet --steps 3 --out h.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output,
                                 "column rain: all values are between 0 and 1; consider "
                                 "support [0, 1]"));
    ck_assert_ptr_nonnull(strstr(cli_output, "column rain: exact repeats of 0"));
    ck_assert_ptr_null(strstr(cli_output, "column count"));
    CLI_SUCCEEDS("train hours.json --quiet --out h.safetensors --resume");
    ck_assert_ptr_null(strstr(cli_output, "column rain"));
    CLI_SUCCEEDS("inspect h.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "hour                 periodic, 0 to 24"));
    ck_assert_ptr_nonnull(strstr(cli_output, "count                at least 0, whole numbers"));
    CLI_SUCCEEDS("sample h.safetensors -n 200 --seed 1 -o s.npy --quiet");
    ck_assert_int_eq(adv_npy_read(cli_at("s.npy"), &samples, NULL), ADV_OK);
    for (size_t i = 0; i < 200; i++) {
        const float *row = samples.data + 3 * i;
        ck_assert(row[0] >= 0 && row[0] < 24 && row[1] >= 0 && row[1] == floorf(row[1]));
    }
    adv_array_release(&samples);
    CLI_SUCCEEDS("logp h.safetensors --points s.npy --quiet");
    CLI_SUCCEEDS("eval h.safetensors --quiet --points all --samples 10");
    cli_write("half.csv", "3,2.5,1\n");
    cli_fails(1, "logp h.safetensors --points half.csv",
              "points[0]: column 1 (count) is 2.5; it must be a whole number");
    cli_write("negative.csv", "3,-1,1\n");
    cli_fails(1, "logp h.safetensors --points negative.csv",
              "points[0]: column 1 (count) is -1; it must be at least 0");
}
END_TEST

/* ---------------------------------------------------------------- questions */

/* The samples of the refused request would take hours. */
START_TEST(views_are_checked_before_samples_are_drawn)
{
    train_board();
    cli_fails(1, "sample board.safetensors -n 900000000 --view cloud -o cloud.png --quiet",
              "a cloud has 3 dimensions, and the points of board have 2");
    cli_fails(2, "sample board.safetensors -n 5 --view side -o side.png --quiet",
              "auto, density, cloud");
    ck_assert(!cli_exists("cloud.png"));
    CLI_SUCCEEDS("sample board.safetensors -n 50 --view density -o density.png --quiet");
    ck_assert(cli_exists("density.png"));
}
END_TEST

START_TEST(samples_come_in_every_format_and_are_the_same)
{
    train_board();
    CLI_SUCCEEDS("sample board.safetensors -n 5 --seed 3 --quiet");
    json_t *json = json_loads(cli_output, 0, NULL);
    ck_assert_msg(json != NULL, "%s", cli_output);
    const json_t *rows = json_object_get(json, "samples");
    ck_assert_uint_eq(json_array_size(rows), 5);
    CLI_SUCCEEDS("sample board.safetensors -n 5 --seed 3 -o s.json --threads 1 --quiet");
    CLI_SUCCEEDS("sample board.safetensors -n 5 --seed 3 -o s.npy --quiet");
    CLI_SUCCEEDS(
        "sample board.safetensors -n 5 --seed 3 -o s.csv --log-density --solver rk4 --steps 25"
        " --quiet");
    CLI_SUCCEEDS("sample board.safetensors -n 500 --seed 3 -o s.png --quiet");
    struct adv_array npy = {0}, csv = {0};
    ck_assert_int_eq(adv_npy_read(cli_at("s.npy"), &npy, NULL), ADV_OK);
    ck_assert_int_eq(adv_csv_read(cli_at("s.csv"), &csv, NULL), ADV_OK);
    ck_assert_uint_eq(npy.n_elements, 10);
    ck_assert_uint_eq(csv.shape[1], 3);
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 2; k++) {
            double number = json_number_value(json_array_get(json_array_get(rows, i), k));
            ck_assert_float_eq(npy.data[2 * i + k], (float)number);
            ck_assert_float_eq(csv.data[3 * i + k], (float)number);
        }
    }
    size_t n;
    void *png = contents("s.png", &n);
    ck_assert_mem_eq(png, "\x89PNG", 4);
    free(png);
    adv_array_release(&npy);
    adv_array_release(&csv);
    json_decref(json);
    cli_fails(1, "sample board.safetensors -o s.ndjson", "its formats are json, npy, csv, png");
    cli_fails(1, "sample board.safetensors -o s.jpg", ".jpg is no format");
    cli_fails(1, "sample board.safetensors --label 3", "label is 3");
}
END_TEST

START_TEST(files_of_another_kind_are_told)
{
    train_board();
    cli_write("recipe.json", "{\"name\": \"modes\", \"net\": {}}");
    cli_write("broken.json", "{\"name\": \"modes\" \"net\"}");
    cli_fails(1, "inspect recipe.json", "recipe.json: this is JSON, not a safetensors file");
    cli_fails(1, "sample board.checkpoint", "this is the checkpoint of a training, not a model");
    cli_fails(1, "train board.safetensors", "this is a safetensors file, not JSON");
    cli_fails(1, "train broken.json", "broken.json: line 1, column 22");
    cli_fails(1, "inspect board.curve.csv", "this is not a safetensors file");
}
END_TEST

START_TEST(a_solver_may_be_given_with_its_setting)
{
    static const char *const same[][2] = {
        {"--solver rk4:7", "--solver rk4 --steps 7"},
        {"--solver dopri5:1e-3", "--solver dopri5 --rtol 1e-3 --atol 1e-3"},
        {"--solver rk4:7 --steps 3", "--solver rk4 --steps 3"},
        {"--steps 3 --solver rk4:7", "--solver rk4 --steps 3"},
        {"--solver dopri5:1e-3 --solver rk4:7", "--solver rk4 --steps 7"}};
    char words[256];
    train_board();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        CLI_SUCCEEDS("sample board.safetensors -n 5 --seed 3 --quiet %s", same[i][0]);
        char *first = strdup(cli_output);
        CLI_SUCCEEDS("sample board.safetensors -n 5 --seed 3 --quiet %s", same[i][1]);
        ck_assert_str_eq(first, cli_output);
        free(first);
    }
    static const char *const refused[][2] = {
        {"rk4:0", "--solver has \"rk4:0\": the colon must be followed by a number of steps"},
        {"dopri5:7", "followed by a tolerance, 1e-9 to 1"},
        {"foo:3", "--solver has the method \"foo\"; it must be one of euler, midpoint"},
        {"rk4:5^2", "without ^POWER"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        snprintf(words, sizeof words, "sample board.safetensors --solver %s", refused[i][0]);
        cli_fails(2, words, refused[i][1]);
    }
    cli_fails(2, "logp board.safetensors --points p.csv --probe-seed -1", "--probe-seed is -1");
}
END_TEST

START_TEST(trajectories_and_log_densities_come_in_every_format)
{
    train_board();
    CLI_SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --frames 4 -o t.npy --quiet");
    CLI_SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --times 0,0.5,1 -o t.ndjson --quiet");
    CLI_SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --frames 4 -o t.csv --quiet");
    CLI_SUCCEEDS("trajectory board.safetensors -n 50 --frames 4 -o t.png --quiet");
    CLI_SUCCEEDS("trajectory board.safetensors -n 50 --frames 4 -o t.apng --quiet");
    struct adv_array array = {0};
    ck_assert_int_eq(adv_npy_read(cli_at("t.npy"), &array, NULL), ADV_OK);
    ck_assert(array.n_dims == 3 && array.shape[0] == 4 && array.shape[1] == 3);
    adv_array_release(&array);
    ck_assert_int_eq(adv_csv_read(cli_at("t.csv"), &array, NULL), ADV_OK);
    ck_assert(array.shape[0] == 12 && array.shape[1] == 4);
    adv_array_release(&array);
    size_t n;
    char *lines = contents("t.ndjson", &n);
    int n_lines = 0;
    for (size_t i = 0; i < n; i++)
        n_lines += lines[i] == '\n';
    ck_assert_int_eq(n_lines, 3);
    free(lines);

    cli_write("points.csv", "x,y\n0.5,0.5\n-1,1\n3,3\n");
    CLI_SUCCEEDS("logp board.safetensors --points points.csv -o l.csv --quiet");
    ck_assert_int_eq(adv_csv_read(cli_at("l.csv"), &array, NULL), ADV_OK);
    ck_assert(array.shape[0] == 3 && array.shape[1] == 1);
    adv_array_release(&array);
    CLI_SUCCEEDS(
        "logp board.safetensors --points points.csv --divergence hutchinson --probes 1 --quiet");
    json_t *json = json_loads(cli_output, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "log_density")), 3);
    ck_assert_int_eq(
        json_integer_value(json_object_get(json_object_get(json, "divergence"), "probes")), 1);
    json_decref(json);
    cli_fails(2, "logp board.safetensors", "--points is missing");
    cli_write("narrow.csv", "1\n2\n");
    cli_fails(1, "logp board.safetensors --points narrow.csv",
              "narrow.csv has rows of 1 number; a point of this model has 2");
    cli_fails(1, "logp board.safetensors --points points.csv -o l.png", "its formats are");
}
END_TEST

START_TEST(eval_prints_figures_and_writes_the_card)
{
    train_board();
    CLI_SUCCEEDS("eval board.safetensors -n 500 --points 50 --grid 8 --json --quiet --write-card");
    json_t *figures = json_loads(cli_output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", cli_output);
    static const char *const keys[] = {
        "inside", "mode_share_min", "mode_share_max", "mode_kl",      "nll", "entropy",
        "kl",     "integral",       "samples",        "held_out_loss"};
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("board.safetensors"), NULL, &model, NULL), ADV_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *printed = json_object_get(figures, keys[i]);
        const json_t *kept = json_object_get(adv_model_card_json(model), keys[i]);
        ck_assert_msg(json_is_number(printed) && json_is_number(kept), "%s", keys[i]);
        ck_assert_double_eq_tol(json_number_value(printed), json_number_value(kept), 1e-6);
    }
    ck_assert(json_is_number(json_object_get(adv_model_card_json(model), "train_seconds")));
    adv_model_unref(model);
    json_decref(figures);
    CLI_SUCCEEDS("eval board.safetensors -n 100 --points 0 --grid 0 --samples s.npy --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "share of samples inside"));
    ck_assert(cli_exists("s.npy"));
    CLI_SUCCEEDS("eval board.safetensors -n 100 --points 10 --grid 0 --quiet --density "
                 "'{\"kind\": \"gaussian\", \"dim\": 2}'");
    cli_fails(1, "eval board.safetensors --quiet --density '{\"kind\": \"gaussian\", \"dim\": 3}'",
              "the source has 3");
}
END_TEST

START_TEST(mnist_is_learned_sampled_and_measured)
{
    char path[PATH_MAX], recipe[PATH_MAX];
    if (!cli_shared("data/mnist", path))
        return;
    ck_assert_ptr_nonnull(realpath("models/mnist-mlp.json", recipe));
    CLI_SUCCEEDS("train %s --data %s --steps 2 --quiet", recipe, path);
    CLI_SUCCEEDS("sample mnist-mlp.safetensors -n 20 --guidance 2 -o digits.png --quiet");
    CLI_SUCCEEDS(
        "eval mnist-mlp.safetensors --data %s -n 20 --samples s.npy --points 1 --json --quiet",
        path);
    json_t *figures = json_loads(cli_output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", cli_output);
    /* An untrained flow is near the base: about 8 bits, where no structure is known. */
    double bits = json_number_value(json_object_get(figures, "bits_per_dim"));
    ck_assert(bits > 4 && bits < 12);
    json_decref(figures);
    struct adv_array samples = {0};
    ck_assert_int_eq(adv_npy_read(cli_at("s.npy"), &samples, NULL), ADV_OK);
    ck_assert(samples.shape[0] == 20 && samples.shape[1] == 784);
    adv_array_release(&samples);
}
END_TEST

START_TEST(bench_makes_contexts)
{
    CLI_SUCCEEDS("simulate two_moons -n 50 -o two-moons.csv");
    CLI_SUCCEEDS("new two-moons.csv --context 'x*' -o two-moons.json");
    CLI_SUCCEEDS("train two-moons.json --steps 2 -q --out two-moons.safetensors");
    CLI_SUCCEEDS("bench two-moons.safetensors --batch 50 --threads 2 --seconds 0.02");
    CLI_SUCCEEDS("bench two-moons.safetensors --same-time --work train --seconds 0.02");
}
END_TEST

START_TEST(bench_prints_one_line_of_json)
{
    static const char *const works[] = {"velocity", "probe", "divergence", "train"};
    train_board();
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        CLI_SUCCEEDS("bench board.safetensors --work %s --batch 200 --threads 2 --seconds 0.02",
                     works[i]);
        json_t *json = json_loads(cli_output, 0, NULL);
        ck_assert_msg(json != NULL, "%s", cli_output);
        ck_assert_ptr_eq(strchr(cli_output, '\n'), cli_output + strlen(cli_output) - 1);
        double ms = json_number_value(json_object_get(json, "median_ms"));
        double rows = json_number_value(json_object_get(json, "rows_per_s"));
        double fraction = json_number_value(json_object_get(json, "fraction"));
        ck_assert_double_eq_tol(rows * ms / 1e3, 200, 0.1);
        ck_assert_double_gt(fraction, 0);
        json_decref(json);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *tests = tcase_create("cli");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_command_has_help_with_an_example);
    tcase_add_test(tests, wrong_usage_is_explained_and_exits_2);
    tcase_add_test(tests, what_fails_at_work_exits_1);
    tcase_add_test(tests, training_leaves_a_model_a_checkpoint_and_a_curve);
    tcase_add_test(tests, a_model_keeps_its_curve_thinned);
    tcase_add_loop_test(tests, a_signal_leaves_a_checkpoint_that_continues_bit_for_bit, 0, 2);
    tcase_add_test(tests, a_full_disk_warns_and_keeps_the_checkpoint);
    tcase_add_test(tests, a_full_disk_leaves_the_model_of_a_training_that_is_over);
    tcase_add_test(tests, a_damaged_checkpoint_is_refused);
    tcase_add_test(tests, divergence_is_reported_and_keeps_the_checkpoint);
    tcase_add_test(tests, csv_and_npy_data_are_found_where_data_says);
    tcase_add_test(tests, columns_keep_their_support);
    tcase_add_test(tests, views_are_checked_before_samples_are_drawn);
    tcase_add_test(tests, samples_come_in_every_format_and_are_the_same);
    tcase_add_test(tests, files_of_another_kind_are_told);
    tcase_add_test(tests, a_solver_may_be_given_with_its_setting);
    tcase_add_test(tests, trajectories_and_log_densities_come_in_every_format);
    tcase_add_test(tests, eval_prints_figures_and_writes_the_card);
    tcase_add_test(tests, mnist_is_learned_sampled_and_measured);
    tcase_add_test(tests, bench_prints_one_line_of_json);
    tcase_add_test(tests, bench_makes_contexts);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
