/* Holds nothing: compiling it checks every layout against abi/levelzero.tsv. */
#include "levelzero_structs.h"

#include <stddef.h>

#include "levelzero_asserts.h"
