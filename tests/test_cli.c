/* The program `advect` from outside: exit codes, messages, files, signals. */
#include <advect/advect.h>

#include "tests/io_support.h"

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

static char folder[64], program[PATH_MAX];
static char output[1 << 20]; /* of the last command, stdout and stderr together */

/* The program that was built with this test: ../bin/advect from its own directory. */
static void find_program(void)
{
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 32);
    ck_assert_int_gt(n, 0);
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    strcat(program, "/../bin/advect");
}

static void make_folder(void)
{
    find_program();
    strcpy(folder, "/tmp/advect-cli-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *at(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Runs `advect ARGUMENTS` in the shell, in the test's folder; its exit code, output in `output`. */
__attribute__((format(printf, 1, 2))) static int advect(const char *format, ...)
{
    char arguments[2048], command[8192];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "cd %s && %s %s 2>&1", folder, program, arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = '\0';
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s: killed by a signal", command);
    return WEXITSTATUS(status);
}

#define SUCCEEDS(...) ck_assert_msg(advect(__VA_ARGS__) == 0, "%s", output)

static void fails(int code, const char *arguments, const char *expected)
{
    int got = advect("%s", arguments);
    ck_assert_msg(got == code, "advect %s: exit %d, not %d: %s", arguments, got, code, output);
    ck_assert_msg(strstr(output, expected) != NULL, "advect %s\n  says: %s\n  not: %s", arguments,
                  output, expected);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static bool exists(const char *name)
{
    return access(at(name), F_OK) == 0;
}

static void *contents(const char *name, size_t *n)
{
    void *bytes;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_read(at(name), 1 << 24, &bytes, n, &error) == ADV_OK, "%s",
                  error.message);
    return bytes;
}

static void same_weights(const char *one, const char *other)
{
    struct adv_model *a = NULL, *b = NULL;
    ck_assert_int_eq(adv_model_load(at(one), &a, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_load(at(other), &b, NULL), ADV_OK);
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
    write_text(name, text);
}

static void train_board(void)
{
    write_recipe("board.json", "30", "");
    SUCCEEDS("train board.json --quiet");
    ck_assert_str_eq(output, "");
}

/* ---------------------------------------------------------------- usage */

START_TEST(every_command_has_help_with_an_example)
{
    static const char *const commands[] = {"train",      "eval",    "sample", "logp",
                                           "trajectory", "inspect", "import", "bench"};
    SUCCEEDS("--help");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        ck_assert_msg(strstr(output, commands[i]) != NULL, "%s", commands[i]);
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char example[64];
        SUCCEEDS("%s --help", commands[i]);
        snprintf(example, sizeof example, "example:\n  advect %s ", commands[i]);
        ck_assert_msg(strstr(output, example) != NULL, "%s", output);
    }
    SUCCEEDS("--version");
}
END_TEST

START_TEST(wrong_usage_is_explained_and_exits_2)
{
    fails(2, "", "usage: advect");
    fails(2, "trian", "did you mean \"train\"");
    fails(2, "train", "an argument is missing; usage: advect train RECIPE.json");
    fails(2, "train a b", "\"b\" is one argument too many");
    fails(2, "train --step 3 a", "did you mean --steps?");
    fails(2, "train a --steps", "--steps needs a value");
    fails(2, "train a --steps=x", "steps is \"x\"");
    fails(2, "train a --steps=-1", "steps is -1");
    fails(2, "train a -x", "-x is not a known flag");
    fails(2, "train a --dtype f8", "must be one of f32, f16");
    fails(2, "sample a -n 0", "n is 0");
    fails(2, "sample a --guidence 2", "did you mean --guidance?");
    fails(2, "trajectory a --solver rk5", "solver is \"rk5\"");
    fails(1, "import a -o b", "--config is missing; weights need it");
    fails(2, "import a --config b", "--out is missing");
    fails(2, "bench a --work nothing", "must be one of velocity");
    fails(2, "eval a --density {", "must be JSON");
}
END_TEST

START_TEST(what_fails_at_work_exits_1)
{
    write_text("broken.json", "{\"name\": \"a\",\n \"net\": }");
    write_text("plain.txt", "no model");
    write_recipe("typo.json", "30, \"batchs\": 3", "");
    write_text("mnist.json", "{\"name\": \"m\", \"net\": {\"kind\": \"mlp\", \"dim\": 784, "
                             "\"channels\": 8, \"layers\": 1}, \"data\": {\"source\": {\"kind\": "
                             "\"idx\", \"images\": \"train-images-idx3-ubyte.gz\"}}, \"train\": "
                             "{\"steps\": 1}}");
    fails(1, "train no.json", "no.json");
    fails(1, "train broken.json", "broken.json: line 2");
    fails(1, "train typo.json", "typo.json: ");
    fails(1, "train typo.json", "did you mean \"batch\"");
    fails(1, "train mnist.json", "MNIST's four files");
    fails(1, "train mnist.json --data /nowhere", "/nowhere");
    fails(1, "sample no.safetensors", "no.safetensors");
    fails(1, "inspect plain.txt", "plain.txt");
    write_recipe("board.json", "3", "");
    fails(1, "train board.json --resume --quiet", "board.checkpoint");
    fails(1, "train board.json --quiet --out no/where.safetensors", "no/where");
}
END_TEST

/* ---------------------------------------------------------------- training */

START_TEST(training_leaves_a_model_a_checkpoint_and_a_curve)
{
    write_recipe("board.json", "30", ", \"held_out_every\": 10");
    SUCCEEDS("train board.json --out out.safetensors --curve curve.png");
    ck_assert_ptr_nonnull(strstr(output, "step 30 of 30"));
    ck_assert(exists("out.safetensors") && exists("out.checkpoint"));
    struct adv_array curve = {0};
    ck_assert_int_eq(adv_csv_read(at("out.curve.csv"), &curve, NULL), ADV_OK);
    ck_assert_uint_eq(curve.shape[0], 3);
    ck_assert_uint_eq(curve.shape[1], 5);
    ck_assert_float_eq(curve.data[5], 20);
    size_t n;
    void *png = contents("curve.png", &n);
    ck_assert_mem_eq(png, "\x89PNG", 4);
    free(png);
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(at("out.safetensors"), &model, NULL), ADV_OK);
    const json_t *config = adv_model_config(model), *train = json_object_get(config, "train");
    ck_assert_str_eq(adv_model_name(model), "board");
    ck_assert_int_eq(json_integer_value(json_object_get(train, "steps")), 30);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(train, "recipe"), "data"));
    ck_assert_ptr_nonnull(json_object_get(json_object_get(train, "dataset"), "digest"));
    ck_assert(json_is_real(json_object_get(adv_model_card(model), "held_out_loss")));
    const json_t *kept = json_object_get(train, "curve");
    ck_assert_uint_eq(json_array_size(kept), 3);
    for (size_t i = 0; i < 9; i++) /* step, loss, held_out: the table's first three columns */
        ck_assert_float_eq(
            (float)json_number_value(json_array_get(json_array_get(kept, i / 3), i % 3)),
            curve.data[i / 3 * 5 + i % 3]);
    adv_array_release(&curve);
    adv_model_unref(model);
    SUCCEEDS("train board.json --out half.safetensors --dtype f16 --steps 3 --quiet");
    SUCCEEDS("inspect half.safetensors");
    ck_assert_ptr_nonnull(strstr(output, "blocks.0.ff.weight"));
    ck_assert_ptr_nonnull(strstr(output, "held_out_loss"));
}
END_TEST

START_TEST(a_model_keeps_its_curve_thinned)
{
    write_recipe("board.json", "230", ", \"held_out_every\": 1");
    SUCCEEDS("train board.json --out out.safetensors --quiet");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(at("out.safetensors"), &model, NULL), ADV_OK);
    const json_t *train = json_object_get(adv_model_config(model), "train"),
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
        int log = open(at("log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (log < 0 || dup2(log, STDERR_FILENO) < 0)
            _exit(127);
        execl(program, program, "train", recipe, "--out", out, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void wait_for_file(const char *name)
{
    for (int i = 0; i < 3000 && !exists(name); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    ck_assert_msg(exists(name), "%s did not appear", name);
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
    pid_t child = start_training(at("board.json"), at("b.safetensors"));
    wait_for_file("b.checkpoint");
    ck_assert_int_eq(kill(child, signals[_i]), 0);
    ck_assert_int_eq(wait_for_exit(child), 1);
    ck_assert(!exists("b.safetensors"));
    size_t n;
    char *log = contents("log", &n);
    ck_assert_msg(strstr(log, "--resume") != NULL, "%s", log);
    free(log);

    fails(1, "train board.json --out b.safetensors --quiet", "unfinished training at step");
    SUCCEEDS("train board.json --out b.safetensors --quiet --resume --threads 1");
    SUCCEEDS("train board.json --out straight.safetensors --quiet");
    same_weights("b.safetensors", "straight.safetensors");
}
END_TEST

START_TEST(a_full_disk_warns_and_keeps_the_checkpoint)
{
    write_recipe("board.json", "40", ", \"checkpoint_every_s\": 0");
    write_recipe("short.json", "20", ", \"checkpoint_every_s\": 0");
    SUCCEEDS("train short.json --out b.safetensors --quiet");
    size_t n_before, n_after;
    void *before = contents("b.checkpoint", &n_before);
    /* In units of 1024 bytes. */
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command,
             "cd %s && (ulimit -f 1; %s train board.json --out b.safetensors --resume > out 2>&1)",
             folder, program);
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
    SUCCEEDS("train board.json --out b.safetensors --resume --quiet");
}
END_TEST

/* Twelve residual layers after one step at rate 10: each multiplies by about 100. */
START_TEST(divergence_is_reported_and_keeps_the_checkpoint)
{
    write_text(
        "wild.json",
        "{\"name\": \"wild\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, "
        "\"layers\": 12, \"residual\": true}, \"data\": {\"source\": {\"kind\": \"density\", "
        "\"density\": {\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 4}}}, \"train\": "
        "{\"steps\": 100, \"batch\": 32, \"learning_rate\": 10, \"clip_norm\": 0, "
        "\"checkpoint_every_s\": 0}}");
    fails(1, "train wild.json --quiet", "training diverged at step 2");
    ck_assert(exists("wild.checkpoint") && !exists("wild.safetensors"));
    /* The checkpoint is whole, and the same thing happens again. */
    fails(1, "train wild.json --quiet --resume", "training diverged at step 2");
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
    write_text("recipe.json", recipe);
    write_text("rows.csv", "a,b,c\n1,2,0\n2,4,1\n3,5,0\n4,9,1\n");
    SUCCEEDS("train recipe.json --quiet");
    ck_assert_int_eq(mkdir(at("elsewhere"), 0755), 0);
    ck_assert_int_eq(rename(at("rows.csv"), at("elsewhere/other.csv")), 0);
    fails(1, "train recipe.json --quiet", "--data");
    SUCCEEDS("train recipe.json --quiet --data elsewhere/other.csv");
    ck_assert_int_eq(rename(at("elsewhere/other.csv"), at("elsewhere/rows.csv")), 0);
    SUCCEEDS("train recipe.json --quiet --data elsewhere");
    SUCCEEDS("eval rows.safetensors --data elsewhere --quiet --points 1");
    ck_assert_ptr_nonnull(strstr(output, "held-out examples"));
}
END_TEST

/* ---------------------------------------------------------------- questions */

START_TEST(samples_come_in_every_format_and_are_the_same)
{
    train_board();
    SUCCEEDS("sample board.safetensors -n 5 --seed 3 --quiet");
    json_t *json = json_loads(output, 0, NULL);
    ck_assert_msg(json != NULL, "%s", output);
    const json_t *rows = json_object_get(json, "samples");
    ck_assert_uint_eq(json_array_size(rows), 5);
    SUCCEEDS("sample board.safetensors -n 5 --seed 3 -o s.json --threads 1 --quiet");
    SUCCEEDS("sample board.safetensors -n 5 --seed 3 -o s.npy --quiet");
    SUCCEEDS("sample board.safetensors -n 5 --seed 3 -o s.csv --log-density --solver rk4 --steps 25"
             " --quiet");
    SUCCEEDS("sample board.safetensors -n 500 --seed 3 -o s.png --quiet");
    struct adv_array npy = {0}, csv = {0};
    ck_assert_int_eq(adv_npy_read(at("s.npy"), &npy, NULL), ADV_OK);
    ck_assert_int_eq(adv_csv_read(at("s.csv"), &csv, NULL), ADV_OK);
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
    fails(1, "sample board.safetensors -o s.ndjson", "its formats are json, npy, csv, png");
    fails(1, "sample board.safetensors -o s.jpg", ".jpg is no format");
    fails(1, "sample board.safetensors --label 3", "label is 3");
}
END_TEST

START_TEST(trajectories_and_log_densities_come_in_every_format)
{
    train_board();
    SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --frames 4 -o t.npy --quiet");
    SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --times 0,0.5,1 -o t.ndjson --quiet");
    SUCCEEDS("trajectory board.safetensors -n 3 --seed 1 --frames 4 -o t.csv --quiet");
    SUCCEEDS("trajectory board.safetensors -n 50 --frames 4 -o t.png --quiet");
    SUCCEEDS("trajectory board.safetensors -n 50 --frames 4 -o t.apng --quiet");
    struct adv_array array = {0};
    ck_assert_int_eq(adv_npy_read(at("t.npy"), &array, NULL), ADV_OK);
    ck_assert(array.n_dims == 3 && array.shape[0] == 4 && array.shape[1] == 3);
    adv_array_release(&array);
    ck_assert_int_eq(adv_csv_read(at("t.csv"), &array, NULL), ADV_OK);
    ck_assert(array.shape[0] == 12 && array.shape[1] == 4);
    adv_array_release(&array);
    size_t n;
    char *lines = contents("t.ndjson", &n);
    int n_lines = 0;
    for (size_t i = 0; i < n; i++)
        n_lines += lines[i] == '\n';
    ck_assert_int_eq(n_lines, 3);
    free(lines);

    write_text("points.csv", "x,y\n0.5,0.5\n-1,1\n3,3\n");
    SUCCEEDS("logp board.safetensors --points points.csv -o l.csv --quiet");
    ck_assert_int_eq(adv_csv_read(at("l.csv"), &array, NULL), ADV_OK);
    ck_assert(array.shape[0] == 3 && array.shape[1] == 1);
    adv_array_release(&array);
    SUCCEEDS(
        "logp board.safetensors --points points.csv --divergence hutchinson --probes 4 --quiet");
    json_t *json = json_loads(output, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "standard_error")), 3);
    json_decref(json);
    fails(2, "logp board.safetensors", "--points is missing");
    write_text("narrow.csv", "1\n2\n");
    fails(1, "logp board.safetensors --points narrow.csv", "points");
    fails(1, "logp board.safetensors --points points.csv -o l.png", "its formats are");
}
END_TEST

START_TEST(eval_prints_figures_and_writes_the_card)
{
    train_board();
    SUCCEEDS("eval board.safetensors -n 500 --points 50 --grid 8 --json --quiet --write-card");
    json_t *figures = json_loads(output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", output);
    static const char *const keys[] = {
        "inside", "mode_share_min", "mode_share_max", "mode_kl",      "nll", "entropy",
        "kl",     "integral",       "samples",        "held_out_loss"};
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(at("board.safetensors"), &model, NULL), ADV_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *printed = json_object_get(figures, keys[i]);
        const json_t *kept = json_object_get(adv_model_card(model), keys[i]);
        ck_assert_msg(json_is_number(printed) && json_is_number(kept), "%s", keys[i]);
        ck_assert_double_eq_tol(json_number_value(printed), json_number_value(kept), 1e-6);
    }
    ck_assert(json_is_number(json_object_get(adv_model_card(model), "train_seconds")));
    adv_model_unref(model);
    json_decref(figures);
    SUCCEEDS("eval board.safetensors -n 100 --points 0 --grid 0 --samples s.npy --quiet");
    ck_assert_ptr_nonnull(strstr(output, "share of samples inside"));
    ck_assert(exists("s.npy"));
    SUCCEEDS("eval board.safetensors -n 100 --points 10 --grid 0 --quiet --density "
             "'{\"kind\": \"gaussian\", \"dim\": 2}'");
    fails(1, "eval board.safetensors --quiet --density '{\"kind\": \"gaussian\", \"dim\": 3}'",
          "the source has 3");
}
END_TEST

START_TEST(weights_from_elsewhere_are_imported)
{
    train_board();
    /* The model's own file holds its tensors under PyTorch's names. */
    write_text("config.json", "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 1}");
    SUCCEEDS("import board.safetensors --config config.json -o twin.safetensors --transform "
             "'{\"kind\": \"affine\", \"shift\": 1, \"scale\": 2}'");
    same_weights("board.safetensors", "twin.safetensors");
    SUCCEEDS("inspect twin.safetensors --json");
    json_t *json = json_loads(output, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), "twin");
    json_decref(json);
    fails(1, "eval twin.safetensors", "--density JSON or --data FILE");
    write_text("config.json", "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 2}");
    fails(1, "import board.safetensors --config config.json -o twin.safetensors",
          "blocks.1.ff.weight is missing");
}
END_TEST

START_TEST(samples_are_imported_as_their_exact_flow)
{
    write_text("points.csv", "x,y\n1,2\n-1,0\n3,-2\n");
    SUCCEEDS("import points.csv -o exact.safetensors --bandwidth 0.001 --transform "
             "'{\"kind\": \"standardise\"}'");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(at("exact.safetensors"), &model, NULL), ADV_OK);
    /* (1, 2), (-1, 0), (3, -2) with mean (1, 0) and deviations sqrt(8/3) */
    const float third = 1.22474487F, expected[6] = {0, third, -third, 0, third, -third};
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(adv_model_weights(model)[i], expected[i], 1e-6F);
    adv_model_unref(model);
    SUCCEEDS("sample exact.safetensors -n 20 --seed 1 --solver dopri5 -o s.csv --quiet");
    struct adv_array array;
    ck_assert_int_eq(adv_csv_read(at("s.csv"), &array, NULL), ADV_OK);
    for (size_t i = 0; i < 20; i++) {
        const float *x = array.data + 2 * i;
        float off = fminf(hypotf(x[0] - 1, x[1] - 2),
                          fminf(hypotf(x[0] + 1, x[1]), hypotf(x[0] - 3, x[1] + 2)));
        ck_assert_float_lt(off, 0.02F); /* ten bandwidths in data units */
    }
    adv_array_release(&array);
    SUCCEEDS("trajectory exact.safetensors -n 50 --frames 4 -o way.apng --quiet");
    fails(1, "import points.csv -o b --config points.csv", "--config is for weights");
    fails(1, "import missing.csv -o b", "missing.csv");
    fails(2, "import points.csv -o b --bandwidth 0", "bandwidth is 0");
    write_text("points.csv", "2\n");
    fails(1, "import points.csv -o b --transform '{\"kind\": \"logit\"}'", "row 0: ");
    ck_assert(!exists("b"));
}
END_TEST

/* The absolute path of what lies in the shared folder, as tests run elsewhere; false: it is not
 * there. */
static bool shared(const char *name, char path[PATH_MAX])
{
    char relative[128];
    snprintf(relative, sizeof relative, "../shared/%s", name);
    return io_shared_exists(relative) && realpath(relative, path) != NULL;
}

START_TEST(pytorch_weights_are_imported)
{
    char path[PATH_MAX];
    if (!shared("fixtures/mlp-cond-7d", path))
        return;
    SUCCEEDS(
        "import %s/model.safetensors --config %s/config.json -o seven.safetensors --dtype bf16",
        path, path);
    write_text("points.csv", "1,2,3,4,5,6,7\n0,0,0,0,0,0,0\n");
    fails(1, "logp seven.safetensors --points points.csv", "label is missing");
    SUCCEEDS("logp seven.safetensors --points points.csv --label 3,4 --quiet");
    SUCCEEDS("sample seven.safetensors -n 20 --label 2 -o s.csv --quiet");
}
END_TEST

START_TEST(mnist_is_learned_sampled_and_measured)
{
    char path[PATH_MAX], recipe[PATH_MAX];
    if (!shared("data/mnist", path))
        return;
    ck_assert_ptr_nonnull(realpath("models/mnist-mlp.json", recipe));
    SUCCEEDS("train %s --data %s --steps 2 --quiet", recipe, path);
    SUCCEEDS("sample mnist-mlp.safetensors -n 20 --guidance 2 -o digits.png --quiet");
    SUCCEEDS("eval mnist-mlp.safetensors --data %s -n 20 --samples s.npy --points 1 --json --quiet",
             path);
    json_t *figures = json_loads(output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", output);
    /* An untrained flow is near the base: about 8 bits, where no structure is known. */
    double bits = json_number_value(json_object_get(figures, "bits_per_dim"));
    ck_assert(bits > 4 && bits < 12);
    json_decref(figures);
    struct adv_array samples = {0};
    ck_assert_int_eq(adv_npy_read(at("s.npy"), &samples, NULL), ADV_OK);
    ck_assert(samples.shape[0] == 20 && samples.shape[1] == 784);
    adv_array_release(&samples);
}
END_TEST

START_TEST(bench_prints_one_line_of_json)
{
    static const char *const works[] = {"velocity", "probe", "divergence", "train"};
    train_board();
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        SUCCEEDS("bench board.safetensors --work %s --batch 200 --threads 2 --seconds 0.02",
                 works[i]);
        json_t *json = json_loads(output, 0, NULL);
        ck_assert_msg(json != NULL, "%s", output);
        ck_assert_ptr_eq(strchr(output, '\n'), output + strlen(output) - 1);
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
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_command_has_help_with_an_example);
    tcase_add_test(tests, wrong_usage_is_explained_and_exits_2);
    tcase_add_test(tests, what_fails_at_work_exits_1);
    tcase_add_test(tests, training_leaves_a_model_a_checkpoint_and_a_curve);
    tcase_add_test(tests, a_model_keeps_its_curve_thinned);
    tcase_add_loop_test(tests, a_signal_leaves_a_checkpoint_that_continues_bit_for_bit, 0, 2);
    tcase_add_test(tests, a_full_disk_warns_and_keeps_the_checkpoint);
    tcase_add_test(tests, divergence_is_reported_and_keeps_the_checkpoint);
    tcase_add_test(tests, csv_and_npy_data_are_found_where_data_says);
    tcase_add_test(tests, samples_come_in_every_format_and_are_the_same);
    tcase_add_test(tests, trajectories_and_log_densities_come_in_every_format);
    tcase_add_test(tests, eval_prints_figures_and_writes_the_card);
    tcase_add_test(tests, weights_from_elsewhere_are_imported);
    tcase_add_test(tests, samples_are_imported_as_their_exact_flow);
    tcase_add_test(tests, pytorch_weights_are_imported);
    tcase_add_test(tests, mnist_is_learned_sampled_and_measured);
    tcase_add_test(tests, bench_prints_one_line_of_json);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
