/* Holds nothing: compiling it checks every layout against abi/cndev.tsv. */
#include "cndev_structs.h"

#include <stddef.h>

#include "cndev_asserts.h"
