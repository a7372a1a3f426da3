internal import FuseKernel

/// What a keeper must know to keep a mount that it did not make.
struct Handover: BitwiseCopyable {
    var device: CInt = -1
    var backing: CInt = -1
    var root: CInt = -1
    var journal: CInt = -1
    var listener: CInt = -1
    /// Channels of the workers, two each, one after the other from this descriptor on.
    var channels = InlineChannels()
    var offer = InitializeRequest(major: 0, minor: 0, readaheadBytesMax: 0, flags: 0)

    /// All of them.
    var descriptors: [CInt] {
        [device, backing, root, journal, listener]
            + channels.list.flatMap { [$0.looking, $0.sleeping] }
    }
}

/// The channels of all workers in place.
struct InlineChannels: BitwiseCopyable {
    private typealias Four = (Channel, Channel, Channel, Channel)
    private static let none = Channel(looking: -1, sleeping: -1)
    private var all: (Four, Four, Four, Four)

    init(_ list: [Channel] = []) {
        let none = (Self.none, Self.none, Self.none, Self.none)
        all = (none, none, none, none)
        withUnsafeMutableBytes(of: &all) { bytes in
            let places = bytes.bindMemory(to: Channel.self)
            for (index, channel) in list.prefix(places.count).enumerated() {
                places[index] = channel
            }
        }
    }

    var list: [Channel] {
        withUnsafeBytes(of: all) { Array($0.bindMemory(to: Channel.self)) }
    }
}
