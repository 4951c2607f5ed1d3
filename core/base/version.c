#include <advect/version.h>

const char *adv_version(void)
{
    return ADV_VERSION;
}
