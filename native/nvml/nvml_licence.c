/* vGPU licensing, as a bare-metal driver answers it: the feature is known and nobody needs a licence.
   Contract: NVML header, "GRID licensable features" and nvmlGridLicensableFeatures_t. */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceGetGridLicensableFeatures_v4(nvmlDevice_t device, nvmlGridLicensableFeatures_t *features)
{
    struct gpu_view gpu;
    ENTER_GPU(device, features != NULL, &gpu);
    *features = (nvmlGridLicensableFeatures_t){ 0 };
    return NVML_SUCCESS;
}
