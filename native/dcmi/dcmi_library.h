/* What every DCMI function goes through, and what it sees of its device. */
#ifndef AIINFRA_DCMI_LIBRARY_H
#define AIINFRA_DCMI_LIBRARY_H

#include "dcmi_structs.h"
#include "sim_library.h"

/* What differs between the builds of this library. */
struct dcmi_build {
    const char *driver_version, *dcmi_version;
    int init;   /* what dcmi_init answers */
    bool empty; /* calls about a device answer 0 and fill nothing */
};
extern const struct dcmi_build dcmi_build;

/* A device at the moment of a call: a copy, so that a function works on it without the lock. */
struct npu_view {
    unsigned slot;  /* the number of the scenario, which is that of /dev/davinciN too */
    unsigned logic; /* its order among those that are there */
    const struct node_model *node;
    const struct unit_group *group;
    const struct unit_model *model;
    struct unit_state state;
    char name[32];
    int numa;
    unsigned units; /* of the node */
    int64_t now, reset_latency; /* ns */
};

/* The first argument of a call: v1 names a card and a device in it, v2 the device alone. */
struct npu_id { int card, device; };
enum { BY_LOGIC_ID = -2 }; /* card of a v2 id */
static inline struct npu_id of_card(int card, int device) { return (struct npu_id){ card, device }; }
static inline struct npu_id of_device(int device) { return (struct npu_id){ BY_LOGIC_ID, device }; }

/* The order of checks: initialised, arguments (-8001), device there (-8007, -8008), hang, lost or in a reset (-8012).
   An answer of 1 is the caller's to give back as success at once: the device lies, and nothing is filled. */
enum { EMPTY_ANSWER = 1 };
int dcmi_enter(const char *symbol, bool arguments);
int dcmi_enter_npu(const char *symbol, struct npu_id id, bool arguments, struct npu_view *npu);
/* The same for calls that the host's side answers, whatever the device does. */
int dcmi_enter_host(const char *symbol, struct npu_id id, bool arguments, struct npu_view *npu);

#define ENTER_WITH(function, symbol, id, arguments, npu) \
    do { \
        int entered = function(symbol, id, arguments, npu); \
        if (entered != DCMI_OK) return entered == EMPTY_ANSWER ? DCMI_OK : entered; \
    } while (0)
#define ENTER_NPU(symbol, id, arguments, npu) ENTER_WITH(dcmi_enter_npu, symbol, id, arguments, npu)
#define ENTER_HOST(symbol, id, arguments, npu) ENTER_WITH(dcmi_enter_host, symbol, id, arguments, npu)

/* Exports a function under its name of v1 (card and device) and of v2 (device); both have the same tail of parameters. */
#define TAIL(...) __VA_ARGS__
#define EXPORT_V1(name, function, parameters, arguments) \
    EXPORT int name(int card_id, int device_id, TAIL parameters) { return function(__func__, of_card(card_id, device_id), TAIL arguments); }
#define EXPORT_V2(name, function, parameters, arguments) \
    EXPORT int name(int dev_id, TAIL parameters) { return function(__func__, of_device(dev_id), TAIL arguments); }
#define EXPORT_BOTH(v1, v2, function, parameters, arguments) \
    EXPORT_V1(v1, function, parameters, arguments) EXPORT_V2(v2, function, parameters, arguments)

/* A lie of the device: a number that cannot be. */
static inline bool lies(const struct npu_view *npu, unsigned kind) { return (npu->state.lies & kind) != 0; }

/* With the lock held. The card's first unit; false: no card of this node. */
bool dcmi_card_first(int card, unsigned *unit);
const struct unit_group *dcmi_group(void);
unsigned dcmi_units(void);
struct unit_state *dcmi_unit(unsigned unit);
/* The order of a unit among those that are there. */
unsigned dcmi_logic_id(unsigned unit);

/* A command about a device, as a line of the scenario. -8002: there is no file to write to. */
int dcmi_command(unsigned unit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text and its end, cut to size. */
int dcmi_put_text(char *out, int size, const char *text);

#endif
