/* Confidential computing, a matter of the whole node (NVML: Conf Computing). Boards before Hopper do not have it. */
#include "library.h"

static nvmlReturn_t enter_node(const char *symbol, bool arguments, unsigned *confidential)
{
    nvmlReturn_t result = library_enter(symbol, arguments);
    if (result != NVML_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    *confidential = library.state.confidential;
    const struct node_model *model = library.scenario->model;
    if (model->gpus == 0 || model->gpu[0]->architecture < ARCHITECTURE_HOPPER) result = NVML_ERROR_NOT_SUPPORTED;
    library_unlock();
    return result;
}

EXPORT nvmlReturn_t nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state)
{
    unsigned confidential;
    nvmlReturn_t result = enter_node(__func__, state != NULL, &confidential);
    if (result != NVML_SUCCESS) return result;
    enum { UNAVAILABLE = 0, PRODUCTION = 2 };
    *state = (nvmlConfComputeSystemState_t){ .environment = confidential > 0 ? PRODUCTION : UNAVAILABLE, .ccFeature = confidential > 0 };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetConfComputeGpusReadyState(unsigned *isAcceptingWork)
{
    unsigned confidential;
    nvmlReturn_t result = enter_node(__func__, isAcceptingWork != NULL, &confidential);
    if (result == NVML_SUCCESS) *isAcceptingWork = confidential == 2;
    return result;
}
