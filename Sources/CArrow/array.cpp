// Arrays in memory: creation from plain buffers, selection of rows, conversion to text.
#include <arrow/c/bridge.h>
#include <arrow/compute/api.h>

#include <cstring>

#include "types.h"

namespace ca {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

arrow::Result<BufferPtr> copied(const void *bytes, int64_t count) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(count, pool()));
    if (count > 0) std::memcpy(buffer->mutable_data(), bytes, size_t(count));
    return BufferPtr(std::move(buffer));
}

/// Packs one byte per row into one bit per row.
arrow::Result<BufferPtr> packed(const uint8_t *bytes, int64_t count) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer((count + 7) / 8, pool()));
    std::memset(buffer->mutable_data(), 0, size_t(buffer->size()));
    for (int64_t i = 0; i < count; i++)
        if (bytes[i]) buffer->mutable_data()[i / 8] |= uint8_t(1 << (i % 8));
    return BufferPtr(std::move(buffer));
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> elements(ca_kind kind, int64_t count, BufferPtr validity,
                                                          const int32_t *offsets, const void *values) {
    const auto type = arrow_type({kind, false});
    if (!type) return arrow::Status::TypeError("nested values");
    std::vector<BufferPtr> buffers = {std::move(validity)};
    BufferPtr data;
    switch (kind) {
    case CA_STRING: {
        ARROW_ASSIGN_OR_RAISE(auto starts, copied(offsets, (count + 1) * int64_t(sizeof(int32_t))));
        buffers.push_back(std::move(starts));
        ARROW_ASSIGN_OR_RAISE(data, copied(values, offsets[count]));
        break;
    }
    case CA_BOOL: {
        ARROW_ASSIGN_OR_RAISE(data, packed(static_cast<const uint8_t *>(values), count));
        break;
    }
    default: {
        const int64_t width = kind == CA_INT32 ? 4 : 8;
        ARROW_ASSIGN_OR_RAISE(data, copied(values, count * width));
    }
    }
    buffers.push_back(std::move(data));
    return arrow::ArrayData::Make(type, count, std::move(buffers));
}

arrow::Status make(ArrowArray *out, ca_type type, int64_t length, const uint8_t *validity,
                   const int32_t *list_offsets, int64_t element_count, const uint8_t *element_validity,
                   const int32_t *offsets, const void *values) {
    BufferPtr bits;
    if (validity) {
        ARROW_ASSIGN_OR_RAISE(bits, packed(validity, length));
    }
    if (!type.is_list) {
        ARROW_ASSIGN_OR_RAISE(auto data, elements(type.kind, length, bits, offsets, values));
        return arrow::ExportArray(*arrow::MakeArray(data), out);
    }
    BufferPtr element_bits;
    if (element_validity) {
        ARROW_ASSIGN_OR_RAISE(element_bits, packed(element_validity, element_count));
    }
    ARROW_ASSIGN_OR_RAISE(auto child, elements(type.kind, element_count, element_bits, offsets, values));
    ARROW_ASSIGN_OR_RAISE(auto starts, copied(list_offsets, (length + 1) * int64_t(sizeof(int32_t))));
    auto data = arrow::ArrayData::Make(arrow_type(type), length, {bits, starts}, {child});
    return arrow::ExportArray(*arrow::MakeArray(data), out);
}

} // namespace

arrow::Result<ArrayPtr> borrow(const ArrowArray *array, ca_type type) {
    const auto known = arrow_type(type);
    if (!known) return arrow::Status::TypeError("nested values");
    ArrowArray copy = *array;
    copy.release = [](ArrowArray *self) { self->release = nullptr; };
    // The import moves children out of the copy, so they must be copies, too.
    ArrowArray child{};
    ArrowArray *children[1] = {&child};
    if (type.is_list) {
        child = *array->children[0];
        child.release = copy.release;
        copy.children = children;
    }
    return arrow::ImportArray(&copy, known);
}

} // namespace ca

using namespace ca;

int ca_array_make(ArrowArray *out, ca_type type, int64_t length, const uint8_t *validity, const int32_t *list_offsets,
                  int64_t element_count, const uint8_t *element_validity, const int32_t *offsets,
                  const void *values) {
    return guard([&] {
        return make(out, type, length, validity, list_offsets, element_count, element_validity, offsets, values);
    });
}

int ca_array_take(ArrowArray *out, const ArrowArray *array, ca_type type, const int64_t *rows, int64_t count) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto values, borrow(array, type));
        const arrow::Int64Array indices(count, arrow::Buffer::Wrap(rows, size_t(count)));
        arrow::compute::ExecContext context(pool(), nullptr);
        ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(*values, indices,
                                                               arrow::compute::TakeOptions::BoundsCheck(), &context));
        return arrow::ExportArray(*taken, out);
    });
}

int ca_array_to_text(ArrowArray *out, const ArrowArray *array, ca_type type) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto values, borrow(array, type));
        ARROW_ASSIGN_OR_RAISE(auto text, to_text(values));
        return arrow::ExportArray(*text, out);
    });
}

int ca_array_to_classes(ArrowArray *out, const ArrowArray *array, ca_type type) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto values, borrow(array, type));
        if (type.is_list) values = static_cast<const arrow::ListArray &>(*values).values();
        ARROW_ASSIGN_OR_RAISE(auto classes, to_classes(values));
        return arrow::ExportArray(*classes, out);
    });
}
