/* aiinfra-simnode: the simulated host beside the simulated libraries. */
#ifndef AIINFRA_SIMNODE_H
#define AIINFRA_SIMNODE_H

#include "scenario_file.h"
#include "scenario_state.h"

enum { EXIT_USE = 64, EXIT_DATA = 65, EXIT_NO_INPUT = 66, EXIT_IO = 74 }; /* sysexits(3) */

struct simnode {
    const char *command, *scenario, *root, *state;
};

int simnode_list(void);
int simnode_check(const struct simnode *options);
int simnode_tree(const struct simnode *options);
int simnode_play(const struct simnode *options);
int simnode_inject(const struct simnode *options, char *const *words, int count);

/* The scenario, with complaints on stderr as FILE:LINE: WHAT. NULL: it cannot be read. complaints may be NULL. */
struct scenario *simnode_read(struct scenario_file *file, bool first, unsigned *complaints);
/* The clock of STATE; complains and gives false when there is none to be had. */
bool simnode_clock(const struct simnode *options, struct sim_clock *clock);

/* Writes the boot id that belongs to this node's so many-th boot; 0 is the start. */
bool simnode_write_boot_id(const struct simnode *options, const struct sim_clock *clock, unsigned boots);
/* All the host's files as they are in a state. */
bool simnode_write_node(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state, const struct sim_clock *clock);
bool simnode_write_driver(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state);
/* Makes the files of one GPU, those of its driver and its instances included, what they are in a state. */
bool simnode_put_gpu(const struct simnode *options, const struct scenario *scenario, unsigned gpu, const struct gpu_state *state);
bool simnode_put_switches(const struct simnode *options, const struct node_model *model);
bool simnode_put_mig_minors(const struct simnode *options, const struct node_model *model);

struct pci_device {
    const char *address, *driver; /* driver NULL: none is bound */
    uint32_t device, subsystem;
    unsigned class, generation;
    int numa;
};
bool simnode_put_pci(const char *root, const struct pci_device *pci);

/* What stands in the files of an NPU's or MLU's PCI device, with and without its driver. */
struct pci_device simnode_unit_pci(const struct scenario *scenario, unsigned vendor, unsigned unit, const struct unit_state *state, char address[16]);
/* Makes the files of one NPU or MLU what they are in a state, and those that the driver has once. */
bool simnode_put_unit(const struct simnode *options, const struct scenario *scenario, unsigned vendor, unsigned unit, const struct unit_state *state);
bool simnode_put_unit_driver(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state, unsigned vendor);

#endif
