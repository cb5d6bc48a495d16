/* What every CNDEV function goes through, and what it sees of its card. */
#ifndef AIINFRA_CNDEV_LIBRARY_H
#define AIINFRA_CNDEV_LIBRARY_H

#include "cndev_structs.h"
#include "sim_library.h"

/* What differs between the builds of this library. */
struct cndev_build {
    uint32_t version[3]; /* the driver's, and the library's own */
    int32_t structs;     /* the version that structs with such a field must have */
    cndevRet_t init;     /* what cndevInit answers */
    bool empty;          /* calls about a card answer 0 and fill nothing */
};
extern const struct cndev_build cndev_build;

/* A card at the moment of a call: a copy, so that a function works on it without the lock. */
struct mlu_view {
    unsigned slot; /* the number of the scenario, which is the minor of /dev/cambricon_devN */
    const struct node_model *node;
    const struct unit_group *group;
    const struct unit_model *model;
    struct unit_state state;
    char name[32];
    int numa;
    unsigned units; /* of the node */
    int64_t now;
};

/* The order of checks: initialised (4), arguments (5), card there (6), version of the struct (3), hang, lost or in a reset (18).
   An answer of EMPTY is the caller's to give back as success at once: the card lies, and nothing is filled. */
#define EMPTY ((cndevRet_t)1000)
cndevRet_t cndev_enter(const char *symbol, bool arguments);
/* version: of the struct to fill; NULL: it has none. */
cndevRet_t cndev_enter_mlu(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, struct mlu_view *mlu);
/* The same for calls that the host's side answers, whatever the card does. */
cndevRet_t cndev_enter_host(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, struct mlu_view *mlu);

#define ENTER_WITH(function, symbol, device, arguments, version, mlu) \
    do { \
        cndevRet_t entered = function(symbol, device, arguments, version, mlu); \
        if (entered != CNDEV_SUCCESS) return entered == EMPTY ? CNDEV_SUCCESS : entered; \
    } while (0)
/* A struct to fill, with a version at its head or without one. */
#define ENTER_VERSIONED(device, out, mlu) \
    ENTER_WITH(cndev_enter_mlu, __func__, device, (out) != NULL, (out) != NULL ? (const int32_t *)&(out)->version : NULL, mlu)
#define ENTER_PLAIN(device, arguments, mlu) ENTER_WITH(cndev_enter_mlu, __func__, device, arguments, NULL, mlu)

static inline bool lies(const struct mlu_view *mlu, unsigned kind) { return (mlu->state.lies & kind) != 0; }

cndevDevice_t cndev_handle(unsigned slot);
/* With the lock held. */
const struct unit_group *cndev_group(void);
unsigned cndev_units(void);
struct unit_state *cndev_unit(unsigned slot);
bool cndev_slot(cndevDevice_t device, unsigned *slot);

/* A command about a card, as a line of the scenario. 13: there is no file to write to. */
cndevRet_t cndev_command(unsigned slot, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Incidents by cndevHealthError_t that there are now: bits that warn, and that fail. */
void cndev_incidents(const struct mlu_view *mlu, uint32_t *warn, uint32_t *fail);

/* The parts of a card: their handles. */
cndevMluInstance_t cndev_part_handle(unsigned slot, unsigned part);

#endif
