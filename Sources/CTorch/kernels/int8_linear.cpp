// The loops around the tiles of an integer product.
//
// A task is a block of rows times a group of panels. The weights of a group for a part of the inputs stay in the nearest cache
// while all tiles of the block use them, and the block's codes stay in the next one for all groups.
#include "int8_linear.h"
#include "parallel.h"
#include "vector.h"

namespace ct {
namespace {

/// The most groups of four inputs at a time: 28 KB of a group's weights.
constexpr int64_t most_inputs = 112;

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

/// Writes the results: (sum - zero · Σw) · scale of the row, plus outliers, · scale of the output, plus bias.
CT_MULTIVERSION void write_results(const Int8Part &part, const int32_t *all_sums, const Int8Row *rows, const Int8Outlier *outliers,
                                   const int8_t *panels, const float *scales, const int32_t *code_sums) {
    const int64_t bytes = part.w.panel_bytes();
    for (int64_t r = 0; r < part.rows; r++) {
        const Int8Row &row = rows[part.first + r];
        const Int8Outlier *apart = outliers + (part.first + r) * part.x.most_outliers;
        for (int64_t j = 0; j < part.panels; j++) {
            const int64_t output = (part.panel + j) * int8_outputs;
            const ivec &sums = *reinterpret_cast<const ivec *>(all_sums + r * int8_group_outputs + j * int8_outputs);
            const ivec &shifts = *reinterpret_cast<const ivec *>(code_sums + output);
            vec y = __builtin_convertvector(sums - shifts * row.zero, vec) * row.scale;
            add_outliers(row, apart, panels + (part.panel + j) * bytes, y);
            y = y * load(scales + output);
            float *out = part.y + r * part.stride + j * int8_outputs;
            const int64_t count = std::min(int8_outputs, part.w.rows - output);
            if (count == int8_outputs) {
                store(out, part.bias != nullptr ? y + load(part.bias + output) : y);
            } else {
                for (int64_t i = 0; i < count; i++) out[i] = part.bias != nullptr ? y[i] + part.bias[output + i] : y[i];
            }
        }
    }
}

/// Computes the sums of a part.
void add_up(const Int8Part &part, const Int8Machine &machine, int32_t *sums) {
    const int64_t inputs = part.w.panels.size(1), pieces = parts(inputs, most_inputs), bytes = part.w.panel_bytes();
    const int64_t tiles = parts(part.rows, machine.rows);
    const uint8_t *codes = part.x.codes() + part.first * part.x.stride;
    const int8_t *panels = part.w.panels.const_data_ptr<int8_t>() + part.panel * bytes;
    for (int64_t piece = 0; piece < pieces; piece++) {
        const int64_t begin = inputs * piece / pieces, end = inputs * (piece + 1) / pieces;
        for (int64_t panel = 0; panel < part.panels; panel += machine.panels) {
            const int64_t width = std::min(machine.panels, part.panels - panel);
            for (int64_t i = 0; i < tiles; i++) {
                const int64_t first = part.rows * i / tiles, rows = part.rows * (i + 1) / tiles - first;
                const Int8Tile tile{.rows = codes + first * part.x.stride + begin * int8_inputs,
                                    .row_stride = part.x.stride,
                                    .panels = panels + panel * bytes + begin * int8_group_bytes,
                                    .panel_stride = bytes,
                                    .groups = end - begin,
                                    .sums = sums + first * int8_group_outputs + panel * int8_outputs,
                                    .sum_stride = int8_group_outputs,
                                    .accumulate = piece > 0};
                machine.multiply(tile, rows, width);
            }
        }
    }
}

} // namespace

int64_t int8_blocks(int64_t rows, const Int8Matrix &w) {
    // A few tasks for each thread, so that all end at about the same time, but no blocks of few rows: they read the weights again.
    const int64_t wanted = parts(4 * at::get_num_threads(), parts(w.panels.size(0), int8_group_panels));
    return std::max(parts(rows, int8_most_rows), std::min(wanted, parts(rows, 24)));
}

void int8_part(const Int8Part &part, const Int8Machine &machine, int32_t *sums) {
    add_up(part, machine, sums);
    write_results(part, sums, part.x.rows(), part.x.outliers(), part.w.panels.const_data_ptr<int8_t>(),
                  part.w.scales.const_data_ptr<float>(), part.w.sums.const_data_ptr<int32_t>());
}

void int8_product(const Int8Rows &x, const Int8Matrix &w, const float *bias, float *y, const Int8Machine &machine) {
    const int64_t panels = w.panels.size(0), groups = parts(panels, int8_group_panels), blocks = int8_blocks(x.count, w);
    const int64_t products = std::max<int64_t>(1, x.count / blocks * int8_group_outputs * w.columns);
    parallel(blocks * groups, std::max<int64_t>(1, (int64_t{1} << 18) / products), [&](int64_t begin, int64_t end) {
        alignas(64) int32_t sums[int8_most_rows * int8_group_outputs];
        for (int64_t i = begin; i < end; i++) {
            const int64_t block = i / groups, first = x.count * block / blocks, panel = i % groups * int8_group_panels;
            int8_part({x, first, x.count * (block + 1) / blocks - first, w, panel, std::min(int8_group_panels, panels - panel), bias,
                       y + first * w.rows + panel * int8_outputs, w.rows},
                      machine, sums);
        }
    });
}

} // namespace ct
