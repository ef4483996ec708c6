/// How much an image may bring when it is unpacked. More is refused, and what was unpacked so far is removed.
package struct UnpackLimits: Hashable, Sendable {
    /// Layers of an image. The kernel's overlayfs stacks at most 500.
    package var layers = 500
    /// Entries of one layer.
    package var entriesPerLayer = 2_000_000
    /// Bytes of the files of one layer, with the holes of sparse files.
    package var bytesPerLayer: Int64 = 256 << 30
    /// Bytes of the archive of one layer when it is decompressed.
    package var archiveBytesPerLayer: Int64 = 64 << 30

    package init() {}
}
