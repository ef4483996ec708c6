// HTTPAPI: the HTTP/JSON front door: Kubernetes' paths for Kubernetes' objects, /v1 for what Kubernetes has no word for.
//
// Owns: the listening sockets and the requests under way. Reads: the agent's objects and the event log. Emits: answers
// and streams. Never does: keep state of its own, decide anything about pods.
//
// A request goes RouteTable -> handler (one file a topic) -> Agent. Errors of all kinds become Status objects in one
// place (APIResponder). The only module that imports Hummingbird.
