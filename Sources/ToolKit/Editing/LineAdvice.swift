/// What an editor asks about the line that is typed.
package struct LineAdvice {
    /// What TAB makes of the text before the cursor.
    package struct Completion: Sendable, Hashable {
        /// Characters before the cursor that go.
        package var removed: Int
        /// What takes their place.
        package var inserted: String
        /// What is shown below the line.
        package var lines: [String]

        package init(removed: Int = 0, inserted: String = "", lines: [String] = []) {
            self.removed = removed
            self.inserted = inserted
            self.lines = lines
        }
    }

    package var complete: (_ before: String, _ after: String) -> Completion
    /// What `?` shows; nil where it is only a character.
    package var explain: (_ before: String) -> [String]?

    package init(
        complete: @escaping (_ before: String, _ after: String) -> Completion,
        explain: @escaping (_ before: String) -> [String]?
    ) {
        self.complete = complete
        self.explain = explain
    }
}
