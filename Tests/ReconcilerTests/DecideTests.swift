import Facts
import KubernetesAPI
import Reconciler
import Testing

/// What is decided at which point of a pod's life: tables of (what happened, what is decided).
struct DecideTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var expected: [String]
        var wakesIn: Double?
        var story: @Sendable () throws -> Story

        init(
            _ name: String,
            _ expected: [String],
            wakesIn: Double? = nil,
            _ story: @escaping @Sendable () throws -> Story
        ) {
            self.name = name
            self.expected = expected
            self.wakesIn = wakesIn
            self.story = story
        }

        var testDescription: String { name }
    }

    static func told(_ story: Story, _ steps: (inout Story) throws -> Void) throws -> Story {
        var story = story
        try steps(&story)
        return story
    }

    @Test("decide gives the next steps", arguments: startCases + restartCases + failureCases + stopCases + deleteCases)
    func table(row: Case) throws {
        let story = try row.story()
        #expect(story.decided == row.expected)
        #expect(story.wakesIn == row.wakesIn)
    }

    static let startCases: [Case] = [
        Case("a new pod needs its sandbox and its images", ["sandbox #0", "pull a", "pull b"]) {
            try Story(["a", "b"])
        },
        Case("a container starts when sandbox and image are there", ["start c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pulled("c")
            }
        },
        Case("nothing starts without a sandbox", ["sandbox #0"]) {
            try told(try Story()) { try $0.pulled("c") }
        },
        Case("main containers start in their order", ["pull a"]) {
            try told(try Story(["a", "b"])) {
                try $0.sandbox()
                try $0.pulled("b")
            }
        },
        Case("a failed pull does not hold later containers back", ["record ImagePullBackedOff a", "start b #0"]) {
            try told(try Story(["a", "b"])) {
                try $0.sandbox()
                try $0.pullFails("a")
                try $0.pulled("b")
            }
        },
        Case("a running pod needs nothing", []) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
            }
        },
        Case("init containers come one after the other", ["sandbox #0", "pull i"]) {
            try Story(inits: ["i", "j"])
        },
        Case("the second init container waits for the first to end", []) {
            try told(try Story(inits: ["i", "j"])) {
                try $0.sandbox()
                try $0.starts("i")
            }
        },
        Case("the second init container follows the first", ["pull j"]) {
            try told(try Story(inits: ["i", "j"])) {
                try $0.sandbox()
                try $0.starts("i")
                try $0.exits("i")
            }
        },
        Case("main containers follow the init containers", ["pull c"]) {
            try told(try Story(inits: ["i"])) {
                try $0.sandbox()
                try $0.starts("i")
                try $0.exits("i")
            }
        },
        Case("a sidecar has to run, not to end", ["pull c"]) {
            try told(try Story(inits: ["s"], sidecars: ["s"])) {
                try $0.sandbox()
                try $0.starts("s")
            }
        },
        Case("an ephemeral container starts at any time", ["pull i", "start e #0"]) {
            try told(
                try Story(inits: ["i"]) { $0.ephemeralContainers = [EphemeralContainer(name: "e", image: "img")] }
            ) {
                try $0.sandbox()
                try $0.pulled("e")
            }
        },
        Case("probes and hooks that are not run are warned about first", ["record PodWarned", "record PodWarned"]) {
            try Story {
                $0.containers[0].livenessProbe = Probe()
                $0.containers[0].lifecycle = Lifecycle(preStop: LifecycleHandler())
            }
        },
    ]

    static let restartCases: [Case] = [
        Case("what ended is removed from the runtime", ["remove c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.exits("c", removed: false)
            }
        },
        Case("the first restart comes at once", ["pull c"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.exits("c", code: 1)
            }
        },
        Case("the second restart waits", ["record ContainerBackedOff c"]) {
            try told(try Story()) {
                try $0.sandbox()
                for attempt in 0...1 {
                    try $0.starts("c", attempt: attempt)
                    try $0.exits("c", attempt: attempt, code: 1)
                }
            }
        },
        Case("a wait that was recorded is waited for", [], wakesIn: 10) {
            try told(try Story()) {
                try $0.sandbox()
                for attempt in 0...1 {
                    try $0.starts("c", attempt: attempt)
                    try $0.exits("c", attempt: attempt, code: 1)
                }
                try $0.recordDecisions()
            }
        },
        Case("a sidecar restarts also when the policy is Never", ["pull s"]) {
            try told(try Story(inits: ["s"], sidecars: ["s"], restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("s")
                try $0.starts("c")
                try $0.exits("s", code: 0)
            }
        },
        Case("OnFailure restarts a failure", ["pull a"]) {
            try told(try Story(["a", "b"], restartPolicy: "OnFailure")) {
                try $0.sandbox()
                try $0.starts("a")
                try $0.starts("b")
                try $0.exits("a", code: 2)
                try $0.exits("b", code: 0)
            }
        },
        Case("Never restarts nothing", []) {
            try told(try Story(["a", "b"], restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("a")
                try $0.starts("b")
                try $0.exits("a", code: 2)
            }
        },
        Case("a rule of the container overrules the pod's policy", ["pull a"]) {
            try told(
                try Story(["a", "b"], restartPolicy: "Never") {
                    $0.containers[0].restartPolicy = "Never"
                    $0.containers[0].restartPolicyRules = [
                        ContainerRestartRule(
                            action: "Restart",
                            exitCodes: ContainerRestartRuleOnExitCodes(operator: "In", values: [42])
                        )
                    ]
                }
            ) {
                try $0.sandbox()
                try $0.starts("a")
                try $0.starts("b")
                try $0.exits("a", code: 42)
            }
        },
        Case("another image stops the container", ["signal 15 c #0"]) {
            try told(try Story(restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("c")
                var pod = $0.pod
                pod.spec.containers[0].image = "img:2"
                try $0.happens(.replaced(PodReplaced(changedAt: $0.now)), object: pod)
            }
        },
        Case("and starts it again whatever the policy", ["pull c"]) {
            try told(try Story(restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("c")
                var pod = $0.pod
                pod.spec.containers[0].image = "img:2"
                try $0.happens(.replaced(PodReplaced(changedAt: $0.now)), object: pod)
                try $0.recordDecisions()
                try $0.exits("c", code: 143)
            }
        },
    ]

    static let failureCases: [Case] = [
        Case("a sandbox that failed is removed first", ["remove sandbox", "pull c"]) {
            try told(try Story()) { try $0.sandboxFails() }
        },
        Case("and made anew ten seconds later", [], wakesIn: 10) {
            try told(try Story()) {
                try $0.pulled("c")
                try $0.sandboxFails()
                try $0.sandboxIsRemoved()
            }
        },
        Case("under its next number", ["sandbox #1"]) {
            try told(try Story()) {
                try $0.pulled("c")
                try $0.sandboxFails()
                try $0.sandboxIsRemoved()
                $0.at(10)
            }
        },
        Case("a container that could not be created is tried again with the same attempt", ["start c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pulled("c")
                try $0.startFails("c", reason: "CreateContainerConfigError")
                $0.at(10)
            }
        },
        Case("but not at once", [], wakesIn: 10) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pulled("c")
                try $0.startFails("c", reason: "CreateContainerConfigError")
            }
        },
        Case("a start that failed uses its attempt up", ["remove c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pulled("c")
                try $0.startFails("c", reason: "RunContainerError")
            }
        },
        Case("an image name that cannot be read is not tried again", []) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pullFails("c", reason: "InvalidImageName")
            }
        },
        Case("an image that must not be pulled is looked for again", [], wakesIn: 10) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.pullFails("c", reason: "ErrImageNeverPull")
            }
        },
        Case("the deadline of the pod is waited for", [], wakesIn: 60) {
            try told(try Story { $0.activeDeadlineSeconds = 60 }) {
                try $0.sandbox()
                try $0.starts("c")
            }
        },
        Case("and recorded", ["record PodDeadlineExceeded"]) {
            try told(try Story { $0.activeDeadlineSeconds = 60 }) {
                try $0.sandbox()
                try $0.starts("c")
                $0.at(60)
            }
        },
        Case("a lost sandbox is removed before anything starts again", ["remove sandbox"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                $0.at(100)
                try $0.sandboxIsLost()
            }
        },
        Case("init containers run again in a new sandbox", ["pull i"]) {
            try told(try Story(inits: ["i"])) {
                try $0.sandbox()
                try $0.starts("i")
                try $0.exits("i")
                try $0.starts("c")
                $0.at(100)
                try $0.sandboxIsLost()
                try $0.sandboxIsRemoved()
                try $0.sandbox(attempt: 1)
            }
        },
    ]

    static let stopCases: [Case] = [
        Case("a pod that succeeded is cleared away", ["remove sandbox"]) {
            try told(try Story(restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.exits("c")
            }
        },
        Case("and then left alone", []) {
            try told(try Story(restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.exits("c")
                try $0.sandboxIsRemoved()
            }
        },
        Case("sidecars stop when the main containers are done, the last one first", ["signal 15 t #0"]) {
            try told(try Story(inits: ["s", "t"], sidecars: ["s", "t"], restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("s")
                try $0.starts("t")
                try $0.starts("c")
                try $0.exits("c")
            }
        },
        Case("a failed init container ends a pod that is never restarted", ["remove sandbox"]) {
            try told(try Story(inits: ["i"], restartPolicy: "Never")) {
                try $0.sandbox()
                try $0.starts("i")
                try $0.exits("i", code: 1)
            }
        },
    ]

    static let deleteCases: [Case] = [
        Case("main containers get the stop signal in parallel", ["signal 15 a #0", "signal 10 b #0"]) {
            try told(
                try Story(["a", "b"], inits: ["s"], sidecars: ["s"]) {
                    $0.containers[1].lifecycle = Lifecycle(stopSignal: "SIGUSR1")
                }
            ) {
                try $0.sandbox()
                for name in ["s", "a", "b"] { try $0.starts(name) }
                try $0.deletes(grace: 30)
            }
        },
        Case("SIGKILL comes at the deadline", [], wakesIn: 30) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 30)
                try $0.recordDecisions()
            }
        },
        Case("a shorter grace period is honoured", [], wakesIn: 4) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 30)
                try $0.recordDecisions()
                $0.at(1)
                try $0.deletes(grace: 4)
            }
        },
        Case("a longer one is not", [], wakesIn: 2) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 3)
                try $0.recordDecisions()
                $0.at(1)
                try $0.deletes(grace: 60)
            }
        },
        Case("every container gets two seconds", [], wakesIn: 2) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 0)
                try $0.recordDecisions()
            }
        },
        Case("SIGKILL at last", ["signal 9 c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 5)
                try $0.recordDecisions()
                $0.at(5)
            }
        },
        Case("the last sidecar stops when the main containers are gone", ["signal 15 t #0"]) {
            try told(try Story(inits: ["s", "t"], sidecars: ["s", "t"])) {
                try $0.sandbox()
                for name in ["s", "t", "c"] { try $0.starts(name) }
                try $0.deletes(grace: 30)
                try $0.recordDecisions()
                try $0.exits("c")
            }
        },
        Case("containers are removed before the sandbox", ["remove c #0"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.starts("c")
                try $0.deletes(grace: 30)
                try $0.recordDecisions()
                try $0.exits("c", removed: false)
            }
        },
        Case("the pod goes when its sandbox is gone", ["remove pod"]) {
            try told(try Story()) {
                try $0.sandbox()
                try $0.deletes(grace: 30)
                try $0.sandboxIsRemoved()
            }
        },
        Case("a pod without a sandbox goes at once", ["remove pod"]) {
            try told(try Story()) { try $0.deletes(grace: 30) }
        },
        Case("finalizers keep the object", []) {
            try told(try Story()) {
                var pod = $0.pod
                pod.metadata.finalizers = ["example.com/wait"]
                try $0.happens(
                    .patched(PodPatched(patchType: "application/merge-patch+json", changedAt: $0.now)),
                    object: pod
                )
                try $0.deletes(grace: 30)
            }
        },
    ]
}

extension Story {
    mutating func sandboxFails() throws {
        let next = Reconciler.nextSandbox(of: record)
        try happens(
            .sandboxFailed(
                SandboxFailed(
                    sandboxID: next.id,
                    attempt: next.attempt,
                    reason: "CreatePodSandboxError",
                    message: "no",
                    failedAt: now
                )
            )
        )
    }

    mutating func sandboxIsLost() throws {
        let id = record.runtime.sandbox.id ?? ""
        try happens(.sandboxLost(SandboxLost(sandboxID: id, message: "the shim died", lostAt: now)))
    }

    mutating func sandboxIsRemoved() throws {
        let id = record.runtime.sandbox.id ?? ""
        try happens(.sandboxRemoved(SandboxRemoved(sandboxID: id, removedAt: now)))
    }
}
