import Evaluation
import Foundation

/// A chart, independent of its form: in a page it becomes SVG, in a terminal characters.
struct Plot: Sendable {
    /// A mark in the coordinates of the axes.
    enum Mark: Sendable {
        case line([CurvePoint], PlotStyle)
        case dots([CurvePoint], PlotStyle)
        case bars([Bar], PlotStyle)
        case whiskers([Whisker])
        /// A vertical line with a name.
        case rule(Double, String)
        /// A thin line for orientation.
        case reference(CurvePoint, CurvePoint)
        /// Names of points, drawn where they do not cover each other.
        case names([(point: CurvePoint, name: String)])
    }

    /// A rectangle.
    struct Bar: Sendable, Equatable {
        let x: ClosedRange<Double>
        let y: ClosedRange<Double>
    }

    /// A vertical interval.
    struct Whisker: Sendable, Equatable {
        let x: Double
        let y: ClosedRange<Double>
    }

    /// The anchor in the page.
    let id: String
    let title: String
    /// One or two sentences: what the chart shows in this run.
    let finding: String
    /// How the numbers are defined, if it is not obvious.
    var definition: String?
    let x: PlotAxis
    let y: PlotAxis
    let marks: [Mark]
    /// The names of the styles, if there is more than one.
    var legend: [(style: PlotStyle, name: String)] = []
    /// The numbers of the chart.
    let table: ReportTable
}

/// The look of a series; each differs from the others in colour and in dashes or shape.
enum PlotStyle: String, Sendable, CaseIterable {
    case first = "s1"
    case second = "s2"
    case third = "s3"
    case fourth = "s4"
    /// Other series, in the background.
    case quiet = "s0"

    /// The series' styles in order.
    static let series: [PlotStyle] = [.first, .second, .third, .fourth]
}

/// An axis: its range, and numbers on it.
struct PlotAxis: Sendable, Equatable {
    /// A position with its text.
    struct Tick: Sendable, Equatable {
        let position: Double
        let text: String
    }

    let label: String
    let domain: ClosedRange<Double>
    let isLogarithmic: Bool
    let ticks: [Tick]

    /// The share of the axis before a value, from 0 to 1 inside the range.
    ///
    /// - Parameter value: The value.
    /// - Returns: The share.
    func share(_ value: Double) -> Double {
        guard isLogarithmic else {
            return (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        }
        let (low, high) = (log10(domain.lowerBound), log10(domain.upperBound))
        return (log10(max(value, domain.lowerBound)) - low) / (high - low)
    }

    /// An axis of numbers, which ends at round numbers.
    ///
    /// - Parameters:
    ///   - label: The axis's name.
    ///   - values: The values to show; NaN and infinite ones are ignored.
    ///   - fromZero: Whether the axis includes 0.
    ///   - isWhole: Whether values are whole numbers.
    /// - Returns: The axis.
    static func numbers(
        _ label: String,
        _ values: some Sequence<Double>,
        fromZero: Bool = false,
        isWhole: Bool = false
    ) -> PlotAxis {
        let finite = values.filter(\.isFinite)
        var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        if fromZero { (low, high) = (min(low, 0), max(high, 0)) }
        if low == high {
            let room = low == 0 ? 1 : abs(low) / 2
            (low, high) = fromZero && low == 0 ? (0, 1) : (low - room, high + room)
        }
        var step = ReportNumber.roundStep((high - low) / 4)
        if isWhole { step = max(step, 1) }
        let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
        let ticks = (Int(first)...Int(last)).map { place in
            Tick(
                position: Double(place) * step,
                text: ReportNumber.tick(Double(place) * step, step: step)
            )
        }
        return PlotAxis(label: label, domain: first * step...last * step, isLogarithmic: false, ticks: ticks)
    }

    /// An axis of numbers that ends at the values themselves, for steps of a run.
    ///
    /// - Parameters:
    ///   - label: The axis's name.
    ///   - values: The values to show.
    /// - Returns: The axis.
    static func steps(_ label: String, _ values: some Sequence<Double>) -> PlotAxis {
        let axis = numbers(label, values, fromZero: true, isWhole: true)
        let last = max(values.max() ?? 1, 1)
        return PlotAxis(
            label: label,
            domain: 0...last,
            isLogarithmic: false,
            ticks: axis.ticks.filter { $0.position <= last }
        )
    }

    /// An axis of shares from 0 to 1, in percent.
    ///
    /// - Parameters:
    ///   - label: The axis's name.
    ///   - end: The upper end.
    /// - Returns: The axis.
    static func percent(_ label: String, upTo end: Double = 1) -> PlotAxis {
        let step = end > 0.5 ? 0.25 : ReportNumber.roundStep(max(end, 0.004) / 4)
        let last = max((end / step - 1e-9).rounded(.up), 1)
        let ticks = (0...Int(last)).map {
            let value = Double($0) * step
            return Tick(position: value, text: ReportNumber.tick(100 * value, step: 100 * step) + "\u{A0}%")
        }
        return PlotAxis(label: label, domain: 0...last * step, isLogarithmic: false, ticks: ticks)
    }

    /// A logarithmic axis of counts, with powers of ten.
    ///
    /// - Parameters:
    ///   - label: The axis's name.
    ///   - values: The counts; those under 1 are shown as 1.
    /// - Returns: The axis.
    static func logarithmic(_ label: String, _ values: [Int]) -> PlotAxis {
        let (least, most) = (Double(max(values.min() ?? 1, 1)), Double(max(values.max() ?? 1, 1)))
        let (low, high) = (least / 1.3, max(most * 1.3, least * 3))
        var ticks: [Tick] = []
        let wide = high / low > 1000
        var power = 1.0
        while power <= high {
            for factor in wide ? [1.0] : [1.0, 2, 5] where (low...high).contains(factor * power) {
                let value = factor * power
                ticks.append(Tick(position: value, text: ReportNumber.grouped(Int(value))))
            }
            power *= 10
        }
        return PlotAxis(label: label, domain: low...high, isLogarithmic: true, ticks: ticks)
    }

    /// An axis of names; the first is at 0.
    ///
    /// - Parameters:
    ///   - label: The axis's name.
    ///   - names: The names.
    /// - Returns: The axis.
    static func names(_ label: String, _ names: [String]) -> PlotAxis {
        PlotAxis(
            label: label,
            domain: -0.6...Double(max(names.count, 1)) - 0.4,
            isLogarithmic: false,
            ticks: names.enumerated().map { Tick(position: Double($0.offset), text: $0.element) }
        )
    }
}
