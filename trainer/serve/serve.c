/* advect serve: the daemon on some model files. This process becomes the daemon, so that signals
 * and the terminal are its own. */
#include "trainer/cli/options.h"

#include <advect/extra/memory.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 256
#define FLAGS 3 /* the program, --listen and its value */

struct serve_options {
    char *listen;
};

static const struct adv_field fields[] = {
    {"listen", ADV_FIELD_STRING, offsetof(struct serve_options, listen), .min = 1, .max = 255,
     .fallback = "127.0.0.1:8080",
     .help = "address to listen on: ADDRESS:PORT; port 0 picks a free port"},
};

static const struct adv_options command_line = {
    .command = "serve",
    .operands = "MODEL.safetensors...",
    .n_operands = 1,
    .n_more = FILES_MAX - 1,
    .summary =
        "Serves model files over HTTP, with a page to look at them, until Ctrl-C: the daemon\n"
        "advectd, which lies beside this program or on the PATH, with its default settings and\n"
        "those of the environment (advectd --help).",
    .example = "advect serve iris.safetensors",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
};

/* The daemon beside this program, or its name, to be looked for on the PATH. */
static void find_daemon(char path[PATH_MAX])
{
    static const char name[] = "/advectd";
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof name);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (slash)
        memcpy(slash, name, sizeof name);
    if (!slash || access(path, X_OK) != 0)
        snprintf(path, PATH_MAX, "%s", name + 1);
}

static enum adv_status check_files(const char *const *files, struct adv_error *error)
{
    static const char suffix[] = ".safetensors";
    for (; *files; files++) {
        size_t n = strlen(*files), n_suffix = sizeof suffix - 1;
        if (access(*files, R_OK) != 0)
            return adv_fail(error, ADV_E_IO, "%s: %s", *files, strerror(errno));
        if (n <= n_suffix || (*files)[0] == '-' || strcmp(*files + n - n_suffix, suffix) != 0)
            return adv_fail(error, ADV_E_INVALID, "%s is no model file: NAME.safetensors", *files);
    }
    return ADV_OK;
}

static enum adv_status serve(const struct serve_options *options, const char *const *files,
                             struct adv_error *error)
{
    char daemon[PATH_MAX] = "", listen[300];
    const char *arguments[FLAGS + FILES_MAX + 1] = {daemon, "--listen", listen};
    enum adv_status status = check_files(files, error);
    if (status != ADV_OK)
        return status;
    find_daemon(daemon);
    snprintf(listen, sizeof listen, "%s", options->listen);
    for (size_t i = 0; files[i]; i++)
        arguments[FLAGS + i] = files[i];
    execvp(daemon, (char *const *)arguments);
    return adv_fail(error, ADV_E_IO, "cannot start %s: %s", daemon, strerror(errno));
}

static int run(int argc, char **argv)
{
    struct serve_options options = {0};
    const char *files[FILES_MAX + 1] = {NULL};
    int outcome = adv_options_read(&command_line, argc, argv, &options, files);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    serve(&options, files, &error);
    adv_fields_release(fields, ADV_COUNT(fields), &options);
    return adv_command_fail("serve", &error);
}

const struct adv_command adv_command_serve = {
    .name = "serve",
    .help = "serve model files over HTTP, with a page to look at them",
    .run = run,
};
