/// The rules for the sources of a projected volume.
enum ProjectionRules {
    static func validate(_ volume: ProjectedVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        VolumeRules.validateMode(volume.defaultMode, path.child("defaultMode"), &errors)
        var paths: Set<String> = []
        for (index, source) in volume.sources.enumerated() {
            let item = path.child("sources")[index]
            var count = 0
            if let secret = source.secret {
                count += 1
                validate(secret.name, secret.items, item.child("secret"), path, &paths, &errors)
            }
            if let map = source.configMap {
                count += 1
                validate(map.name, map.items, item.child("configMap"), path, &paths, &errors)
            }
            if let downward = source.downwardAPI {
                count += 1
                for file in downward.items {
                    VolumeRules.validate(file, item.child("downwardAPI"), &errors)
                    claim(file.path, shown: file.path, path, &paths, &errors)
                }
            }
            if let token = source.serviceAccountToken {
                count += 1
                validate(token, item.child("serviceAccountToken"), path, &errors)
            }
            if let bundle = source.clusterTrustBundle {
                count += 1
                validate(bundle, item.child("clusterTrustBundle"), &errors)
                claim(bundle.path, shown: bundle.path, path, &paths, &errors)
            }
            if let certificate = source.podCertificate {
                count += 1
                validate(certificate, item.child("podCertificate"), &errors)
            }
            if count > 1 { errors.forbidden(item, "may not specify more than 1 volume type per source") }
        }
    }

    private static func validate(
        _ name: String,
        _ items: [KeyToPath],
        _ path: FieldPath,
        _ volume: FieldPath,
        _ paths: inout Set<String>,
        _ errors: inout FieldErrors
    ) {
        if name.isEmpty { errors.required(path.child("name")) }
        VolumeRules.validate(items, path.child("items"), &errors)
        for item in items { claim(item.path, shown: name, volume, &paths, &errors) }
    }

    /// Every file of the volume must come from one source.
    private static func claim(
        _ file: String,
        shown: String,
        _ volume: FieldPath,
        _ paths: inout Set<String>,
        _ errors: inout FieldErrors
    ) {
        if !file.isEmpty, !paths.insert(file).inserted {
            errors.invalid(volume, shown, "conflicting duplicate paths")
        }
    }

    private static func validate(
        _ token: ServiceAccountTokenProjection,
        _ path: FieldPath,
        _ volume: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if let seconds = token.expirationSeconds {
            if seconds < 600 {
                errors.invalid(
                    path.child("expirationSeconds"),
                    seconds,
                    "may not specify a duration less than 10 minutes"
                )
            }
            if seconds > 1 << 32 {
                errors.invalid(
                    path.child("expirationSeconds"),
                    seconds,
                    "may not specify a duration larger than 2^32 seconds"
                )
            }
        }
        if token.path.isEmpty {
            errors.required(volume.child("path"))
        } else {
            VolumeRules.validateNonReserved(token.path, volume.child("path"), &errors)
        }
    }

    private static func validate(
        _ bundle: ClusterTrustBundleProjection,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        switch (bundle.name, bundle.signerName) {
        case (let name?, .some):
            errors.invalid(path, name, "only one of name and signerName may be used")
        case (let name?, nil):
            if name.isEmpty { errors.required(path.child("name"), "must be a valid object name") }
            if bundle.labelSelector != nil {
                errors.invalid(
                    path.child("labelSelector"),
                    name,
                    "labelSelector must be unset if name is specified"
                )
            }
        case (nil, let signer?):
            if signer.isEmpty { errors.required(path.child("signerName"), "must be a valid signer name") }
            if let selector = bundle.labelSelector {
                SchedulingRules.validate(selector, path.child("labelSelector"), &errors)
            }
        case (nil, nil): errors.required(path, "either name or signerName must be specified")
        }
        if bundle.path.isEmpty { errors.required(path.child("path")) }
        VolumeRules.validateNonReserved(bundle.path, path.child("path"), &errors)
    }

    private static func validate(
        _ certificate: PodCertificateProjection,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if certificate.signerName.isEmpty { errors.required(path.child("signerName")) }
        let types = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"]
        if !types.contains(certificate.keyType) {
            errors.notSupported(path.child("keyType"), certificate.keyType, types)
        }
        let files = [
            ("credentialBundlePath", certificate.credentialBundlePath), ("keyPath", certificate.keyPath),
            ("certificateChainPath", certificate.certificateChainPath),
        ]
        if files.allSatisfy(\.1.isEmpty) {
            errors.required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath")
        }
        for (field, file) in files where !file.isEmpty {
            VolumeRules.validateNonReserved(file, path.child(field), &errors)
        }
    }
}
