import Facts
import Testing

struct SentenceTests {
    @Test("every fact has a sentence on one line that names its subject", arguments: Samples.all)
    func everyFact(fact: Fact) {
        let sentence = Sentences.describe(fact, subject: "pod default/web")
        #expect(sentence.hasPrefix("pod default/web"))
        #expect(sentence.count > "pod default/web".count + 3)
        #expect(!sentence.contains("Optional("))
        #expect(sentence.count < 300)
    }

    @Test(
        "sentences are plain English",
        arguments: [
            (0, "pod default/web was created and assigned to node n1"),
            (3, "pod default/web is to be deleted, with 30 seconds of grace"),
            (9, "pod default/web: pulled image bb:1 (1234567 bytes) for container web in 1.203s"),
            (17, "pod default/web: container web started with pid 4243, attempt 2"),
        ]
    )
    func wording(index: Int, expected: String) {
        #expect(Sentences.describe(Samples.all[index], subject: "pod default/web") == expected)
    }

    @Test("an exit tells code, signal, memory and duration")
    func exit() {
        var exit = ContainerExited(
            container: Samples.web,
            containerID: Samples.id,
            attempt: 0,
            exitCode: 137,
            signal: 9,
            oomKilled: true,
            startedAt: 0,
            finishedAt: 90_500_000
        )
        #expect(
            Sentences.describe(.containerExited(exit), subject: "pod a/b")
                == "pod a/b: container web exited with code 137, by signal 9, out of memory after 1m30.5s"
        )
        exit.finishedAt = -5
        #expect(!Sentences.describe(.containerExited(exit), subject: "pod a/b").contains("after"))
    }

    @Test(
        "spans of whole seconds are written as Go writes them",
        arguments: [
            (0, "0s"), (9, "9s"), (60, "1m0s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s"), (90061, "25h1m1s"),
        ]
    )
    func wholeSeconds(seconds: Int, expected: String) {
        #expect(Spans.wholeSeconds(Int64(seconds)) == expected)
    }

    @Test(
        "short spans keep three digits",
        arguments: [
            (0, "0us"), (999, "999us"), (1000, "1ms"), (999_999, "999ms"), (1_000_000, "1s"), (1_203_999, "1.203s"),
            (1_200_000, "1.2s"), (61_050_000, "1m1.05s"), (-2000, "-2ms"),
        ]
    )
    func shortSpans(span: Int, expected: String) {
        #expect(Spans.short(Int64(span)) == expected)
    }
}
