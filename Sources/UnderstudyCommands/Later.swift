import CommandTable

extension CommandDeclaration {
    /// Part of the language and not built yet: scripts that hold it are read and checked, running
    /// it says that it is not available in this version.
    var later: CommandDeclaration {
        var declaration = self
        declaration.isAvailable = false
        return declaration
    }
}
