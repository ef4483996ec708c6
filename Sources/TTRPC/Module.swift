// TTRPC: the protocol between the agent and its shims, and between containerd and shims.
//
// Owns:  the protobuf wire format, ttrpc's frames and calls, the messages of shim v2 (task v2 and v3, sandbox v1, events,
//        bootstrap), and the drivers that move bytes between a connection's state machine and a unix socket.
// Reads: bytes of unix sockets.
// Emits: bytes to unix sockets; completions of calls; requests to handlers.
// Never does: start a thread (the caller brings an EventLoop), decide anything about containers, trust a length.
//
// Layers inside: Protobuf (wire) -> Messages (Shim.*) ; Frame -> TTRPCServerConnection / TTRPCClientConnection (pure state machines)
// -> TTRPCServer / TTRPCClient (the same on sockets and an EventLoop).
