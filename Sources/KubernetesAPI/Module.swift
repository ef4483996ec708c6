// KubernetesAPI: the objects of Kubernetes' core/v1 and what can be said about them without a server.
//
// Owns   the Swift types of the API (pods with every field, events, nodes, namespaces, config maps, secrets, statuses),
//        quantities and times, and the pure rules over them: defaulting, validation, selectors, patches, tables,
//        decoding of JSON and YAML bodies, discovery and OpenAPI documents, the errors a client sees.
// Reads  nothing: bytes, times and random numbers are parameters.
// Emits  nothing: every function returns its result.
// Never  does I/O, asks for the time, keeps state, or knows how pods are run.
