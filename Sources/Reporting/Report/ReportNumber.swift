import Foundation

/// Numbers as text, the same in every locale.
enum ReportNumber {
    /// A number with some digits after the point.
    ///
    /// - Parameters:
    ///   - value: The number.
    ///   - digits: The digits after the point.
    /// - Returns: The text, without a minus sign before a zero.
    static func fixed(_ value: Double, _ digits: Int = 4) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "infinite" : "−infinite" }
        let text = String(format: "%.\(digits)f", abs(value))
        let isZero = !text.contains { $0 != "0" && $0 != "." }
        return (value < 0 && !isZero ? "−" : "") + text
    }

    /// A share in percent, with one digit after the point.
    static func percent(_ share: Double) -> String { fixed(100 * share, 1) + "\u{A0}%" }

    /// An interval of shares in percent.
    static func percent(_ interval: ClosedRange<Double>) -> String {
        "\(fixed(100 * interval.lowerBound, 1)) to \(fixed(100 * interval.upperBound, 1))\u{A0}%"
    }

    /// An interval.
    static func interval(_ interval: ClosedRange<Double>, _ digits: Int = 3) -> String {
        "\(fixed(interval.lowerBound, digits))\(interval.lowerBound < 0 ? " to " : "–")\(fixed(interval.upperBound, digits))"
    }

    /// A number with some significant digits, in scientific form if it is very small or large.
    ///
    /// - Parameters:
    ///   - value: The number.
    ///   - digits: The significant digits.
    /// - Returns: The text.
    static func significant(_ value: Double, _ digits: Int = 4) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, 0) }
        let magnitude = Int(log10(abs(value)).rounded(.down))
        if magnitude < -3 || magnitude > 6 {
            return (value < 0 ? "−" : "") + scientific(abs(value), digits - 1)
        }
        return fixed(value, max(digits - 1 - magnitude, 0))
    }

    /// A positive number in scientific form, without zeros at the end: `5e-5`.
    private static func scientific(_ value: Double, _ digits: Int) -> String {
        let text = String(format: "%.\(digits)e", value)
        let parts = text.split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
        var mantissa = parts[0]
        while mantissa.contains("."), mantissa.last == "0" || mantissa.last == "." { mantissa.removeLast() }
        return "\(mantissa)e\(exponent)"
    }

    /// A whole number with commas between groups of three digits.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number.magnitude).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "−" : "") + String(text.reversed())
    }

    /// A number of things.
    static func counted(_ number: Int, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// The next larger of 1, 2, 2.5 and 5 times a power of ten.
    static func roundStep(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        let power = pow(10, log10(value).rounded(.down))
        for factor in [1, 2, 2.5, 5] where value <= factor * power * (1 + 1e-9) { return factor * power }
        return 10 * power
    }

    /// The text of a number on an axis, with as many digits as its step needs.
    static func tick(_ value: Double, step: Double) -> String {
        if abs(value) < step / 1000 { return "0" }
        if step < 1e-3 || abs(value) >= 1e6 {
            return (value < 0 ? "−" : "") + scientific(abs(value), 1)
        }
        if step >= 1, step.rounded() == step { return grouped(Int(value.rounded())) }
        var digits = 0
        while digits < 6,
            abs((step * pow(10, Double(digits))).rounded() - step * pow(10, Double(digits))) > 1e-6
        {
            digits += 1
        }
        return fixed(value, digits)
    }
}
