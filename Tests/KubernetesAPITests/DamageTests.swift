import JSON
import KubernetesAPI
import Testing

/// Bodies that were damaged at random must be refused or read, never crash or hang. The seed is printed with a failure.
@Suite("Damaged bodies")
struct DamageTests {
    private static let seed: UInt64 = 20_261_124

    private let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: &n hello, labels: {app: *n, "tier": 'front'}}
        spec:
          containers:
          - name: c
            image: bb:1
            args: ["-c", "\\u00e9\\n", 'it''s', !!str 12]
            resources: {limits: {cpu: 0.5, memory: 64Mi}}
            livenessProbe: {httpGet: {port: http}, periodSeconds: 0x10}
          volumes:
          - name: v
            emptyDir: {}
          activeDeadlineSeconds: 1_000
        # end
        --- |
          text
        ...
        """

    @Test("YAML and JSON with bytes changed, removed, doubled and moved")
    func damage() throws {
        var generator = SeededGenerator(seed: DamageTests.seed)
        let yaml = Array(pod.utf8)
        let first = try #require(try YAML.decode(yaml).first)
        let json = first.bytes()
        var accepted = 0
        for round in 0..<5_000 {
            let isYAML = round % 2 == 0
            var body = isYAML ? yaml : json
            for _ in 0...Int.random(in: 0...4, using: &generator) { damage(&body, &generator) }
            do {
                var object = try ObjectDecoding.decode(
                    Pod.self,
                    body: body,
                    contentType: isYAML ? "application/yaml" : "application/json"
                ).object
                accepted += 1
                // What is accepted must bear all that happens to a pod.
                PodDefaults.apply(to: &object)
                _ = PodValidation.validate(object)
                let bytes = try JSONCoding.encode(object)
                #expect(
                    try JSONCoding.decode(Pod.self, from: bytes) == object,
                    "seed \(DamageTests.seed), round \(round)"
                )
            } catch let error as APIError {
                #expect(error.code == 400, "seed \(DamageTests.seed), round \(round)")
            }
        }
        #expect(accepted > 100)
    }

    private func damage(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let place = Int.random(in: 0..<body.count, using: &generator)
        let signs = Array("{}[]:,\"'&*!|>%@`?-#\n\t \\0x~<=.e_\u{0}".utf8) + [0xFF, 0xC3, 0xE2, 0x80]
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: body[place] = signs[Int.random(in: 0..<signs.count, using: &generator)]
        case 1: body.remove(at: place)
        case 2: body.insert(signs[Int.random(in: 0..<signs.count, using: &generator)], at: place)
        case 3:
            let end = min(body.count, place + Int.random(in: 1...20, using: &generator))
            body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &generator))
        default: body.removeLast(Int.random(in: 0...min(30, body.count), using: &generator))
        }
    }

    @Test("selectors, quantities and times of any characters")
    func texts() {
        var generator = SeededGenerator(seed: DamageTests.seed)
        let pieces = [
            "a", "app", "=", "!", "in", "(", ")", ",", " ", "1", "-", "+", ".", "e", "Ki", "m", "T", ":", "Z", "\\",
            "é", "9999999999",
        ]
        for _ in 0..<30_000 {
            let text = (0..<Int.random(in: 0...8, using: &generator))
                .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
            _ = try? LabelQuery.parse(text)  // either outcome is right
            _ = try? FieldSelector.parse(text, for: Pod.self)  // either outcome is right
            _ = Time(parsing: text)
            guard let quantity = try? Quantity(parsing: text) else { continue }  // either outcome is right
            let canonical = try? Quantity(parsing: quantity.canonicalText)  // a failure shows below
            #expect(canonical == quantity, "\(text)")
        }
    }
}

@Suite("Defaults of other objects")
struct ObjectDefaultsTests {
    @Test("a namespace is active and keeps a finalizer; a secret's texts become bytes")
    func apply() {
        var namespace = Namespace(metadata: ObjectMeta(name: "n"))
        ObjectDefaults.apply(to: &namespace)
        ObjectDefaults.apply(to: &namespace)
        #expect(namespace.spec.finalizers == ["kubernetes"])
        #expect(namespace.status.phase == "Active")
        #expect(namespace.metadata.labels == ["kubernetes.io/metadata.name": "n"])
        var secret = Secret(data: ["a": Base64Bytes([1]), "b": Base64Bytes([2])], stringData: ["a": "x"])
        ObjectDefaults.apply(to: &secret)
        #expect(secret.type == "Opaque")
        #expect(secret.data == ["a": Base64Bytes([0x78]), "b": Base64Bytes([2])])
        #expect(secret.stringData.isEmpty)
    }

    @Test("names, keys and sizes of namespaces, config maps and secrets are checked")
    func validate() {
        let namespace = Namespace(metadata: ObjectMeta(name: "A", namespace: "x"))
        #expect(ObjectValidation.validate(namespace).map(\.field) == ["metadata.name", "metadata.namespace"])
        let map = ConfigMap(
            metadata: ObjectMeta(name: "m", namespace: "default"),
            data: ["a b": "x", "k": "1", "..": "x"],
            binaryData: ["k": Base64Bytes([])]
        )
        #expect(ObjectValidation.validate(map).map(\.field) == ["data[..]", "data[a b]", "data[k]"])
        let secret = Secret(metadata: ObjectMeta(name: "s", namespace: "default"), type: "kubernetes.io/tls")
        #expect(ObjectValidation.validate(secret).map(\.field) == ["data[tls.crt]", "data[tls.key]"])
        #expect(
            ObjectValidation.validate(ConfigMap(metadata: ObjectMeta(name: "m", namespace: "d"), data: ["a": "b"]))
                .isEmpty
        )
    }

    @Test("a node's taints are checked")
    func taints() {
        let old = Node(metadata: ObjectMeta(name: "n1"))
        var new = old
        new.spec.taints = [
            Taint(key: "a", effect: "Sometimes"), Taint(key: "b", effect: "NoSchedule"),
            Taint(key: "b", effect: "NoSchedule"),
        ]
        #expect(
            ObjectValidation.validateUpdate(old: old, new: new).map(\.field) == [
                "spec.taints[0].effect", "spec.taints[2]",
            ]
        )
    }
}
