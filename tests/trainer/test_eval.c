/* advect eval on small images: which rows it measures, that what is interrupted goes on and counts
 * nothing twice, and its figures against those that the library gives for the same rows. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"
#include "tests/trainer/eval_state.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_TRAIN = 60, N_TEST = 200, HEIGHT = 3, WIDTH = 4, DIM = HEIGHT * WIDTH, CLASSES = 3 };

/* Images beyond 16 dimensions, whose divergence is estimated. */
enum { TALL = 6 };

/* Of the seeds that are made of a recipe's: that of held-out and test examples. */
enum { HELD_OUT_USE = 2 };

/* ---------------------------------------------------------------- data and model */

static uint8_t pixel(bool test, size_t i, size_t p)
{
    return (uint8_t)(11 * i + 41 * (p / WIDTH) + 9 * (p % WIDTH) + (test ? 3 : 0));
}

static uint8_t label_of(size_t i)
{
    return (uint8_t)(i % CLASSES);
}

static void write_idx(const char *name, int n_dims, const size_t *shape, const uint8_t *data)
{
    uint8_t bytes[16 + N_TEST * TALL * WIDTH] = {0, 0, 8, (uint8_t)n_dims};
    size_t n = 1, at = 4;
    for (int d = 0; d < n_dims; d++, at += 4) {
        bytes[at + 3] = (uint8_t)shape[d];
        n *= shape[d];
    }
    memcpy(bytes + at, data, n);
    ck_assert_int_eq(adv_file_replace(cli_at(name), bytes, at + n, NULL), ADV_OK);
}

static void write_images(bool test, size_t n, size_t height, size_t width, const char *images,
                         const char *labels)
{
    uint8_t pixels[N_TEST * TALL * WIDTH], classes[N_TEST];
    for (size_t i = 0; i < n; i++) {
        classes[i] = label_of(i);
        for (size_t p = 0; p < height * width; p++)
            pixels[i * height * width + p] = pixel(test, i, p);
    }
    write_idx(images, 3, (const size_t[]){n, height, width}, pixels);
    write_idx(labels, 1, (const size_t[]){n}, classes);
}

static void write_recipe(size_t height, const char *test_files, bool conditional)
{
    char recipe[2048];
    snprintf(recipe, sizeof recipe,
             "{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": %zu, \"channels\": 24,"
             " \"layers\": 2, \"activation\": \"silu\"%s}, \"data\": {\"source\": {\"kind\":"
             " \"idx\", \"images\": \"images\"%s%s}, \"held_out\": 10, \"transform\": {\"kind\":"
             " \"affine\", \"shift\": 0.5, \"scale\": 0.5, \"range\": [0, 1], \"levels\": 256}%s},"
             " \"train\": {\"steps\": 300, \"batch\": 32, \"learning_rate\": 0.01%s}%s}",
             height * WIDTH, conditional ? ", \"num_classes\": 3, \"null_class\": true" : "",
             conditional ? ", \"labels\": \"labels\"" : "", test_files,
             conditional ? ", \"classes\": 3" : "", conditional ? ", \"label_dropout\": 0.1" : "",
             conditional ? ", \"sampling\": {\"guidance\": 1.5}" : "");
    cli_write("small.json", recipe);
}

static const char test_names[] = ", \"test_images\": \"t-images\", \"test_labels\": \"t-labels\"";

static void train_with(size_t height, const char *test_files, bool conditional)
{
    write_images(false, N_TRAIN, height, WIDTH, "images", "labels");
    write_images(true, N_TEST, height, WIDTH, "t-images", "t-labels");
    write_recipe(height, test_files, conditional);
    CLI_SUCCEEDS("train small.json --quiet");
}

static void train_small(void)
{
    train_with(HEIGHT, test_names, true);
}

/* ---------------------------------------------------------------- what it prints */

static double figure_of(const json_t *figures, const char *key)
{
    const json_t *value = json_object_get(figures, key);
    ck_assert_msg(json_is_number(value), "no figure %s", key);
    return json_number_value(value);
}

/* The JSON of an eval; to be freed. */
static json_t *eval(const char *arguments)
{
    CLI_SUCCEEDS("eval small.safetensors --json --quiet %s", arguments);
    json_t *figures = json_loads(cli_output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", cli_output);
    return figures;
}

static void flip(float *image)
{
    for (size_t p = 0; p < DIM / 2; p++) {
        float kept = image[p];
        image[p] = image[DIM - 1 - p];
        image[DIM - 1 - p] = kept;
    }
}

/* Mean bits per dimension of the first n test images with the labels given, by one query. Flipped:
 * upside down. */
static double bits_of_draw(size_t n, const int32_t *labels, uint64_t draw, bool flipped,
                           double *bits)
{
    float points[N_TEST * DIM];
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    for (size_t i = 0; i < n * DIM; i++)
        points[i] = pixel(true, i / DIM, i % DIM);
    /* What eval draws levels' places from: seed 0's stream of held-out examples. */
    uint64_t seed = adv_rng_word(0, ADV_STREAM_SHUFFLE, HELD_OUT_USE);
    if (draw > 0)
        seed = adv_rng_word(seed, ADV_STREAM_DEQUANTISE, draw);
    adv_dequantise(seed, 0, n, DIM, 256, points, points);
    for (size_t i = 0; flipped && i < n; i++)
        flip(points + i * DIM);
    query.n = n;
    query.points = points;
    query.labels = labels;
    ck_assert_int_eq(adv_model_load(cli_at("small.safetensors"), NULL, &model, NULL), ADV_OK);
    ck_assert_msg(adv_run_new(model, &query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += answer->bits_per_dim[i];
        if (bits)
            bits[i] = answer->bits_per_dim[i];
    }
    adv_run_free(run);
    adv_model_unref(model);
    return sum / (double)n;
}

static double bits_of_test(size_t n, const int32_t *labels, bool flipped, double *bits)
{
    return bits_of_draw(n, labels, 0, flipped, bits);
}

static double bits_with_own_labels(size_t n, bool flipped)
{
    int32_t labels[N_TEST];
    for (size_t i = 0; i < n; i++)
        labels[i] = label_of(i);
    return bits_of_test(n, labels, flipped, NULL);
}

/* ---------------------------------------------------------------- rows */

START_TEST(test_files_are_named_by_the_model_or_by_flags)
{
    train_with(HEIGHT, "", true);
    cli_fails(1, "eval small.safetensors --split test --points 3", "names no test files");
    cli_fails(1, "eval small.safetensors --split test --points 3", "--test-images FILE");
    cli_fails(1, "eval small.safetensors --points 3 --test-images t-images", "--split test only");
    cli_fails(1, "eval small.safetensors --split test --points 3 --test-images t-images",
              "the source has no labels");
    cli_fails(1, "eval small.safetensors --split test --points 3 --test-images none", "none");
    json_t *flags = eval("--split test --points 20 --test-images t-images --test-labels t-labels");
    train_small();
    json_t *named = eval("--split test --points 20");
    ck_assert(json_equal(flags, named));
    ck_assert_double_eq_tol(figure_of(named, "bits_per_dim"), bits_with_own_labels(20, false),
                            1e-6);
    ck_assert_double_eq_tol(figure_of(named, "bits_per_dim_with_label"),
                            figure_of(named, "bits_per_dim") + log2(CLASSES) / DIM, 1e-6);
    ck_assert_ptr_null(json_object_get(named, "held_out_loss"));
    json_decref(flags);
    json_decref(named);
}
END_TEST

/* Training reads no test files, and an eval only those of its split. */
START_TEST(test_files_are_read_only_where_they_are_asked_for)
{
    train_with(HEIGHT, ", \"test_images\": \"absent\", \"test_labels\": \"absent\"", true);
    json_decref(eval("--points 3"));
    cli_fails(1, "eval small.safetensors --split test --points 3", "cannot read absent");
}
END_TEST

START_TEST(a_split_has_the_rows_it_is_named_after)
{
    static const struct {
        const char *arguments;
        int points;
    } cases[] = {{"--points all", 10},
                 {"--points all --split train", N_TRAIN - 10},
                 {"--points all --split test", N_TEST},
                 {"--points 7 --split train", 7}};
    train_small();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *figures = eval(cases[i].arguments);
        ck_assert_int_eq((int)figure_of(figures, "points"), cases[i].points);
        json_decref(figures);
    }
    cli_fails(1, "eval small.safetensors --points some", "must be \"all\" or a number");
    cli_fails(1, "eval small.safetensors --points 3x", "must be \"all\" or a number");
    cli_fails(2, "eval small.safetensors --split other", "held_out, test, train");
}
END_TEST

START_TEST(data_of_another_shape_are_refused)
{
    train_small();
    write_images(true, 4, WIDTH, HEIGHT, "turned", "turned-labels");
    cli_fails(1,
              "eval small.safetensors --split test --points 3 --test-images turned --test-labels "
              "turned-labels",
              "images of 4 x 3; the model takes 3 x 4");
    cli_fails(1,
              "eval small.safetensors --split test --points 3 --test-images t-images --test-labels "
              "turned-labels",
              "200 examples but 4 labels");
}
END_TEST

START_TEST(labels_can_be_left_out)
{
    int32_t none[N_TEST];
    for (size_t i = 0; i < N_TEST; i++)
        none[i] = ADV_NO_LABEL;
    train_small();
    json_t *figures = eval("--split test --points 30 --unlabelled");
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim"), bits_of_test(30, none, false, NULL),
                            1e-6);
    ck_assert_ptr_null(json_object_get(figures, "bits_per_dim_with_label"));
    json_decref(figures);
    train_with(HEIGHT, "", false);
    cli_fails(1, "eval small.safetensors --points 3 --unlabelled", "null class");
    cli_fails(1, "eval small.safetensors --classify 3", "has no classes");
}
END_TEST

/* ---------------------------------------------------------------- draws */

enum { DRAWS = 3, DRAWN = 20 };

/* The bits per dimension of the mean of densities that take `bits`: of n values, stride apart. */
static double bits_of_mean(size_t n, size_t stride, const double *bits)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp2(-DIM * (bits[i * stride] - bits[0]));
    return bits[0] - log2(sum / (double)n) / DIM;
}

START_TEST(draws_are_averaged_within_the_logarithm)
{
    int32_t labels[DRAWN];
    double bits[DRAWS][DRAWN], one = 0, all = 0;
    train_small();
    for (int i = 0; i < DRAWN; i++)
        labels[i] = label_of((size_t)i);
    for (int k = 0; k < DRAWS; k++)
        one += bits_of_draw(DRAWN, labels, (uint64_t)k, false, bits[k]) / DRAWS;
    for (int i = 0; i < DRAWN; i++)
        all += bits_of_mean(DRAWS, DRAWN, &bits[0][i]) / DRAWN;
    json_t *figures = eval("--split test --points 20 --draws 3 --state .");
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim"), one, 1e-6);
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim_of_draws"), all, 1e-6);
    ck_assert_double_lt(all, one); /* the mean of a logarithm is below that of the mean */
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim_of_draws_with_label"),
                            all + log2(CLASSES) / DIM, 1e-6);
    json_decref(figures);
    cli_fails(1, "eval small.safetensors --split test --points 20 --draws 2 --state .",
              "draws 3; now it is 2");
    cli_fails(2, "eval small.safetensors --split test --points 20 --draws 0", "between 1 and 1024");
}
END_TEST

START_TEST(classes_are_those_of_the_largest_mean_over_draws)
{
    double bits[CLASSES * DRAWS][DRAWN], all = 0;
    size_t right = 0;
    train_small();
    for (int k = 0; k < DRAWS; k++) {
        for (int c = 0; c < CLASSES; c++) {
            int32_t labels[DRAWN];
            for (int i = 0; i < DRAWN; i++)
                labels[i] = c;
            bits_of_draw(DRAWN, labels, (uint64_t)k, false, bits[c * DRAWS + k]);
        }
    }
    for (int i = 0; i < DRAWN; i++) {
        int best = 0;
        double least = INFINITY;
        for (int c = 0; c < CLASSES; c++) {
            double of_class = bits_of_mean(DRAWS, DRAWN, &bits[c * DRAWS][i]);
            best = of_class < least ? c : best;
            least = fmin(of_class, least);
        }
        right += best == label_of((size_t)i);
        all += bits_of_mean((size_t)CLASSES * DRAWS, DRAWN, &bits[0][i]) / DRAWN;
    }
    json_t *figures = eval("--split test --classify 20 --draws 3");
    ck_assert_double_eq_tol(figure_of(figures, "class_accuracy"), (double)right / DRAWN, 1e-9);
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim_over_classes"), all, 1e-6);
    json_decref(figures);
}
END_TEST

/* With estimated divergences the noise of the probes is told, and what it does to the bound. */
START_TEST(draws_tell_what_probes_do)
{
    train_with(TALL, test_names, true);
    json_t *few = eval("--split test --points 20 --draws 2 --probes 2");
    json_t *many = eval("--split test --points 20 --draws 2 --probes 16");
    ck_assert_double_gt(figure_of(many, "bits_per_dim_of_draws_probe_bias"), 0);
    ck_assert_double_gt(figure_of(few, "bits_per_dim_of_draws_probe_bias"),
                        figure_of(many, "bits_per_dim_of_draws_probe_bias"));
    ck_assert_double_gt(figure_of(few, "bits_per_dim_of_draws_probe_error"),
                        figure_of(many, "bits_per_dim_of_draws_probe_error"));
    json_decref(few);
    json_decref(many);
    json_t *one = eval("--split test --points 20 --draws 2 --probes 1");
    ck_assert_ptr_null(json_object_get(one, "bits_per_dim_of_draws_probe_bias"));
    json_decref(one);
}
END_TEST

static bool says_one_probe(const char *arguments)
{
    CLI_SUCCEEDS("eval small.safetensors --quiet --split test --points 9 %s", arguments);
    const char *note = strstr(cli_output, "not known: one probe tells no error");
    return note && !strstr(note + 1, "not known"); /* once */
}

START_TEST(one_probe_tells_no_error_and_says_so)
{
    train_with(TALL, test_names, true);
    ck_assert(says_one_probe("--probes 1"));
    ck_assert(says_one_probe("--probes 1 --draws 2"));
    ck_assert(!says_one_probe("--probes 2"));
    json_t *figures = eval("--split test --points 9 --probes 1");
    ck_assert_ptr_null(json_object_get(figures, "nll_probe_error"));
    ck_assert_double_gt(figure_of(figures, "nll_standard_error"), 0);
    json_decref(figures);
    train_small(); /* whose divergence is exact */
    ck_assert(!says_one_probe("--probes 1"));
}
END_TEST

/* ---------------------------------------------------------------- resuming */

/* About a second of processor time, instrumented or not. */
#if INSTRUMENTED
#define STEPS "120"
#else
#define STEPS "1500"
#endif
#define SLOWLY "--split test --points all --density-solver rk4:" STEPS
#define SLOW SLOWLY " --state ."

static const char state_name[] = "small.bits.test.eval";

/* Loop index: how it is interrupted. */
START_TEST(an_interrupted_eval_goes_on)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};
    train_with(TALL, test_names, true);
    json_t *straight = eval(SLOW " --threads 1");
    ck_assert_int_eq(unlink(cli_at(state_name)), 0);
    eval_interrupt("small.safetensors " SLOW " --quiet --threads 1", state_name, signals[_i]);
    size_t done = eval_state_rows(state_name);
    ck_assert_msg(done > 0 && done < N_TEST, "%zu rows", done);
    json_t *resumed = eval(SLOW);
    ck_assert_uint_eq(eval_state_rows(state_name), N_TEST);
    ck_assert(json_equal(straight, resumed));
    json_decref(straight);
    json_decref(resumed);
}
END_TEST

/* Fewer points first, then more; the state goes when all are done, unless it is to stay. */
START_TEST(a_state_is_extended_and_removed)
{
    train_with(TALL, test_names, true);
    json_t *straight = eval("--split test --points 50");
    ck_assert(!cli_exists(state_name));
    json_decref(eval("--split test --points 23 --state ."));
    ck_assert_uint_eq(eval_state_rows(state_name), 23);
    json_t *extended = eval("--split test --points 50");
    ck_assert(json_equal(straight, extended));
    ck_assert_double_gt(figure_of(straight, "bits_per_dim_probe_error"), 0);
    ck_assert(!cli_exists(state_name));
    json_decref(straight);
    json_decref(extended);
}
END_TEST

/* As in a folder of a package: nothing can be written beside /proc/self/fd/3, by root either. */
START_TEST(a_state_that_cannot_be_written_is_an_error_where_it_was_asked_for)
{
    train_with(TALL, test_names, true);
    json_t *straight = eval(SLOWLY);
    CLI_SUCCEEDS("eval /proc/self/fd/3 --quiet --threads 1 " SLOWLY " 3<small.safetensors");
    ck_assert_msg(strstr(cli_output, "not kept for a run that resumes"), "%s", cli_output);
    char bits[32];
    snprintf(bits, sizeof bits, "%.4f\n", figure_of(straight, "bits_per_dim"));
    ck_assert_msg(strstr(cli_output, bits), "%s in %s", bits, cli_output);
    json_decref(straight);
    cli_fails(1, "eval small.safetensors --split test --points 5 --state /proc/self/fd", "cannot");
}
END_TEST

/* What a state holds is not measured again: a row that was changed there stays as it was changed,
 * and counts once. */
START_TEST(rows_of_a_state_count_once)
{
    train_small();
    json_t *before = eval("--split test --points all --state .");
    json_t *state = eval_state_read(state_name);
    json_t *rows = json_object_get(state, "log_density");
    ck_assert_uint_eq(json_array_size(rows), N_TEST);
    double row = json_number_value(json_array_get(rows, 5));
    json_array_set_new(rows, 5, json_real(row + 100));
    json_dump_file(state, cli_at(state_name), JSON_REAL_PRECISION(17));
    json_t *after = eval("--split test --points all --state .");
    ck_assert_double_eq_tol(figure_of(after, "nll"), figure_of(before, "nll") - 100.0 / N_TEST,
                            1e-6);
    json_t *fewer = eval("--split test --points 3 --state .");
    ck_assert_int_eq((int)figure_of(fewer, "points"), 3);
    ck_assert_uint_eq(eval_state_rows(state_name), N_TEST);
    json_decref(fewer);
    json_decref(after);
    json_decref(before);
    json_decref(state);
}
END_TEST

START_TEST(a_state_of_other_settings_is_refused)
{
    train_small();
    json_t *whole = eval("--split test --points 5 --state .");
    json_t *same = eval("--split test --points 5 --state . --probes 2 --seed 3");
    ck_assert(json_equal(json_object_get(whole, "nll"), json_object_get(same, "nll")));
    json_decref(whole);
    json_decref(same); /* of 16 dimensions divergences are exact, and nothing is drawn */
    cli_fails(1, "eval small.safetensors --split test --points 5 --renew-probes",
              "--renew-probes needs a --density-solver of equal steps, such as rk4:12; it is "
              "dopri5:1e-5");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state . --density-solver rk4:9",
              "solver \"dopri5\"; now it is \"rk4\"");
    cli_fails(1,
              "eval small.safetensors --split test --points 5 --state . --density-solver "
              "dopri5:1e-4",
              "tolerance 1e-5; now it is 0.0001");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state . --unlabelled", "labels");
    cli_fails(1,
              "eval small.safetensors --split test --points 5 --state . --test-images images "
              "--test-labels labels",
              "data digest");
    json_decref(eval("--split held_out --points 5 --state . --write-card"));
    json_decref(eval("--split test --points 5 --state .")); /* a card is no other model */
    CLI_SUCCEEDS("train small.json --quiet --steps 31 --out small.safetensors");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state .", "model digest");
    cli_write(state_name, "{\"half\": ");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state .", state_name);
    cli_write(state_name, "{\"bound\": 3}");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state .",
              "is not the state of an eval");
    cli_fails(1, "eval small.safetensors --split test --points 5 --state ./nowhere", "nowhere");
}
END_TEST

/* ---------------------------------------------------------------- what densities can do */

START_TEST(classes_are_those_of_the_largest_density)
{
    enum { N = 40 };
    double bits[CLASSES][N];
    train_small();
    for (int32_t c = 0; c < CLASSES; c++) {
        int32_t labels[N];
        for (size_t i = 0; i < N; i++)
            labels[i] = c;
        bits_of_test(N, labels, false, bits[c]);
    }
    size_t right = 0;
    double marginal = 0;
    for (size_t i = 0; i < N; i++) {
        size_t best = 0;
        double density = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            best = bits[c][i] < bits[best][i] ? c : best;
            density += exp2(-DIM * bits[c][i]) / CLASSES;
        }
        right += best == label_of(i);
        marginal -= log2(density) / DIM / N;
    }
    json_t *figures = eval("--split test --classify 40");
    ck_assert_int_eq((int)figure_of(figures, "classified"), N);
    ck_assert_double_eq_tol(figure_of(figures, "class_accuracy"), (double)right / N, 1e-9);
    ck_assert_double_eq_tol(figure_of(figures, "bits_per_dim_over_classes"), marginal, 1e-6);
    ck_assert_ptr_null(json_object_get(figures, "held_out_loss"));
    json_decref(figures);
}
END_TEST

static const json_t *row_called(const json_t *table, const char *key, const char *name)
{
    size_t i;
    const json_t *row;
    json_array_foreach(table, i, row)
    {
        if (!strcmp(json_string_value(json_object_get(row, key)), name))
            return row;
    }
    ck_abort_msg("no row %s", name);
}

START_TEST(images_out_of_distribution_are_told_beside_the_real_ones)
{
    train_small();
    json_t *figures = eval("--split test --ood 25");
    const json_t *table = json_object_get(figures, "ood");
    ck_assert_uint_eq(json_array_size(table), 8);
    ck_assert_double_eq_tol(figure_of(row_called(table, "images", "as they are"), "bits_per_dim"),
                            bits_with_own_labels(25, false), 1e-6);
    ck_assert_double_eq_tol(figure_of(row_called(table, "images", "upside down"), "bits_per_dim"),
                            bits_with_own_labels(25, true), 1e-6);
    json_decref(figures);
    CLI_SUCCEEDS("eval small.safetensors --split test --ood 2 --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "pixels shuffled"));
}
END_TEST

START_TEST(the_change_with_tolerance_and_probes_is_shown)
{
    train_small();
    json_t *figures = eval("--split test --convergence 12");
    const json_t *table = json_object_get(figures, "convergence");
    const json_t *first = json_array_get(table, 0);
    ck_assert_double_eq_tol(figure_of(first, "mean"), bits_with_own_labels(12, false), 1e-6);
    ck_assert_double_eq_tol(figure_of(first, "change"), 0, 1e-12);
    /* The coarser the tolerance, the farther from the first; without probes (exact up to 16
     * dimensions) nothing else changes it. */
    double fine = fabs(figure_of(row_called(table, "tolerance", "1e-06"), "change"));
    double coarse = fabs(figure_of(row_called(table, "tolerance", "1e-02"), "change"));
    ck_assert_double_lt(fine, coarse);
    ck_assert_double_eq_tol(figure_of(json_array_get(table, 1), "change"), 0, 1e-12);
    json_decref(figures);
}
END_TEST

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of 101 rows the percentiles are the rows. */
START_TEST(typicality_is_written_where_answers_find_it)
{
    enum { N = 101 };
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    int32_t labels[N];
    double bits[N];
    train_small();
    for (size_t i = 0; i < N; i++)
        labels[i] = label_of(i);
    bits_of_test(N, labels, false, bits);
    qsort(bits, N, sizeof *bits, by_size);
    json_t *figures = eval("--split test --typicality 101 --write-card");
    const json_t *rows = json_object_get(figures, "typicality");
    const json_t *least = json_array_get(rows, 0), *middle = json_array_get(rows, 4);
    ck_assert_int_eq((int)figure_of(middle, "percentile"), 50);
    ck_assert_double_eq_tol(figure_of(least, "in_unit"), bits[N - 1], 1e-6);
    ck_assert_double_eq_tol(figure_of(middle, "in_unit"), bits[N / 2], 1e-6);
    ck_assert_ptr_null(json_object_get(figures, "bits_per_dim"));
    ck_assert_int_eq(adv_model_load(cli_at("small.safetensors"), NULL, &model, &error), ADV_OK);
    ck_assert_double_eq_tol(adv_model_typicality(model, figure_of(middle, "log_density")), 50,
                            1e-4);
    adv_model_unref(model);
    json_decref(figures);
    cli_fails(1, "eval small.safetensors --split test --typicality 99", "needs 100 rows");
    cli_fails(1, "eval small.safetensors --split train --typicality 100", "did not see");
    cli_fails(1, "eval small.safetensors --split test --unlabelled --typicality 100",
              "with their labels");
}
END_TEST

/* ---------------------------------------------------------------- samples */

/* The exact flow to some images gives these images back; a trained net does not. */
START_TEST(what_is_remembered_is_found)
{
    float points[N_TRAIN * DIM];
    for (size_t i = 0; i < N_TRAIN * DIM; i++)
        points[i] = (float)pixel(false, i / DIM, i % DIM) / 255;
    train_small();
    ck_assert_int_eq(
        adv_npy_write_float(cli_at("points.npy"), 2, (const size_t[]){N_TRAIN, DIM}, points, NULL),
        ADV_OK);
    CLI_SUCCEEDS("import points.npy -o exact.safetensors --bandwidth 0.001 --shape '[1, 3, 4]'");
    CLI_SUCCEEDS("eval exact.safetensors --data points.npy --nearest near.png --solver "
                 "dopri5:1e-5 --json --quiet");
    json_t *exact = json_loads(cli_output, 0, NULL);
    ck_assert_msg(exact != NULL, "%s", cli_output);
    json_t *trained = eval("--nearest trained.png");
    ck_assert_double_lt(figure_of(exact, "nearest_min"), 0.02);
    ck_assert_double_gt(figure_of(trained, "nearest_min"), 0.02);
    ck_assert(cli_exists("near.png") && cli_exists("trained.png"));
    cli_fails(1, "eval small.safetensors --split test --nearest x.png", "cannot go with");
    json_decref(exact);
    json_decref(trained);
}
END_TEST

/* What is sampled without a word about guidance has that of the recipe, and says so. */
START_TEST(samples_take_the_guidance_of_the_recipe)
{
    train_small();
    CLI_SUCCEEDS("sample small.safetensors -n 4 --seed 3 --label 1 --quiet");
    json_t *own = json_loads(cli_output, 0, NULL);
    CLI_SUCCEEDS("sample small.safetensors -n 4 --seed 3 --label 1 --guidance 1.5 --quiet");
    json_t *named = json_loads(cli_output, 0, NULL);
    CLI_SUCCEEDS("sample small.safetensors -n 4 --seed 3 --label 1 --guidance 1 --quiet");
    json_t *plain = json_loads(cli_output, 0, NULL);
    ck_assert(json_equal(own, named));
    ck_assert_double_eq(figure_of(own, "guidance"), 1.5);
    ck_assert_double_eq(figure_of(plain, "guidance"), 1);
    ck_assert(!json_equal(json_object_get(own, "samples"), json_object_get(plain, "samples")));
    CLI_SUCCEEDS("sample small.safetensors -n 4 --seed 3 --label 1 --log-density --quiet");
    json_t *density = json_loads(cli_output, 0, NULL);
    ck_assert_double_eq(figure_of(density, "guidance"), 1);
    json_decref(density);
    json_decref(plain);
    json_decref(named);
    json_decref(own);
    CLI_SUCCEEDS("inspect small.safetensors --json");
    ck_assert_ptr_nonnull(strstr(cli_output, "\"sampling\""));
    cli_write(
        "bad.json",
        "{\"name\": \"bad\", \"net\": {\"kind\": \"mlp\", \"dim\": 12, \"channels\": 8,"
        " \"layers\": 1}, \"data\": {\"source\": {\"kind\": \"idx\", \"images\": \"images\"}},"
        " \"train\": {\"steps\": 1}, \"sampling\": {\"guidance\": 2}}");
    cli_fails(1, "train bad.json --quiet", "sampling.guidance is 2, but the net has no null class");
}
END_TEST

/* A judge that counts the bytes of what it was given. */
static const char judge[] = "#!/bin/sh\n"
                            "echo \"n: 5\"\n"
                            "echo \"accuracy: 0.$(wc -c < \"$1\")\"\n"
                            "echo \"frechet: $(wc -c < \"$2\")\"\n";

static void write_program(const char *name, const char *text)
{
    cli_write(name, text);
    ck_assert_int_eq(chmod(cli_at(name), 0755), 0);
}

START_TEST(quality_is_told_for_each_solver)
{
    train_small();
    write_program("judge.sh", judge);
    json_t *figures =
        eval("--curve c.png -n 6 --judge ./judge.sh --split test --points 9 --solvers "
             "euler:4,midpoint:4,midpoint:4^1.5,rk4:20,dopri5:1e-3");
    const json_t *table = json_object_get(figures, "curve");
    ck_assert_uint_eq(json_array_size(table), 5);
    ck_assert(cli_exists("c.png"));
    static const struct {
        const char *solver;
        int nfe;
    } cases[] = {{"euler:4", 4}, {"midpoint:4", 8}, {"midpoint:4^1.5", 8}, {"rk4:20", 80}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_t *row = row_called(table, "solver", cases[i].solver);
        ck_assert_int_eq((int)figure_of(row, "nfe"), cases[i].nfe);
        /* NPY: a header of 128 bytes, then 4 bytes a number. */
        ck_assert_double_eq_tol(figure_of(row, "frechet"), 128 + 4 * 6, 1e-9);
        ck_assert_double_eq_tol(figure_of(row, "accuracy"), (128 + 4 * 6 * DIM) / 1e3, 1e-9);
    }
    double coarse = figure_of(row_called(table, "solver", "euler:4"), "deviation");
    double fine = figure_of(row_called(table, "solver", "rk4:20"), "deviation");
    ck_assert_double_lt(fine, 1e-3);
    ck_assert_double_lt(fine, coarse);
    ck_assert_double_eq_tol(figure_of(row_called(table, "solver", "rk4:20"), "bits_per_dim"),
                            bits_with_own_labels(9, false), 1e-3);
    const json_t *uneven = row_called(table, "solver", "midpoint:4^1.5");
    ck_assert(json_is_null(json_object_get(uneven, "bits_per_dim")));
    json_decref(figures);
    CLI_SUCCEEDS("eval small.safetensors --curve d.png -n 2 --solvers euler:2 --quiet");
    ck_assert_msg(!strstr(cli_output, "frechet"), "%s", cli_output);
}
END_TEST

START_TEST(a_judge_that_fails_and_solvers_that_are_none_are_refused)
{
    train_small();
    write_program("silent.sh", "#!/bin/sh\necho nothing\n");
    write_program("broken.sh", "#!/bin/sh\nexit 3\n");
    cli_fails(1, "eval small.safetensors -n 3 --samples s.npy --judge ./none.sh", "cannot run");
    cli_fails(1, "eval small.safetensors -n 3 --samples s.npy --judge ./silent.sh",
              "printed neither");
    cli_fails(1, "eval small.safetensors -n 3 --samples s.npy --judge ./broken.sh", "exit code 3");
    write_program("judge.sh", judge);
    json_t *figures = eval("-n 3 --samples s.npy --solver midpoint:4 --judge ./judge.sh");
    ck_assert_double_eq_tol(figure_of(figures, "judge_frechet"), 128 + 4 * 3, 1e-9);
    ck_assert_int_eq((int)figure_of(figures, "sample_nfe"), 8);
    json_decref(figures);
    cli_fails(1, "eval small.safetensors --plot p.png --points 1", "not of images");
    cli_fails(1, "eval small.safetensors --curve c.png --solvers rk5:3", "rk5");
    cli_fails(1, "eval small.safetensors --curve c.png --solvers euler", "METHOD:STEPS");
    cli_fails(1, "eval small.safetensors --curve c.png --solvers euler:0", "steps, 1 to 10000");
    cli_fails(1, "eval small.safetensors --curve c.png --solvers euler:3^x", "^POWER, up to 10");
    cli_fails(1, "eval small.safetensors --curve c.png --solvers dopri5:2", "a tolerance");
    cli_fails(1, "eval small.safetensors --samples s.npy --solver euler:3^2", "equal ones");
    cli_fails(1, "eval small.safetensors --classify 3 --guidance 2",
              "--guidance has no effect on what is measured");
    cli_fails(1, "eval small.safetensors --typicality 30 --solver euler:3",
              "--solver has no effect on what is measured");
    cli_fails(1, "eval small.safetensors --curve c.png --solver euler:3",
              "--solver has no effect on what is measured");
    cli_fails(1, "eval small.safetensors --points 1 --density-solver euler:3.5",
              "--density-solver has \"euler:3.5\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval");
    TCase *tests = tcase_create("eval");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_files_are_named_by_the_model_or_by_flags);
    tcase_add_test(tests, test_files_are_read_only_where_they_are_asked_for);
    tcase_add_test(tests, a_split_has_the_rows_it_is_named_after);
    tcase_add_test(tests, data_of_another_shape_are_refused);
    tcase_add_test(tests, labels_can_be_left_out);
    tcase_add_test(tests, draws_are_averaged_within_the_logarithm);
    tcase_add_test(tests, classes_are_those_of_the_largest_mean_over_draws);
    tcase_add_test(tests, draws_tell_what_probes_do);
    tcase_add_test(tests, one_probe_tells_no_error_and_says_so);
    tcase_add_loop_test(tests, an_interrupted_eval_goes_on, 0, 3);
    tcase_add_test(tests, a_state_is_extended_and_removed);
    tcase_add_test(tests, a_state_that_cannot_be_written_is_an_error_where_it_was_asked_for);
    tcase_add_test(tests, rows_of_a_state_count_once);
    tcase_add_test(tests, a_state_of_other_settings_is_refused);
    tcase_add_test(tests, classes_are_those_of_the_largest_density);
    tcase_add_test(tests, images_out_of_distribution_are_told_beside_the_real_ones);
    tcase_add_test(tests, the_change_with_tolerance_and_probes_is_shown);
    tcase_add_test(tests, typicality_is_written_where_answers_find_it);
    tcase_add_test(tests, what_is_remembered_is_found);
    tcase_add_test(tests, samples_take_the_guidance_of_the_recipe);
    tcase_add_test(tests, quality_is_told_for_each_solver);
    tcase_add_test(tests, a_judge_that_fails_and_solvers_that_are_none_are_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
