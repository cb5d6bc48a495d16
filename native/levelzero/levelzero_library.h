/* What every Sysman function goes through, and what it sees of its GPU. */
#ifndef AIINFRA_LEVELZERO_LIBRARY_H
#define AIINFRA_LEVELZERO_LIBRARY_H

#include "levelzero_structs.h"
#include "sim_library.h"

/* What differs between the builds of this library. */
struct levelzero_build {
    ze_result init; /* what zesInit and zeInit answer */
    bool empty;     /* calls about a GPU answer 0 and fill nothing */
};
extern const struct levelzero_build levelzero_build;

/* What a handle is of. */
enum lz_kind {
    LZ_DRIVER, LZ_DEVICE, LZ_MEMORY, LZ_ENGINE, LZ_TEMPERATURE, LZ_FREQUENCY, LZ_POWER, LZ_RAS, LZ_PORT, LZ_FAN, LZ_FIRMWARE,
    LZ_CORE_DRIVER, LZ_CORE_DEVICE, /* handles of the core API, which are none of Sysman's unless ZES_ENABLE_SYSMAN was set */
};

/* How much of a GPU a call asks for. */
enum lz_asks {
    LZ_CACHED,    /* what the driver knows since its start: answers for a lost GPU too */
    LZ_STATE,     /* the GPU's state, which tells why it needs a reset */
    LZ_TELEMETRY, /* the GPU itself */
};

/* A GPU at the moment of a call: a copy, so that a function works on it without the lock. */
struct lz_view {
    unsigned slot;  /* the number of the scenario */
    unsigned index; /* of the part that the handle is of */
    unsigned tile;  /* that the part is on; of a part of the whole GPU 0 */
    bool on_tile;
    const struct unit_model *model;
    struct unit_place place;
    struct unit_state state;
    char name[64];
    int64_t now;
};

/* The order of checks: initialised, handle, pointer, hang, presence and loss, type of the struct, survivability, reset.
   An answer of LZ_EMPTY is the caller's to give back as success at once: the GPU lies, and nothing is filled. */
#define LZ_EMPTY ((ze_result)0xfffffff0)
/* stype: what the struct at out has to begin with; 0: it has none, and out is any pointer that must not be NULL. */
ze_result lz_enter(const char *symbol, ze_handle handle, enum lz_kind kind, const void *out, uint32_t stype, enum lz_asks asks, struct lz_view *gpu);
/* The same for a call without a GPU: whether Sysman was started. */
ze_result lz_enter_driver(const char *symbol, ze_handle driver, const void *out);

#define ENTER(handle, kind, out, stype, asks, gpu) \
    do { \
        ze_result entered = lz_enter(__func__, handle, kind, out, stype, asks, gpu); \
        if (entered != ZE_SUCCESS) return entered == LZ_EMPTY ? ZE_SUCCESS : entered; \
    } while (0)

static inline bool lies(const struct lz_view *gpu, unsigned kind) { return (gpu->state.lies & kind) != 0; }

ze_handle lz_handle(enum lz_kind kind, unsigned slot, unsigned index);
/* False: the handle is of no such kind, or of a GPU or part that there is not. */
bool lz_slot(ze_handle handle, enum lz_kind kind, unsigned *slot, unsigned *index);
/* The part that index is of its kind: how many there are, and where the one is. */
unsigned lz_parts(const struct unit_model *model, enum lz_kind kind);
void lz_place(const struct unit_model *model, enum lz_kind kind, unsigned index, bool *on_tile, unsigned *tile);

/* With the lock held. */
unsigned lz_units(void);
struct unit_state *lz_unit(unsigned slot);

/* A command about a GPU, as a line of the scenario. Without a file to write to: no permission. */
ze_result lz_command(unsigned slot, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Microseconds of the node's clock. */
static inline uint64_t lz_microseconds(int64_t now) { return (uint64_t)(now / 1000); }
/* The answer to a call that counts rows: *count is what there is room for, and becomes what there is. rows NULL: only counted. */
uint32_t lz_rows(uint32_t *count, uint32_t there, const void *rows);
/* The 16 bytes by which a GPU is known, the same in every process. */
void lz_uuid(const struct lz_view *gpu, uint8_t out[16]);

#endif
