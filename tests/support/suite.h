/* Running a test program's suite. */
#ifndef ADV_TESTS_SUITE_H
#define ADV_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs all of it, each test in a process of its own, and frees it; the exit code. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
