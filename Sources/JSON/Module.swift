// JSON: a byte-level reader and writer for RFC 8259 text, with a Codable coder on top.
//
// Owns:   the value types (JSONValue, JSONNumber, JSONObject), the scanner that turns bytes into a tape, the decoder
//         that lets synthesised Codable read the tape, the encoder that streams Codable values into bytes, and the two
//         patch formats of RFC 7386 and RFC 6902.
// Reads:  bytes that a caller hands over. Text is hostile until it has been scanned: every limit is checked before memory
//         is spent on it.
// Emits:  values, bytes, and JSONError, which says what is wrong, where (offset, line, column, path), and why.
// Never:  opens a file or a socket, imports Foundation, uses Swift concurrency, or keeps state between calls.
//
// How the pieces fit: bytes -> Scanner -> Tape -> JSONValue, or -> TapeDecoder -> any Decodable type; types that are read
//                     often or at a program's start may read themselves from JSONMembers (JSONReadable).
//                     any Encodable type -> StreamEncoder -> bytes; types that are written often may write themselves to a
//                     JSONWriter (JSONWritable) -> bytes. All of them end in a TextBuffer, and so does JSONValue.
