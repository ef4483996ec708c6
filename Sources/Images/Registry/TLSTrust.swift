/// Whom to trust, and who we are, in TLS.
package struct TLSTrust: Hashable, Sendable {
    /// Files with certificates to trust besides the system's.
    package var authorities: [String] = []
    /// Our own certificate and its key, in files.
    package var certificate: String?
    package var key: String?
    /// Takes any certificate. For experiments.
    package var skipsVerification = false

    package init() {}
}
