/* What an answer costs beyond its arithmetic: its rendering as JSON, NPY and PNG, beside the time
 * that a request took to compute, and PNG compression level by level.
 *
 * usage: service [MODELS]   (a folder with checkerboard-8x8 and mnist; "models" if left out) */
#include <advect/extra/memory.h>
#include <advect/extra/png.h>
#include <advect/extra/render.h>
#include <advect/model.h>
#include <advect/query.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS 0.3 /* of repeating what is measured */
#define RENDERINGS_MAX 4096

enum format { JSON, NPY, PNG };
static const char *const formats[] = {"JSON", "NPY", "PNG"};

struct request {
    const char *model;
    size_t n;
    int channels; /* of its picture */
};

static const struct request requests[] = {{"checkerboard-8x8", 10000, 3}, {"mnist", 20, 1}};

struct answered {
    struct adv_model *model;
    struct adv_query query;
    struct adv_run *run;
    const struct adv_answer *answer;
    double seconds;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void stop_on(enum adv_status status, const struct adv_error *error)
{
    if (status == ADV_OK)
        return;
    fprintf(stderr, "service: %s\n", error->message);
    exit(1);
}

static struct answered answer(const char *models, const struct request *request)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct answered a = {.query = adv_query_default(ADV_QUERY_SAMPLES)};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.safetensors", models, request->model);
    stop_on(adv_model_load(path, NULL, &a.model, &error), &error);
    a.query.n = request->n;
    a.query.seed = 1;
    double began = now();
    stop_on(adv_run_new(a.model, &a.query, &a.run, &error), &error);
    stop_on(adv_run_all(a.run, NULL, &a.answer, &error), &error);
    a.seconds = now() - began;
    return a;
}

static void render(const struct answered *a, enum format format, struct adv_bytes *out)
{
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = ADV_OK;
    switch (format) {
    case JSON:
        status = adv_render_json(a->model, &a->query, a->answer, out, &error);
        break;
    case NPY:
        status = adv_render_npy(&a->query, a->answer, out, &error);
        break;
    case PNG:
        status = adv_render_png(a->model, &a->query, a->answer, NULL, out, &error);
        break;
    }
    stop_on(status, &error);
}

/* The median of the seconds that work takes; it releases what it makes, and returns its bytes. */
static double median_seconds(size_t (*work)(const void *context), const void *context,
                             size_t *n_bytes)
{
    static double times[RENDERINGS_MAX];
    size_t n = 0;
    for (double end = now() + SECONDS; n < RENDERINGS_MAX && (n < 3 || now() < end); n++) {
        double began = now();
        *n_bytes = work(context);
        times[n] = now() - began;
    }
    qsort(times, n, sizeof *times, compare);
    return times[n / 2];
}

struct rendering {
    const struct answered *answered;
    enum format format;
};

static size_t render_once(const void *context)
{
    const struct rendering *rendering = context;
    struct adv_bytes out = {0};
    render(rendering->answered, rendering->format, &out);
    size_t n = out.n;
    adv_bytes_release(&out);
    return n;
}

static void measure_formats(const struct request *request, const struct answered *a)
{
    size_t values = a->answer->n * a->answer->dim;
    printf("%s, %zu samples of %zu numbers, computed in %.0f ms by one thread\n", request->model,
           a->answer->n, a->answer->dim, 1e3 * a->seconds);
    printf("  %-6s %10s %10s %8s %10s %12s\n", "format", "bytes", "ms", "MB/s", "ns/number",
           "of the whole");
    for (int f = JSON; f <= PNG; f++) {
        struct rendering rendering = {a, (enum format)f};
        size_t n;
        double seconds = median_seconds(render_once, &rendering, &n);
        printf("  %-6s %10zu %10.2f %8.0f %10.1f %11.2f%%\n", formats[f], n, 1e3 * seconds,
               1e-6 * (double)n / seconds, 1e9 * seconds / (double)values,
               100 * seconds / (seconds + a->seconds));
    }
}

struct encoding {
    const struct adv_image *image;
    int level;
};

static size_t encode_once(const void *context)
{
    const struct encoding *encoding = context;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_bytes png;
    stop_on(adv_png_encode(encoding->image, encoding->level, &png, &error), &error);
    size_t n = png.n;
    adv_bytes_release(&png);
    return n;
}

static int big_endian(const uint8_t *at)
{
    return at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void measure_levels(const struct request *request, const struct answered *a)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_bytes png = {0};
    struct adv_image image = {0};
    render(a, PNG, &png);
    int width = big_endian(png.data + 16), height = big_endian(png.data + 20); /* of its IHDR */
    stop_on(adv_png_decode(png.data, png.n, width, height, request->channels, &image, &error),
            &error);
    printf("  PNG of %d x %d x %d by compression level\n  %6s %10s %10s\n", width, height,
           request->channels, "level", "bytes", "ms");
    for (int level = 1; level <= 9; level++) {
        struct encoding encoding = {&image, level};
        size_t n;
        double seconds = median_seconds(encode_once, &encoding, &n);
        printf("  %6d %10zu %10.2f\n", level, n, 1e3 * seconds);
    }
    adv_image_release(&image);
    adv_bytes_release(&png);
}

int main(int argc, char **argv)
{
    const char *models = argc > 1 ? argv[1] : "models";
    for (size_t i = 0; i < ADV_COUNT(requests); i++) {
        struct answered a = answer(models, &requests[i]);
        measure_formats(&requests[i], &a);
        measure_levels(&requests[i], &a);
        adv_run_free(a.run);
        adv_model_unref(a.model);
    }
    return 0;
}
