import Foundation

/// The colours of a report in both schemes.
///
/// A test computes the contrasts that WCAG 2.2 demands: 4.5 for text, 3 for lines, and one of black and white on every
/// shade of a matrix.
enum ReportPalette {
    /// A colour by its purpose.
    struct Entry: Sendable {
        let name: String
        let light: UInt32
        let dark: UInt32
    }

    /// The colours, as `0xRRGGBB`.
    static let entries = [
        Entry(name: "page", light: 0xF6F6F3, dark: 0x111317),
        Entry(name: "panel", light: 0xFFFFFF, dark: 0x1A1D23),
        Entry(name: "ink", light: 0x1A1C21, dark: 0xECEEF2),
        Entry(name: "muted", light: 0x565C69, dark: 0xA9B0BE),
        Entry(name: "line", light: 0xDEDFDB, dark: 0x31363F),
        Entry(name: "axis", light: 0x7C828F, dark: 0x7F8796),
        Entry(name: "link", light: 0x1F4FB4, dark: 0x8DB0FF),
        Entry(name: "s0", light: 0x858B98, dark: 0x747C8B),
        Entry(name: "s1", light: 0x2456C4, dark: 0x7EA6FF),
        Entry(name: "s2", light: 0xB8500C, dark: 0xF2A25C),
        Entry(name: "s3", light: 0x0B7A72, dark: 0x45C7BA),
        Entry(name: "s4", light: 0x8A3AB9, dark: 0xD39BF7),
    ]

    /// The number of shades of a matrix.
    static let shadeCount = 9
    /// The strongest shade.
    static let strongest = Entry(name: "h", light: 0x17418F, dark: 0xA9C5FF)

    /// A shade of a matrix in one scheme.
    ///
    /// - Parameters:
    ///   - level: The level, from 0 (the panel's colour) to ``shadeCount`` - 1.
    ///   - isDark: Whether in the dark scheme.
    /// - Returns: The colour.
    static func shade(_ level: Int, isDark: Bool) -> UInt32 {
        let panel: UInt32 = isDark ? 0x1A1D23 : 0xFFFFFF
        let end = isDark ? strongest.dark : strongest.light
        let share = Double(level) / Double(shadeCount - 1)
        return [16, 8, 0].reduce(0) { colour, shift in
            let (from, to) = (Double(panel >> shift & 0xFF), Double(end >> shift & 0xFF))
            return colour | UInt32((from + (to - from) * share).rounded()) << UInt32(shift)
        }
    }

    /// The better readable of black and white on a colour.
    static func text(on colour: UInt32) -> UInt32 {
        contrast(0x000000, colour) >= contrast(0xFFFFFF, colour) ? 0x000000 : 0xFFFFFF
    }

    /// The contrast ratio of two colours, from 1 to 21.
    ///
    /// Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    static func contrast(_ first: UInt32, _ second: UInt32) -> Double {
        let (a, b) = (luminance(first), luminance(second))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    private static func luminance(_ colour: UInt32) -> Double {
        func linear(_ shift: UInt32) -> Double {
            let value = Double(colour >> shift & 0xFF) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
    }

    /// The custom properties of one scheme.
    ///
    /// - Parameter isDark: Whether of the dark scheme.
    /// - Returns: The declarations, for one rule.
    static func properties(isDark: Bool) -> String {
        var text = entries.map { "--\($0.name):\(hex(isDark ? $0.dark : $0.light))" }
        for level in 0..<shadeCount {
            let colour = shade(level, isDark: isDark)
            text += ["--h\(level):\(hex(colour))", "--t\(level):\(hex(self.text(on: colour)))"]
        }
        return text.joined(separator: ";")
    }

    private static func hex(_ colour: UInt32) -> String { "#" + String(format: "%06x", colour) }
}
