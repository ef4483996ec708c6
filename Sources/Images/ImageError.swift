import Glibc
package import Linux
package import OCI

/// Why something with images failed. Closed: whoever maps these to statuses sees every case.
///
/// The text says what failed, on what, why, and what to do next; it is meant for the person who asked.
package enum ImageError: Error, Hashable, Sendable {
    /// Content does not have the hash that names it.
    case digestMismatch(what: String, expected: Digest, actual: Digest)
    /// Content does not have the size that its descriptor states.
    case sizeMismatch(what: String, expected: Int64, actual: Int64)
    /// The data ends before it is complete.
    case truncated(what: String, reason: String)
    /// The data breaks the rules of its format.
    case malformed(what: String, reason: String)
    /// Not an archive of images at all.
    case notAnImageArchive(reason: String)
    /// A well-formed thing that we do not do.
    case unsupported(what: String, reason: String, advice: String)
    /// A name or a link that would lead out of the image.
    case escape(what: String, entry: String, reason: String)
    /// An entry of a layer that cannot be made here.
    case entry(what: String, entry: String, cause: SysError)
    /// More than a limit allows.
    case tooLarge(what: String, limit: Int64, unit: String)
    /// A manifest names content that is neither in the archive nor in the store.
    case missingContent(Digest, of: String)
    /// A docker-archive names a file that it does not have.
    case missingFile(String, of: String)
    /// An index without a manifest for the platform.
    case noMatchingPlatform(wanted: Platform, available: [String])
    /// Nothing of that name.
    case notFound(what: String)
    /// There already is one of that name.
    case alreadyExists(what: String)
    /// Something else still needs it.
    case inUse(what: String, by: String)
    /// A registry wants to know who asks, or does not allow it.
    case unauthorized(host: String, what: String, reason: String)
    /// A registry answered, but not with what was asked for.
    case registry(host: String, what: String, status: Int, message: String)
    /// A registry cannot be reached, or the connection broke too often.
    case network(host: String, what: String, reason: String)
    /// Nobody wants it any more.
    case cancelled(what: String)
    /// The kernel or the disk said no.
    case system(SysError, doing: String)
}

extension ImageError {
    /// The kernel's number, where the kernel said no.
    package var errno: Errno? {
        switch self {
        case .system(let cause, _), .entry(_, _, let cause): cause.errno
        default: nil
        }
    }

    /// True if the disk, or the quota, is full: the same request may succeed later.
    package var isDiskFull: Bool {
        guard let code = errno?.code else { return false }
        return code == Errno.noSpace.code || code == Errno.quota.code
    }

    /// True if it was given up, so that it says nothing about its subject.
    package var isCancelled: Bool {
        switch self {
        case .cancelled: true
        default: errno?.code == ECANCELED
        }
    }

    /// True if the cause is in what was given to us, not in this machine.
    package var isCallersFault: Bool {
        switch self {
        case .digestMismatch, .sizeMismatch, .truncated, .malformed, .notAnImageArchive, .unsupported, .escape,
            .tooLarge, .missingContent, .missingFile, .noMatchingPlatform, .unauthorized:
            true
        case .registry(_, _, let status, _): (400..<500).contains(status)
        case .entry, .notFound, .alreadyExists, .inUse, .network, .cancelled, .system: false
        }
    }
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .digestMismatch(let what, let expected, let actual):
            "\(what) is damaged or forged: its hash is \(actual), expected \(expected); get a fresh copy of it"
        case .sizeMismatch(let what, let expected, let actual):
            "\(what) is damaged or forged: it has \(actual) bytes, expected \(expected); get a fresh copy of it"
        case .truncated(let what, let reason):
            "\(what) is incomplete: \(reason); copy or save it again"
        case .malformed(let what, let reason):
            "\(what) is not valid: \(reason)"
        case .notAnImageArchive(let reason):
            "not an image archive: \(reason); make one with `docker save`, `ctr images export`, `podman save` or "
                + "`skopeo copy … oci-archive:FILE`"
        case .unsupported(let what, let reason, let advice):
            "\(what) is not supported: \(reason); \(advice)"
        case .escape(let what, let entry, let reason):
            "\(what) is refused: entry \"\(entry)\" \(reason); do not trust where this image came from"
        case .entry(let what, let entry, let cause):
            "\(what): cannot make \"\(entry)\": \(cause)\(ImageError.advice(for: cause.errno))"
        case .tooLarge(let what, let limit, let unit):
            "\(what) is too large: the limit is \(limit) \(unit)"
        case .missingContent(let digest, let of):
            "\(of) needs \(digest), which is neither in the archive nor in the store; export or pull the whole image"
        case .missingFile(let name, let of):
            "\(of) names \"\(name)\", which the archive does not have; save the image again"
        case .noMatchingPlatform(let wanted, let available):
            "the image has nothing for \(wanted), only for "
                + (available.isEmpty ? "no platform" : available.joined(separator: ", "))
                + "; use an image built for this machine"
        case .notFound(let what):
            "\(what) does not exist"
        case .alreadyExists(let what):
            "\(what) already exists"
        case .inUse(let what, let by):
            "\(what) is in use by \(by); remove that first"
        case .unauthorized(let host, let what, let reason):
            "\(host) refuses access to \(what): \(reason); check the name, and log in with credentials that have the right"
        case .registry(let host, let what, let status, let message):
            "\(host) answered \(status) for \(what)\(message.isEmpty ? "" : ": \(message)")"
                + (status == 404 ? "; check the name and the tag" : "; try again later, or ask who runs the registry")
        case .network(let host, let what, let reason):
            "cannot reach \(host) for \(what): \(reason); "
                + (reason.contains("certificate")
                    ? "put the certificate of its authority into certs.d/\(host)/ca.crt"
                    : "check the name of the registry and the network")
        case .cancelled(let what): "\(what) was given up"
        case .system(let cause, let doing):
            "\(doing): \(cause)\(ImageError.advice(for: cause.errno))"
        }
    }

    private static func advice(for errno: Errno) -> String {
        switch errno {
        case .noSpace, .quota: "; free some space or remove unused images, then try again"
        case .notPermitted, .accessDenied: "; the agent must run as root with the capability for it"
        case .readOnly: "; the directory of the agent must be writable"
        default: ""
        }
    }
}
