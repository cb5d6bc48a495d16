/* Holds nothing: compiling it checks every layout against abi/nvml.tsv. */
#include "nvml_structs.h"

#include <stddef.h>

#include "abi_asserts.h"
