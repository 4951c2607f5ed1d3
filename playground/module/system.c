/* What emscripten's C library lacks of Linux: there is one processor, and random bytes come from the
 * browser. */
#include <sched.h>
#include <sys/random.h>
#include <unistd.h>

int __sched_cpucount(size_t size, const cpu_set_t *set);

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set)
{
    (void)process, (void)size, (void)set;
    return -1;
}

int __sched_cpucount(size_t size, const cpu_set_t *set)
{
    (void)size, (void)set;
    return 1;
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
    (void)flags;
    return getentropy(bytes, n) == 0 ? (ssize_t)n : -1;
}
