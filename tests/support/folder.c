#include "tests/support/folder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void folder_make(char folder[64])
{
    strcpy(folder, "/tmp/advect-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void folder_remove(const char *folder)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
