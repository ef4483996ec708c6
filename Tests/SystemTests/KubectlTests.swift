import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    /// Debian's package is `kubernetes-client` (1.20, too old for the server's OpenAPI); others come with cloud tools.
    @Suite("kubectl", .serialized, .enabled(if: Kubectl.isPresent))
    struct KubectlTests {
        @Test("the everyday commands work")
        func everyday() throws {
            let port = Int.random(in: 20_000..<32_000)
            try RunningAgent.with(options: ["--insecure-http", "127.0.0.1:\(port)"]) { agent in
                let configuration = """
                    {"apiVersion":"v1","kind":"Config","current-context":"t",
                    "contexts":[{"name":"t","context":{"cluster":"t"}}],
                    "clusters":[{"name":"t","cluster":{"server":"http://127.0.0.1:\(port)"}}]}
                    """
                try Files.write(agent.directory + "/kubeconfig", Array(configuration.utf8), mode: 0o600)
                let kubectl = { (command: String) in
                    try Spawn.run(
                        ["bash", "-c", "cd $0 && " + command, agent.directory],
                        environment: Shell.environment + [
                            "HOME=\(agent.directory)", "KUBECONFIG=\(agent.directory)/kubeconfig",
                        ]
                    )
                }
                let manifest = Manifest.pod("web", "echo started; " + Manifest.sleeper)
                try Files.write(agent.directory + "/web.yaml", Array(manifest.utf8), mode: 0o600)
                let other = Manifest.pod("other", Manifest.sleeper)
                try Files.write(agent.directory + "/other.yaml", Array(other.utf8), mode: 0o600)
                for (command, code, output) in Self.commands {
                    let outcome = try kubectl(command)
                    let text = String(decoding: outcome.output + outcome.errors, as: UTF8.self)
                    #expect(outcome.code == code, "kubectl \(command): \(text)")
                    #expect(text.contains(output), "kubectl \(command): \(text)")
                }
            }
        }

        /// Command, exit code, and a part of what it prints.
        private static let commands: [(String, Int32, String)] = [
            ("kubectl version", 0, "Server Version"),
            ("kubectl api-resources", 0, "pods"),
            ("kubectl explain pod.spec.containers", 0, "image"),
            ("kubectl get nodes -o wide", 0, "n1"),
            ("kubectl describe node n1", 0, "Capacity"),
            ("kubectl get ns", 0, "default"),
            ("kubectl apply -f web.yaml --dry-run=server", 0, "created (server dry run)"),
            ("kubectl apply -f web.yaml", 0, "pod/web created"),
            ("kubectl apply -f web.yaml", 0, "pod/web unchanged"),
            ("kubectl diff -f web.yaml", 0, ""),
            ("kubectl wait --for=condition=Ready pod/web --timeout=30s", 0, "condition met"),
            ("kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web --timeout=30s", 0, "condition met"),
            ("kubectl get pods", 0, "1/1"),
            ("kubectl get pods -o wide", 0, "n1"),
            ("kubectl get pod web -o yaml", 0, "phase: Running"),
            ("kubectl get pods -o name", 0, "pod/web"),
            ("kubectl get pods -A -o jsonpath='{.items[*].spec.nodeName}'", 0, "n1"),
            ("kubectl get pods -l 'app in (web, other)' --field-selector status.phase=Running --no-headers", 0, "web"),
            ("timeout 10 kubectl get pods -w", 124, "web"),
            ("kubectl describe pod web", 0, "Started container main"),
            ("kubectl events --for pod/web", 0, "Scheduled"),
            ("kubectl get events", 0, "Pulled"),
            ("kubectl label pod web a=b", 0, "labeled"),
            ("kubectl annotate pod web c=d", 0, "annotated"),
            ("kubectl patch pod web -p '{\"metadata\":{\"labels\":{\"z\":\"1\"}}}'", 0, "patched"),
            (
                "kubectl patch pod web --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/labels/z\"}]'", 0,
                "patched"
            ),
            ("kubectl get pod web -o yaml > r.yaml; kubectl replace -f r.yaml", 0, "replaced"),
            ("KUBE_EDITOR='sed -i s/app:.web/app:\\ wob/' kubectl edit pod web", 0, "edited"),
            ("kubectl logs web", 0, "started"),
            ("kubectl logs web --all-containers --timestamps --tail=1", 0, "Z started"),
            ("timeout 8 kubectl logs -f web", 124, "started"),
            ("kubectl exec web -- sh -c 'echo $0; exit 4'", 4, "sh"),
            ("echo hello | kubectl exec -i web -- cat", 0, "hello"),
            ("kubectl exec web -- nosuch", 127, "executable file not found in $PATH"),
            ("kubectl exec no -- id", 1, "pods \"no\" not found"),
            ("echo hi | kubectl run in -i --rm --restart=Never --image=bb:1 -- cat", 0, "hi"),
            ("kubectl run once --image=bb:1 --restart=Never -- sh -c 'exit 3'", 0, "created"),
            ("kubectl wait --for=jsonpath='{.status.phase}'=Failed pod/once --timeout=30s", 0, "condition met"),
            ("kubectl get pod once -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'", 0, "3"),
            ("kubectl delete pod once", 0, "deleted"),
            ("kubectl create namespace shop", 0, "namespace/shop created"),
            ("kubectl create configmap settings --from-literal=color=blue", 0, "configmap/settings created"),
            ("kubectl create secret generic login --from-literal=user=ann", 0, "secret/login created"),
            (
                "kubectl create secret docker-registry r --docker-server=l:5 --docker-username=u --docker-password=p",
                0, ""
            ),
            ("kubectl get configmaps,secrets", 0, "kubernetes.io/dockerconfigjson"),
            ("kubectl describe secret login", 0, "user:  3 bytes"),
            ("kubectl get secret login -o jsonpath='{.data.user}'", 0, "YW5u"),
            ("kubectl label configmap settings a=b", 0, "labeled"),
            ("kubectl delete secret login", 0, "deleted"),
            ("kubectl delete namespace shop", 0, "deleted"),
            ("kubectl auth can-i create pods", 0, "yes"),
            ("kubectl auth can-i create services", 1, "this node does not serve that resource"),
            ("kubectl auth can-i --list", 0, "pods/exec"),
            ("kubectl auth whoami", 0, "insecure:127.0.0.1"),
            ("kubectl top pod", 0, "web"),
            ("kubectl top node", 0, "n1"),
            ("kubectl create -f other.yaml", 0, "created"),
            ("kubectl delete -f other.yaml --wait=true", 0, "deleted"),
            ("kubectl get pod other", 1, "NotFound"),
            ("kubectl delete pod -l app=wob --now", 0, "deleted"),
        ]
    }
}

/// The kubectl of this machine.
enum Kubectl {
    static let isPresent: Bool = {
        let found = (try? Shell.run("kubectl version --client 2>/dev/null")) ?? ""  // not there: nothing to test with
        let minor = found.firstMatch(of: /v1\.(\d+)/).flatMap { Int($0.1) } ?? 0
        if minor < 30 { print("skipped tests with kubectl: needs kubectl 1.30 or newer in the PATH") }
        return minor >= 30
    }()
}
