import Foundation

/// `1:05:03`, `5:03`.
func clockTime(_ seconds: Double) -> String {
    // Infinite or NaN before anything is measured.
    guard seconds.isFinite, seconds < 1e9 else { return "-:--" }
    let total = Int(max(0, seconds).rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    return hours > 0
        ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
}
