/* A new folder below /tmp, for the files of a test; its removal with all in it. */
#ifndef ADV_TESTS_FOLDER_H
#define ADV_TESTS_FOLDER_H

void folder_make(char folder[64]);
void folder_remove(const char *folder);

#endif
