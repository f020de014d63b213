// Arrays in memory: made, chosen from, turned into text.
#ifndef CA_ARRAY_H
#define CA_ARRAY_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Copies values into an array. `validity` holds a byte a row (0 is a missing value), or is null. Booleans come as a
/// byte each. `offsets` (`length + 1` of them) belong to strings, and `list_offsets` to lists, whose elements
/// `element_count` counts and `element_validity` describes; each is null elsewhere.
int ca_array_make(struct ArrowArray *out, ca_type type, int64_t length, const uint8_t *validity,
                  const int32_t *list_offsets, int64_t element_count, const uint8_t *element_validity,
                  const int32_t *offsets, const void *values);
/// The rows of these numbers, in that order.
int ca_array_take(struct ArrowArray *out, const struct ArrowArray *array, ca_type type, const int64_t *rows,
                  int64_t count);
/// The values as texts: numbers and booleans as Python's `str` writes them. Lists stay lists.
int ca_array_to_text(struct ArrowArray *out, const struct ArrowArray *array, ca_type type);
/// An int32 dictionary array over texts, as `CA_CLASSES` gives them; for lists it covers their elements.
int ca_array_to_classes(struct ArrowArray *out, const struct ArrowArray *array, ca_type type);

#ifdef __cplusplus
}
#endif
#endif
