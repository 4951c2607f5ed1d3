/* `advect distill` from outside: the recipe that it makes of a teacher's, and what it refuses. */
#include "tests/support/apng.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* 200 rows, whose mean and deviation depend on which of them are held out. */
static void write_table(void)
{
    char text[8192] = "a,b\n";
    size_t n = strlen(text);
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%d,%d\n", i * 37 % 101, i * 53 % 89);
    ck_assert_uint_lt(n, sizeof text - 1);
    cli_write("t.csv", text);
}

#define TEACHER(seed)                                                                              \
    "{\"name\": \"teacher\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "           \
    "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"t.csv\"}}, "           \
    "\"train\": {\"steps\": 5, \"batch\": 32, \"seed\": " seed "}}"

static void make_teacher(void)
{
    cli_make_folder();
    write_table();
    cli_write("r.json", TEACHER("0"));
    CLI_SUCCEEDS("train r.json -o teacher.safetensors --quiet");
}

#define DISTILL "distill teacher.safetensors --steps 3 --paths 128 --quiet -o s.safetensors"

/* Its transform was fitted to the rows that its seed leaves. */
START_TEST(a_teacher_of_a_table_is_followed)
{
    CLI_SUCCEEDS(DISTILL);
    cli_write("r.json", TEACHER("7"));
    CLI_SUCCEEDS("train r.json -o teacher.safetensors --quiet --restart");
    CLI_SUCCEEDS(DISTILL);
}
END_TEST

/* Which may take far longer than the training. */
START_TEST(computing_the_paths_can_be_stopped)
{
    int code =
        cli_run("distill teacher.safetensors --steps 3 --paths 4000000 -o s.safetensors 2>&1 "
                "& p=$!; sleep 1; kill -TERM $p; wait $p");
    ck_assert_int_eq(code, 1);
    ck_assert_msg(strstr(cli_output, "stopped while the teacher's paths were made") != NULL, "%s",
                  cli_output);
    ck_assert(!cli_exists("s.safetensors"));
    cli_fails(1, DISTILL " --resume --restart", "leave out one of the two");
}
END_TEST

static double loss_on_card(void)
{
    json_error_t flaw;
    CLI_SUCCEEDS("inspect s.safetensors --json");
    json_t *config = json_loads(cli_output, 0, &flaw);
    json_t *loss = json_object_get(json_object_get(config, "card"), "held_out_loss");
    ck_assert_msg(json_is_real(loss), "%s", cli_output);
    double value = json_real_value(loss);
    json_decref(config);
    return value;
}

/* Of held-out paths, not of held-out rows. */
START_TEST(an_eval_leaves_the_loss_of_the_training_on_the_card)
{
    CLI_SUCCEEDS(DISTILL);
    double loss = loss_on_card();
    CLI_SUCCEEDS("eval s.safetensors --points 20 -n 20 --write-card --quiet");
    ck_assert_double_eq(loss_on_card(), loss);
    ck_assert_ptr_nonnull(strstr(cli_output, "nll"));
}
END_TEST

/* Of one block none could be held out. */
START_TEST(fewer_paths_than_two_blocks_are_refused)
{
    cli_fails(2, "distill teacher.safetensors --paths 127 -o s.safetensors",
              "paths is 127; it must be between 128 and 16777216");
    ck_assert(!cli_exists("s.safetensors"));
}
END_TEST

/* A panel each of 1, 2, 4 and 8 steps, or of fewer if the student takes fewer. */
START_TEST(a_figure_shows_the_steps_that_it_takes)
{
    struct apng apng;
    CLI_SUCCEEDS(DISTILL " --most 2");
    CLI_SUCCEEDS("figure few-steps-density --model s.safetensors --models . --side 200 -o f.png");
    apng_read_file(&apng, cli_at("f.png"));
    ck_assert_int_eq(apng.width, 402);
    ck_assert_int_eq(apng.height, 200);
    apng_release(&apng);
    cli_fails(1, "figure few-steps-density --model teacher.safetensors --models . -o g.png",
              "model teacher is not one of few steps");
    cli_fails(1, "figure few-steps-images --model s.safetensors --models . -o g.png",
              "is not one of images");
    cli_fails(1, "figure few-steps-density --model s.safetensors --models models -o g.png",
              "looked for in the folder that --models names");
    CLI_SUCCEEDS("train r.json -o teacher.safetensors --quiet --restart --set train.steps=6");
    cli_fails(1, "figure few-steps-density --model s.safetensors --models . -o g.png",
              "teacher.safetensors is not the model that teacher-fast learned from");
    ck_assert(!cli_exists("g.png"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("few_steps");
    TCase *program = tcase_create("program");
    tcase_add_checked_fixture(program, make_teacher, cli_remove_folder);
    tcase_set_timeout(program, 120);
    tcase_add_test(program, a_teacher_of_a_table_is_followed);
    tcase_add_test(program, computing_the_paths_can_be_stopped);
    tcase_add_test(program, a_figure_shows_the_steps_that_it_takes);
    tcase_add_test(program, an_eval_leaves_the_loss_of_the_training_on_the_card);
    tcase_add_test(program, fewer_paths_than_two_blocks_are_refused);
    suite_add_tcase(suite, program);
    return suite_run(suite);
}
