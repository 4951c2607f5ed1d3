/* The 64-bit FNV-1a digest, http://www.isthe.com/chongo/tech/comp/fnv/: names a version of some
 * bytes, proves nothing. */
#ifndef ADVECT_EXTRA_DIGEST_H
#define ADVECT_EXTRA_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ADV_DIGEST_INIT UINT64_C(0xcbf29ce484222325)

/* The digest of what `digest` stands for, followed by n more bytes; start with ADV_DIGEST_INIT. */
static inline uint64_t adv_digest(uint64_t digest, const void *bytes, size_t n)
{
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0; i < n; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

#define ADV_DIGEST_TEXT 17

/* As 16 lower-case hex digits. */
static inline void adv_digest_text(uint64_t digest, char text[ADV_DIGEST_TEXT])
{
    snprintf(text, ADV_DIGEST_TEXT, "%016llx", (unsigned long long)digest);
}

#endif
