#include "trainer/cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define BAR_PERIOD_S 0.1
#define LINE_PERIOD_S 10.0

double adv_seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void adv_progress_init(struct adv_progress *progress, bool quiet, double share_at_start)
{
    double now = adv_seconds_now();
    *progress = (struct adv_progress){
        .quiet = quiet,
        .on_terminal = isatty(STDERR_FILENO) != 0,
        .started = now,
        .shown = now,
        .share_at_start = share_at_start,
    };
}

bool adv_progress_is_due(const struct adv_progress *progress)
{
    if (progress->quiet)
        return false;
    double period = progress->on_terminal ? BAR_PERIOD_S : LINE_PERIOD_S;
    return adv_seconds_now() - progress->shown >= period;
}

/* "1h02m", "3m20s", "12s" */
static void time_text(double seconds, char *text, size_t size)
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(text, size, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(text, size, "%lds", s);
}

void adv_progress_show(struct adv_progress *progress, double share, const char *text)
{
    if (progress->quiet)
        return;
    double now = adv_seconds_now(), done = share - progress->share_at_start;
    char left[32] = "";
    if (done > 0 && share < 1)
        time_text((now - progress->started) * (1 - share) / done, left, sizeof left);
    progress->shown = now;
    if (!progress->on_terminal) {
        fprintf(stderr, "%5.1f%%  %s%s%s\n", 100 * share, text, *left ? "  left " : "", left);
        return;
    }
    char bar[BAR_WIDTH + 1] = "";
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(share * BAR_WIDTH + 0.5) ? '#' : '.';
    fprintf(stderr, "\r\033[K%s %5.1f%%  %s%s%s", bar, 100 * share, text, *left ? "  left " : "",
            left);
    fflush(stderr);
    progress->bar_drawn = true;
}

void adv_progress_end(struct adv_progress *progress)
{
    if (progress->bar_drawn)
        fputc('\n', stderr);
    progress->bar_drawn = false;
}
