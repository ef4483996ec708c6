package import JSON

/// What is known about one container.
package struct ContainerStatus: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var state: ContainerState
    /// The termination before the present state, if there was one.
    @Printed package var lastState: ContainerState
    @Printed package var ready: Bool
    @Printed package var restartCount: Int32
    @Printed package var image: String
    @Printed package var imageID: String
    @OmitEmpty package var containerID: String
    package var started: Bool?
    @OmitEmpty package var allocatedResources: ResourceList
    @Indirect package var resources: ResourceRequirements?
    @OmitEmpty package var volumeMounts: [VolumeMountStatus]
    @Indirect package var user: ContainerUser?
    @OmitEmpty package var allocatedResourcesStatus: [ResourceStatus]
    package var stopSignal: String?

    package init(
        name: String = "",
        state: ContainerState = ContainerState(),
        lastState: ContainerState = ContainerState(),
        ready: Bool = false,
        restartCount: Int32 = 0,
        image: String = "",
        imageID: String = "",
        containerID: String = "",
        started: Bool? = nil,
        allocatedResources: ResourceList = [:],
        resources: ResourceRequirements? = nil,
        volumeMounts: [VolumeMountStatus] = [],
        user: ContainerUser? = nil,
        allocatedResourcesStatus: [ResourceStatus] = [],
        stopSignal: String? = nil
    ) {
        self.name = name
        self.state = state
        self.lastState = lastState
        self.ready = ready
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.containerID = containerID
        self.started = started
        self.allocatedResources = allocatedResources
        self.resources = resources
        self.volumeMounts = volumeMounts
        self.user = user
        self.allocatedResourcesStatus = allocatedResourcesStatus
        self.stopSignal = stopSignal
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        state = try members.field("state")
        lastState = try members.field("lastState")
        ready = try members.field("ready")
        restartCount = try members.field("restartCount")
        image = try members.field("image")
        imageID = try members.field("imageID")
        containerID = try members.field("containerID")
        started = try members.optional("started")
        allocatedResources = try members.field("allocatedResources")
        resources = try members.optional("resources")
        volumeMounts = try members.field("volumeMounts")
        user = try members.optional("user")
        allocatedResourcesStatus = try members.field("allocatedResourcesStatus")
        stopSignal = try members.optional("stopSignal")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("state", _state)
        try writer.field("lastState", _lastState)
        try writer.field("ready", _ready)
        try writer.field("restartCount", _restartCount)
        try writer.field("image", _image)
        try writer.field("imageID", _imageID)
        try writer.field("containerID", _containerID)
        try writer.field("started", started)
        try writer.field("allocatedResources", _allocatedResources)
        try writer.field("resources", _resources)
        try writer.field("volumeMounts", _volumeMounts)
        try writer.field("user", _user)
        try writer.field("allocatedResourcesStatus", _allocatedResourcesStatus)
        try writer.field("stopSignal", stopSignal)
    }

    package static var zeroValue: ContainerStatus { ContainerStatus() }
}

/// Waiting, running or terminated; at most one member is set, and none means waiting.
package struct ContainerState: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var waiting: ContainerStateWaiting?
    @Indirect package var running: ContainerStateRunning?
    @Indirect package var terminated: ContainerStateTerminated?

    package init(
        waiting: ContainerStateWaiting? = nil,
        running: ContainerStateRunning? = nil,
        terminated: ContainerStateTerminated? = nil
    ) {
        self.waiting = waiting
        self.running = running
        self.terminated = terminated
    }

    package init(reading members: JSONMembers) throws {
        waiting = try members.optional("waiting")
        running = try members.optional("running")
        terminated = try members.optional("terminated")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("waiting", _waiting)
        try writer.field("running", _running)
        try writer.field("terminated", _terminated)
    }

    package static var zeroValue: ContainerState { ContainerState() }
}

/// Not running yet, or not yet again, and why.
package struct ContainerStateWaiting: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String

    package init(
        reason: String = "",
        message: String = ""
    ) {
        self.reason = reason
        self.message = message
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("reason", _reason)
        try writer.field("message", _message)
    }

    package static var zeroValue: ContainerStateWaiting { ContainerStateWaiting() }
}

/// Running, since when.
package struct ContainerStateRunning: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @NullWhenUnset package var startedAt: Time?

    package init(
        startedAt: Time? = nil
    ) {
        self.startedAt = startedAt
    }

    package init(reading members: JSONMembers) throws {
        startedAt = try members.optional("startedAt")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("startedAt", _startedAt)
    }

    package static var zeroValue: ContainerStateRunning { ContainerStateRunning() }
}

/// Ended, how and when.
package struct ContainerStateTerminated: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var exitCode: Int32
    @OmitEmpty package var signal: Int32
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String
    @NullWhenUnset package var startedAt: Time?
    @NullWhenUnset package var finishedAt: Time?
    @OmitEmpty package var containerID: String

    package init(
        exitCode: Int32 = 0,
        signal: Int32 = 0,
        reason: String = "",
        message: String = "",
        startedAt: Time? = nil,
        finishedAt: Time? = nil,
        containerID: String = ""
    ) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.containerID = containerID
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("exitCode", _exitCode)
        try writer.field("signal", _signal)
        try writer.field("reason", _reason)
        try writer.field("message", _message)
        try writer.field("startedAt", _startedAt)
        try writer.field("finishedAt", _finishedAt)
        try writer.field("containerID", _containerID)
    }

    package static var zeroValue: ContainerStateTerminated { ContainerStateTerminated() }
}

/// How a volume is really mounted.
package struct VolumeMountStatus: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var mountPath: String
    @OmitEmpty package var readOnly: Bool
    package var recursiveReadOnly: String?

    package init(
        name: String = "",
        mountPath: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: String? = nil
    ) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("mountPath", _mountPath)
        try writer.field("readOnly", _readOnly)
        try writer.field("recursiveReadOnly", recursiveReadOnly)
    }

    package static var zeroValue: VolumeMountStatus { VolumeMountStatus() }
}

/// The identity of a container's first process.
package struct ContainerUser: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var linux: LinuxContainerUser?

    package init(
        linux: LinuxContainerUser? = nil
    ) {
        self.linux = linux
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("linux", _linux)
    }

    package static var zeroValue: ContainerUser { ContainerUser() }
}

/// User and group ids of a container's first process.
package struct LinuxContainerUser: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var uid: Int64
    @Printed package var gid: Int64
    @OmitEmpty package var supplementalGroups: [Int64]

    package init(
        uid: Int64 = 0,
        gid: Int64 = 0,
        supplementalGroups: [Int64] = []
    ) {
        self.uid = uid
        self.gid = gid
        self.supplementalGroups = supplementalGroups
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("uid", _uid)
        try writer.field("gid", _gid)
        try writer.field("supplementalGroups", _supplementalGroups)
    }

    package static var zeroValue: LinuxContainerUser { LinuxContainerUser() }
}

/// The health of a resource given to a container.
package struct ResourceStatus: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var resources: [ResourceHealth]

    package init(
        name: String = "",
        resources: [ResourceHealth] = []
    ) {
        self.name = name
        self.resources = resources
    }

    package static var zeroValue: ResourceStatus { ResourceStatus() }
}

/// The health of one device: Healthy, Unhealthy or Unknown.
package struct ResourceHealth: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var resourceID: String
    @OmitEmpty package var health: String

    package init(
        resourceID: String = "",
        health: String = ""
    ) {
        self.resourceID = resourceID
        self.health = health
    }

    package static var zeroValue: ResourceHealth { ResourceHealth() }
}
