internal import Glibc

/// Elements by number in memory that grows in place. Nothing is ever moved within it, so a number
/// stays good; memory above what is used is never touched and costs nothing.
struct RawTable<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 1024) {
        self.capacity = capacity
        base = Self.resized(nil, capacity)
    }

    deinit { free(base) }

    @inline(__always)
    subscript(_ place: UInt32) -> Element {
        get { base[Int(place)] }
        nonmutating _modify { yield &base[Int(place)] }
    }

    mutating func append(_ element: Element) -> UInt32 {
        reserve(1)
        base[count] = element
        count += 1
        return UInt32(count - 1)
    }

    /// Makes room for `more` elements behind the last.
    mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(count + more, capacity * 2)
        base = Self.resized(base, capacity)
    }

    mutating func removeAll() { count = 0 }

    /// For elements written through `base` after `reserve`.
    mutating func add(count more: Int) { count += more }

    private static func resized(
        _ old: UnsafeMutablePointer<Element>?, _ capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        guard let new = realloc(old, capacity * MemoryLayout<Element>.stride) else {
            preconditionFailure("no memory for \(capacity) objects")
        }
        return new.assumingMemoryBound(to: Element.self)
    }
}
