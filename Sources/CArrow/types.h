// Inside CArrow only: Arrow's many types as the few that leave this target.
#ifndef CA_TYPES_H
#define CA_TYPES_H

#include "support.h"

namespace ca {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// What values of a type become.
ca_type type_of(const arrow::DataType &type);
/// The type that Arrow has for one of ours; null for nested values.
std::shared_ptr<arrow::DataType> arrow_type(ca_type type);
/// Values in the type that `type_of` names.
arrow::Result<ArrayPtr> to_values(const ArrayPtr &array);
/// Values as texts; lists of values as lists of texts.
arrow::Result<ArrayPtr> to_text(const ArrayPtr &array);
/// Values as an int32 dictionary array over texts.
arrow::Result<ArrayPtr> to_classes(const ArrayPtr &array);

/// An array that belongs to the caller, for the length of a call.
arrow::Result<ArrayPtr> borrow(const ArrowArray *array, ca_type type);

} // namespace ca

#endif
