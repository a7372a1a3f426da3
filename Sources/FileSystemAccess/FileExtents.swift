internal import CPosix
internal import Glibc

/// Where a file has data and where it has holes.
package enum FileExtents {
    /// The next stretch of data at or after `offset`; nil: only a hole follows, up to the end. A
    /// file system that knows no holes answers that everything is data.
    package static func nextData(
        _ descriptor: CInt, from offset: Int64, size: Int64
    ) throws(Errno) -> Range<Int64>? {
        guard offset < size else { return nil }
        let start = cposix_lseek(descriptor, Int(offset), SEEK_DATA)
        if start == -Int(ENXIO) { return nil }
        if start == -Int(EINVAL) { return offset..<size }
        if start < 0 { throw Errno(rawValue: CInt(-start)) }
        let hole = cposix_lseek(descriptor, start, SEEK_HOLE)
        let end = hole < 0 ? size : min(Int64(hole), size)
        guard Int64(start) < end else { return nil }
        return Int64(start)..<end
    }

    /// Whether a file of `size` bytes has a hole before its end.
    package static func hasHole(_ descriptor: CInt, size: Int64) -> Bool {
        guard size > 0 else { return false }
        let hole = cposix_lseek(descriptor, 0, SEEK_HOLE)
        return hole >= 0 && Int64(hole) < size
    }
}
