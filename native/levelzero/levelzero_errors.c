/* RAS: sets of corrected and uncorrected errors, one of each a tile. All of a GPU's errors are on its first tile. */
#include "levelzero_library.h"

enum { OLD_CATEGORIES = 7 };

static unsigned type_of(const struct lz_view *gpu) { return gpu->index % 2; }

static uint64_t counter(const struct lz_view *gpu, unsigned category)
{
    if (lies(gpu, LIES_ABSURD)) return UINT64_MAX;
    return gpu->tile == 0 ? gpu->state.intel.ras[type_of(gpu)][category] : 0;
}

static ze_result clear(const struct lz_view *gpu, unsigned category)
{
    if (counter(gpu, category) == 0) return ZE_SUCCESS;
    return lz_command(gpu->slot, "ras %s %s cleared", type_of(gpu) == 0 ? "correctable" : "uncorrectable", intel_category_name(category));
}

EXPORT ze_result zesRasGetProperties(ze_handle set, struct zes_ras_properties *properties)
{
    struct lz_view gpu;
    ENTER(set, LZ_RAS, properties, STYPE_RAS, LZ_CACHED, &gpu);
    properties->type = lies(&gpu, LIES_ENUM) ? 99 : (int32_t)type_of(&gpu);
    properties->onSubdevice = gpu.on_tile;
    properties->subdeviceId = gpu.tile;
    return ZE_SUCCESS;
}

/* The counters answer for a wedged GPU too: they say why it is. */
EXPORT ze_result zesRasGetState(ze_handle set, uint8_t clears, struct zes_ras_state *state)
{
    struct lz_view gpu;
    ENTER(set, LZ_RAS, state, STYPE_RAS_STATE, LZ_STATE, &gpu);
    for (unsigned i = 0; i < OLD_CATEGORIES; i++) state->category[i] = counter(&gpu, i);
    ze_result result = ZE_SUCCESS;
    for (unsigned i = 0; i < INTEL_RAS_CATEGORIES && clears != 0 && result == ZE_SUCCESS; i++) result = clear(&gpu, i);
    return result;
}

EXPORT ze_result zesRasGetSupportedCategoriesExp(ze_handle set, uint32_t *count, int32_t *categories)
{
    struct lz_view gpu;
    ENTER(set, LZ_RAS, count, 0, LZ_CACHED, &gpu);
    const uint32_t room = lz_rows(count, INTEL_RAS_CATEGORIES, categories);
    for (uint32_t i = 0; i < room; i++) categories[i] = (int32_t)i;
    return ZE_SUCCESS;
}

EXPORT ze_result zesRasGetStateExp(ze_handle set, uint32_t *count, struct zes_ras_state_exp *rows)
{
    struct lz_view gpu;
    ENTER(set, LZ_RAS, count, 0, LZ_STATE, &gpu);
    const uint32_t room = lz_rows(count, INTEL_RAS_CATEGORIES, rows);
    for (uint32_t i = 0; i < room; i++) rows[i] = (struct zes_ras_state_exp){ .category = lies(&gpu, LIES_ENUM) ? 4711 : (int32_t)i, .errorCounter = counter(&gpu, i) };
    return ZE_SUCCESS;
}

EXPORT ze_result zesRasClearStateExp(ze_handle set, int32_t category)
{
    struct lz_view gpu;
    ENTER(set, LZ_RAS, "", 0, LZ_STATE, &gpu);
    return category >= 0 && category < INTEL_RAS_CATEGORIES ? clear(&gpu, (unsigned)category) : ZE_INVALID_ENUMERATION;
}
