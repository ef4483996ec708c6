import Hummingbird
import Images
import JSON
import KubernetesAPI
import NodeAgent
import RuntimeCore

/// One archive on its way from a request's body into the store, through a pipe: nothing of it lies on the disk twice.
struct ImageUpload: Sendable {
    let agent: Agent
    let namespace: String
    let origin: RequestOrigin

    struct Outcome: Sendable {
        var progress: [JSONValue]
        var result: Result<[ImageRecord], APIError>
    }

    func receive(_ body: RequestBody) async -> Outcome {
        let lines = ProgressLines()
        do {
            let pipe = try UploadPipe(patience: .seconds(max(1, agent.configuration.uploadTimeout)))
            async let feeding: Void = pipe.feed(body)
            let records: [ImageRecord]
            do {
                records = try await agent.core.importImages(
                    from: pipe.readNumber,
                    source: "upload by \(origin.actor)",
                    namespace: namespace,
                    origin: LogOrigin(actor: origin.actor, request: origin.request),
                    now: { [agent] in agent.now },
                    progress: { lines.add($0) }
                )
            } catch {
                pipe.stopReading()
                await feeding
                if pipe.hasStalled {
                    let stalled = MalformedRequest.stalled(seconds: pipe.patience.components.seconds)
                    return Outcome(progress: lines.all, result: .failure(stalled))
                }
                return Outcome(progress: lines.all, result: .failure(ImageAnswer.error(error, name: "")))
            }
            pipe.stopReading()
            await feeding
            guard !records.isEmpty else {
                return Outcome(
                    progress: lines.all,
                    result: .failure(.badRequest("the archive holds no image with a name; tag it before saving it"))
                )
            }
            return Outcome(progress: lines.all, result: .success(records))
        } catch {
            return Outcome(progress: lines.all, result: .failure(ImageAnswer.error(error, name: "")))
        }
    }
}
