public import DTCLSyntax

/// Writes a script in the one layout that all scripts share: four blanks a block, words of the
/// language in capitals, one statement a line. Texts, comments and the words of commands stay as
/// they are, and so does the tree.
public enum ScriptFormatter {
    /// The script laid out anew; nil when it has an error, because what could not be read cannot
    /// be moved safely. Laying out the result again gives the same bytes.
    public static func format(_ script: Script) -> [UInt8]? {
        if script.hasErrors { return nil }
        return script.source.bytes.withUnsafeBufferPointer { bytes in
            script.tokens.withUnsafeBufferPointer { tokens in
                var layout = Layout(bytes: bytes, tokens: tokens)
                layout.run()
                return layout.output
            }
        }
    }
}
