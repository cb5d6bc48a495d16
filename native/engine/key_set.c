#include "key_set.h"

#include <stdlib.h>
#include <string.h>

bool key_set_add(struct key_set *set, uint64_t key)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->key[middle] < key) low = middle + 1;
        else high = middle;
    }
    if (low < set->count && set->key[low] == key) return false;
    if (set->count == set->capacity) {
        set->capacity = set->capacity * 2 + 16;
        set->key = realloc(set->key, set->capacity * sizeof *set->key);
        if (set->key == NULL) abort();
    }
    memmove(set->key + low + 1, set->key + low, (set->count - low) * sizeof *set->key);
    set->key[low] = key;
    set->count++;
    return true;
}

void key_set_free(struct key_set *set)
{
    free(set->key);
    *set = (struct key_set){ 0 };
}
