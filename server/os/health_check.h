/* Asking a running daemon whether it is ready, for containers' health checks. */
#ifndef ADV_SERVER_HEALTH_CHECK_H
#define ADV_SERVER_HEALTH_CHECK_H

#include <advect/status.h>

/* ADV_OK if the daemon at the `listen` address answers /health/ready with 200 within 2 s. `setting`
 * is where the address is from, which an error names. */
enum adv_status adv_health_check(const char *setting, const char *listen, struct adv_error *error);

#endif
