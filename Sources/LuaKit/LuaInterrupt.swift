import CLuaSupport

/// Ends what runs in a state, from any thread and within a moment. Stays set until ``reset()``.
package final class LuaInterrupt: @unchecked Sendable {
    // Its one number is atomic in C.
    let flag: OpaquePointer?

    package init() { flag = clua_flag_create() }
    deinit { clua_flag_free(flag) }

    package func cancel() { clua_flag_set(flag, 1) }
    package func reset() { clua_flag_set(flag, 0) }
    package var isCancelled: Bool { clua_flag_read(flag) != 0 }
}
