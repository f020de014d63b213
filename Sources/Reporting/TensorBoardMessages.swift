import SwiftProtobuf

// The fields of TensorBoard's messages that scalars need, numbered as in its .proto files; a reader skips no other.

/// One record of an event file.
///
/// Source: tensorboard/compat/proto/event.proto of TensorBoard 2.21, `Event`.
struct TensorBoardEvent: Message, Equatable {
    static let protoMessageName = "tensorboard.Event"

    /// Seconds since 1970.
    var wallTime = 0.0
    /// The step of the run.
    var step: Int64 = 0
    /// The format version, in the first record only: `brain.Event:2`.
    var fileVersion = ""
    /// The scalars of the record.
    var summary: TensorBoardSummary?
    /// The start or end of a session of the run.
    var sessionLog: TensorBoardSessionLog?
    var unknownFields = UnknownStorage()

    mutating func decodeMessage<D: Decoder>(decoder: inout D) throws {
        while let number = try decoder.nextFieldNumber() {
            switch number {
            case 1: try decoder.decodeSingularDoubleField(value: &wallTime)
            case 2: try decoder.decodeSingularInt64Field(value: &step)
            case 3: try decoder.decodeSingularStringField(value: &fileVersion)
            case 5: try decoder.decodeSingularMessageField(value: &summary)
            case 7: try decoder.decodeSingularMessageField(value: &sessionLog)
            default: break
            }
        }
    }

    func traverse<V: Visitor>(visitor: inout V) throws {
        if wallTime != 0 { try visitor.visitSingularDoubleField(value: wallTime, fieldNumber: 1) }
        if step != 0 { try visitor.visitSingularInt64Field(value: step, fieldNumber: 2) }
        if !fileVersion.isEmpty { try visitor.visitSingularStringField(value: fileVersion, fieldNumber: 3) }
        if let summary { try visitor.visitSingularMessageField(value: summary, fieldNumber: 5) }
        if let sessionLog { try visitor.visitSingularMessageField(value: sessionLog, fieldNumber: 7) }
        try unknownFields.traverse(visitor: &visitor)
    }

    func isEqualTo(message: any Message) -> Bool { message as? Self == self }
}

/// The start or end of a session, which is the time between two interruptions of a run.
///
/// Source: tensorboard/compat/proto/event.proto of TensorBoard 2.21, `SessionLog`.
struct TensorBoardSessionLog: Message, Equatable {
    static let protoMessageName = "tensorboard.SessionLog"

    /// The change of the session's state.
    struct Status: RawRepresentable, Equatable {
        var rawValue: Int32
        /// The session started.
        ///
        /// Records of earlier files from this step on are ignored.
        static let start = Self(rawValue: 1)
    }

    var status = Status(rawValue: 0)
    var unknownFields = UnknownStorage()

    init() {}

    init(status: Status) { self.status = status }

    mutating func decodeMessage<D: Decoder>(decoder: inout D) throws {
        while let number = try decoder.nextFieldNumber() {
            if number == 1 { try decoder.decodeSingularInt32Field(value: &status.rawValue) }
        }
    }

    func traverse<V: Visitor>(visitor: inout V) throws {
        // Enumerations are encoded as 32-bit integers.
        if status.rawValue != 0 {
            try visitor.visitSingularInt32Field(value: status.rawValue, fieldNumber: 1)
        }
        try unknownFields.traverse(visitor: &visitor)
    }

    func isEqualTo(message: any Message) -> Bool { message as? Self == self }
}

/// The scalars of one step.
///
/// Source: tensorboard/compat/proto/summary.proto of TensorBoard 2.21, `Summary`.
struct TensorBoardSummary: Message, Equatable {
    static let protoMessageName = "tensorboard.Summary"

    /// The scalars, in the order to show them.
    var values: [Value] = []
    var unknownFields = UnknownStorage()

    mutating func decodeMessage<D: Decoder>(decoder: inout D) throws {
        while let number = try decoder.nextFieldNumber() {
            if number == 1 { try decoder.decodeRepeatedMessageField(value: &values) }
        }
    }

    func traverse<V: Visitor>(visitor: inout V) throws {
        if !values.isEmpty { try visitor.visitRepeatedMessageField(value: values, fieldNumber: 1) }
        try unknownFields.traverse(visitor: &visitor)
    }

    func isEqualTo(message: any Message) -> Bool { message as? Self == self }

    /// A scalar with its name.
    struct Value: Message, Equatable {
        static let protoMessageName = "tensorboard.Summary.Value"

        /// The name, `train/loss` for example.
        var tag = ""
        /// The value.
        var simpleValue: Float = 0
        var unknownFields = UnknownStorage()

        mutating func decodeMessage<D: Decoder>(decoder: inout D) throws {
            while let number = try decoder.nextFieldNumber() {
                switch number {
                case 1: try decoder.decodeSingularStringField(value: &tag)
                case 2: try decoder.decodeSingularFloatField(value: &simpleValue)
                default: break
                }
            }
        }

        func traverse<V: Visitor>(visitor: inout V) throws {
            if !tag.isEmpty { try visitor.visitSingularStringField(value: tag, fieldNumber: 1) }
            // A value of 0 is written too: the field is one of several alternatives, and without it the record would have none.
            try visitor.visitSingularFloatField(value: simpleValue, fieldNumber: 2)
            try unknownFields.traverse(visitor: &visitor)
        }

        func isEqualTo(message: any Message) -> Bool { message as? Self == self }
    }
}
