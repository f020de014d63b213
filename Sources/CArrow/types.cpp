// Conversion of column values to the few types that this target exports.
#include "types.h"

#include <arrow/compute/api.h>
#include <arrow/util/bitmap_ops.h>

#include <charconv>
#include <cmath>

namespace ca {
namespace {

using arrow::Type;

ca_kind kind_of(const arrow::DataType &type) {
    switch (type.id()) {
    case Type::INT8: case Type::INT16: case Type::INT32: case Type::UINT8: case Type::UINT16:
        return CA_INT32;
    case Type::INT64: case Type::UINT32:
        return CA_INT64;
    case Type::HALF_FLOAT: case Type::FLOAT: case Type::DOUBLE:
        return CA_FLOAT64;
    case Type::BOOL:
        return CA_BOOL;
    case Type::NA: case Type::STRING: case Type::LARGE_STRING: case Type::STRING_VIEW: case Type::BINARY:
    case Type::LARGE_BINARY: case Type::UINT64: case Type::DATE32: case Type::DATE64: case Type::TIMESTAMP:
    case Type::TIME32: case Type::TIME64: case Type::DECIMAL128: case Type::DECIMAL256:
        return CA_STRING;
    case Type::DICTIONARY:
        return kind_of(*static_cast<const arrow::DictionaryType &>(type).value_type());
    default:
        return CA_OTHER;
    }
}

bool is_list(const arrow::DataType &type) {
    return type.id() == Type::LIST || type.id() == Type::LARGE_LIST || type.id() == Type::FIXED_SIZE_LIST;
}

arrow::Result<ArrayPtr> cast(const ArrayPtr &array, const std::shared_ptr<arrow::DataType> &type) {
    if (array->type()->Equals(*type)) return array;
    arrow::compute::ExecContext context(pool(), nullptr);
    context.set_use_threads(false);
    return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
}

/// Formats a float as Python's `repr` does. Source: float_repr_style "short" (pystrtod.c, format code 'r').
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

template <typename ArrayType, typename Name> arrow::Result<ArrayPtr> named(const arrow::Array &array, Name name) {
    const auto &values = static_cast<const ArrayType &>(array);
    arrow::StringBuilder builder(pool());
    for (int64_t i = 0; i < values.length(); i++)
        ARROW_RETURN_NOT_OK(values.IsNull(i) ? builder.AppendNull() : builder.Append(name(values.Value(i))));
    return builder.Finish();
}

/// Reduces lists to the elements that they use, because a slice of an array shares all of its elements.
arrow::Result<std::shared_ptr<arrow::ListArray>> trimmed(const ArrayPtr &array) {
    const auto &list = static_cast<const arrow::ListArray &>(*array);
    if (list.length() == 0 || (list.offset() == 0 && list.value_offset(0) == 0 &&
                               list.value_offset(list.length()) == list.values()->length()))
        return std::static_pointer_cast<arrow::ListArray>(array);
    const int32_t first = list.value_offset(0);
    ARROW_ASSIGN_OR_RAISE(auto offsets,
                          arrow::AllocateBuffer((list.length() + 1) * int64_t(sizeof(int32_t)), pool()));
    auto *starts = reinterpret_cast<int32_t *>(offsets->mutable_data());
    for (int64_t i = 0; i <= list.length(); i++) starts[i] = list.value_offset(i) - first;
    std::shared_ptr<arrow::Buffer> validity;
    if (list.null_bitmap_data()) {
        ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool(), list.null_bitmap_data(), list.offset(),
                                                                    list.length()));
    }
    return std::make_shared<arrow::ListArray>(list.type(), list.length(), std::move(offsets),
                                              list.values()->Slice(first, starts[list.length()]), validity);
}

/// Returns the same lists with other elements.
arrow::Result<ArrayPtr> with_elements(const arrow::ListArray &list, const ArrayPtr &elements) {
    return std::make_shared<arrow::ListArray>(arrow::list(elements->type()), list.length(), list.value_offsets(),
                                              elements, list.null_bitmap(), list.null_count(), list.offset());
}

arrow::Result<ArrayPtr> as_list(const ArrayPtr &array) {
    const auto &type = static_cast<const arrow::BaseListType &>(*array->type());
    return cast(array, arrow::list(type.value_type()));
}

} // namespace

ca_type type_of(const arrow::DataType &type) {
    if (!is_list(type)) return {kind_of(type), false};
    const auto kind = kind_of(*static_cast<const arrow::BaseListType &>(type).value_type());
    return {kind, kind != CA_OTHER};
}

std::shared_ptr<arrow::DataType> arrow_type(ca_type type) {
    std::shared_ptr<arrow::DataType> element;
    switch (type.kind) {
    case CA_STRING: element = arrow::utf8(); break;
    case CA_BOOL: element = arrow::boolean(); break;
    case CA_INT32: element = arrow::int32(); break;
    case CA_INT64: element = arrow::int64(); break;
    case CA_FLOAT64: element = arrow::float64(); break;
    case CA_OTHER: return nullptr;
    }
    return type.is_list ? arrow::list(element) : element;
}

arrow::Result<ArrayPtr> to_values(const ArrayPtr &array) {
    const ca_type type = type_of(*array->type());
    const auto wanted = arrow_type(type);
    if (!wanted) return arrow::Status::TypeError("values of type ", array->type()->ToString(), " are nested");
    if (type.is_list) {
        ARROW_ASSIGN_OR_RAISE(auto list, as_list(array));
        ARROW_ASSIGN_OR_RAISE(const auto lists, trimmed(list));
        ARROW_ASSIGN_OR_RAISE(auto elements, to_values(lists->values()));
        return with_elements(*lists, elements);
    }
    ARROW_ASSIGN_OR_RAISE(auto values, cast(array, wanted));
    if (type.kind == CA_STRING) {
        ARROW_RETURN_NOT_OK(static_cast<const arrow::StringArray &>(*values).ValidateUTF8());
    }
    return values;
}

arrow::Result<ArrayPtr> to_text(const ArrayPtr &array) {
    ARROW_ASSIGN_OR_RAISE(auto values, to_values(array));
    switch (values->type_id()) {
    case Type::INT32: {
        ARROW_ASSIGN_OR_RAISE(values, cast(values, arrow::int64()));
        return named<arrow::Int64Array>(*values, [](int64_t value) { return std::to_string(value); });
    }
    case Type::INT64: return named<arrow::Int64Array>(*values, [](int64_t value) { return std::to_string(value); });
    case Type::DOUBLE: return named<arrow::DoubleArray>(*values, python_float);
    case Type::BOOL: return named<arrow::BooleanArray>(*values, [](bool value) { return value ? "True" : "False"; });
    case Type::LIST: {
        const auto &lists = static_cast<const arrow::ListArray &>(*values);
        ARROW_ASSIGN_OR_RAISE(auto elements, to_text(lists.values()));
        return with_elements(lists, elements);
    }
    default: return values;
    }
}

arrow::Result<ArrayPtr> to_classes(const ArrayPtr &array) {
    ArrayPtr encoded = array;
    if (array->type_id() != Type::DICTIONARY) {
        ARROW_ASSIGN_OR_RAISE(auto values, to_values(array));
        arrow::compute::ExecContext context(pool(), nullptr);
        ARROW_ASSIGN_OR_RAISE(auto datum, arrow::compute::DictionaryEncode(
                                              values, arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
        encoded = datum.make_array();
    }
    const auto &dictionary = static_cast<const arrow::DictionaryArray &>(*encoded);
    ARROW_ASSIGN_OR_RAISE(auto indices, cast(dictionary.indices(), arrow::int32()));
    ARROW_ASSIGN_OR_RAISE(auto names, to_text(dictionary.dictionary()));
    return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()), indices, names);
}

} // namespace ca
