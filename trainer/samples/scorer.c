#include "trainer/samples/scorer.h"

#include <advect/array_file.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 512

/* The two files of a folder of their own. */
struct files {
    char folder[PATH_BYTES / 2], samples[PATH_BYTES], labels[PATH_BYTES];
};

static enum adv_status make_folder(struct files *files, struct adv_error *error)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(files->folder, sizeof files->folder, "%s/advect-judge-XXXXXX",
             temporary ? temporary : "/tmp");
    if (!mkdtemp(files->folder))
        return adv_fail(error, ADV_E_IO, "cannot make the folder %s: %s", files->folder,
                        strerror(errno));
    snprintf(files->samples, sizeof files->samples, "%s/samples.npy", files->folder);
    snprintf(files->labels, sizeof files->labels, "%s/labels.npy", files->folder);
    return ADV_OK;
}

static void remove_folder(const struct files *files)
{
    unlink(files->samples);
    unlink(files->labels);
    rmdir(files->folder);
}

static enum adv_status write_labels(const char *path, const struct adv_answer *answer,
                                    struct adv_error *error)
{
    float *labels = calloc(answer->n, sizeof *labels);
    if (!labels)
        return adv_no_memory(error);
    for (size_t i = 0; i < answer->n; i++)
        labels[i] = (float)answer->labels[i];
    enum adv_status status = adv_npy_write_float(path, 1, &answer->n, labels, error);
    free(labels);
    return status;
}

/* Starts the program with its output in a pipe, of which *output is the end to read. */
static enum adv_status start(const char *program, const struct files *files, bool has_labels,
                             pid_t *process, int *output, struct adv_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return adv_fail(error, ADV_E_IO, "cannot make a pipe: %s", strerror(errno));
    char *arguments[] = {(char *)program, (char *)files->samples,
                         has_labels ? (char *)files->labels : NULL, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int fault = posix_spawnp(process, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *output = ends[0];
    if (!fault)
        return ADV_OK;
    close(ends[0]);
    return adv_fail(error, ADV_E_IO, "cannot run the judge %s: %s", program, strerror(fault));
}

static void read_scores(int output, struct adv_scores *scores)
{
    FILE *lines = fdopen(output, "r");
    char line[256];
    while (lines && fgets(line, sizeof line, lines)) {
        /* Lines of another kind are not its scores. NOLINTBEGIN(cert-err34-c) */
        sscanf(line, "accuracy: %lf", &scores->accuracy);
        sscanf(line, "frechet: %lf", &scores->frechet);
        /* NOLINTEND(cert-err34-c) */
    }
    if (lines)
        fclose(lines);
    else
        close(output);
}

static enum adv_status ask(const char *program, const struct files *files, bool has_labels,
                           struct adv_scores *scores, struct adv_error *error)
{
    pid_t process;
    int output = -1, outcome;
    enum adv_status status = start(program, files, has_labels, &process, &output, error);
    if (status != ADV_OK)
        return status;
    read_scores(output, scores);
    while (waitpid(process, &outcome, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0)
        return ADV_OK;
    return adv_fail(error, ADV_E_IO, "the judge %s ended with %s %d", program,
                    WIFEXITED(outcome) ? "exit code" : "signal",
                    WIFEXITED(outcome) ? WEXITSTATUS(outcome) : WTERMSIG(outcome));
}

enum adv_status adv_score(const char *program, const struct adv_answer *answer,
                          struct adv_scores *out, struct adv_error *error)
{
    struct files files;
    struct adv_scores scores = {NAN, NAN};
    size_t shape[2] = {answer->n, answer->dim};
    enum adv_status status = make_folder(&files, error);
    if (status != ADV_OK)
        return status;
    status = adv_npy_write_float(files.samples, 2, shape, answer->states, error);
    if (status == ADV_OK && answer->labels)
        status = write_labels(files.labels, answer, error);
    if (status == ADV_OK)
        status = ask(program, &files, answer->labels != NULL, &scores, error);
    remove_folder(&files);
    if (status == ADV_OK && isnan(scores.accuracy) && isnan(scores.frechet))
        status =
            adv_fail(error, ADV_E_FORMAT,
                     "the judge %s printed neither \"accuracy: X\" nor \"frechet: X\"", program);
    if (status == ADV_OK)
        *out = scores;
    return status;
}
