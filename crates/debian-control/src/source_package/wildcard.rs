//! Architecture wildcards: `any`, `linux-any`, `any-amd64`, `musl-any-any`. Source: Debian Policy 11.1.1, and dpkg's `tupletable`.

/// The parts of an architecture: ABI, C library, kernel, processor.
type Parts<'t> = [&'t str; 4];

/// Architectures that are not called after their processor. Source: dpkg's `tupletable`.
const NAMED: [(&str, Parts<'static>); 5] = [
    ("armel", ["eabi", "gnu", "linux", "arm"]),
    ("armhf", ["eabihf", "gnu", "linux", "arm"]),
    ("arm64ilp32", ["ilp32", "gnu", "linux", "arm64"]),
    ("powerpcspe", ["spe", "gnu", "linux", "powerpc"]),
    ("x32", ["x32", "gnu", "linux", "amd64"]),
];

/// Says whether an architecture is the one that is named, or one that a wildcard means.
pub(super) fn matches(term: &str, architecture: &str) -> bool {
    if term == "any" || term == architecture {
        return true;
    }
    if !term.split('-').any(|part| part == "any") {
        return false;
    }
    let wanted = wildcard_parts(term);
    let is_met = |(wanted, part): (&str, &str)| wanted == "any" || wanted == part;
    wanted.into_iter().zip(parts(architecture)).all(is_met)
}

/// Of a wildcard with two parts, these are the kernel and the processor.
fn wildcard_parts(term: &str) -> Parts<'_> {
    match term.split('-').collect::<Vec<_>>().as_slice() {
        [abi, libc, kernel, cpu] => [abi, libc, kernel, cpu],
        [libc, kernel, cpu] => ["any", libc, kernel, cpu],
        [kernel, cpu] => ["any", "any", kernel, cpu],
        // One part, or more than there are.
        _ => ["", "", "", ""],
    }
}

fn parts(architecture: &str) -> Parts<'_> {
    if let Some((_, parts)) = NAMED.iter().find(|(name, _)| *name == architecture) {
        return *parts;
    }
    // `uclibceabihf-linux-arm` would be cut otherwise; nothing is built for it any more.
    match architecture.split('-').collect::<Vec<_>>().as_slice() {
        [libc, kernel, cpu] => ["base", libc, kernel, cpu],
        [kernel, cpu] => ["base", "gnu", kernel, cpu],
        _ => ["base", "gnu", "linux", architecture],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `dpkg-architecture --is` of dpkg 1.21 says of each.
    #[test]
    fn wildcards_mean_what_dpkg_says() {
        let terms = [
            "any",
            "amd64",
            "linux-any",
            "any-amd64",
            "any-arm",
            "any-i386",
            "hurd-any",
            "gnu-any-any",
            "musl-any-any",
            "musl-linux-any",
            "eabihf-any-any-any",
            "linux-arm64",
        ];
        for (architecture, expected) in [
            ("amd64", "any amd64 linux-any any-amd64 gnu-any-any"),
            ("armhf", "any linux-any any-arm gnu-any-any eabihf-any-any-any"),
            ("i386", "any linux-any any-i386 gnu-any-any"),
            ("x32", "any linux-any any-amd64 gnu-any-any"),
            ("hurd-i386", "any any-i386 hurd-any gnu-any-any"),
            ("musl-linux-arm64", "any linux-any musl-any-any musl-linux-any"),
        ] {
            let met = terms.into_iter().filter(|term| matches(term, architecture));
            assert_eq!(met.collect::<Vec<_>>().join(" "), expected, "{architecture}");
        }
    }
}
