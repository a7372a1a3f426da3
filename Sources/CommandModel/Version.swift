/// What all programs of the project share.
public enum Understudy {
    /// One version for the daemon and the tools.
    public static let version = "0.1.0"
}
