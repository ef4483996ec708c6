import Facts
import KubernetesAPI
import Reconciler

/// What happens in one history: the pod, how its containers behave, what the user does, what goes wrong. All of it is
/// drawn from the seed beforehand, except for the small choices along the way.
struct Scenario {
    /// One run of a container's process.
    struct Run {
        /// nil: it runs until it is told to stop.
        var duration: Int64?
        var exitCode: Int32 = 0
        var oomKilled = false
    }

    enum UserStep {
        case delete(grace: Int64)
        case replaceImage(container: String, image: String)
        case label
    }

    var pod: Pod
    /// The runs of each container by name, in order; after the last one it goes on as `afterwards` says.
    var runs: [String: [Run]]
    var afterwards: [String: Run]
    /// Containers that do not react to the stop signal.
    var stubborn: Set<String> = []
    /// Images that cannot be pulled so many times.
    var pullFailures: [String: (reason: String, times: Int)] = [:]
    var userSteps: [(time: Int64, step: UserStep)] = []
    var shimDeaths: [Int64] = []
    /// At which boundaries of actions the agent crashes, counted through the history.
    var crashes: Set<Int> = []
    /// How many effects fail, in percent, while the budget lasts.
    var faultPercent = 0
    var faultBudget = 0

    static let start: Int64 = 1_795_000_000_000_000

    /// Draws a history.
    static func draw(_ dice: inout Dice) -> Scenario {
        var spec = PodSpec(restartPolicy: dice.pick(["Always", "OnFailure", "Never"]))
        spec.terminationGracePeriodSeconds = dice.pick([nil, 0, 1, 5, 30])
        if dice.chance(8) { spec.activeDeadlineSeconds = Int64(1 + dice.upTo(60)) }
        var scenario = Scenario(pod: Pod(), runs: [:], afterwards: [:])
        let initCount = dice.chance(55) ? 0 : 1 + dice.upTo(2)
        for index in 0..<initCount {
            var container = Container(name: "i\(index)", image: "img:i\(index)", imagePullPolicy: "IfNotPresent")
            if dice.chance(40) { container.restartPolicy = "Always" }
            let isJob = container.restartPolicy == nil
            scenario.drawRuns(of: container.name, job: isJob, sidecar: !isJob, spec: spec, &dice)
            spec.initContainers.append(container)
        }
        for index in 0...dice.upTo(2) {
            var container = Container(name: "c\(index)", image: "img:c\(index)", imagePullPolicy: "Always")
            if dice.chance(10) { container.lifecycle = Lifecycle(stopSignal: "SIGUSR1") }
            if dice.chance(5) { container.readinessProbe = Probe() }
            scenario.drawRuns(of: container.name, job: false, spec: spec, &dice)
            spec.containers.append(container)
        }
        if dice.chance(10) {
            spec.ephemeralContainers.append(EphemeralContainer(name: "e0", image: "img:e0"))
            scenario.drawRuns(of: "e0", job: true, spec: spec, &dice)
        }
        scenario.pod = Pod(
            kind: "Pod",
            apiVersion: "v1",
            metadata: ObjectMeta(name: "p", namespace: "ns"),
            spec: spec
        )
        scenario.drawTroubles(&dice)
        return scenario
    }

    private mutating func drawRuns(
        of name: String,
        job: Bool,
        sidecar: Bool = false,
        spec: PodSpec,
        _ dice: inout Dice
    ) {
        let failures = dice.chance(50) ? 0 : dice.upTo(5)
        runs[name] = (0..<failures).map { _ in
            Run(
                duration: dice.chance(5) ? 700_000_000 : dice.span(seconds: 20),
                exitCode: dice.pick([0, 1, 1, 2, 137, 255]),
                oomKilled: dice.chance(10)
            )
        }
        let ends = job || !sidecar && spec.restartPolicy != "Always" && dice.chance(70)
        afterwards[name] = Run(duration: ends ? dice.span(seconds: 30) : nil)
        if dice.chance(15) { stubborn.insert(name) }
    }

    private mutating func drawTroubles(_ dice: inout Dice) {
        if dice.chance(15) {
            let reason = dice.pick(["ErrImagePull", "ErrImagePull", "ErrImageNeverPull", "RegistryUnavailable"])
            pullFailures[dice.pick(pod.spec.containers).image] = (reason, 1 + dice.upTo(4))
        }
        if dice.chance(60) {
            let time = dice.span(seconds: 90)
            userSteps.append((time, .delete(grace: Int64(dice.pick([0, 1, 3, 30])))))
            if dice.chance(30) { userSteps.append((time + dice.span(seconds: 5), .delete(grace: Int64(dice.upTo(2))))) }
        }
        if dice.chance(15) {
            let container = dice.pick(pod.spec.containers).name
            userSteps.append((dice.span(seconds: 60), .replaceImage(container: container, image: "img:new")))
        }
        if dice.chance(10) { userSteps.append((dice.span(seconds: 60), .label)) }
        if dice.chance(20) { shimDeaths.append(dice.span(seconds: 60)) }
        if dice.chance(60) {
            for _ in 0...dice.upTo(3) { crashes.insert(dice.upTo(40)) }
        }
        if dice.chance(50) {
            faultPercent = 10 + dice.upTo(40)
            faultBudget = 1 + dice.upTo(5)
        }
    }
}
