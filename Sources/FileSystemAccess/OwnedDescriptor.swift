/// A descriptor that is closed when nobody holds it any more, for descriptors that several threads
/// share. What has one owner is closed by it instead.
package final class OwnedDescriptor: Sendable {
    package let descriptor: CInt

    package init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { SystemCall.close(descriptor) }
}
