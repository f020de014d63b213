import Evaluation

// Errors by length, and single rows.
extension ReportSections {
    private static let mostRows = 20

    /// Errors by length and by truncation; nil without rows.
    var lengths: ReportSection? {
        guard let scores else { return nil }
        let byLength = scores.errorsByLength()
        let byTruncation = scores.errorsByTruncation()
        var plots = [
            bucketPlot("length-errors", "Errors by length", "tokens", byLength, lengthFinding(byLength))
        ]
        let cut = byTruncation.count == 2 ? byTruncation[1] : nil
        if let cut {
            plots.append(
                bucketPlot(
                    "truncation",
                    "Errors by truncation",
                    "text",
                    byTruncation,
                    "\(ReportNumber.counted(cut.count, "text")) of \(ReportNumber.grouped(scores.rows.count)) "
                        + "\(cut.count == 1 ? "was" : "were") truncated: \(spelled(cut)) against "
                        + "\(spelled(byTruncation[0])) of the others."
                )
            )
        }
        let remark =
            cut == nil
            ? byTruncation.first?.name == "truncated" ? "All texts were truncated." : "No text was truncated."
            : nil
        return ReportSection(
            id: "lengths",
            title: "Lengths",
            blocks: [.plots(plots)] + (remark.map { [.paragraph($0)] } ?? [])
                + (truncation(scores).map { [.table($0)] } ?? [])
        )
    }

    /// The truncated texts of each label; nil if no text was truncated, and for a regression.
    private func truncation(_ scores: RowScores) -> ReportTable? {
        let cut = scores.rows.isTruncated
        guard !isRegression, cut.contains(true) else { return nil }
        var found = labels.indices.map { label in
            let rows = scores.members(ofLabel: label).enumerated().filter(\.element).map(\.offset)
            let tokens = rows.map { scores.rows.tokenCounts[$0] }.sorted()
            return (label: label, tokens: tokens, cut: rows.count { cut[$0] })
        }.filter { !$0.tokens.isEmpty }
        func share(_ item: (label: Int, tokens: [Int], cut: Int)) -> Double {
            Double(item.cut) / Double(item.tokens.count)
        }
        found.sort { (share($1), $0.label) < (share($0), $1.label) }
        return ReportTable(
            found.count > Self.mostRows
                ? "Truncated texts by label, the \(Self.mostRows) largest shares"
                : "Truncated texts by label",
            [
                .name("label"), .number("texts"), .number("median tokens"), .number("truncated"),
                .number("share"),
            ],
            found.prefix(Self.mostRows).map { item in
                [
                    labels[item.label], ReportNumber.grouped(item.tokens.count),
                    ReportNumber.grouped(item.tokens[(item.tokens.count - 1) / 2]),
                    ReportNumber.grouped(item.cut),
                    ReportNumber.percent(share(item)),
                ]
            }
        )
    }

    private var isRegression: Bool { if case .numbers = content.rows?.truth { true } else { false } }

    private func spelled(_ bucket: ErrorBucket) -> String {
        isRegression
            ? "a mean absolute error of \(ReportNumber.significant(bucket.error))"
            : "\(ReportNumber.percent(bucket.error)) errors"
    }

    private func lengthFinding(_ buckets: [ErrorBucket]) -> String {
        let large = buckets.filter { $0.count >= 20 }
        guard let worst = large.max(by: { $0.error < $1.error }), large.count > 1 else {
            return "Nearly all texts have a similar length."
        }
        let best = large.min { $0.error < $1.error } ?? worst
        return "Among lengths with at least 20 texts, \(worst.name) tokens have the most errors "
            + "(\(spelled(worst))), \(best.name) the fewest (\(spelled(best)))."
    }

    private func bucketPlot(
        _ id: String,
        _ title: String,
        _ axis: String,
        _ buckets: [ErrorBucket],
        _ finding: String
    ) -> Plot {
        let highest =
            buckets.map { $0.count >= 5 ? $0.interval?.upperBound ?? $0.error : $0.error }.max() ?? 1
        return Plot(
            id: id,
            title: title,
            finding: finding,
            definition: "Bars are 95\u{A0}% intervals.",
            x: .names(axis, buckets.map(\.name)),
            y: isRegression
                ? .numbers("mean absolute error", [0, highest], fromZero: true)
                : .percent("wrong answers", upTo: highest),
            marks: [
                .bars(
                    buckets.enumerated().map { place, bucket in
                        Plot.Bar(x: Double(place) - 0.36...Double(place) + 0.36, y: 0...bucket.error)
                    },
                    .first
                ),
                .whiskers(
                    buckets.enumerated().compactMap { place, bucket in
                        bucket.interval.map { Plot.Whisker(x: Double(place), y: $0) }
                    }
                ),
            ],
            table: ReportTable(
                title,
                [
                    .name(axis), .number("texts"), .number(isRegression ? "mean error" : "wrong"),
                    .number("interval"),
                ],
                buckets.map { bucket in
                    [
                        bucket.name, ReportNumber.grouped(bucket.count),
                        isRegression
                            ? ReportNumber.significant(bucket.error) : ReportNumber.percent(bucket.error),
                        bucket.interval.map {
                            isRegression ? ReportNumber.interval($0) : ReportNumber.percent($0)
                        } ?? "",
                    ]
                }
            )
        )
    }

    // MARK: Single rows

    /// The most confident mistakes and the least certain rows; for a regression, the largest errors.
    var mistakes: ReportSection? {
        guard let scores else { return nil }
        let note =
            "Rows are counted from 0, in the order of the evaluated data."
            + (content.texts.isEmpty ? " Texts are left out, so that the report can be shared." : "")
        let tables =
            isRegression
            ? [largestErrors(scores)]
            : [
                rowTable(
                    "The most confident mistakes: often wrong labels, or texts that need another label",
                    scores.mostConfidentMistakes(Self.mostRows),
                    scores
                ),
                rowTable(
                    "The least certain texts: labels for texts like these teach the model the most",
                    scores.leastCertain(Self.mostRows),
                    scores
                ),
            ]
        return ReportSection(
            id: "rows",
            title: "Texts to look at",
            blocks: [.paragraph(note)] + tables.compactMap(\.self).map { .table($0) }
        )
    }

    private var textColumn: [ReportTable.Column] { content.texts.isEmpty ? [] : [.text("text")] }

    /// The beginning of a row's text, if texts are shown.
    private func text(_ row: Int) -> [String] {
        guard !content.texts.isEmpty else { return [] }
        let text = (content.texts[row] ?? "").withoutControls
        return [text.count > 300 ? text.prefix(300) + "…" : text]
    }

    private func rowTable(_ caption: String, _ rows: [Int], _ scores: RowScores) -> ReportTable? {
        guard !rows.isEmpty else { return nil }
        func names(_ ids: [Int]) -> String {
            ids.isEmpty ? "none" : ids.map { labels[$0] }.joined(separator: ", ")
        }
        switch scores.rows.truth {
        case .classes(let truth):
            return ReportTable(
                caption,
                [
                    .number("row"), .name("true class"), .name("prediction"), .number("its score"),
                    .number("score of the true class"), .number("tokens"),
                ] + textColumn,
                rows.map { row in
                    let own = scores.rows.probabilities(of: row)
                    return [
                        ReportNumber.grouped(row), labels[truth[row]], labels[scores.predictions[row]],
                        ReportNumber.fixed(scores.confidences[row]), ReportNumber.fixed(own[truth[row]]),
                        ReportNumber.grouped(scores.rows.tokenCounts[row]),
                    ] + text(row)
                }
            )
        case .labelSets(let truth):
            return ReportTable(
                caption,
                [
                    .number("row"), .name("true labels"), .name("given labels"),
                    .number("confidence of the least certain"), .number("tokens"),
                ] + textColumn,
                rows.map { row in
                    let own = scores.rows.probabilities(of: row)
                    return [
                        ReportNumber.grouped(row), names(truth[row]),
                        names(own.indices.filter { own[$0] > 0.5 }),
                        ReportNumber.fixed(scores.confidences[row]),
                        ReportNumber.grouped(scores.rows.tokenCounts[row]),
                    ] + text(row)
                }
            )
        case .numbers: return nil
        }
    }

    private func largestErrors(_ scores: RowScores) -> ReportTable? {
        guard case .numbers(let truth) = scores.rows.truth else { return nil }
        let errors = scores.errors
        let rows = errors.indices.sorted { (errors[$1], $0) < (errors[$0], $1) }.prefix(Self.mostRows)
        return ReportTable(
            "The largest errors",
            [.number("row"), .number("true"), .number("predicted"), .number("error"), .number("tokens")]
                + textColumn,
            rows.map { row in
                [
                    ReportNumber.grouped(row), ReportNumber.significant(truth[row]),
                    ReportNumber.significant(Double(scores.rows.logits[row])),
                    ReportNumber.significant(Double(scores.rows.logits[row]) - truth[row]),
                    ReportNumber.grouped(scores.rows.tokenCounts[row]),
                ] + text(row)
            }
        )
    }

    // MARK: Regression

    /// Predicted against true numbers, and the residuals; nil unless a regression.
    var numbers: ReportSection? {
        guard let scores, case .numbers(let truth) = scores.rows.truth else { return nil }
        let predicted = scores.rows.logits.map(Double.init)
        return ReportSection(
            id: "numbers",
            title: "Predictions",
            blocks: [.plots([scatterPlot(truth, predicted), residualPlot(truth, predicted)])]
        )
    }

    private func scatterPlot(_ truth: [Double], _ predicted: [Double]) -> Plot {
        let most = 500
        let chosen = truth.count <= most ? Array(truth.indices) : (0..<most).map { $0 * truth.count / most }
        let x = PlotAxis.numbers("true", truth)
        let y = PlotAxis.numbers("predicted", predicted + truth)
        let (low, high) = (
            max(x.domain.lowerBound, y.domain.lowerBound), min(x.domain.upperBound, y.domain.upperBound)
        )
        let order = truth.indices.sorted { (truth[$0], $0) < (truth[$1], $1) }
        let tenths = (0..<min(10, order.count)).map { part in
            order[order.count * part / min(10, order.count)..<order.count * (part + 1) / min(10, order.count)]
        }
        func mean(_ rows: ArraySlice<Int>, _ values: [Double]) -> Double {
            rows.reduce(0) { $0 + values[$1] } / Double(rows.count)
        }
        let bias = mean(order[...], predicted) - mean(order[...], truth)
        return Plot(
            id: "scatter",
            title: "Predicted against true",
            finding:
                "Predictions are on average \(ReportNumber.significant(abs(bias), 3)) too \(bias > 0 ? "high" : "low"). "
                + "On the dotted line they would be right.",
            definition: truth.count > most
                ? "\(most) of \(ReportNumber.grouped(truth.count)) texts, evenly chosen." : nil,
            x: x,
            y: y,
            marks: [
                .reference(CurvePoint(low, low), CurvePoint(high, high)),
                .dots(chosen.map { CurvePoint(truth[$0], predicted[$0]) }, .first),
            ],
            table: ReportTable(
                "Mean prediction by true number, in parts of equal count",
                [.number("true"), .number("predicted"), .number("texts")],
                tenths.map { rows in
                    [
                        ReportNumber.significant(mean(rows, truth)),
                        ReportNumber.significant(mean(rows, predicted)), ReportNumber.grouped(rows.count),
                    ]
                }
            )
        )
    }

    private func residualPlot(_ truth: [Double], _ predicted: [Double]) -> Plot {
        let residuals = zip(predicted, truth).map { $0 - $1 }
        let most = residuals.reduce(0) { max($0, abs($1)) }
        let end = ReportNumber.roundStep(most > 0 ? most : 1)
        let histogram = Histogram(residuals, in: -end...end, parts: 20)
        let sorted = residuals.map(abs).sorted()
        return Plot(
            id: "residuals",
            title: "Residuals",
            finding:
                "Half of the predictions are within \(ReportNumber.significant(sorted[(sorted.count - 1) / 2], 3)) of the "
                + "true number, nine tenths within \(ReportNumber.significant(sorted[(sorted.count - 1) * 9 / 10], 3)).",
            x: .numbers("predicted − true", [-end, end]),
            y: .numbers("texts", [0, Double(histogram.counts.max() ?? 0)], fromZero: true, isWhole: true),
            marks: [
                .bars(
                    histogram.counts.indices.map {
                        Plot.Bar(x: histogram.range(of: $0), y: 0...Double(histogram.counts[$0]))
                    },
                    .first
                ), .rule(0, ""),
            ],
            table: ReportTable(
                "Texts by residual",
                [.name("predicted − true"), .number("texts")],
                histogram.counts.indices.filter { histogram.counts[$0] > 0 }.map { part in
                    let range = histogram.range(of: part)
                    return [
                        "\(ReportNumber.significant(range.lowerBound, 3)) to \(ReportNumber.significant(range.upperBound, 3))",
                        ReportNumber.grouped(histogram.counts[part]),
                    ]
                }
            )
        )
    }
}
