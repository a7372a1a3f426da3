extension CommandValue: Codable {
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: FieldName.self) {
            var record = CommandRecord()
            for key in container.allKeys {
                record[key.stringValue] = try container.decode(CommandValue.self, forKey: key)
            }
            self = .record(record)
            return
        }
        if var container = try? decoder.unkeyedContainer() {
            var list: [CommandValue] = []
            while !container.isAtEnd { list.append(try container.decode(CommandValue.self)) }
            self = .list(list)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .none
        } else if let truth = try? container.decode(Bool.self) {
            self = .boolean(truth)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {
            self = .decimal(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .none:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .boolean(let truth):
            var container = encoder.singleValueContainer()
            try container.encode(truth)
        case .integer(let number):
            var container = encoder.singleValueContainer()
            try container.encode(number)
        case .decimal(let number):
            var container = encoder.singleValueContainer()
            try container.encode(number)
        case .text(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .list(let list):
            var container = encoder.unkeyedContainer()
            for value in list { try container.encode(value) }
        case .record(let record):
            var container = encoder.container(keyedBy: FieldName.self)
            for field in record.fields {
                try container.encode(field.value, forKey: FieldName(field.name))
            }
        }
    }

    private struct FieldName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
