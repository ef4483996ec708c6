// Images: mechanism for container images.
//
// Owns:  `<root>/content` (content by digest) and `<root>/snapshots` (unpacked layers and writable directories).
// Reads: archives from files and pipes, content from its store.
// Emits: nothing by itself. Functions return what they did, and tell it to a progress closure on the way.
// Never: keeps a log, global state or names of images; decides what to keep or to remove; mounts for containers; trusts
//        a path, a size, a digest or a link that came with an image.
//
// All functions block and may be called from any thread that may block. What an image needs is either complete,
// verified and on the disk, or invisible; what a stopped process leaves is removed when the stores are opened again.
