import Models

/// Collects the lines of a MIL program under unique names.
struct MILBuilder {
    /// Arrays with at least as many numbers are in the file of weights, as coremltools writes them.
    private static let smallestStored = 10

    private(set) var statements: [MILStatement] = []
    private(set) var weights = MILWeightFile()
    private var names: Set<String> = []
    /// Results that several operations use, by a description of their computation.
    private var sharedValues: [String: MILValue] = [:]

    /// Reserves a name.
    ///
    /// - Parameter name: The wanted name.
    /// - Returns: The name as an identifier, with a number if it is used already.
    mutating func unused(_ name: String) -> String {
        let identifier = Self.identifier(name)
        var candidate = identifier
        var number = 1
        while !names.insert(candidate).inserted {
            number += 1
            candidate = "\(identifier)_\(number)"
        }
        return candidate
    }

    /// The name with only the characters that MIL allows: ASCII letters, digits and underscores, no digit first.
    private static func identifier(_ name: String) -> String {
        let characters = name.unicodeScalars.map { scalar -> Character in
            let isAllowed = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isAllowed ? Character(scalar) : "_"
        }
        let text = String(characters)
        return text.first?.isNumber ?? true ? "_" + text : text
    }

    // MARK: Operations

    /// Adds an operation.
    ///
    /// - Parameters:
    ///   - operation: Its name.
    ///   - inputs: Its arguments by name.
    ///   - name: The wanted name of the result.
    ///   - type: The type of the result's elements.
    ///   - shape: The shape of the result.
    /// - Returns: The result.
    mutating func add(
        _ operation: String,
        _ inputs: [(name: String, argument: MILArgument)],
        as name: String,
        _ type: MILType,
        _ shape: [Graph.Dimension]
    ) -> MILValue {
        let output = MILValue(name: unused(name), type: type, shape: shape)
        add(operation, inputs, output: output)
        return output
    }

    /// Adds an operation whose result has a reserved name.
    ///
    /// - Parameters:
    ///   - operation: Its name.
    ///   - inputs: Its arguments by name.
    ///   - output: The result.
    mutating func add(
        _ operation: String,
        _ inputs: [(name: String, argument: MILArgument)],
        output: MILValue
    ) {
        // Constants come before their users.
        var arguments: [(name: String, values: [MILValue])] = []
        for (name, argument) in inputs { arguments.append((name, values(of: argument))) }
        statements.append(.operation(MILOperation(type: operation, inputs: arguments, output: output)))
    }

    /// Returns a result that is computed once for all its users.
    ///
    /// - Parameters:
    ///   - key: A description of the computation.
    ///   - make: Adds its lines and returns the result.
    /// - Returns: The result.
    /// - Throws: The error of `make`.
    mutating func shared<Failure: Error>(
        _ key: String,
        _ make: (inout MILBuilder) throws(Failure) -> MILValue
    ) throws(Failure) -> MILValue {
        if let value = sharedValues[key] { return value }
        let value = try make(&self)
        sharedValues[key] = value
        return value
    }

    // MARK: Constants

    private mutating func values(of argument: MILArgument) -> [MILValue] {
        switch argument {
        case .value(let value): [value]
        case .values(let values): values
        case .integer(let number): [integers([number], shape: [])]
        case .integers(let numbers): [integers(numbers, shape: [numbers.count])]
        case .flag(let flag): [flags([flag], shape: [])]
        case .flags(let flags): [self.flags(flags, shape: [flags.count])]
        case .number(let number, let type): [self.number(number, type)]
        case .text(let text): [constant("text \(text)", text, .text, [], .text(text))]
        }
    }

    private mutating func integers(_ numbers: [Int], shape: [Int]) -> MILValue {
        let text = numbers.map(String.init).joined(separator: "_")
        return constant(
            "integers \(text) \(shape)",
            "int32_\(text)",
            .int32,
            shape,
            .integers(numbers.map(Int32.init(truncatingIfNeeded:)))
        )
    }

    private mutating func flags(_ flags: [Bool], shape: [Int]) -> MILValue {
        let text = flags.map(String.init).joined(separator: "_")
        return constant("flags \(text) \(shape)", text, .bool, shape, .flags(flags))
    }

    /// A number without axes.
    private mutating func number(_ number: Double, _ type: MILType) -> MILValue {
        constant("number \(number) \(type)", "\(type)_\(number)", type, [], .numbers([Float(number)]))
    }

    /// Adds a constant, once for all its users.
    private mutating func constant(
        _ key: String,
        _ name: String,
        _ type: MILType,
        _ shape: [Int],
        _ contents: MILConstant.Contents
    ) -> MILValue {
        shared(key) { $0.constant(name, type, shape, contents) }
    }

    /// Adds a constant.
    ///
    /// - Parameters:
    ///   - name: The wanted name.
    ///   - type: The type of its elements.
    ///   - shape: Its sizes.
    ///   - contents: Its elements.
    /// - Returns: The constant.
    mutating func constant(
        _ name: String,
        _ type: MILType,
        _ shape: [Int],
        _ contents: MILConstant.Contents
    ) -> MILValue {
        let value = MILValue(name: unused(name), type: type, shape: shape.map(Graph.Dimension.fixed))
        statements.append(.constant(MILConstant(value: value, contents: contents)))
        return value
    }

    /// Adds an array of floating-point numbers; a large one is stored with the weights.
    ///
    /// - Parameters:
    ///   - numbers: The elements.
    ///   - shape: Its sizes.
    ///   - type: float32 or float16.
    ///   - name: The wanted name.
    /// - Returns: The array.
    mutating func array(_ numbers: [Float], _ shape: [Int], _ type: MILType, as name: String) -> MILValue {
        guard numbers.count >= Self.smallestStored else {
            return constant(name, type, shape, .numbers(numbers))
        }
        return stored(name, type, shape, .bytes(floatingPointBytes(numbers, type.stored)))
    }

    /// Adds an array in the file of weights.
    ///
    /// - Parameters:
    ///   - name: The wanted name.
    ///   - type: float32 or float16.
    ///   - shape: Its sizes.
    ///   - values: The source of its values.
    /// - Returns: The array.
    mutating func stored(
        _ name: String,
        _ type: MILType,
        _ shape: [Int],
        _ values: ONNXTensor.Values
    ) -> MILValue {
        let tensor = ONNXTensor(name: name, type: type.stored, shape: shape, values: values)
        return constant(name, type, shape, .stored(offset: weights.add(tensor)))
    }
}
