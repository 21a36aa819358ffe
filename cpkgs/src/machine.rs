//! What this machine is.

/// Returns the Debian architecture that this program was built for. Source: dpkg-architecture(1), `cputable`.
pub fn architecture() -> &'static str {
    match (std::env::consts::ARCH, cfg!(target_endian = "little")) {
        ("x86_64", _) => "amd64",
        ("x86", _) => "i386",
        ("aarch64", true) => "arm64",
        ("arm", true) => "armhf",
        ("mips", true) => "mipsel",
        ("mips64", true) => "mips64el",
        ("powerpc64", true) => "ppc64el",
        ("powerpc64", false) => "ppc64",
        ("loongarch64", _) => "loong64",
        (other, _) => other,
    }
}

/// Returns the time in Unix seconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
