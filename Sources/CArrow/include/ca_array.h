// Arrays in memory: creation, selection of rows, conversion to text.
#ifndef CA_ARRAY_H
#define CA_ARRAY_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Copies values into an array. `validity` holds one byte per row (0 for a missing value), or is null. Booleans take one
/// byte each. `offsets` (`length + 1` of them) are for strings and `list_offsets` for lists, which have `element_count`
/// elements with `element_validity`. Arguments that do not apply are null.
int ca_array_make(struct ArrowArray *out, ca_type type, int64_t length, const uint8_t *validity,
                  const int32_t *list_offsets, int64_t element_count, const uint8_t *element_validity,
                  const int32_t *offsets, const void *values);
/// Selects rows by index, in the given order.
int ca_array_take(struct ArrowArray *out, const struct ArrowArray *array, ca_type type, const int64_t *rows,
                  int64_t count);
/// Converts values to texts: numbers and Booleans as Python's `str` writes them. Lists stay lists.
int ca_array_to_text(struct ArrowArray *out, const struct ArrowArray *array, ca_type type);
/// Converts values to an int32 dictionary array over texts, as `CA_CLASSES` does; for lists, it covers their elements.
int ca_array_to_classes(struct ArrowArray *out, const struct ArrowArray *array, ca_type type);

#ifdef __cplusplus
}
#endif
#endif
