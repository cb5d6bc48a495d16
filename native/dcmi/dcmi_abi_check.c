/* Holds nothing: compiling it checks every layout against abi/dcmi.tsv. */
#include "dcmi_structs.h"

#include <stddef.h>

#include "dcmi_asserts.h"
