// Columns' types: what leaves, and as what.
#include <charconv>
#include <cmath>

#include "source.h"

namespace ca {

using arrow::Type;

std::shared_ptr<arrow::DataType> outer_type(const arrow::DataType &type) {
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
        return outer_type(*static_cast<const arrow::DictionaryType &>(type).value_type());
    case Type::LIST: case Type::LARGE_LIST: case Type::FIXED_SIZE_LIST: {
        const auto value = outer_type(*static_cast<const arrow::BaseListType &>(type).value_type());
        const bool flat = value && (value->id() == Type::STRING || value->id() == Type::INT64 || value->id() == Type::DOUBLE);
        return flat ? arrow::list(value) : nullptr;
    }
    default:
        return nullptr;
    }
}

ca_type kind(const arrow::DataType &outer) {
    switch (outer.id()) {
    case Type::INT64: return CA_INT64;
    case Type::DOUBLE: return CA_FLOAT64;
    case Type::BOOL: return CA_BOOL;
    case Type::LIST:
        switch (static_cast<const arrow::ListType &>(outer).value_type()->id()) {
        case Type::INT64: return CA_INT64_LIST;
        case Type::DOUBLE: return CA_FLOAT64_LIST;
        default: return CA_STRING_LIST;
        }
    default: return CA_STRING;
    }
}

arrow::Result<std::shared_ptr<arrow::Array>> to_outer(const std::shared_ptr<arrow::Array> &array) {
    const auto type = outer_type(*array->type());
    if (!type) return arrow::Status::NotImplemented("columns of type ", array->type()->ToString());
    if (array->type()->Equals(*type)) return array;
    arrow::compute::ExecContext context(pool());
    ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(*array, type, arrow::compute::CastOptions(), &context));
    return cast;
}

namespace {

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

arrow::Result<std::shared_ptr<arrow::Array>> to_text(const std::shared_ptr<arrow::Array> &array) {
    switch (array->type_id()) {
    case Type::STRING: return array;
    case Type::INT64: return named<arrow::Int64Array>(*array, [](int64_t value) { return std::to_string(value); });
    case Type::DOUBLE: return named<arrow::DoubleArray>(*array, python_float);
    case Type::BOOL: return named<arrow::BooleanArray>(*array, [](bool value) { return value ? "True" : "False"; });
    default: return arrow::Status::TypeError("a list is not one text");
    }
}

} // namespace ca
