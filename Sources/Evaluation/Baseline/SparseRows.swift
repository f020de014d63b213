/// The weighted features of texts: a sparse matrix with a row per text, kept by rows and, for training, by columns.
struct SparseRows: Sendable {
    /// Elements of a sparse matrix, one line (a row or a column) after another.
    struct Lines: Sendable {
        /// The start of each line, and the end of the last.
        var starts: [Int] = [0]
        /// Each element's place across the lines: the column in a row, the row in a column.
        var places: [Int32] = []
        /// Each element's value.
        var values: [Float] = []

        /// The number of lines.
        var count: Int { starts.count - 1 }
    }

    /// The rows.
    let rows: Lines
    /// The number of columns.
    let columnCount: Int

    /// Weights the features of counted texts.
    ///
    /// - Parameters:
    ///   - blocks: The counted texts.
    ///   - vocabulary: The features.
    ///   - workers: The threads.
    init(_ blocks: [CountedTexts], _ vocabulary: NGramVocabulary, _ workers: Workers) {
        let parts = workers.map(blocks.count) { index in
            var lines = Lines()
            for text in 0..<blocks[index].count {
                vocabulary.read(text, of: blocks[index]) { feature, value in
                    lines.places.append(Int32(feature))
                    lines.values.append(Float(value))
                }
                lines.starts.append(lines.places.count)
            }
            return lines
        }
        var lines = Lines()
        lines.places.reserveCapacity(parts.reduce(0) { $0 + $1.places.count })
        lines.values.reserveCapacity(lines.places.capacity)
        for part in parts {
            let start = lines.places.count
            lines.starts += part.starts.dropFirst().map { start + $0 }
            lines.places += part.places
            lines.values += part.values
        }
        (rows, columnCount) = (lines, vocabulary.hashes.count)
    }

    /// The same elements by columns; each column's rows ascend.
    func columns() -> Lines {
        var lines = Lines()
        lines.starts = [Int](repeating: 0, count: columnCount + 1)
        for place in rows.places { lines.starts[Int(place) + 1] += 1 }
        for column in 0..<columnCount { lines.starts[column + 1] += lines.starts[column] }
        var next = lines.starts
        lines.places = [Int32](repeating: 0, count: rows.places.count)
        lines.values = [Float](repeating: 0, count: rows.places.count)
        for row in 0..<rows.count {
            for element in rows.starts[row]..<rows.starts[row + 1] {
                let column = Int(rows.places[element])
                let place = next[column]
                next[column] += 1
                lines.places[place] = Int32(row)
                lines.values[place] = rows.values[element]
            }
        }
        return lines
    }
}

extension SparseRows.Lines {
    /// Multiplies the matrix with a dense one.
    ///
    /// - Parameters:
    ///   - dense: The dense matrix, with a row of `width` numbers for each place across the lines.
    ///   - columns: The columns of `dense` to use: multiples of eight, or 0..<1 if `width` is 1.
    ///   - width: The numbers in a row of `dense`.
    ///   - product: Receives a row of `productWidth` numbers for each line.
    ///   - productColumn: The first column of `product` to write.
    ///   - productWidth: The numbers in a row of `product`.
    ///   - workers: The threads.
    func multiply(
        _ dense: SharedNumbers<Float>,
        columns: Range<Int>,
        width: Int,
        into product: SharedNumbers<Float>,
        productColumn: Int,
        productWidth: Int,
        _ workers: Workers
    ) {
        let size = Self.linesOfPiece
        workers.perform((count + size - 1) / size) { piece in
            let lines = piece * size..<Swift.min((piece + 1) * size, count)
            starts.withUnsafeBufferPointer { starts in
                places.withUnsafeBufferPointer { places in
                    values.withUnsafeBufferPointer { values in
                        for line in lines {
                            let target = line * productWidth + productColumn
                            if columns.count == 1 {
                                var sum: Float = 0
                                for element in starts[line]..<starts[line + 1] {
                                    sum +=
                                        values[element]
                                        * dense.elements[Int(places[element]) * width + columns.lowerBound]
                                }
                                product.elements[target] = sum
                                continue
                            }
                            guard let base = dense.elements.baseAddress,
                                let out = product.elements.baseAddress
                            else { continue }
                            for chunk in stride(from: 0, to: columns.count, by: 8) {
                                var sum = SIMD8<Float>.zero
                                for element in starts[line]..<starts[line + 1] {
                                    let source =
                                        base + Int(places[element]) * width + columns.lowerBound + chunk
                                    let eight = UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self)
                                    sum += values[element] * eight
                                }
                                UnsafeMutableRawPointer(out + target + chunk)
                                    .storeBytes(of: sum, as: SIMD8<Float>.self)
                            }
                        }
                    }
                }
            }
        }
    }

    private static let linesOfPiece = 32
}
