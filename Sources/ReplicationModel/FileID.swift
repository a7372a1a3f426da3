/// Who a file system object is, whatever its names are: one value per incarnation of an inode.
///
/// Names in the stream are only places; everything that changes an object names its identity, so
/// that a change that arrives after a rename still finds what it belongs to.
@frozen
package struct FileID: BitwiseCopyable, Hashable, Sendable {
    /// The inode number on the source.
    package var inode: UInt64
    /// Tells two objects apart that used the same inode number one after the other; 0 where the
    /// file system cannot say.
    package var generation: UInt32
    /// The number of the source's mount (DTFS) that the object lives in, counted from 1.
    package var mount: UInt32

    @inlinable
    package init(inode: UInt64, generation: UInt32, mount: UInt32) {
        self.inode = inode
        self.generation = generation
        self.mount = mount
    }

    /// Stands for "no object".
    package static let none = FileID(inode: 0, generation: 0, mount: 0)
}
