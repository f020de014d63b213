// Parts of nested columns: the paths to them, and their values gathered row by row.
#include <arrow/buffer_builder.h>
#include <arrow/compute/api.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "source.h"
#include "types.h"

namespace ca {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

/// Parts of one column at most: more of them are data keyed by something.
constexpr size_t most_parts = 512;
constexpr int most_depth = 16;

bool is_list(const arrow::DataType &type) {
    return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
           type.id() == arrow::Type::FIXED_SIZE_LIST;
}

const TypePtr &element(const arrow::DataType &type) {
    return static_cast<const arrow::BaseListType &>(type).value_type();
}

/// Adds the parts of an object; of lists of lists there are none.
void add_parts(std::vector<Column> &parts, const Column &parent, const TypePtr &object, bool is_gathered, int depth) {
    for (int i = 0; i < object->num_fields() && parts.size() <= most_parts; i++) {
        const auto &field = object->field(i);
        Column part{parent.name + "." + field->name(), parent.field, parent.path, is_gathered, field->type()};
        part.path.push_back(i);
        const bool has_list = is_list(*part.type);
        const TypePtr inner = has_list ? element(*part.type) : part.type;
        if (inner->id() == arrow::Type::STRUCT) {
            if (depth < most_depth) add_parts(parts, part, inner, is_gathered || has_list, depth + 1);
        } else {
            // The elements of a gathered list are those of all lists in it.
            if (is_gathered && has_list) part.type = inner;
            parts.push_back(std::move(part));
        }
    }
}

arrow::Result<ArrayPtr> as_list(const ArrayPtr &array) {
    const auto type = arrow::list(element(*array->type()));
    if (array->type()->Equals(*type)) return array;
    arrow::compute::ExecContext context(pool(), nullptr);
    return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
}

/// Where each row's values lie in an array, one after another.
struct Gathered {
    std::vector<int32_t> starts = {0};
    std::vector<int64_t> places;
    arrow::TypedBufferBuilder<bool> validity{pool()};

    arrow::Status end_row() {
        if (places.size() > size_t(std::numeric_limits<int32_t>::max()))
            return arrow::Status::CapacityError("a batch holds too many values");
        starts.push_back(int32_t(places.size()));
        return arrow::Status::OK();
    }
};

/// Replaces each place by the elements of the list there.
arrow::Status open_lists(Gathered &rows, const arrow::ListArray &lists) {
    Gathered opened;
    for (size_t row = 0; row + 1 < rows.starts.size(); row++) {
        for (int32_t i = rows.starts[row]; i < rows.starts[row + 1]; i++) {
            const int64_t place = rows.places[size_t(i)];
            if (lists.IsNull(place)) continue;
            for (int64_t at = lists.value_offset(place); at < lists.value_offset(place + 1); at++)
                opened.places.push_back(at);
        }
        ARROW_RETURN_NOT_OK(opened.end_row());
    }
    rows.starts = std::move(opened.starts);
    rows.places = std::move(opened.places);
    return arrow::Status::OK();
}

/// Leaves out the places without a value.
arrow::Status drop_missing(Gathered &rows, const arrow::Array &values) {
    if (values.null_count() == 0) return arrow::Status::OK();
    Gathered kept;
    for (size_t row = 0; row + 1 < rows.starts.size(); row++) {
        for (int32_t i = rows.starts[row]; i < rows.starts[row + 1]; i++)
            if (!values.IsNull(rows.places[size_t(i)])) kept.places.push_back(rows.places[size_t(i)]);
        ARROW_RETURN_NOT_OK(kept.end_row());
    }
    rows.starts = std::move(kept.starts);
    rows.places = std::move(kept.places);
    return arrow::Status::OK();
}

/// The rows' lists over their values.
arrow::Result<ArrayPtr> lists_of(Gathered &rows, const ArrayPtr &array) {
    ARROW_ASSIGN_OR_RAISE(auto values, to_values(array));
    ARROW_RETURN_NOT_OK(drop_missing(rows, *values));
    const arrow::Int64Array places(int64_t(rows.places.size()), arrow::Buffer::Wrap(rows.places));
    arrow::compute::ExecContext context(pool(), nullptr);
    ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(*values, places,
                                                           arrow::compute::TakeOptions::BoundsCheck(), &context));
    const int64_t bytes = int64_t(rows.starts.size() * sizeof(int32_t));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> starts, arrow::AllocateBuffer(bytes, pool()));
    std::copy(rows.starts.begin(), rows.starts.end(), reinterpret_cast<int32_t *>(starts->mutable_data()));
    ARROW_ASSIGN_OR_RAISE(auto validity, rows.validity.Finish());
    return std::make_shared<arrow::ListArray>(arrow::list(taken->type()), int64_t(rows.starts.size()) - 1, starts,
                                              taken, validity);
}

} // namespace

ca_type Column::value_type() const {
    const ca_type own = type_of(*type);
    if (!is_gathered) return own;
    return {own.is_list ? CA_OTHER : own.kind, own.kind != CA_OTHER && !own.is_list};
}

void add_columns(Source &source) {
    for (int i = 0; i < source.schema->num_fields(); i++) {
        const auto &field = source.schema->field(i);
        const Column column{field->name(), i, {}, false, field->type()};
        source.columns.push_back(column);
        const bool has_list = is_list(*column.type);
        const TypePtr inner = has_list ? element(*column.type) : column.type;
        if (inner->id() != arrow::Type::STRUCT) continue;
        std::vector<Column> parts;
        add_parts(parts, column, inner, has_list, 0);
        if (parts.size() > most_parts) continue;
        std::move(parts.begin(), parts.end(), std::back_inserter(source.columns));
    }
}

arrow::Result<ArrayPtr> values_at(const std::vector<int> &path, const ArrayPtr &field) {
    if (path.empty()) return field;
    ArrayPtr array = field;
    Gathered rows;
    bool is_gathered = false;
    for (size_t step = 0;; step++) {
        if (is_list(*array->type()) && (is_gathered || step < path.size())) {
            ARROW_ASSIGN_OR_RAISE(auto list, as_list(array));
            const auto &lists = static_cast<const arrow::ListArray &>(*list);
            if (!is_gathered) {
                is_gathered = true;
                for (int64_t row = 0; row < lists.length(); row++) {
                    rows.places.push_back(row);
                    ARROW_RETURN_NOT_OK(rows.end_row());
                    ARROW_RETURN_NOT_OK(rows.validity.Append(lists.IsValid(row)));
                }
            }
            ARROW_RETURN_NOT_OK(open_lists(rows, lists));
            array = lists.values();
        }
        if (step == path.size()) break;
        if (array->type_id() != arrow::Type::STRUCT) return arrow::Status::TypeError("a part of a value that is not an object");
        const auto &object = static_cast<const arrow::StructArray &>(*array);
        if (path[step] >= object.num_fields()) return arrow::Status::TypeError("a part that does not exist");
        if (is_gathered) ARROW_RETURN_NOT_OK(drop_missing(rows, object));
        ARROW_ASSIGN_OR_RAISE(array, object.GetFlattenedField(path[step], pool()));
    }
    return is_gathered ? lists_of(rows, array) : array;
}

} // namespace ca
