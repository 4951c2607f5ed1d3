/* Files known by their contents: gzip is read through, other formats are refused by name. */
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct io_scratch scratch;

static void make_folder(void)
{
    io_scratch_make(&scratch);
}

static void remove_folder(void)
{
    io_scratch_remove(&scratch);
}

static void write_gzip(const char *path, const void *bytes, size_t n)
{
    gzFile file = gzopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

/* Whatever they are called. */
START_TEST(gzip_is_read_through)
{
    static const char csv[] = "a,b\n1,2\n3,4.5\n";
    const size_t shape[] = {2, 2};
    const float numbers[] = {1, 2, 3, 4.5f};
    char path[IO_PATH_MAX];
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    io_scratch_path(&scratch, "table.dat", path);
    write_gzip(path, csv, sizeof csv - 1);
    ck_assert_msg(adv_array_read(path, &array, &error) == ADV_OK, "%s", error.message);
    ck_assert_str_eq(array.columns[1], "b");
    ck_assert_mem_eq(array.data, numbers, sizeof numbers);
    adv_array_release(&array);
    ck_assert_int_eq(adv_csv_read(path, &array, NULL), ADV_OK);
    adv_array_release(&array);

    char header[ADV_NPY_HEADER_MAX], npy[ADV_NPY_HEADER_MAX + sizeof numbers];
    size_t n = adv_npy_header("<f4", 2, shape, header);
    memcpy(npy, header, n);
    memcpy(npy + n, numbers, sizeof numbers);
    write_gzip(path, npy, n + sizeof numbers);
    enum adv_file_format format;
    ck_assert_int_eq(adv_file_format_read(path, &format, NULL), ADV_OK);
    ck_assert_int_eq(format, ADV_FILE_NPY);
    ck_assert_msg(adv_array_read(path, &array, &error) == ADV_OK, "%s", error.message);
    ck_assert_mem_eq(array.data, numbers, sizeof numbers);
    adv_array_release(&array);
}
END_TEST

START_TEST(damaged_gzip_is_refused)
{
    static const char csv[] = "1,2\n3,4\n";
    char path[IO_PATH_MAX];
    struct adv_array array = {0};
    void *bytes;
    size_t n;
    io_scratch_path(&scratch, "table.csv.gz", path);
    write_gzip(path, csv, sizeof csv - 1);
    ck_assert_int_eq(adv_file_read(path, 1000, &bytes, &n, NULL), ADV_OK);
    for (size_t cut = 2; cut < n; cut++) {
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_int_eq(adv_file_replace(path, bytes, cut, NULL), ADV_OK);
        ck_assert_int_eq(adv_array_read(path, &array, &error), ADV_E_FORMAT);
        ck_assert_msg(strstr(error.message, "cut short") && strstr(error.message, path), "%s",
                      error.message);
    }
    free(bytes);
}
END_TEST

static const struct {
    const char *bytes;
    size_t n;
    const char *named;
} formats[] = {
    {"PK\x03\x04\x14", 5, "a ZIP archive, as .npz"},
    {"PAR1\x15\x04", 6, "a Parquet file"},
    {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file"},
    {"\x80\x04\x95\x10", 4, "a Python pickle"},
    /* what torch.save begins with, and the same with a file of another name, or cut off */
    {"PK\3\4\0\0\10\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\16\0\40\0model/data.pkl", 44,
     "a PyTorch checkpoint"},
    {"PK\3\4\0\0\10\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\16\0\40\0model/data.npy", 44,
     "a ZIP archive, as .npz"},
    {"PK\3\4\0\0\10\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\16\0\40\0model/data.pk", 43,
     "a ZIP archive, as .npz"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "an old Excel file"},
    {"SQLite format 3", 16, "an SQLite database"},
    {"\xff\xfe"
     "1\0,\0",
     6, "UTF-16 text"},
    {"\x40\0\0\0\0\0\0\0{\"a\":", 13, "a safetensors file"},
    {"\x89PNG\r\n\x1a\n", 8, "a PNG image"},
};

START_TEST(other_formats_are_refused_by_name)
{
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    io_assert_refused(adv_array_parse(formats[_i].bytes, formats[_i].n, "data", &array, &error),
                      &error, ADV_E_FORMAT, formats[_i].named);
    ck_assert_ptr_nonnull(strstr(error.message, "NPY and CSV are read"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("formats of files");
    TCase *tests = tcase_create("formats");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, gzip_is_read_through);
    tcase_add_test(tests, damaged_gzip_is_refused);
    tcase_add_loop_test(tests, other_formats_are_refused_by_name, 0, ADV_COUNT(formats));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
