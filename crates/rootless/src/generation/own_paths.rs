//! Which paths are those of a single package: who names one looks for that package's files.

/// Folders and files that many packages share: who has them finds them, or does as well without.
const SHARED: &[&str] = &[
    "etc/alternatives",
    "etc/fonts",
    "etc/ld.so",
    "etc/ssl",
    "usr/lib/debug",
    "usr/lib/locale",
    "usr/lib/ssl",
    "usr/lib/terminfo",
    "usr/share/X11/locale",
    "usr/share/applications",
    "usr/share/bash-completion",
    "usr/share/ca-certificates",
    "usr/share/doc",
    "usr/share/fonts",
    "usr/share/glib-2.0",
    "usr/share/i18n",
    "usr/share/icons",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/mime",
    "usr/share/pixmaps",
    "usr/share/terminfo",
    "usr/share/zoneinfo",
];

/// Says whether a byte may stand in the name of a file, as texts and programs name them.
pub(super) fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+@~".contains(&byte)
}

/// Says whether a path is one that many packages share.
pub(super) fn is_shared(path: &[u8]) -> bool {
    SHARED.iter().any(|shared| path.starts_with(shared.as_bytes()))
}

/// Says whether a path, or the folder that it is in, is one that a single package has for itself.
pub(super) fn is_own(path: &[u8], is_there: impl Fn(&[u8]) -> bool) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let folder = memchr::memrchr(b'/', path).and_then(|end| path.get(..end));
    [Some(path), folder].into_iter().flatten().any(|path| {
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let is_deep = match parts.as_slice() {
            [b"etc" | b"opt" | b"srv", _, ..] => true,
            [b"var", _, _, ..] => true,
            [b"usr", b"local", _] => false,
            [b"usr", b"lib", triplet] => !triplet.windows(7).any(|part| part == b"-linux-"),
            [b"usr", _, _, ..] => true,
            _ => false,
        };
        let is_for_text = parts.iter().any(|part| *part == b"gconv");
        is_deep && !is_shared(path) && !is_for_text && is_there(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_share_and_what_is_not_there_is_nobodys_own() {
        let there = [
            "usr/share/ruby",
            "usr/share/locale",
            "usr/lib/x86_64-linux-gnu",
            "etc/app.conf",
            "opt/vendor/app.sh",
            "srv/app",
            "usr/local/bin",
            "usr/local/bin/tool",
        ];
        let own = |path: &str| {
            is_own(path.as_bytes(), |path| {
                there.iter().any(|there| there.as_bytes() == path)
            })
        };
        for path in [
            "usr/share/ruby",
            "usr/share/ruby/",
            "usr/share/ruby/3.1-",
            "etc/app.conf",
            "opt/vendor/app.sh",
            "srv/app",
            "usr/local/bin/tool",
        ] {
            assert!(own(path), "{path}");
        }
        for path in [
            "usr/share",
            "usr/share/locale",
            "usr/share/other",
            "usr/lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu/gone.so",
            "etc",
            "opt",
            "usr/local/bin",
        ] {
            assert!(!own(path), "{path}");
        }
    }
}
