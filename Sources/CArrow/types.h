// Internal to CArrow: conversion of Arrow's many types to the few that this target exports.
#ifndef CA_TYPES_H
#define CA_TYPES_H

#include "support.h"

namespace ca {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// The exported type for values of an Arrow type.
ca_type type_of(const arrow::DataType &type);
/// The Arrow type of an exported type; null for nested values.
std::shared_ptr<arrow::DataType> arrow_type(ca_type type);
/// Converts values to the type given by `type_of`.
arrow::Result<ArrayPtr> to_values(const ArrayPtr &array);
/// Converts values to texts, and lists of values to lists of texts.
arrow::Result<ArrayPtr> to_text(const ArrayPtr &array);
/// Converts values to an int32 dictionary array over texts.
arrow::Result<ArrayPtr> to_classes(const ArrayPtr &array);

/// Imports an array that the caller owns, for the duration of a call.
arrow::Result<ArrayPtr> borrow(const ArrowArray *array, ca_type type);

} // namespace ca

#endif
