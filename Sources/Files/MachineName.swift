#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The name of this machine, without a look-up in the network.
package func machineName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Whether a process of this machine exists.
///
/// - Parameter number: The process's number.
/// - Returns: True if it exists, even if another user owns it.
package func processExists(_ number: Int) -> Bool {
    guard let number = pid_t(exactly: number), number > 0 else { return false }
    return kill(number, 0) == 0 || errno == EPERM
}
