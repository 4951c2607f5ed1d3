/* Files replaced as a whole: what is there after success, and after each way to fail. */
#include "core/io/file.h"
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/safetensors.h>
#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct io_scratch scratch;
static char path[IO_PATH_MAX];

static void make_scratch(void)
{
    io_scratch_make(&scratch);
    io_scratch_path(&scratch, "a.bin", path);
}

static void remove_scratch(void)
{
    io_scratch_remove(&scratch);
}

static void put(const char *text)
{
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_replace(path, text, strlen(text), &error) == ADV_OK, "%s",
                  error.message);
}

static void assert_holds(const char *at, const char *text)
{
    void *bytes;
    size_t n;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_file_read(at, 1000, &bytes, &n, &error) == ADV_OK, "%s", error.message);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_str_eq(bytes, text); /* the NUL behind it as well */
    free(bytes);
}

/* ---------------------------------------------------------------- success */

START_TEST(files_are_made_and_replaced)
{
    put("old");
    assert_holds(path, "old");
    put("something new");
    assert_holds(path, "something new");
    put("");
    assert_holds(path, "");
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
}
END_TEST

START_TEST(a_new_file_obeys_the_umask_and_an_old_one_keeps_its_mode)
{
    struct stat about;
    umask(027);
    put("x");
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0640);
    ck_assert_int_eq(chmod(path, 0600), 0);
    put("y");
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_symbolic_link_stays_one)
{
    char link_path[IO_PATH_MAX];
    struct stat about;
    io_scratch_path(&scratch, "link", link_path);
    put("old");
    ck_assert_int_eq(symlink("a.bin", link_path), 0);
    ck_assert_int_eq(adv_file_replace(link_path, "new", 3, NULL), ADV_OK);
    assert_holds(path, "new");
    ck_assert_int_eq(lstat(link_path, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
}
END_TEST

START_TEST(names_without_a_folder)
{
    ck_assert_int_eq(chdir(scratch.folder), 0);
    ck_assert_int_eq(adv_file_replace("bare", "x", 1, NULL), ADV_OK);
    assert_holds("bare", "x");
}
END_TEST

START_TEST(a_name_as_long_as_names_get)
{
    char name[NAME_MAX + 2];
    ck_assert_int_eq(chdir(scratch.folder), 0);
    memset(name, 'n', sizeof name);
    name[NAME_MAX] = '\0';
    ck_assert_int_eq(adv_file_replace(name, "x", 1, NULL), ADV_OK);
    assert_holds(name, "x");
    ck_assert_int_eq(unlink(name), 0);
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    ck_assert_int_eq(adv_file_replace(name, "x", 1, NULL), ADV_E_IO);
}
END_TEST

START_TEST(a_pipe_is_written_directly)
{
    int fds[2];
    char fd_path[IO_PATH_MAX], text[8] = "";
    ck_assert_int_eq(pipe(fds), 0);
    snprintf(fd_path, sizeof fd_path, "/dev/fd/%d", fds[1]);
    ck_assert_int_eq(adv_file_replace(fd_path, "bytes", 5, NULL), ADV_OK);
    ck_assert_int_eq(read(fds[0], text, sizeof text), 5);
    ck_assert_str_eq(text, "bytes");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* ---------------------------------------------------------------- failure */

START_TEST(what_cannot_be_written)
{
    char long_path[5000];
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_file_replace("/nowhere/x", "x", 1, &error), &error, ADV_E_IO,
                      "/nowhere/x: cannot open its directory: No such file");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_file_replace(scratch.folder, "x", 1, &error), &error, ADV_E_INVALID,
                      "is a directory");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_file_replace("/nowhere/", "x", 1, &error), &error, ADV_E_INVALID,
                      "names a directory");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_file_replace("/proc/x", "x", 1, &error), &error, ADV_E_IO,
                      "cannot create a temporary file beside it");
    error = (struct adv_error)ADV_ERROR_INIT;
    put("old");
    snprintf(long_path, sizeof long_path, "%s/x", path);
    io_assert_refused(adv_file_replace(long_path, "x", 1, &error), &error, ADV_E_IO,
                      "Not a directory");
    memset(long_path, 'd', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    ck_assert_int_eq(adv_file_replace(long_path, "x", 1, NULL), ADV_E_IO);
    memcpy(long_path, "/nowhere/", 9);
    long_path[9 + NAME_MAX + 1] = '\0';
    ck_assert_int_eq(adv_file_replace(long_path, "x", 1, NULL), ADV_E_IO);
}
END_TEST

START_TEST(every_reader_and_writer_names_the_missing_folder)
{
    static const char missing[] = "/nowhere/x";
    const float value = 1.0f;
    const size_t shape[] = {1};
    const struct adv_tensor_source tensor = {"w", ADV_F32, 1, {1}, &value};
    struct adv_array array;
    struct adv_safetensors *file;
    struct adv_error errors[7] = {ADV_ERROR_INIT};
    enum adv_status statuses[] = {
        adv_npy_read(missing, &array, &errors[0]),
        adv_csv_read(missing, &array, &errors[1]),
        adv_idx_read(missing, &array, &errors[2]),
        adv_safetensors_open(missing, &file, &errors[3]),
        adv_npy_write_float(missing, 1, shape, &value, &errors[4]),
        adv_csv_write(missing, 1, 1, &value, NULL, &errors[5]),
        adv_safetensors_write(missing, NULL, 1, &tensor, &errors[6]),
    };
    for (int i = 0; i < 7; i++)
        io_assert_refused(statuses[i], &errors[i], ADV_E_IO, "/nowhere/x: cannot open");
}
END_TEST

START_TEST(a_full_device)
{
    struct adv_error error = ADV_ERROR_INIT;
    const float values[4] = {0};
    const size_t shape[] = {4};
    const struct adv_tensor_source tensor = {"w", ADV_F32, 1, {4}, values};
    io_assert_refused(adv_file_replace("/dev/full", "x", 1, &error), &error, ADV_E_IO,
                      "/dev/full: cannot write: No space left");
    ck_assert_int_eq(adv_npy_write_float("/dev/full", 1, shape, values, NULL), ADV_E_IO);
    ck_assert_int_eq(adv_csv_write("/dev/full", 2, 2, values, NULL, NULL), ADV_E_IO);
    ck_assert_int_eq(adv_safetensors_write("/dev/full", NULL, 1, &tensor, NULL), ADV_E_IO);
}
END_TEST

/* Files of this process stop growing at n bytes, as on a full disk. */
static void limit_file_size(rlim_t n)
{
    const struct rlimit limit = {n, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_leaves_the_old_file)
{
    enum { N = 100000 };
    struct adv_error error = ADV_ERROR_INIT;
    float *values = calloc(N, sizeof *values);
    const size_t shape[] = {N};
    const struct adv_tensor_source tensors[] = {{"w", ADV_F32, 1, {N}, values},
                                                {"h", ADV_F16, 1, {N}, values}};
    put("old");
    limit_file_size(70000); /* within the first tensor, and the first rows */
    enum adv_status whole = adv_file_replace(path, values, N, &error);
    enum adv_status npy = adv_npy_write_float(path, 1, shape, values, NULL);
    enum adv_status csv = adv_csv_write(path, N, 1, values, NULL, NULL);
    enum adv_status f32 = adv_safetensors_write(path, NULL, 1, tensors, NULL);
    enum adv_status f16 = adv_safetensors_write(path, NULL, 1, tensors + 1, NULL);
    limit_file_size(RLIM_INFINITY);
    io_assert_refused(whole, &error, ADV_E_IO, "cannot write: File too large");
    ck_assert_int_eq(npy, ADV_E_IO);
    ck_assert_int_eq(csv, ADV_E_IO);
    ck_assert_int_eq(f32, ADV_E_IO);
    ck_assert_int_eq(f16, ADV_E_IO);
    assert_holds(path, "old");
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
    free(values);
}
END_TEST

START_TEST(a_discarded_replacement_leaves_no_trace)
{
    struct adv_replacement replacement;
    put("old");
    ck_assert_int_eq(adv_replacement_open(&replacement, path, NULL), ADV_OK);
    ck_assert_int_eq(adv_replacement_write(&replacement, "new", 3, NULL), ADV_OK);
    assert_holds(path, "old");
    adv_replacement_discard(&replacement);
    assert_holds(path, "old");
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
}
END_TEST

START_TEST(a_target_that_turned_into_a_directory)
{
    struct adv_replacement replacement;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_replacement_open(&replacement, path, NULL), ADV_OK);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    io_assert_refused(adv_replacement_commit(&replacement, &error), &error, ADV_E_IO,
                      "cannot write: Is a directory");
    ck_assert_uint_eq(io_scratch_count(&scratch), 1);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

/* ---------------------------------------------------------------- reading */

START_TEST(what_cannot_be_read)
{
    void *bytes = NULL;
    size_t n = 77;
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_file_read("/nowhere/x", 10, &bytes, &n, &error), &error, ADV_E_IO,
                      "/nowhere/x: cannot open: No such file");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_file_read("/dev/zero", 10, &bytes, &n, &error), &error, ADV_E_INVALID,
                      "not a regular file");
    error = (struct adv_error)ADV_ERROR_INIT;
    io_assert_refused(adv_file_read(scratch.folder, 10, &bytes, &n, &error), &error, ADV_E_INVALID,
                      "not a regular file");
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    io_assert_refused(adv_file_read(path, 10, &bytes, &n, &error), &error, ADV_E_INVALID,
                      "not a regular file");
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(n, 77);
}
END_TEST

START_TEST(the_limit_is_inclusive)
{
    void *bytes;
    size_t n;
    struct adv_error error = ADV_ERROR_INIT;
    put("12345");
    ck_assert_int_eq(adv_file_read(path, 5, &bytes, &n, NULL), ADV_OK);
    free(bytes);
    io_assert_refused(adv_file_read(path, 4, &bytes, &n, &error), &error, ADV_E_INVALID,
                      "has 5 bytes; at most 4 are allowed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: files");

    TCase *success = tcase_create("success");
    tcase_add_checked_fixture(success, make_scratch, remove_scratch);
    tcase_add_test(success, files_are_made_and_replaced);
    tcase_add_test(success, a_new_file_obeys_the_umask_and_an_old_one_keeps_its_mode);
    tcase_add_test(success, a_symbolic_link_stays_one);
    tcase_add_test(success, names_without_a_folder);
    tcase_add_test(success, a_name_as_long_as_names_get);
    tcase_add_test(success, a_pipe_is_written_directly);
    suite_add_tcase(suite, success);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, make_scratch, remove_scratch);
    tcase_add_test(failure, what_cannot_be_written);
    tcase_add_test(failure, every_reader_and_writer_names_the_missing_folder);
    tcase_add_test(failure, a_full_device);
    tcase_add_test(failure, a_full_disk_leaves_the_old_file);
    tcase_add_test(failure, a_discarded_replacement_leaves_no_trace);
    tcase_add_test(failure, a_target_that_turned_into_a_directory);
    suite_add_tcase(suite, failure);

    TCase *reading = tcase_create("reading");
    tcase_add_checked_fixture(reading, make_scratch, remove_scratch);
    tcase_add_test(reading, what_cannot_be_read);
    tcase_add_test(reading, the_limit_is_inclusive);
    suite_add_tcase(suite, reading);

    return suite_run(suite);
}
