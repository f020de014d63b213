// The loops around the tiles of an integer product.
//
// A task is a block of rows times a group of panels. The weights of a group for a part of the inputs stay in the nearest cache
// while all tiles of the block use them, and the block's codes stay in the next one for all groups.
#include "int8_linear.h"
#include "parallel.h"
#include "vector.h"

namespace ct {
namespace {

constexpr int64_t group_panels = 4, group_outputs = group_panels * int8_outputs;
/// The most groups of four inputs at a time: 28 KB of a group's weights.
constexpr int64_t most_inputs = 112;
/// The most rows of a block: 24 KB of sums.
constexpr int64_t most_rows = 96;

struct Int8Product {
    const Int8Rows &x;
    const Int8Matrix &w;
    const float *bias;
    float *y;
    const Int8Machine &machine;
};

/// The sums of a task: `sums` [rows, 64] of the rows from `first` on and the panels from `panel` on.
struct Task {
    int64_t first, rows, panel, panels;
    const int32_t *sums;
};

/// The number of parts of a range, each of at most `most`; part i begins at count · i / parts.
constexpr int64_t parts(int64_t count, int64_t most) { return (count + most - 1) / most; }

/// Adds the outliers of a row: value · code of their columns.
CT_INLINE void add_outliers(const Int8Row &row, const Int8Outlier *outliers, const int8_t *panel, vec &y) {
    for (int32_t i = 0; i < row.outliers; i++) {
        const int32_t column = outliers[i].column;
        const ivec &group = *reinterpret_cast<const ivec *>(panel + column / int8_inputs * int8_group_bytes);
        // The code as the highest of four bytes, then as a number.
        const ivec codes = group << static_cast<int32_t>(24 - 8 * (column % int8_inputs)) >> 24;
        y += __builtin_convertvector(codes, vec) * outliers[i].value;
    }
}

/// Writes the results of a task: (sum - zero · Σw) · scale of the row, plus outliers, · scale of the output, plus bias.
CT_MULTIVERSION void write_results(const Int8Product &p, const Task &task, const Int8Row *rows, const Int8Outlier *outliers,
                                   const int8_t *panels, const float *scales, const int32_t *code_sums) {
    const int64_t bytes = p.w.panel_bytes();
    for (int64_t r = 0; r < task.rows; r++) {
        const Int8Row &row = rows[task.first + r];
        const Int8Outlier *apart = outliers + (task.first + r) * p.x.most_outliers;
        for (int64_t j = 0; j < task.panels; j++) {
            const int64_t output = (task.panel + j) * int8_outputs;
            const ivec &sums = *reinterpret_cast<const ivec *>(task.sums + r * group_outputs + j * int8_outputs);
            const ivec &shifts = *reinterpret_cast<const ivec *>(code_sums + output);
            vec y = __builtin_convertvector(sums - shifts * row.zero, vec) * row.scale;
            add_outliers(row, apart, panels + (task.panel + j) * bytes, y);
            y = y * load(scales + output);
            float *out = p.y + (task.first + r) * p.w.rows + output;
            const int64_t count = std::min(int8_outputs, p.w.rows - output);
            if (count == int8_outputs) {
                store(out, p.bias != nullptr ? y + load(p.bias + output) : y);
            } else {
                for (int64_t i = 0; i < count; i++) out[i] = p.bias != nullptr ? y[i] + p.bias[output + i] : y[i];
            }
        }
    }
}

/// Computes the sums of a task.
void multiply_block(const Int8Product &p, const Task &task, int32_t *sums) {
    const int64_t inputs = p.w.panels.size(1), pieces = parts(inputs, most_inputs), bytes = p.w.panel_bytes();
    const int64_t tiles = parts(task.rows, p.machine.rows);
    const uint8_t *codes = p.x.codes() + task.first * p.x.stride;
    const int8_t *panels = p.w.panels.const_data_ptr<int8_t>() + task.panel * bytes;
    for (int64_t piece = 0; piece < pieces; piece++) {
        const int64_t begin = inputs * piece / pieces, end = inputs * (piece + 1) / pieces;
        for (int64_t panel = 0; panel < task.panels; panel += p.machine.panels) {
            const int64_t width = std::min(p.machine.panels, task.panels - panel);
            for (int64_t i = 0; i < tiles; i++) {
                const int64_t first = task.rows * i / tiles, rows = task.rows * (i + 1) / tiles - first;
                const Int8Tile tile{.rows = codes + first * p.x.stride + begin * int8_inputs,
                                    .row_stride = p.x.stride,
                                    .panels = panels + panel * bytes + begin * int8_group_bytes,
                                    .panel_stride = bytes,
                                    .groups = end - begin,
                                    .sums = sums + first * group_outputs + panel * int8_outputs,
                                    .sum_stride = group_outputs,
                                    .accumulate = piece > 0};
                p.machine.multiply(tile, rows, width);
            }
        }
    }
}

} // namespace

void int8_product(const Int8Rows &x, const Int8Matrix &w, const float *bias, float *y, const Int8Machine &machine) {
    const Int8Product product{x, w, bias, y, machine};
    const int64_t panels = w.panels.size(0), groups = parts(panels, group_panels);
    // A few tasks for each thread, so that all end at about the same time, but no blocks of few rows: they read the weights again.
    const int64_t wanted = parts(4 * at::get_num_threads(), groups);
    const int64_t blocks = std::max(parts(x.count, most_rows), std::min(wanted, parts(x.count, 24)));
    const int64_t task_products = std::max<int64_t>(1, x.count / blocks * group_outputs * w.columns);
    const Int8Row *rows = x.rows();
    const Int8Outlier *outliers = x.outliers();
    const int8_t *codes = w.panels.const_data_ptr<int8_t>();
    const float *scales = w.scales.const_data_ptr<float>();
    const int32_t *sums = w.sums.const_data_ptr<int32_t>();
    parallel(blocks * groups, std::max<int64_t>(1, (int64_t{1} << 18) / task_products), [&](int64_t begin, int64_t end) {
        alignas(64) int32_t found[most_rows * group_outputs];
        for (int64_t i = begin; i < end; i++) {
            const int64_t block = i / groups, first = x.count * block / blocks, panel = i % groups * group_panels;
            const Task task{first, x.count * (block + 1) / blocks - first, panel, std::min(group_panels, panels - panel), found};
            multiply_block(product, task, found);
            write_results(product, task, rows, outliers, codes, scales, sums);
        }
    });
}

} // namespace ct
