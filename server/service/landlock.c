/* By system calls: glibc has no functions for them, and headers may be older than kernels. */
#include "server/service/landlock.h"

#include <errno.h>

#ifndef ADV_WITH_LANDLOCK

int adv_landlock_restrict(const char *const *paths, size_t n_paths)
{
    (void)paths;
    (void)n_paths;
    errno = ENOPKG;
    return 0;
}

#else

#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of linux/landlock.h. */
enum {
    CREATE_RULESET = 444, /* system calls: the same on all architectures */
    ADD_RULE = 445,
    RESTRICT_SELF = 446,

    CREATE_RULESET_VERSION = 1,
    RULE_PATH_BENEATH = 1,

    ACCESS_READ_FILE = 1 << 2,
    ACCESS_READ_DIRECTORY = 1 << 3,

    ACCESS_NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
};

struct ruleset {
    uint64_t files, net, scopes;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* Rights to files are numbered from 0 on: how many each version knows. */
static unsigned n_file_rights(int version)
{
    return version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
}

static int new_ruleset(int version)
{
    const struct ruleset ruleset = {
        .files = (1u << n_file_rights(version)) - 1,
        .net = version >= 4 ? ACCESS_NET_CONNECT_TCP : 0,
        .scopes = version >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
    };
    return (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0);
}

/* False only where the kernel refuses the rule. */
static int allow(int ruleset, const char *path)
{
    struct stat file;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct path_beneath rule = {.allowed = ACCESS_READ_FILE, .parent_fd = fd};
    if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode))
        rule.allowed |= ACCESS_READ_DIRECTORY;
    int failed = (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
    close(fd);
    return failed;
}

int adv_landlock_restrict(const char *const *paths, size_t n_paths)
{
    int version = (int)syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    int ruleset = version > 0 ? new_ruleset(version) : -1;
    if (ruleset < 0)
        return 0;
    int failed = 0;
    for (size_t i = 0; i < n_paths && !failed; i++)
        failed = allow(ruleset, paths[i]);
    if (!failed)
        failed =
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(RESTRICT_SELF, ruleset, 0) != 0;
    int reason = errno;
    close(ruleset);
    errno = reason;
    return failed ? 0 : version;
}

#endif
