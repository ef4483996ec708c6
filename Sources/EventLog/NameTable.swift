/// The names that event rows hold as small numbers, in both directions.
struct NameTable: Sendable {
    var resources: [ResourceKey: Int64] = [:]
    var types: [String: Int64] = [:]
    var actors: [String: Int64] = [:]
    var resourceOf: [Int64: ResourceKey] = [:]
    var typeOf: [Int64: String] = [:]
    var actorOf: [Int64: String] = [:]

    mutating func add(resource: ResourceKey, id: Int64) {
        resources[resource] = id
        resourceOf[id] = resource
    }

    mutating func add(type: String, id: Int64) {
        types[type] = id
        typeOf[id] = type
    }

    mutating func add(actor: String, id: Int64) {
        actors[actor] = id
        actorOf[id] = actor
    }

    /// Reads the three tables.
    static func load(_ connection: Connection) throws(SQLiteFailure) -> NameTable {
        var table = NameTable()
        let resources = try connection.prepare("SELECT id, api_group, version, plural FROM resource")
        while try resources.step() {
            let key = ResourceKey(group: resources.text(1), version: resources.text(2), plural: resources.text(3))
            table.add(resource: key, id: resources.int64(0))
        }
        let types = try connection.prepare("SELECT id, name FROM event_type")
        while try types.step() { table.add(type: types.text(1), id: types.int64(0)) }
        let actors = try connection.prepare("SELECT id, name FROM actor")
        while try actors.step() { table.add(actor: actors.text(1), id: actors.int64(0)) }
        return table
    }
}
