/* A set of keys, for what must be done once for each entry of a timeline that is read again and again. */
#ifndef AIINFRA_KEY_SET_H
#define AIINFRA_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_set {
    uint64_t *key; /* ascending */
    size_t count, capacity;
};

/* False: it is in the set already. */
bool key_set_add(struct key_set *set, uint64_t key);
void key_set_free(struct key_set *set);

#endif
