// OCI: the value types of the Open Container Initiative's specifications, and the names of images.
//
// Owns: runtime-spec 1.2 (`RuntimeSpec`, `ContainerState`, `RuntimeFeatures`), image-spec 1.1 (`ImageIndex`,
//   `ImageManifest`, `ImageConfig`, `ContentDescriptor`, `Platform`, `MediaType`, `ImageLayout`), what Docker writes
//   beside it (`DockerArchiveEntry`, health checks), `Digest`, `ChainID` and `ImageReference`.
// Reads: nothing. Decoding takes any `Decoder`; the documents come from the caller.
// Emits: values, and closed errors (`DigestError`, `ImageReferenceError`, `PlatformError`).
// Never does: input or output, hashing (the caller passes a function), validation against a host or a kernel.
//
// Unknown fields of a document are ignored when decoding, as both specifications ask of a reader. Whoever must keep
// a document byte for byte (a manifest is named by its digest) keeps the bytes, not these values.
