#include "tests/fuzz/inputs.h"

#include <advect/array_file.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t n)
{
    void *block = malloc(n ? n : 1);
    if (!block)
        abort();
    return block;
}

static int no_dot_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void load(struct fuzz_input *input)
{
    void *bytes;
    struct adv_error error = ADV_ERROR_INIT;
    if (adv_file_read(input->path, 1 << 20, &bytes, &input->n, &error) != ADV_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    /* Exactly as large as the input, so that a reader past its end is caught. */
    input->bytes = allocate(input->n);
    memcpy(input->bytes, bytes, input->n);
    free(bytes);
}

struct fuzz_input *fuzz_inputs_load(const char *folder, const char *parser, size_t *count)
{
    char path[128];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "tests/fuzz/%s/%s", folder, parser);
    int n = scandir(path, &entries, no_dot_file, alphasort);
    *count = n > 0 ? (size_t)n : 0;
    struct fuzz_input *inputs = allocate(*count * sizeof *inputs);
    for (size_t i = 0; i < *count; i++) {
        snprintf(inputs[i].path, sizeof inputs[i].path, "%s/%.100s", path, entries[i]->d_name);
        load(&inputs[i]);
        free(entries[i]);
    }
    free(entries);
    return inputs;
}

void fuzz_inputs_free(struct fuzz_input *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    free(inputs);
}
