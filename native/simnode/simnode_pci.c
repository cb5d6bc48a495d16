/* The files of a PCI device. */
#define _GNU_SOURCE
#include "simnode.h"
#include "simnode_files.h"

#include <stdio.h>

static const char *link_speed(unsigned generation)
{
    static const char *const speeds[] = { "2.5", "2.5", "5.0", "8.0", "16.0", "32.0" };
    return speeds[generation];
}

bool simnode_put_pci(const char *root, const struct pci_device *pci)
{
    char path[128], driver[32] = "";
    bool good = true;
    if (pci->driver != NULL) snprintf(driver, sizeof driver, "DRIVER=%s\n", pci->driver);
#define FILE_OF(name, ...) \
    (snprintf(path, sizeof path, "sys/bus/pci/devices/%s/" name, pci->address), good = good && simnode_put(root, path, __VA_ARGS__))
    FILE_OF("vendor", "0x%04x\n", pci->device & 0xffff);
    FILE_OF("device", "0x%04x\n", pci->device >> 16);
    FILE_OF("subsystem_vendor", "0x%04x\n", pci->subsystem & 0xffff);
    FILE_OF("subsystem_device", "0x%04x\n", pci->subsystem >> 16);
    FILE_OF("class", "0x%06x\n", pci->class);
    FILE_OF("revision", "0xa1\n");
    FILE_OF("numa_node", "%d\n", pci->numa);
    FILE_OF("current_link_speed", "%s GT/s PCIe\n", link_speed(pci->generation));
    FILE_OF("max_link_speed", "%s GT/s PCIe\n", link_speed(pci->generation));
    FILE_OF("current_link_width", "16\n");
    FILE_OF("max_link_width", "16\n");
    FILE_OF("uevent", "%sPCI_CLASS=%05X\nPCI_ID=%04X:%04X\nPCI_SLOT_NAME=%s\n",
            driver, pci->class, pci->device & 0xffff, pci->device >> 16, pci->address);
#undef FILE_OF
    return good;
}
