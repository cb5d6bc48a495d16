#ifndef AIINFRA_DCMI_PARTS_H
#define AIINFRA_DCMI_PARTS_H

#include "dcmi_library.h"

/* A vNPU by the id that its caller put into the buffer. activity: also how busy it is and what memory it has left, in KiB. */
int dcmi_part_query(const struct npu_view *npu, void *buffer, uint32_t *size, bool activity);
int dcmi_part_totals(const struct npu_view *npu, void *buffer, uint32_t *size);
int dcmi_part_free(const struct npu_view *npu, void *buffer, uint32_t *size);

#endif
