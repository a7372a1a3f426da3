/// What is compiled for a hook file: its text as a function, so that lines keep their numbers, and
/// after it a hook of ours that finds functions of the file by their names.
enum LuaFile {
    private static let before = "local function file(...) "
    private static let after = """

        end
        file(...)
        dt.on("functions", function(name, ...)
          local found = _ENV[name]
          if type(found) ~= "function" then return false end
          return true, found(...)
        end)
        """

    /// Of a text that compiles by itself; others have better messages of their own.
    static func wrapped(_ bytes: [UInt8]) -> [UInt8] {
        Array(before.utf8) + bytes + Array(after.utf8)
    }
}
