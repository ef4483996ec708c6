package import JSON

/// How to ask a container whether it is well; exactly one of exec, httpGet, tcpSocket and grpc is set.
package struct Probe: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var exec: ExecAction?
    @Indirect package var httpGet: HTTPGetAction?
    @Indirect package var tcpSocket: TCPSocketAction?
    @Indirect package var grpc: GRPCAction?
    @OmitEmpty package var initialDelaySeconds: Int32
    @OmitEmpty package var timeoutSeconds: Int32
    @OmitEmpty package var periodSeconds: Int32
    @OmitEmpty package var successThreshold: Int32
    @OmitEmpty package var failureThreshold: Int32
    package var terminationGracePeriodSeconds: Int64?

    package init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        grpc: GRPCAction? = nil,
        initialDelaySeconds: Int32 = 0,
        timeoutSeconds: Int32 = 0,
        periodSeconds: Int32 = 0,
        successThreshold: Int32 = 0,
        failureThreshold: Int32 = 0,
        terminationGracePeriodSeconds: Int64? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.grpc = grpc
        self.initialDelaySeconds = initialDelaySeconds
        self.timeoutSeconds = timeoutSeconds
        self.periodSeconds = periodSeconds
        self.successThreshold = successThreshold
        self.failureThreshold = failureThreshold
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
    }

    package init(reading members: JSONMembers) throws {
        exec = try members.optional("exec")
        httpGet = try members.optional("httpGet")
        tcpSocket = try members.optional("tcpSocket")
        grpc = try members.optional("grpc")
        initialDelaySeconds = try members.field("initialDelaySeconds")
        timeoutSeconds = try members.field("timeoutSeconds")
        periodSeconds = try members.field("periodSeconds")
        successThreshold = try members.field("successThreshold")
        failureThreshold = try members.field("failureThreshold")
        terminationGracePeriodSeconds = try members.optional("terminationGracePeriodSeconds")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("exec", _exec)
        try writer.field("httpGet", _httpGet)
        try writer.field("tcpSocket", _tcpSocket)
        try writer.field("grpc", _grpc)
        try writer.field("initialDelaySeconds", _initialDelaySeconds)
        try writer.field("timeoutSeconds", _timeoutSeconds)
        try writer.field("periodSeconds", _periodSeconds)
        try writer.field("successThreshold", _successThreshold)
        try writer.field("failureThreshold", _failureThreshold)
        try writer.field("terminationGracePeriodSeconds", terminationGracePeriodSeconds)
    }

    package static var zeroValue: Probe { Probe() }
}

/// A command to run in the container, without a shell; exit code 0 is success.
package struct ExecAction: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var command: [String]

    package init(
        command: [String] = []
    ) {
        self.command = command
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("command", _command)
    }

    package static var zeroValue: ExecAction { ExecAction() }
}

/// An HTTP request; a status from 200 to 399 is success.
package struct HTTPGetAction: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var path: String
    @Printed package var port: IntOrString
    @OmitEmpty package var host: String
    @OmitEmpty package var scheme: String
    @OmitEmpty package var httpHeaders: [HTTPHeader]

    package init(
        path: String = "",
        port: IntOrString = .int(0),
        host: String = "",
        scheme: String = "",
        httpHeaders: [HTTPHeader] = []
    ) {
        self.path = path
        self.port = port
        self.host = host
        self.scheme = scheme
        self.httpHeaders = httpHeaders
    }

    package init(reading members: JSONMembers) throws {
        path = try members.field("path")
        port = try members.field("port")
        host = try members.field("host")
        scheme = try members.field("scheme")
        httpHeaders = try members.field("httpHeaders")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("path", _path)
        try writer.field("port", _port)
        try writer.field("host", _host)
        try writer.field("scheme", _scheme)
        try writer.field("httpHeaders", _httpHeaders)
    }

    package static var zeroValue: HTTPGetAction { HTTPGetAction() }
}

/// A header to send with a probe or a hook.
package struct HTTPHeader: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var value: String

    package init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("value", _value)
    }

    package static var zeroValue: HTTPHeader { HTTPHeader() }
}

/// A port to connect to; a connection is success.
package struct TCPSocketAction: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var port: IntOrString
    @OmitEmpty package var host: String

    package init(
        port: IntOrString = .int(0),
        host: String = ""
    ) {
        self.port = port
        self.host = host
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("port", _port)
        try writer.field("host", _host)
    }

    package static var zeroValue: TCPSocketAction { TCPSocketAction() }
}

/// A gRPC health service to ask.
package struct GRPCAction: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var port: Int32
    package var service: String?

    package init(
        port: Int32 = 0,
        service: String? = nil
    ) {
        self.port = port
        self.service = service
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("port", _port)
        try writer.field("service", service)
    }

    package static var zeroValue: GRPCAction { GRPCAction() }
}

/// What to run after a container's start and before its stop, and the signal that stops it.
package struct Lifecycle: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var postStart: LifecycleHandler?
    @Indirect package var preStop: LifecycleHandler?
    package var stopSignal: String?

    package init(
        postStart: LifecycleHandler? = nil,
        preStop: LifecycleHandler? = nil,
        stopSignal: String? = nil
    ) {
        self.postStart = postStart
        self.preStop = preStop
        self.stopSignal = stopSignal
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("postStart", _postStart)
        try writer.field("preStop", _preStop)
        try writer.field("stopSignal", stopSignal)
    }

    package static var zeroValue: Lifecycle { Lifecycle() }
}

/// What a hook does; exactly one member is set.
package struct LifecycleHandler: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var exec: ExecAction?
    @Indirect package var httpGet: HTTPGetAction?
    @Indirect package var tcpSocket: TCPSocketAction?
    @Indirect package var sleep: SleepAction?

    package init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        sleep: SleepAction? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.sleep = sleep
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("exec", _exec)
        try writer.field("httpGet", _httpGet)
        try writer.field("tcpSocket", _tcpSocket)
        try writer.field("sleep", _sleep)
    }

    package static var zeroValue: LifecycleHandler { LifecycleHandler() }
}

/// A pause, in seconds.
package struct SleepAction: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var seconds: Int64

    package init(
        seconds: Int64 = 0
    ) {
        self.seconds = seconds
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("seconds", _seconds)
    }

    package static var zeroValue: SleepAction { SleepAction() }
}
