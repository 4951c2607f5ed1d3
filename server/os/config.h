/* The daemon's settings. One table of rows (config.c) serves flags, the
 * environment and the help text. */
#ifndef ADV_SERVER_CONFIG_H
#define ADV_SERVER_CONFIG_H

#include <advect/extra/evaluator.h>
#include <advect/extra/request.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct adv_config {
    char *listen; /* ADDRESS:PORT, the address of IPv6 in brackets */
    char *models; /* directory */
    const char *const
        *files; /* [n_files] model files, in place of the directory; of the arguments */
    size_t n_files;
    char *playground;  /* directory, or NULL */
    int64_t precision; /* enum adv_precision */
    char *isa;         /* of the kernels, or NULL: the fastest */
    int64_t workers, http_threads;
    int64_t max_model_bytes; /* of a model's file */
    int64_t max_connections, max_body_bytes;
    int64_t body_memory_bytes; /* in all bodies together */
    int64_t max_rows, max_steps, max_nfe, max_frames, max_probes;
    double max_cost, min_tolerance;
    int64_t max_numbers; /* numbers in one answer */
    int64_t queue_length, queue_numbers;
    int64_t picture_cache_bytes;
    int64_t max_jobs, job_timeout_ms, job_keep_ms, job_result_bytes;
    int64_t min_send_rate; /* bytes per second */
    int64_t request_timeout_ms, body_timeout_ms, idle_timeout_ms, drain_timeout_ms;
    int64_t log_format;      /* of enum adv_log_format */
    int64_t access_log;      /* of enum adv_switch */
    int64_t sandbox;         /* of enum adv_switch */
    char *api_key;           /* or NULL */
    char *api_keys;          /* a file, or NULL */
    double client_share;     /* of connections, queue and workers, for one client */
    char *trusted_proxies;   /* addresses, or NULL */
    char *management_listen; /* ADDRESS:PORT, or NULL */
    char *cors_origin;       /* or NULL */
    char *allowed_hosts;     /* or NULL: as the listening address has it */
    char *completion;        /* a shell, or NULL */
    bool check_health, manual, help, version;
};

enum adv_switch { ADV_SWITCH_OFF, ADV_SWITCH_ON };

/* Defaults, then ADVECT_NAME variables of the environment, then flags: the last one wins. Variables
 * of the prefix that name no setting are refused, but for those of other programs. The environment
 * is not read where the daemon is only asked about itself. */
enum adv_status adv_config_read(struct adv_config *config, int n_args, char **args,
                                struct adv_error *error);
void adv_config_release(struct adv_config *config);

/* Whether the daemon is only asked about itself: for help, its version, a manual or completion. */
bool adv_config_describes(const struct adv_config *config);

void adv_config_help(FILE *out);
/* The manual page, in man(7). */
void adv_config_manual(FILE *out);
/* The completion of command lines by config->completion; ADV_E_INVALID for another shell. */
enum adv_status adv_config_completion(const struct adv_config *config, FILE *out,
                                      struct adv_error *error);

/* How models are evaluated; its text is the config's. */
struct adv_load_options adv_config_load_options(const struct adv_config *config);

/* What one request may ask for, as the core checks it. */
struct adv_limits adv_config_limits(const struct adv_config *config);

#endif
