#define _GNU_SOURCE
#include "simnode_files.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

bool simnode_make_folders(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST) return complain(folder);
        *slash = '/';
    }
    return true;
}

bool simnode_put(const char *root, const char *path, const char *format, ...)
{
    char target[PATH_MAX], next[PATH_MAX + 8];
    snprintf(target, sizeof target, "%s/%s", root, path);
    snprintf(next, sizeof next, "%s.next", target);
    FILE *file = fopen(next, "we");
    if (file == NULL && errno == ENOENT) {
        if (!simnode_make_folders(target)) return false;
        file = fopen(next, "we");
    }
    if (file == NULL) return complain(next);
    va_list arguments;
    va_start(arguments, format);
    bool good = vfprintf(file, format, arguments) >= 0;
    va_end(arguments);
    good = fclose(file) == 0 && good;
    return (good && rename(next, target) == 0) || complain(target);
}

bool simnode_put_program(const char *root, const char *path, const char *text)
{
    char target[PATH_MAX];
    snprintf(target, sizeof target, "%s/%s", root, path);
    return simnode_put(root, path, "%s", text) && (chmod(target, 0755) == 0 || complain(target));
}

static int remove_entry(const char *path, const struct stat *information, int type, struct FTW *place)
{
    (void)information, (void)type, (void)place;
    return remove(path);
}

bool simnode_remove(const char *root, const char *path)
{
    char target[PATH_MAX];
    snprintf(target, sizeof target, "%s/%s", root, path);
    if (access(target, F_OK) != 0) return true;
    return nftw(target, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0 || complain(target);
}

bool simnode_append(const char *folder, const char *name, const char *text)
{
    char target[PATH_MAX];
    snprintf(target, sizeof target, "%s/%s", folder, name);
    FILE *file = fopen(target, "ae");
    if (file == NULL) return complain(target);
    bool good = fputs(text, file) >= 0;
    return (fclose(file) == 0 && good) || complain(target);
}
