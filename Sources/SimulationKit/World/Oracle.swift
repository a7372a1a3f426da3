/// What the source's tree was at every point of the stream, to be compared with what the target
/// claims to have.
struct Oracle {
    /// By the journal's number.
    private var histories: [UInt64: History] = [:]

    struct History {
        /// Trees that the source had at a sequence; more than one where changes were not seen.
        var trees: [UInt64: [DiskImage]] = [:]
        /// The target may have had the effects of what was sent up to here.
        var frontier: UInt64 = 0
        /// What the target said is safe on its disk.
        var durable: UInt64 = 0
    }

    mutating func begin(journal: UInt64, _ sequence: UInt64, _ image: DiskImage) {
        histories[journal, default: History()].trees[sequence, default: []].append(image)
    }

    mutating func note(journal: UInt64, _ sequence: UInt64, _ image: DiskImage) {
        histories[journal, default: History()].trees[sequence] = [image]
    }

    mutating func noteUnseen(journal: UInt64, _ sequence: UInt64, _ image: DiskImage) {
        histories[journal, default: History()].trees[sequence, default: []].append(image)
    }

    mutating func sent(journal: UInt64, _ sequence: UInt64) {
        let known = histories[journal, default: History()].frontier
        histories[journal]?.frontier = max(known, sequence)
    }

    mutating func acknowledged(journal: UInt64, durable: UInt64) {
        let known = histories[journal, default: History()].durable
        histories[journal]?.durable = max(known, durable)
    }

    func history(_ journal: UInt64) -> History? { histories[journal] }
}
