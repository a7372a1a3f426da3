import DTCLSyntax

extension Machine {
    /// Characters of a value that a trace shows.
    private static let tracedCharactersMax = 200

    func trace(_ index: Int) {
        // A traced script counts its steps as any other.
        extraSteps -= 1
        guard let tracer else { return }
        let site = program.traceSites[index]
        var values: [String?] = []
        for slot in site.slots { values.append(traced(slot)) }
        tracer(TraceStep(site: index, depth: depth, values: values))
    }

    private func traced(_ slot: TraceSite.Slot) -> String? {
        let value: Value
        switch slot {
        case .register(let register): value = registers[register]
        case .global(let index): value = stack[index]
        case .argument(let number):
            guard number <= environment.arguments.count else { return nil }
            return cut(QuotedText.write(environment.arguments[number - 1]))
        case .argumentCount: return String(environment.arguments.count)
        }
        if value.tag == .unset { return nil }
        var text = ""
        heap.pointee.write(value, into: &text, charactersMax: Machine.tracedCharactersMax)
        return cut(text)
    }

    private func cut(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > Machine.tracedCharactersMax else { return text }
        return String(String.UnicodeScalarView(scalars.prefix(Machine.tracedCharactersMax))) + "…"
    }
}

extension Heap {
    /// As a script would write it; what is longer than the bound is only begun.
    func write(_ value: Value, into text: inout String, charactersMax: Int) {
        guard text.utf8.count <= charactersMax else { return }
        switch value.tag {
        case .text:
            let bytes = self.text(value.slot).prefix(charactersMax * 4)
            text += QuotedText.write(String(decoding: bytes, as: UTF8.self))
        case .list:
            text += "["
            for (index, element) in elements(value.slot).prefix(charactersMax).enumerated() {
                if index > 0 { text += ", " }
                write(element, into: &text, charactersMax: charactersMax)
            }
            text += "]"
        case .record:
            text += "{"
            for (index, entry) in entries(value.slot).prefix(charactersMax).enumerated() {
                if index > 0 { text += ", " }
                text += QuotedText.key(string(entry.key)) + ": "
                write(entry.value, into: &text, charactersMax: charactersMax)
            }
            text += "}"
        case .integer: text += String(value.integer)
        case .decimal: text += NumberText.decimal(value.decimal)
        case .boolean: text += value.boolean ? "TRUE" : "FALSE"
        case .none, .unset: text += "NONE"
        }
    }
}
