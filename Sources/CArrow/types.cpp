// Columns' values as text.
#include <arrow/compute/api.h>

#include <charconv>
#include <cmath>

#include "source.h"

namespace ca {
namespace {

using arrow::Type;

/// The type through which values of `type` become text; null where they cannot.
std::shared_ptr<arrow::DataType> flat_type(const arrow::DataType &type) {
    switch (type.id()) {
    case Type::INT8: case Type::INT16: case Type::INT32: case Type::INT64:
    case Type::UINT8: case Type::UINT16: case Type::UINT32:
        return arrow::int64();
    case Type::HALF_FLOAT: case Type::FLOAT: case Type::DOUBLE:
        return arrow::float64();
    case Type::BOOL:
        return arrow::boolean();
    case Type::NA: case Type::STRING: case Type::LARGE_STRING: case Type::STRING_VIEW: case Type::BINARY:
    case Type::LARGE_BINARY: case Type::UINT64: case Type::DATE32: case Type::DATE64: case Type::TIMESTAMP:
    case Type::TIME32: case Type::TIME64: case Type::DECIMAL128: case Type::DECIMAL256:
        return arrow::utf8();
    case Type::DICTIONARY:
        return flat_type(*static_cast<const arrow::DictionaryType &>(type).value_type());
    default:
        return nullptr;
    }
}

/// As Python's `repr` writes a float. Source: float_repr_style "short" (pystrtod.c, format code 'r').
std::string python_float(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char digits[64];
    const double size = std::fabs(value);
    const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
    const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(digits, digits + sizeof digits, value, format).ptr;
    std::string text(digits, end);
    return scientific || text.find('.') != std::string::npos ? text : text + ".0";
}

template <typename ArrayType, typename Name>
arrow::Result<std::shared_ptr<arrow::Array>> named(const arrow::Array &array, Name name) {
    const auto &values = static_cast<const ArrayType &>(array);
    arrow::StringBuilder builder(pool());
    for (int64_t i = 0; i < values.length(); i++)
        ARROW_RETURN_NOT_OK(values.IsNull(i) ? builder.AppendNull() : builder.Append(name(values.Value(i))));
    return builder.Finish();
}

} // namespace

bool is_flat(const arrow::DataType &type) { return flat_type(type) != nullptr; }

arrow::Result<std::shared_ptr<arrow::Array>> to_text(const std::shared_ptr<arrow::Array> &array) {
    const auto type = flat_type(*array->type());
    if (!type) return arrow::Status::TypeError("values of type ", array->type()->ToString(), " are not texts");
    auto values = array;
    if (!array->type()->Equals(*type)) {
        arrow::compute::ExecContext context(pool());
        ARROW_ASSIGN_OR_RAISE(values, arrow::compute::Cast(*array, type, arrow::compute::CastOptions(), &context));
    }
    switch (type->id()) {
    case Type::INT64: return named<arrow::Int64Array>(*values, [](int64_t value) { return std::to_string(value); });
    case Type::DOUBLE: return named<arrow::DoubleArray>(*values, python_float);
    case Type::BOOL: return named<arrow::BooleanArray>(*values, [](bool value) { return value ? "True" : "False"; });
    default:
        ARROW_RETURN_NOT_OK(static_cast<const arrow::StringArray &>(*values).ValidateUTF8());
        return values;
    }
}

} // namespace ca
