internal import NIOCore
internal import Transport
internal import WireProtocol

/// Hands what a link receives to the pump. One for each link: news of an old link are known by
/// their generation and dropped.
final class SourceLink: LinkDelegate {
    private let generation: Int
    private let post: @Sendable (PumpNews) -> Void

    init(generation: Int, post: @escaping @Sendable (PumpNews) -> Void) {
        self.generation = generation
        self.post = post
    }

    func received(_ header: FrameHeader, body: ByteBuffer) {
        post(.frame(generation: generation, header, body))
    }

    func drained() { post(.drained) }

    func closed(_ reason: TransportError) { post(.closed(generation: generation, reason)) }
}
