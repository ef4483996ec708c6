/// The rules for names and addresses that a pod's resolv.conf and hosts file get.
enum DNSRules {
    static let addressSentence = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

    static func validate(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, alias) in spec.hostAliases.enumerated() {
            let path = path.child("hostAliases")[index]
            if !AddressText.isAddress(alias.ip) { errors.invalid(path.child("ip"), alias.ip, addressSentence) }
            for (number, name) in alias.hostnames.enumerated() {
                errors.invalid(path.child("hostnames")[number], name, each: NameRules.dnsSubdomain(name))
            }
        }
        validate(spec.dnsConfig, policy: spec.dnsPolicy, path.child("dnsConfig"), &errors)
    }

    private static func validate(
        _ config: PodDNSConfig?,
        policy: String,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if policy == DNSPolicy.none {
            guard let config else {
                return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
            }
            guard !config.nameservers.isEmpty else {
                return errors.required(
                    path.child("nameservers"),
                    "must provide at least one DNS nameserver when `dnsPolicy` is None"
                )
            }
        }
        guard let config else { return }
        if config.nameservers.count > 3 {
            errors.invalid(path.child("nameservers"), config.nameservers, "must not have more than 3 nameservers")
        }
        for (index, server) in config.nameservers.enumerated() where !AddressText.isAddress(server) {
            errors.invalid(path.child("nameservers")[index], server, addressSentence)
        }
        if config.searches.count > 32 {
            errors.invalid(path.child("searches"), config.searches, "must not have more than 32 search paths")
        }
        if config.searches.joined(separator: " ").utf8.count > 2_048 {
            errors.invalid(
                path.child("searches"),
                config.searches,
                "must not have more than 2048 characters (including spaces) in the search list"
            )
        }
        for (index, search) in config.searches.enumerated() where search != "." {
            let name = search.hasSuffix(".") ? String(search.dropLast()) : search
            errors.invalid(path.child("searches")[index], name, each: NameRules.dnsSubdomainWithUnderscore(name))
        }
        for (index, option) in config.options.enumerated() where option.name.isEmpty {
            errors.required(path.child("options")[index], "must not be empty")
        }
    }
}
