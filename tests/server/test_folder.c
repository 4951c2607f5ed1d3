/* A folder that is read once: what is in it afterwards, and what is refused. */
#include "server/files/folder.h"

#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define LONG_BYTES 20000

static char root[] = "/tmp/advect-folder-XXXXXX";

static const char *at(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(at(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_root(void)
{
    static char zeros[LONG_BYTES];
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(mkdir(at("site"), 0700), 0);
    ck_assert_int_eq(mkdir(at("site/deep"), 0700), 0);
    ck_assert_int_eq(mkdir(at("site/.git"), 0700), 0);
    write_file("site/index.html", "<p>", 3);
    write_file("site/deep/zeros.js", zeros, sizeof zeros);
    write_file("site/empty.css", "", 0);
    write_file("site/.secret", "s", 1);
    write_file("site/.git/config", "c", 1);
    write_file("outside", "o", 1);
    ck_assert_int_eq(symlink("../outside", at("site/link.svg")), 0);
    ck_assert_int_eq(mkfifo(at("site/pipe"), 0600), 0);
}

static void remove_root(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

static struct adv_folder *read_site(void)
{
    struct adv_folder *folder = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_folder_read("site", at("site/"), &folder, &error) == ADV_OK, "%s",
                  error.message);
    return folder;
}

START_TEST(files_are_found_by_their_paths_alone)
{
    static const char *const absent[] = {
        "",     "deep",       "deep/", "../outside", ".secret", "deep/../empty.css", ".git/config",
        "pipe", "/index.html"};
    struct adv_folder *folder = read_site();
    ck_assert_uint_eq(adv_folder_files(folder), 4);
    const struct adv_static_file *index = adv_folder_find(folder, "index.html");
    ck_assert_ptr_nonnull(index);
    ck_assert_uint_eq(index->n_plain, 3);
    ck_assert_mem_eq(index->plain, "<p>", 3);
    ck_assert_uint_eq(adv_folder_find(folder, "empty.css")->n_plain, 0);
    ck_assert_uint_eq(adv_folder_find(folder, "link.svg")->n_plain, 1);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        ck_assert_msg(!adv_folder_find(folder, absent[i]), "%s", absent[i]);
    adv_folder_free(folder);
}
END_TEST

START_TEST(what_gzip_makes_smaller_is_packed_and_comes_out_again)
{
    struct adv_folder *folder = read_site();
    const struct adv_static_file *zeros = adv_folder_find(folder, "deep/zeros.js");
    uint8_t out[LONG_BYTES + 1];
    z_stream stream = {.next_in = (Bytef *)zeros->packed,
                       .avail_in = (uInt)zeros->n_packed,
                       .next_out = out,
                       .avail_out = sizeof out};
    ck_assert_uint_lt(zeros->n_packed, LONG_BYTES / 100);
    ck_assert_int_eq(inflateInit2(&stream, 31), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(stream.total_out, LONG_BYTES);
    ck_assert_mem_eq(out, zeros->plain, LONG_BYTES);
    inflateEnd(&stream);
    ck_assert_ptr_null(adv_folder_find(folder, "index.html")->packed);
    ck_assert_uint_eq(adv_folder_bytes(folder), 3 + 1 + LONG_BYTES + zeros->n_packed);
    adv_folder_free(folder);
}
END_TEST

static void expect_refusal(const char *path, enum adv_status status, const char *words)
{
    struct adv_folder *folder = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_folder_read("site", path, &folder, &error), status);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_ptr_null(folder);
}

START_TEST(what_is_no_folder_is_refused)
{
    expect_refusal(at("none"), ADV_E_IO, "No such file");
    expect_refusal(at("outside"), ADV_E_INVALID, "is no folder");
    expect_refusal(at("site/pipe"), ADV_E_INVALID, "is no folder");
}
END_TEST

START_TEST(too_many_files_are_refused)
{
    char name[40];
    ck_assert_int_eq(mkdir(at("many"), 0700), 0);
    for (int i = 0; i <= ADV_FOLDER_MAX_FILES; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        write_file(name, "", 0);
    }
    expect_refusal(at("many"), ADV_E_INVALID, "more than 1000 files");
    ck_assert_int_eq(unlink(at("many/0")), 0);
    struct adv_folder *folder = NULL;
    ck_assert_int_eq(adv_folder_read("site", at("many"), &folder, NULL), ADV_OK);
    ck_assert_uint_eq(adv_folder_files(folder), ADV_FOLDER_MAX_FILES);
    adv_folder_free(folder);
}
END_TEST

START_TEST(files_too_far_down_are_refused)
{
    static const char *const folders[] = {"far", "far/a", "far/a/b", "far/a/b/c"};
    struct adv_folder *folder = NULL;
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(mkdir(at(folders[i]), 0700), 0);
    write_file("far/a/b/two.js", "2", 1);
    ck_assert_int_eq(adv_folder_read("site", at("far"), &folder, NULL), ADV_OK);
    ck_assert_ptr_nonnull(adv_folder_find(folder, "a/b/two.js"));
    adv_folder_free(folder);
    write_file("far/a/b/c/three.js", "3", 1);
    expect_refusal(at("far"), ADV_E_INVALID, "three.js\" is more than 2 folders down");
}
END_TEST

START_TEST(too_many_bytes_are_refused_unread)
{
    ck_assert_int_eq(mkdir(at("large"), 0700), 0);
    write_file("large/a", "a", 1);
    write_file("large/b", "b", 1);
    ck_assert_int_eq(truncate(at("large/b"), (off_t)ADV_FOLDER_MAX_BYTES), 0); /* no blocks */
    expect_refusal(at("large"), ADV_E_INVALID, "whose files have more than 67108864 bytes");
    ck_assert_int_eq(truncate(at("large/b"), (off_t)ADV_FOLDER_MAX_BYTES + 1), 0);
    size_t before = alloc_fail_n_bytes();
    expect_refusal(at("large"), ADV_E_INVALID, "whose files have more than 67108864 bytes");
    ck_assert_uint_lt(alloc_fail_n_bytes() - before, ADV_FOLDER_MAX_BYTES);
}
END_TEST

static enum adv_status attempt(void *context, struct adv_error *error)
{
    (void)context;
    struct adv_folder *folder = NULL;
    enum adv_status status = adv_folder_read("site", at("site"), &folder, error);
    if (status == ADV_OK)
        adv_folder_free(folder);
    return status;
}

START_TEST(a_lack_of_memory_is_an_error_and_leaks_nothing)
{
    ck_assert_int_gt(alloc_fail_each(attempt, NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: folder");
    TCase *tests = tcase_create("folder");
    tcase_add_unchecked_fixture(tests, make_root, remove_root);
    tcase_add_test(tests, files_are_found_by_their_paths_alone);
    tcase_add_test(tests, what_gzip_makes_smaller_is_packed_and_comes_out_again);
    tcase_add_test(tests, what_is_no_folder_is_refused);
    tcase_add_test(tests, too_many_files_are_refused);
    tcase_add_test(tests, files_too_far_down_are_refused);
    tcase_add_test(tests, too_many_bytes_are_refused_unread);
    tcase_add_test(tests, a_lack_of_memory_is_an_error_and_leaks_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
