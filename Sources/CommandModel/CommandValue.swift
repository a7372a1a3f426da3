/// A value that crosses between a script, a tool, the console and a server.
public enum CommandValue: Sendable, Hashable {
    case none
    case boolean(Bool)
    case integer(Int64)
    case decimal(Double)
    case text(String)
    case list([CommandValue])
    case record(CommandRecord)
}

/// Named values in the order they were put in.
public struct CommandRecord: Sendable, Hashable {
    public private(set) var fields: [Field]

    public struct Field: Sendable, Hashable {
        public let name: String
        public var value: CommandValue

        public init(name: String, value: CommandValue) {
            self.name = name
            self.value = value
        }
    }

    public init(_ fields: [(String, CommandValue)] = []) {
        self.fields = []
        for (name, value) in fields { self[name] = value }
    }

    /// A name that stands twice keeps its first place and its last value. For any number of fields.
    public init(fields: [Field]) {
        var places: [String: Int] = [:]
        self.fields = []
        self.fields.reserveCapacity(fields.count)
        for field in fields {
            if let place = places[field.name] {
                self.fields[place].value = field.value
            } else {
                places[field.name] = self.fields.count
                self.fields.append(field)
            }
        }
    }

    /// - Parameter fields: no two with the same name.
    public init(distinct fields: [Field]) { self.fields = fields }

    /// nil where no field has that name; setting nil removes it.
    public subscript(_ name: String) -> CommandValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            let place = fields.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): fields[place].value = value
            case (let place?, nil): fields.remove(at: place)
            case (nil, let value?): fields.append(Field(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension CommandRecord: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, CommandValue)...) { self.init(elements) }
}

extension CommandValue {
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    public var boolean: Bool? { if case .boolean(let truth) = self { truth } else { nil } }
    public var list: [CommandValue]? { if case .list(let list) = self { list } else { nil } }
    public var record: CommandRecord? { if case .record(let record) = self { record } else { nil } }
}
