import KubernetesAPI
import Testing

@Suite("What clients accept")
struct AcceptHeaderTests {
    private static let json = "application/json"
    private static let yaml = "application/yaml"

    @Test(
        "of JSON and YAML the client gets what it likes best",
        arguments: [
            (nil, json), ("", json), ("*/*", json), ("application/*", json), ("*/*;q=0.1", json),
            ("application/yaml", yaml), ("application/yaml;q=0.1", yaml),
            ("application/yaml;q=0.1, application/json", json), ("application/yaml, application/json;q=0.9", yaml),
            ("application/yaml, application/json", yaml), ("application/json, application/yaml", json),
            ("application/json;q=0.5,application/yaml;q=0.501", yaml),
            ("*/*, application/json;q=0", yaml), ("application/*;q=0.2, application/json;q=0.1", yaml),
            ("application/json;q=0, application/yaml;q=0", nil), ("*/*;q=0", nil), ("text/html", nil),
            ("application/json;q=0.000", nil), ("text/*, */*;q=0.1", json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", json),
            // The exact wish counts, whatever the general one says, RFC 9110 section 12.5.1.
            ("*/*, application/json;q=0.3", yaml), ("application/*, application/yaml;q=0.1", json),
            // Of equal weight: the named one before any.
            ("*/*, application/yaml", yaml),
            ("APPLICATION/YAML ; Q=1.000 , application/json ; q=0.9", yaml),
            // What is no weight is taken as none.
            ("application/yaml;q=high, application/json;q=0.9", yaml),
            ("application/yaml;q=0.1234, application/json;q=0.9", yaml),
            ("application/yaml;q=-1, application/json;q=0.9", yaml),
            // Kinds of documents are all of one type.
            ("application/json;as=Table;v=v1;g=meta.k8s.io;q=0.2, application/yaml;q=0.1", json),
            ("nonsense", json), (",,", json), ("application/json;;q=0.1;, application/yaml", yaml),
        ] as [(String?, String?)]
    )
    func best(header: String?, expected: String?) {
        #expect(AcceptHeader(header).best(of: [Self.json, Self.yaml]) == expected)
    }

    @Test(
        "the form of an object follows the weights, too",
        arguments: [
            ("application/json;as=Table;v=v1;g=meta.k8s.io;q=0.1, application/json", ObjectForm.object),
            ("application/json;q=0.1, application/json;as=Table;v=v1;g=meta.k8s.io", .table),
            ("application/json;as=Table;v=v1;g=meta.k8s.io;q=0, application/json", .object),
            ("*/*;q=0.1, application/json;q=0.5;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", .metadata),
        ]
    )
    func form(header: String, expected: ObjectForm) throws {
        #expect(try ObjectForm.wanted(accept: header) == expected)
    }

    @Test("discovery is aggregated for who likes that best")
    func discovery() {
        let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        #expect(Discovery.aggregatedVersion(accept: aggregated + ",application/json") == "v2")
        #expect(Discovery.aggregatedVersion(accept: aggregated + ";q=0.1,application/json") == nil)
        #expect(Discovery.aggregatedVersion(accept: aggregated + ";q=0") == nil)
    }
}
