internal import FileSystemAccess

/// The objects that the applier has open, a bounded number. Which slot an object has stands in its
/// node. Whoever takes a slot away from an object sees to its pending times first.
struct DescriptorCache: ~Copyable {
    private let slots: UnsafeMutablePointer<OpenObject>
    private var hand: UInt16 = 0
    /// Slot 0 stands for "not open".
    static let slotCount: UInt16 = 256

    init() {
        slots = .allocate(capacity: Int(Self.slotCount))
        slots.initialize(repeating: OpenObject(), count: Int(Self.slotCount))
    }

    deinit {
        for slot in 1..<Int(Self.slotCount) where slots[slot].node != 0 && !slots[slot].isRoot {
            SystemCall.close(slots[slot].descriptor)
        }
        slots.deallocate()
    }

    @inline(__always)
    subscript(_ slot: UInt16) -> OpenObject {
        get { slots[Int(slot)] }
        nonmutating _modify { yield &slots[Int(slot)] }
    }

    /// A slot to use next: an empty one, or one whose object was not used for a while and is not
    /// part of operation number `operation`.
    mutating func candidate(operation: UInt64) -> UInt16 {
        for _ in 0..<Int(Self.slotCount) * 3 {
            hand = hand + 1 == Self.slotCount ? 1 : hand + 1
            let object = slots[Int(hand)]
            if object.node == 0 { return hand }
            if object.isRoot || object.operation == operation { continue }
            if object.wasUsed {
                slots[Int(hand)].wasUsed = false
            } else {
                return hand
            }
        }
        preconditionFailure("an operation holds every descriptor")
    }
}

/// One open object. Times that are to be set are kept until the batch ends or the slot is needed.
struct OpenObject: BitwiseCopyable {
    var node: UInt32 = 0
    var descriptor: CInt = -1
    /// Of no use but to name the object: symbolic links, special files.
    var isPath = false
    var isWritable = false
    /// A mapping's root: stays open.
    var isRoot = false
    var wasUsed = false
    /// Bytes were written, which removes file capabilities.
    var wasWritten = false
    /// Of a directory: whether what is made in it inherits an access list; nil: not looked at yet.
    var givesList: Bool?
    /// The operation that made the object; 0: none since it is open.
    var madeBy: UInt64 = 0
    /// The last operation that used it, and the last batch.
    var operation: UInt64 = 0
    var batch: UInt64 = 0
    /// Nanoseconds since 1970-01-01 UTC; `unset`: to be left alone.
    var accessed: Int64 = Self.unset
    var modified: Int64 = Self.unset

    static let unset = Int64.min
    /// What a file shows as its modification time while its content is not complete: nothing else
    /// has it, so no comparison of size and time takes the file for the source's, after a crash
    /// neither.
    static let unfinishedTime: Int64 = 1

    var hasPendingTimes: Bool { accessed != Self.unset || modified != Self.unset }
}
