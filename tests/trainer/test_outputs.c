/* Where the program writes and reads: - is standard output for what can go there, with messages on
 * standard error, and refused for what cannot; folders that are not there are told of before any
 * work. */
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void train_board(void)
{
    cli_write("board.json",
              "{\"name\": \"board\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
              "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": "
              "{\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 4}}}, \"train\": {\"steps\": 5, "
              "\"batch\": 32}}");
    CLI_SUCCEEDS("train board.json --quiet");
}

/* Runs it with standard output and standard error in files out and err: cli_run joins the two of its
 * shell's last command. */
static void run_apart(const char *arguments)
{
    CLI_SUCCEEDS("%s >out 2>err; exit $?", arguments);
}

static size_t read_file(const char *name, char *bytes, size_t size)
{
    FILE *file = fopen(cli_at(name), "rb");
    ck_assert_msg(file != NULL, "%s", name);
    size_t n = fread(bytes, 1, size, file);
    fclose(file);
    return n;
}

static void assert_same(const char *name, const char *other)
{
    static char a[1 << 20], b[1 << 20];
    size_t n = read_file(name, a, sizeof a);
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_eq(n, read_file(other, b, sizeof b));
    ck_assert_mem_eq(a, b, n);
}

START_TEST(a_dash_is_standard_output)
{
    static const char *const formats[] = {"json", "csv", "npy", "png"};
    char arguments[200];
    train_board();
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        snprintf(arguments, sizeof arguments,
                 "sample board.safetensors -n 9 --seed 1 -o - --format %s", formats[i]);
        run_apart(arguments);
        CLI_SUCCEEDS("sample board.safetensors -n 9 --seed 1 -q -o file.%s", formats[i]);
        snprintf(arguments, sizeof arguments, "file.%s", formats[i]);
        if (i > 0) /* text on standard output ends its last line; the JSON of a file does not */
            assert_same("out", arguments);
    }
    ck_assert(!cli_exists("-"));
}
END_TEST

START_TEST(points_come_from_standard_input)
{
    static const char *const formats[] = {"csv", "npy"};
    train_board();
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        CLI_SUCCEEDS("sample board.safetensors -n 9 --seed 1 -q -o points.%s", formats[i]);
        CLI_SUCCEEDS("logp board.safetensors -q --points points.%s -o file.json", formats[i]);
        CLI_SUCCEEDS("logp board.safetensors -q --points - -o pipe.json <%s",
                     cli_at(i == 0 ? "points.csv" : "points.npy"));
        assert_same("pipe.json", "file.json");
    }
    char gzip[200];
    snprintf(gzip, sizeof gzip, "gzip -k %s", cli_at("points.csv"));
    ck_assert_int_eq(system(gzip), 0); /* NOLINT(cert-env33-c): words of this test */
    CLI_SUCCEEDS("logp board.safetensors -q --points - -o pipe.json <%s", cli_at("points.csv.gz"));
    assert_same("pipe.json", "file.json");
    cli_write("words.csv", "a,b\n1,x\n");
    char arguments[200];
    snprintf(arguments, sizeof arguments, "logp board.safetensors --points - <%s",
             cli_at("words.csv"));
    cli_fails(1, arguments, "standard input: column \"b\" holds text");
    cli_fails(1, "logp board.safetensors --points - </dev/null", "standard input");
}
END_TEST

START_TEST(pictures_go_to_standard_output_without_a_word_in_them)
{
    train_board();
    run_apart("train board.json --restart --curve -");
    char start[8];
    ck_assert_uint_eq(read_file("out", start, sizeof start), sizeof start);
    ck_assert_mem_eq(start, "\x89PNG\r\n\x1a\n", sizeof start);
    run_apart("figure checkerboard-8x8 --model board.safetensors --side 64 --frames 2 -o -");
    ck_assert_uint_eq(read_file("out", start, sizeof start), sizeof start);
    ck_assert_mem_eq(start, "\x89PNG\r\n\x1a\n", sizeof start);
    char told[200] = "";
    read_file("err", told, sizeof told - 1);
    ck_assert_msg(strstr(told, " pixels, 6 frames") != NULL, "%s", told);
    ck_assert(!cli_exists("-"));
}
END_TEST

START_TEST(what_cannot_go_to_standard_output_says_so)
{
    train_board();
    cli_write("rows.csv", "x,y\n1,2\n2,1\n3,3\n");
#define REFUSED "- stands for standard output"
    cli_fails(1, "train board.json --restart --out -", REFUSED);
    cli_fails(1, "import board.safetensors -o -", REFUSED);
    cli_fails(1, "eval board.safetensors --curve -", REFUSED);
    cli_fails(1, "eval board.safetensors --samples -", REFUSED);
    cli_fails(1, "fit rows.csv --out -", "it cannot be -, standard output");
    cli_fails(1, "figure all --out -", "it cannot be -, standard output");
    ck_assert(!cli_exists("-"));
}
END_TEST

START_TEST(folders_that_are_not_there_are_told_of_first)
{
    train_board();
#define NOWHERE "the folder nowhere: No such file or directory"
    cli_fails(1, "sample board.safetensors -n 1000000 -o nowhere/x.npy", NOWHERE);
    cli_fails(1, "figure checkerboard-8x8 --model board.safetensors -o nowhere/x.png", NOWHERE);
    cli_fails(1, "import board.safetensors -o nowhere/x.safetensors", NOWHERE);
    cli_fails(1, "eval board.safetensors --curve nowhere/x.png", NOWHERE);
    cli_fails(1, "train board.json --restart --curve nowhere/x.png", NOWHERE);
}
END_TEST

/* What a command reads is never overwritten by what it writes, whatever it is called. */
START_TEST(outputs_do_not_replace_inputs)
{
    train_board();
    cli_write("points.csv", "0.1,0.2\n0.3,0.4\n");
    cli_fails(2, "logp board.safetensors --points points.csv -o ./points.csv",
              "--out is ./points.csv, which is --points, too");
    cli_fails(2, "sample board.safetensors --format csv -o board.safetensors",
              "which is the file that is read, too");
    cli_fails(2, "distill board.safetensors --out board.safetensors", "the file that is read");
    cli_fails(2, "train board.json --out board.json", "the file that is read");
    cli_fails(2, "train board.json --out new.safetensors --curve new.safetensors",
              "--out is new.safetensors, which is --curve, too");
    cli_fails(1, "train board.json --out points.csv",
              "points.csv is there already and is no model file");
    cli_fails(1, "import board.safetensors -o points.csv", "is no model file");
    CLI_SUCCEEDS("logp board.safetensors --points points.csv -o points.csv -o other.csv --quiet");
    CLI_SUCCEEDS("logp board.safetensors --points points.csv -o - --format csv --quiet");
}
END_TEST

/* JSON has them itself. */
START_TEST(warnings_reach_readers_of_every_format)
{
    train_board();
    cli_write("points.csv", "0.1,0.2\n1.99,0.4\n");
    CLI_SUCCEEDS("logp board.safetensors --points points.csv --errors --solver euler --steps 1 "
                 "--quiet -o x.npy");
    ck_assert_msg(strstr(cli_output, "warning: the log-densities of") != NULL, "%s", cli_output);
    CLI_SUCCEEDS("logp board.safetensors --points points.csv --errors --solver euler --steps 1 "
                 "--quiet -o x.json");
    ck_assert_str_eq(cli_output, "");
}
END_TEST

START_TEST(letters_are_told_of_flags_that_there_are)
{
    CLI_SUCCEEDS("sample --help");
    ck_assert_ptr_nonnull(strstr(cli_output, "-n is short for --n"));
    CLI_SUCCEEDS("logp --help");
    ck_assert_ptr_null(strstr(cli_output, "-n is short for --n"));
    ck_assert_ptr_nonnull(strstr(cli_output, "-q is short for --quiet"));
}
END_TEST

/* A disk that is full is a failure of what is printed, too. */
START_TEST(results_that_cannot_be_printed_are_a_failure)
{
    static const char *const commands[] = {
        "eval board.safetensors --grid 0 -n 20 --points 5 --quiet",
        "inspect board.safetensors",
        "figure --list",
        "--help",
        "--manual",
        "--recipe-reference"};
    train_board();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(cli_run("%s 2>err >/dev/full; c=$?; cat err; exit $c", commands[i]), 1);
        ck_assert_msg(strstr(cli_output, "cannot write to standard output: No space left") != NULL,
                      "%s: %s", commands[i], cli_output);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advect: outputs");
    TCase *tests = tcase_create("outputs");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_dash_is_standard_output);
    tcase_add_test(tests, points_come_from_standard_input);
    tcase_add_test(tests, pictures_go_to_standard_output_without_a_word_in_them);
    tcase_add_test(tests, what_cannot_go_to_standard_output_says_so);
    tcase_add_test(tests, folders_that_are_not_there_are_told_of_first);
    tcase_add_test(tests, outputs_do_not_replace_inputs);
    tcase_add_test(tests, warnings_reach_readers_of_every_format);
    tcase_add_test(tests, letters_are_told_of_flags_that_there_are);
    tcase_add_test(tests, results_that_cannot_be_printed_are_a_failure);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
