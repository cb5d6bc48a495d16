/* Files under the root of a simulated host. What fails is told on stderr. */
#ifndef AIINFRA_SIMNODE_FILES_H
#define AIINFRA_SIMNODE_FILES_H

#include <stdbool.h>

/* Makes the folders up to the last slash. */
bool simnode_make_folders(const char *path);
/* Puts the text under ROOT/PATH. It is renamed into place: a reader sees the old text or the new, never none. */
bool simnode_put(const char *root, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a program. */
bool simnode_put_program(const char *root, const char *path, const char *text);
/* Removes a file, or a folder with all that is in it. What is not there is gone already. */
bool simnode_remove(const char *root, const char *path);
/* Adds to the end of FOLDER/NAME, in one write. */
bool simnode_append(const char *folder, const char *name, const char *text);

#endif
