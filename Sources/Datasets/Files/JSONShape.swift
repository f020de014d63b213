import Files
import JSON

/// The layout of a JSON file with a single object: a row, rows under one of its names, or another table layout.
///
/// Source: the values of `orient` in pandas' `DataFrame.to_json`.
enum JSONShape: Equatable {
    /// One row.
    case row
    /// Rows in the list under one name, and the other names.
    case rows(under: String, others: [String])
    /// An unsupported table layout: its description, and the pandas expression that reads it from a file.
    case table(found: String, reader: String)

    /// Examines an object.
    ///
    /// - Parameters:
    ///   - bytes: The object.
    ///   - isLine: Whether the file has one object per line, so that lists belong to a row.
    init(_ bytes: UnsafeBufferPointer<UInt8>, isLine: Bool) {
        self = Self.members(of: bytes).map { Self.shape(of: $0, isLine: isLine) } ?? .row
    }

    /// The error for an unsupported table layout.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - found: A description of the contents.
    ///   - reader: The pandas expression that reads it, with `PATH` for the file.
    /// - Returns: The error, with the expression that converts the file.
    static func error(_ path: String, found: String, reader: String) -> DatasetError {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.split(separator: ".").first.map(String.init) ?? name
        let read = reader.replacing("PATH", with: JSONValue.string(name).oneLine)
        let written = JSONValue.string(stem + "-rows.jsonl").oneLine
        return DatasetError(
            .badFile,
            "\(path) holds \(found), but must hold an array of objects, or one object per line: in Python, "
                + "\(read).to_json(\(written), orient=\"records\", lines=True)"
        )
    }

    // MARK: Members

    private enum Kind: Equatable {
        case text, scalar
        case list(count: Int, of: Elements)
        case object(count: Int, firstName: [UInt8], of: Elements)
    }

    /// The common kind of all elements of a list or an object.
    private enum Elements: Equatable {
        case none, scalars, objects, lists, mixed

        mutating func add(_ byte: UInt8) {
            let found: Elements =
                byte == UInt8(ascii: "{") ? .objects : byte == UInt8(ascii: "[") ? .lists : .scalars
            self = self == .none || self == found ? found : .mixed
        }
    }

    private static func shape(of members: [(name: String, kind: Kind)], isLine: Bool) -> JSONShape {
        let lists = members.filter { if case .list = $0.kind { true } else { false } }
        let kinds = Dictionary(members.map { ($0.name, $0.kind) }, uniquingKeysWith: { $1 })
        if case .list(_, of: .scalars) = kinds["columns"], case .list(_, of: .lists) = kinds["data"] {
            return .table(
                found: "one object with \"columns\" and \"data\" (pandas' orient=\"split\")",
                reader: "pandas.read_json(PATH, orient=\"split\")"
            )
        }
        if let table = objects(members) { return table }
        guard !isLine else { return .row }
        let objectLists = lists.filter { if case .list(_, of: .objects) = $0.kind { true } else { false } }
        if objectLists.count == 1, case .list(let count, _) = objectLists[0].kind,
            count > 1 || !members.contains(where: { $0.kind == .text })
        {
            let name = objectLists[0].name
            return .rows(under: name, others: members.map(\.name).filter { $0 != name })
        }
        if lists.count == members.count, case .list(let count, of: .scalars)? = lists.first?.kind, count > 1,
            lists.allSatisfy({ if case .list(count, of: .scalars) = $0.kind { true } else { false } })
        {
            return .table(
                found:
                    "one object of columns, each a list of \(counted(count, "value")) (pandas' orient=\"list\")",
                reader: "pandas.read_json(PATH)"
            )
        }
        return .row
    }

    /// The layout of an object of objects with the same names: columns of rows, or rows by their index.
    private static func objects(_ members: [(name: String, kind: Kind)]) -> JSONShape? {
        guard members.count > 1, case .object(let count, let first, of: .scalars)? = members.first?.kind,
            members.allSatisfy({
                if case .object(count, first, of: .scalars) = $0.kind { true } else { false }
            })
        else { return nil }
        let isNumbered = { (name: String) in Int(name) != nil }
        if isNumbered(String(decoding: first, as: UTF8.self)) {
            return .table(
                found: "one object of columns, each an object by row (pandas' orient=\"columns\")",
                reader: "pandas.read_json(PATH)"
            )
        }
        guard members.allSatisfy({ isNumbered($0.name) }) || count > 1 else { return nil }
        return .table(
            found: "one object of rows by their index (pandas' orient=\"index\")",
            reader: "pandas.read_json(PATH, orient=\"index\")"
        )
    }

    /// The members with their kinds; nil if this is not an object.
    private static func members(
        of bytes: UnsafeBufferPointer<UInt8>
    ) -> [(name: String, kind: Kind)]? {
        var scanner = JSONScanner(bytes)
        guard scanner.take("{") else { return nil }
        if scanner.take("}") { return [] }
        var members: [(name: String, kind: Kind)] = []
        var name: [UInt8] = []
        repeat {
            guard scanner.string(into: &name), scanner.take(":"), let kind = kind(&scanner) else {
                return nil
            }
            members.append((String(decoding: name, as: UTF8.self), kind))
        } while scanner.take(",")
        return scanner.take("}") && scanner.isAtEnd() ? members : nil
    }

    private static func kind(_ scanner: inout JSONScanner) -> Kind? {
        var elements = Elements.none
        var count = 0
        switch scanner.peek() {
        case UInt8(ascii: "["):
            _ = scanner.take("[")
            if scanner.take("]") { return .list(count: 0, of: .none) }
            repeat {
                elements.add(scanner.peek())
                count += 1
                guard scanner.skipValue(depth: 1) else { return nil }
            } while scanner.take(",")
            return scanner.take("]") ? .list(count: count, of: elements) : nil
        case UInt8(ascii: "{"):
            _ = scanner.take("{")
            var first: [UInt8] = []
            if scanner.take("}") { return .object(count: 0, firstName: first, of: .none) }
            var name: [UInt8] = []
            repeat {
                guard scanner.string(into: &name), scanner.take(":") else { return nil }
                if count == 0 { first = name }
                elements.add(scanner.peek())
                count += 1
                guard scanner.skipValue(depth: 1) else { return nil }
            } while scanner.take(",")
            return scanner.take("}") ? .object(count: count, firstName: first, of: elements) : nil
        case UInt8(ascii: "\""): return scanner.skipValue() ? .text : nil
        default: return scanner.cell() != nil ? .scalar : nil
        }
    }
}
