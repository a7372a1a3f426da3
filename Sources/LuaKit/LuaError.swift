/// Why a text could not be loaded, or how a call ended. The state can be used again.
package struct LuaError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case syntax, runtime
        /// The script used more than its limits allow; nothing in it could catch this.
        case memory, instructions, wallTime
        /// Coroutines nested too deeply (not to be caught), or a stack overflow (caught like any
        /// error).
        case depth
        /// Ended through ``LuaInterrupt``.
        case cancelled
        /// The call is over; or Lua itself failed and the state can only be given up.
        case closed
    }

    package var kind: Kind
    /// Starts with `file:line: ` where a place is known.
    package var message: String
    /// A level each, the innermost first: `file:line: in 'name'`.
    package var traceback: [String]
    /// Of a command's failure that nobody caught.
    package var code: Int?
    /// Of a batch: the place of the event at which it ended.
    package var event: Int?

    package init(kind: Kind, message: String, traceback: [String] = [], code: Int? = nil) {
        self.kind = kind
        self.message = message
        self.traceback = traceback
        self.code = code
    }

    /// Whether a limit ended it.
    package var isLimit: Bool {
        switch kind {
        case .memory, .instructions, .wallTime, .cancelled: true
        case .syntax, .runtime, .depth, .closed: false
        }
    }
}
