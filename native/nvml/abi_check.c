/* Holds nothing: compiling it checks every layout against abi/nvml.tsv. */
#include "nvml_structs.h"

#include <stddef.h>

#include "nvml_asserts.h"
