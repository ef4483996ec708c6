import JSON
import Linux
import OCI
import TTRPC

/// The message of a request, or the status that says what is wrong with it.
func parse<T: ProtobufMessage>(_ request: TTRPCRequest) throws(TTRPC.Status) -> T {
    do {
        return try T(protobuf: request.payload)
    } catch {
        throw TTRPC.Status(.invalidArgument, "\(request.method): \(error)")
    }
}

func checkID(_ id: String) throws(TTRPC.Status) {
    do {
        try Arguments.check("id", id)
    } catch {
        throw TTRPC.Status(.invalidArgument, error.description)
    }
}

/// The config.json of a bundle.
func readSpecification(_ bundle: String) throws(TTRPC.Status) -> RuntimeSpec {
    let path = bundle + "/config.json"
    let bytes: [UInt8]
    do {
        bytes = try Files.read(path)
    } catch {
        throw TTRPC.Status(error.errno == .noEntry ? .notFound : .internalError, "\(error)")
    }
    do {
        return try JSONCoding.decode(RuntimeSpec.self, from: bytes)
    } catch {
        throw TTRPC.Status(.invalidArgument, "\(path): \(error)")
    }
}

/// runc's options, which clients send to every shim; options of other types mean nothing to us.
func runcOptions(_ options: Shim.AnyMessage?) throws(TTRPC.Status) -> Shim.RuncOptions {
    guard let options, options.typeName == "containerd.runc.v1.Options" else { return Shim.RuncOptions() }
    do {
        return try Shim.RuncOptions(protobuf: options.value)
    } catch {
        throw TTRPC.Status(.invalidArgument, "options: \(error)")
    }
}

/// The outcome of a call, so that what must be undone can be undone before the error goes on.
func attempt<T>(_ body: () throws(TTRPC.Status) -> T) -> Result<T, TTRPC.Status> {
    do throws(TTRPC.Status) {
        return .success(try body())
    } catch {
        return .failure(error)
    }
}
