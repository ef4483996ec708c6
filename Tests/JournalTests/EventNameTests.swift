import Journal
import Testing

struct EventNameTests {
    @Test(
        "a type of event has a name of thing and happening",
        arguments: [
            ("PodCreated", "pod.created"), ("ContainerExited", "container.exited"), ("ImagePulled", "image.pulled"),
            ("ContainerKillRequested", "container.kill_requested"), ("ContainerBackedOff", "container.backoff"),
            ("ApiRequest", "api.request"), ("AccessDenied", "auth.denied"), ("ExecStarted", "exec.started"),
        ]
    )
    func dotted(type: String, name: String) { #expect(EventName.dotted(type) == name) }

    @Test("every type has a name of its own, with one dot")
    func distinct() {
        let names = MessageID.byEventType.keys.map(EventName.dotted)
        #expect(Set(names).count == names.count)
        for name in names { #expect(name.split(separator: ".").count == 2, "\(name)") }
    }
}
