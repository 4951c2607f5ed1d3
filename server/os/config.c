#include "server/os/config.h"

#include "server/os/log.h"

#include <advect/extra/command_line.h>
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <advect/extra/words.h>
#include <advect/pool.h>
#include <advect/version.h>
#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const precisions[] = {"float32", "bfloat16", NULL}; /* enum adv_precision */
static const char *const switches[] = {"off", "on", NULL}; /* in the order of enum adv_switch */

#define AT(member) offsetof(struct adv_config, member)

static const struct adv_field fields[] = {
    {"listen", ADV_FIELD_STRING, AT(listen), .min = 1, .max = 255, .fallback = "127.0.0.1:8080",
     .help = "address to listen on: ADDRESS:PORT, or [ADDRESS]:PORT for IPv6; port 0 picks a free "
             "port. A socket that the service manager passes (systemd's socket activation) takes "
             "its place; systemd: there must be one"},
    {"models", ADV_FIELD_STRING, AT(models), .min = 1, .max = 4096, .fallback = "models",
     .help = "directory of the *.safetensors model files to serve"},
    {"playground", ADV_FIELD_STRING, AT(playground), .min = 1, .max = 4096,
     .help = "directory that make playground built, to serve at /playground/; it is read once, at "
             "the start"},
    {"max_model_bytes", ADV_FIELD_INT, AT(max_model_bytes), .min = 1, .max = 1e15,
     .fallback = "4294967296", .unit = "bytes",
     .help = "largest size of a model file; larger ones are refused unread"},
    {"workers", ADV_FIELD_INT, AT(workers), .min = 0, .max = 1024, .fallback = "0",
     .help = "number of computing threads; 0 means one per processor"},
    {"precision", ADV_FIELD_CHOICE, AT(precision), .choices = precisions, .fallback = "float32",
     .help = "precision of matrix products in networks; bfloat16 is faster, has 8 significant bits "
             "and needs AVX512_BF16 or AMX"},
    {"isa", ADV_FIELD_STRING, AT(isa), .min = 1, .max = 32,
     .help = "instruction set of the kernels, such as portable or avx2; the fastest if absent"},
    {"http_threads", ADV_FIELD_INT, AT(http_threads), .min = 1, .max = 64, .fallback = "2",
     .help = "number of threads that handle connections"},
    {"max_connections", ADV_FIELD_INT, AT(max_connections), .min = 1, .max = 1000000,
     .fallback = "1024", .help = "most open connections; further ones get status 503"},
    {"max_body_bytes", ADV_FIELD_INT, AT(max_body_bytes), .min = 1, .max = 1 << 30,
     .fallback = "8388608", .unit = "bytes", .help = "largest size of a request body"},
    {"body_memory_bytes", ADV_FIELD_INT, AT(body_memory_bytes), .min = 0, .max = 1e15,
     .fallback = "268435456", .unit = "bytes",
     .help = "memory for request bodies that are being received, of each what is beyond 16384 "
             "bytes; what has no room gets status 503"},
    {"max_rows", ADV_FIELD_INT, AT(max_rows), .min = 1, .max = 1e9, .fallback = "100000",
     .help = "most rows (samples or points) in one request"},
    {"max_steps", ADV_FIELD_INT, AT(max_steps), .min = 1, .max = 1e9, .fallback = "10000",
     .help = "most steps of a fixed-step solver"},
    {"max_nfe", ADV_FIELD_INT, AT(max_nfe), .min = 1, .max = 1e9, .fallback = "20000",
     .help = "most velocity evaluations of one row by an adaptive solver"},
    {"max_frames", ADV_FIELD_INT, AT(max_frames), .min = 2, .max = 1e6, .fallback = "1000",
     .help = "most frames of a trajectory"},
    {"max_probes", ADV_FIELD_INT, AT(max_probes), .min = 1, .max = 1e6, .fallback = "1000",
     .help = "most Hutchinson probes in one request"},
    {"max_cost", ADV_FIELD_REAL, AT(max_cost), .min = 0, .max = 1e30, .fallback = "0",
     .unit = "multiply-adds",
     .help = "largest estimated cost of one request; 0: what the daemon can do within "
             "request-timeout-ms"},
    {"min_tolerance", ADV_FIELD_REAL, AT(min_tolerance), .min = 1e-15, .max = 1, .fallback = "1e-9",
     .help = "smallest rtol or atol that an adaptive solver accepts"},
    {"max_numbers", ADV_FIELD_INT, AT(max_numbers), .min = 1, .max = 1e12, .fallback = "20000000",
     .help = "most values in one answer: frames x rows x dimensions"},
    {"queue_length", ADV_FIELD_INT, AT(queue_length), .min = 1, .max = 1e6, .fallback = "256",
     .help = "most requests being computed or waiting; further ones get status 503"},
    {"queue_numbers", ADV_FIELD_INT, AT(queue_numbers), .min = 1, .max = 1e12,
     .fallback = "160000000",
     .help = "most values in all answers being computed or sent, and as many again in those of "
             "jobs; requests beyond get status 503"},
    {"picture_cache_bytes", ADV_FIELD_INT, AT(picture_cache_bytes), .min = 0, .max = 1e12,
     .fallback = "33554432", .unit = "bytes",
     .help = "memory for pictures that were drawn before, by URL; 0 keeps none"},
    {"max_jobs", ADV_FIELD_INT, AT(max_jobs), .min = 1, .max = 1e5, .fallback = "256",
     .help = "most jobs that are computed, waiting or kept; the result that is kept longest makes "
             "room, and without one a further job gets status 503"},
    {"job_timeout_ms", ADV_FIELD_INT, AT(job_timeout_ms), .min = 1, .max = 604800000,
     .fallback = "3600000", .unit = "ms", .help = "longest time for a job to wait and compute"},
    {"job_keep_ms", ADV_FIELD_INT, AT(job_keep_ms), .min = 1, .max = 604800000,
     .fallback = "3600000", .unit = "ms", .help = "time for which the result of a job is kept"},
    {"job_result_bytes", ADV_FIELD_INT, AT(job_result_bytes), .min = 1, .max = 1e12,
     .fallback = "268435456", .unit = "bytes",
     .help = "memory for the results of jobs; those kept longest make room for new ones"},
    {"min_send_rate", ADV_FIELD_INT, AT(min_send_rate), .min = 1, .max = 1e9, .fallback = "16384",
     .unit = "bytes/s",
     .help = "least average rate at which a client must read its answer, else it is disconnected"},
    {"request_timeout_ms", ADV_FIELD_INT, AT(request_timeout_ms), .min = 1, .max = 86400000,
     .fallback = "60000", .unit = "ms", .help = "longest time for a request to wait and compute"},
    {"body_timeout_ms", ADV_FIELD_INT, AT(body_timeout_ms), .min = 1, .max = 3600000,
     .fallback = "30000", .unit = "ms", .help = "longest time for a request body to arrive"},
    {"idle_timeout_ms", ADV_FIELD_INT, AT(idle_timeout_ms), .min = 1, .max = 3600000,
     .fallback = "60000", .unit = "ms",
     .help = "longest time for the head of the next request to arrive"},
    {"drain_timeout_ms", ADV_FIELD_INT, AT(drain_timeout_ms), .min = 0, .max = 3600000,
     .fallback = "30000", .unit = "ms",
     .help = "longest time to finish accepted work after SIGTERM"},
    {"log_format", ADV_FIELD_CHOICE, AT(log_format), .choices = adv_log_format_names,
     .fallback = "text",
     .help = "lines on standard error: text (logfmt), or json, one object per line"},
    {"access_log", ADV_FIELD_CHOICE, AT(access_log), .choices = switches, .fallback = "on",
     .help = "log one line per request, and per end of a job, on standard error"},
    {"api_key", ADV_FIELD_STRING, AT(api_key), .min = 1, .max = 1024,
     .help = "key that clients must send, in \"Authorization: Bearer KEY\" or \"X-API-Key: KEY\"; "
             "better set as ADVECT_API_KEY, which other users of the host cannot see"},
    {"api_keys", ADV_FIELD_STRING, AT(api_keys), .min = 1, .max = 4096,
     .help = "file of named keys as JSON, each with what it may spend; read again on SIGHUP"},
    {"client_share", ADV_FIELD_REAL, AT(client_share), .min = 0.01, .max = 1, .fallback = "0.75",
     .help = "largest part of what other clients leave of connections, of the queue and of the "
             "workers' time that one client gets, by key or else by address; 1: all of it"},
    {"trusted_proxies", ADV_FIELD_STRING, AT(trusted_proxies), .min = 0, .max = 4096,
     .help = "addresses of proxies, or networks as ADDRESS/BITS, separated by commas, whose "
             "X-Forwarded-For tells the client's address; without it all that comes by a proxy is "
             "one client"},
    {"management_listen", ADV_FIELD_STRING, AT(management_listen), .min = 1, .max = 255,
     .help = "another ADDRESS:PORT, for /health/ and /metrics alone, without a key; /metrics is "
             "then served only there. A passed socket named management takes its place"},
    {"sandbox", ADV_FIELD_CHOICE, AT(sandbox), .choices = switches, .fallback = "on",
     .help = "once it has started, let the daemon read models, keys and fonts only, write nothing, "
             "and make no system calls but those of serving; what of this the kernel offers is "
             "said in the log"},
    {"cors_origin", ADV_FIELD_STRING, AT(cors_origin), .min = 1, .max = 1024,
     .help = "origin of web pages allowed to call from a browser (CORS), or * for any"},
    {"allowed_hosts", ADV_FIELD_STRING, AT(allowed_hosts), .min = 0, .max = 4096,
     .help =
         "names under which the daemon may be asked for (Host), separated by commas; "
         "*.example.org allows all names below it, * any. Loopback addresses, localhost and the "
         "address of --listen are always allowed. If absent or empty: no others where a loopback "
         "address is listened on, so that pages of other sites cannot read answers by DNS "
         "rebinding, and any elsewhere. A proxy on the same host that keeps the public name as "
         "Host needs it listed here; /health/ answers whatever the name, for load balancers"},
    {"check_health", ADV_FIELD_BOOL, AT(check_health),
     .help = "ask the daemon at the address of --management-listen, or else of --listen, if it is "
             "ready, and exit 0 if so, else 1"},
    {"manual", ADV_FIELD_BOOL, AT(manual), .help = "print the manual page and exit"},
    {"completion", ADV_FIELD_STRING, AT(completion), .min = 1, .max = 32,
     .help = "print the completion script of a shell (bash, zsh, fish) and exit"},
    {"help", ADV_FIELD_BOOL, AT(help), .help = "print this help and exit"},
    {"version", ADV_FIELD_BOOL, AT(version), .help = "print the version and exit"},
};
#define N_FIELDS ADV_COUNT(fields)

#define PREFIX "ADVECT_"

static bool begins_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/* ADVECT_* variables that are none of the daemon's: of the tool, of the Python package, of the
 * benchmarks and of docker/compose.tls.yaml; and those that container engines set for a service
 * called advect (ADVECT_PORT=tcp://..., ADVECT_SERVICE_HOST, ADVECT_PORT_8080_TCP, ADVECT_NAME,
 * ADVECT_ENV_..., ...). */
static bool is_of_others(const char *name, const char *value)
{
    static const char *const others[] = {"LIBRARY", "JUDGE", "SHARED", "PYTHON",
                                         "ORT",     "TLS",   "NAME"};
    for (size_t i = 0; i < ADV_COUNT(others); i++) {
        if (!strcmp(name, others[i]))
            return true;
    }
    if (!strcmp(name, "PORT"))
        return strstr(value, "://") != NULL;
    return begins_with(name, "PORT_") || begins_with(name, "ENV_") || strstr(name, "_PORT") ||
           strstr(name, "SERVICE_HOST");
}

/* Asking for help is a flag's business only. */
static enum adv_status read_variable(struct adv_config *config, const char *variable,
                                     struct adv_error *error)
{
    char name[64];
    const char *from = variable + strlen(PREFIX), *equals = strchr(from, '=');
    size_t n = equals ? (size_t)(equals - from) : 0;
    snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 63, from);
    if (!n || is_of_others(name, equals + 1))
        return ADV_OK;
    if (!strcmp(name, "PORT"))
        return adv_fail_field(error, ADV_E_INVALID, "port",
                              "ADVECT_PORT: \"port\" is not a known field; did you mean "
                              "ADVECT_LISTEN=ADDRESS:%.100s?",
                              equals + 1);
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    const struct adv_field *field = adv_fields_find(fields, N_FIELDS, name);
    enum adv_status status =
        field && field->kind == ADV_FIELD_BOOL
            ? adv_fail_field(error, ADV_E_INVALID, name, "%s is a flag only", name)
            : adv_fields_from_text(fields, N_FIELDS, name, equals + 1, config, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%.*s: ", (int)(equals - variable), variable);
    return status;
}

/* ADVECT_MAX_ROWS for "max_rows". A name that is none is refused: it was meant to set something. */
static enum adv_status read_environment(struct adv_config *config, struct adv_error *error)
{
    for (char **variable = environ; *variable; variable++) {
        enum adv_status status = strncmp(*variable, PREFIX, strlen(PREFIX))
                                     ? ADV_OK
                                     : read_variable(config, *variable, error);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

/* --name=value, --name value, or --name alone for a switch; *i moves past what was used. */
static enum adv_status read_flag(struct adv_config *config, int n_args, char **args, int *i,
                                 struct adv_error *error)
{
    const char *flag = args[*i];
    if (strncmp(flag, "--", 2) != 0 || !flag[2])
        return adv_fail(
            error, ADV_E_INVALID,
            "\"%.100s\" is not a flag, nor a file NAME.safetensors; see advectd --help for "
            "what there is",
            flag);
    char name[64];
    size_t length = strcspn(flag + 2, "=");
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : 63, flag + 2);
    const char *value = flag[2 + length] ? flag + 2 + length + 1 : NULL;
    const struct adv_field *field = adv_fields_find(fields, N_FIELDS, name);
    if (!value && field && field->kind == ADV_FIELD_BOOL)
        value = "";
    if (!value && field) {
        if (*i + 1 >= n_args)
            return adv_fail_field(error, ADV_E_INVALID, name, "--%s wants a value after it", name);
        value = args[++*i];
    }
    ++*i;
    return adv_fields_from_text(fields, N_FIELDS, name, value ? value : "", config, error);
}

static bool is_model_file(const char *word)
{
    static const char suffix[] = ".safetensors";
    size_t n = strlen(word), n_suffix = sizeof suffix - 1;
    return word[0] != '-' && n > n_suffix && !strcmp(word + n - n_suffix, suffix);
}

/* Model files may stand among the flags: they are moved to the front of the arguments. */
static void take_file(struct adv_config *config, char **args, int *i)
{
    char *file = args[*i];
    memmove(args + config->n_files + 2, args + config->n_files + 1,
            ((size_t)*i - config->n_files - 1) * sizeof *args);
    args[++config->n_files] = file;
    config->files = (const char *const *)args + 1;
    ++*i;
}

static enum adv_status read_arguments(struct adv_config *config, int n_args, char **args,
                                      struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    config->n_files = 0;
    for (int i = 1; i < n_args && status == ADV_OK;) {
        if (is_model_file(args[i]))
            take_file(config, args, &i);
        else
            status = read_flag(config, n_args, args, &i, error);
    }
    return status;
}

bool adv_config_describes(const struct adv_config *config)
{
    return config->help || config->version || config->manual || config->completion;
}

/* Help is there to find out what is wrong with the environment, so it does not depend on it. */
static enum adv_status read_settings(struct adv_config *config, int n_args, char **args,
                                     struct adv_error *error)
{
    enum adv_status status = read_arguments(config, n_args, args, error);
    if (status != ADV_OK || adv_config_describes(config))
        return status;
    status = read_environment(config, error);
    return status == ADV_OK ? read_arguments(config, n_args, args, error) : status;
}

enum adv_status adv_config_read(struct adv_config *config, int n_args, char **args,
                                struct adv_error *error)
{
    struct adv_config read = {0};
    enum adv_status status = adv_fields_init(fields, N_FIELDS, &read, error);
    if (status == ADV_OK)
        status = read_settings(&read, n_args, args, error);
    if (status == ADV_OK && read.queue_numbers < read.max_numbers)
        status = adv_fail_field(error, ADV_E_INVALID, "queue_numbers",
                                "queue_numbers is %lld; it must be at least max_numbers, %lld",
                                (long long)read.queue_numbers, (long long)read.max_numbers);
    if (status != ADV_OK) {
        adv_config_release(&read);
        return status;
    }
    if (read.workers == 0)
        read.workers = adv_cpu_count();
    *config = read;
    return ADV_OK;
}

void adv_config_release(struct adv_config *config)
{
    adv_fields_release(fields, N_FIELDS, config);
}

static const char description[] =
    "Serves flow-matching models over HTTP: samples, trajectories, log-densities, latents,\n"
    "velocities, scores and pictures. Model files that are named are served in place of a "
    "directory.\n"
    "Example:\n\n"
    "  advectd --listen 127.0.0.1:8080 --models models\n"
    "  curl http://127.0.0.1:8080/v1/models\n\n"
    "Every setting is also read from the environment, as ADVECT_LISTEN, ADVECT_MODELS, ...;\n"
    "flags take precedence, and an unknown name is refused. SIGTERM finishes accepted work and\n"
    "exits; SIGHUP reloads models and keys.\n";

void adv_config_help(FILE *out)
{
    fputs("Usage: advectd [--listen ADDRESS:PORT] [--models DIR] [--workers N] [...] [FILE...]\n",
          out);
    fprintf(out, "%s\n", description);
    adv_fields_help(fields, N_FIELDS, out);
}

void adv_config_manual(FILE *out)
{
    fprintf(out,
            ".TH ADVECTD 8 \"\" \"Advect %s\" \"Advect\"\n"
            ".SH NAME\n"
            "advectd \\- serve flow-matching models over HTTP\n"
            ".SH SYNOPSIS\n"
            ".B advectd\n"
            "[\\fIflags\\fR] [\\fIfiles\\fR]\n"
            ".SH DESCRIPTION\n",
            adv_version());
    adv_manual_text(description, out);
    fputs(".SH FLAGS\n", out);
    adv_manual_flags(fields, N_FIELDS, out);
    fputs(
        ".SH EXIT STATUS\n0 after SIGTERM or SIGINT, 1 if the daemon cannot start or go on, 2 if a "
        "setting is wrong.\n.SH SEE ALSO\n.BR advect (1),\n.BR libadvect (3)\n",
        out);
}

enum adv_status adv_config_completion(const struct adv_config *config, FILE *out,
                                      struct adv_error *error)
{
    size_t index;
    enum adv_status status =
        adv_find_name("completion", config->completion, adv_shell_names, &index, error);
    if (status != ADV_OK)
        return status;
    adv_completion_begin((enum adv_shell)index, "advectd", out);
    adv_completion_flags((enum adv_shell)index, "advectd", NULL, fields, N_FIELDS, out);
    adv_completion_end((enum adv_shell)index, "advectd", 0, NULL, NULL, out);
    return ADV_OK;
}

struct adv_load_options adv_config_load_options(const struct adv_config *config)
{
    return (struct adv_load_options){.size = sizeof(struct adv_load_options),
                                     .precision = (enum adv_precision)config->precision,
                                     .isa = config->isa};
}

struct adv_limits adv_config_limits(const struct adv_config *config)
{
    struct adv_limits limits = adv_limits_default();
    limits.rows = (size_t)config->max_rows;
    limits.steps = config->max_steps;
    limits.nfe = config->max_nfe;
    limits.frames = (size_t)config->max_frames;
    limits.probes = (size_t)config->max_probes;
    limits.tolerance_min = config->min_tolerance;
    limits.cost = config->max_cost > 0 ? config->max_cost : INFINITY;
    limits.numbers = (size_t)config->max_numbers;
    return limits;
}
