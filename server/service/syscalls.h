/* Which system calls the process can make (seccomp(2), by libseccomp): those of serving. All others
 * fail as if the kernel did not know them, so that the C library falls back to older ones that are
 * allowed. Nothing can be executed, no process started, no file opened but to be read, no socket
 * made or connected, no memory become code. */
#ifndef ADV_SERVER_SYSCALLS_H
#define ADV_SERVER_SYSCALLS_H

#include <stdbool.h>

/* Of every thread, from here on; threads can still be started. False, with the reason in errno,
 * where nothing is restricted. ENOPKG: built without libseccomp, or with a sanitizer, which needs
 * other calls. */
bool adv_syscalls_restrict(void);

#endif
