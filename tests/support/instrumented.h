/* Whether a sanitizer watches the test, which makes some of what it computes ten times as long:
 * there is less of it then. Sanitizers look for faults of memory and threads, not of numbers. */
#ifndef TESTS_INSTRUMENTED_H
#define TESTS_INSTRUMENTED_H

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

#endif
