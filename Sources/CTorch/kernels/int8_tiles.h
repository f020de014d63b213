// Sums of products of 8-bit integers, in tiles that fit a machine's registers.
#ifndef CT_INT8_TILES_H
#define CT_INT8_TILES_H

#include "../include/ct_quant.h"

#include <cstdint>

namespace ct {

// A panel holds the weights of 16 outputs in groups of four inputs: [inputs / 4][16 outputs][4 inputs]. One vector of 64 bytes
// then holds a group of all outputs, as the instructions for 8-bit products read it.
constexpr int64_t int8_outputs = 16, int8_inputs = 4, int8_group_bytes = int8_outputs * int8_inputs;

/// Rows of unsigned codes times panels of signed codes.
struct Int8Tile {
    const uint8_t *rows;
    int64_t row_stride; // bytes from a row to the next
    const int8_t *panels;
    int64_t panel_stride; // bytes from a panel to the next
    int64_t groups;       // of four inputs
    int32_t *sums;        // [rows][panels · 16]
    int64_t sum_stride;   // numbers from a row to the next
    bool accumulate;      // adds to `sums` instead of replacing them
};

/// One version of the kernel. All of them compute the same sums, because integers are not rounded.
struct Int8Machine {
    int64_t rows, panels; // of the largest tile
    /// Computes a tile of 1 to `rows` rows and 1 to `panels` panels.
    void (*multiply)(const Int8Tile &tile, int64_t rows, int64_t panels);
};

/// A version of the kernel; null if this machine lacks its instructions.
const Int8Machine *int8_machine(ct_int8_kernel kernel);

} // namespace ct

#endif
