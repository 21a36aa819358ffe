//! What the maintainer scripts of a package would have done, had they been run, and what nobody did: told once, plainly.

use super::postinst::Call;

/// Something that scripts do: what it is called, and the commands that do it.
const DOINGS: [(&str, &[&str]); 9] = [
    (
        "makes users or groups",
        &[
            "adduser",
            "useradd",
            "addgroup",
            "groupadd",
            "usermod",
            "systemd-sysusers",
        ],
    ),
    (
        "starts services",
        &[
            "invoke-rc.d",
            "deb-systemd-invoke",
            "systemctl",
            "service",
            "start-stop-daemon",
        ],
    ),
    ("sets up services", &["deb-systemd-helper", "update-rc.d"]),
    (
        "gives files other owners or rights",
        &["dpkg-statoverride", "chown", "chgrp", "setcap"],
    ),
    ("diverts files of other packages", &["dpkg-divert"]),
    ("registers a shell", &["add-shell"]),
    (
        "sets up kernel modules or the boot",
        &[
            "update-initramfs",
            "depmod",
            "modprobe",
            "update-grub",
            "udevadm",
            "sysctl",
        ],
    ),
    ("loads profiles of AppArmor", &["apparmor_parser", "aa-enabled"]),
    ("registers binary formats", &["update-binfmts"]),
];

/// Commands that do nothing when a package is installed for the first time, or whose effect is brought about in other ways.
const NO_MATTER: &[&str] = &[
    ".",
    "[",
    "awk",
    "basename",
    "break",
    "cat",
    "cd",
    "chmod",
    "command",
    "continue",
    "cut",
    "date",
    "debconf-set-selections",
    "deb-systemd-helper",
    "dirname",
    "dpkg",
    "dpkg-maintscript-helper",
    "dpkg-query",
    "dpkg-trigger",
    "echo",
    "eval",
    "exec",
    "expr",
    "find",
    "getent",
    "grep",
    "egrep",
    "fgrep",
    "head",
    "id",
    "kill",
    "ldconfig",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mountpoint",
    "mv",
    "printf",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "set",
    "shift",
    "sleep",
    "sort",
    "stat",
    "sync",
    "tail",
    "test",
    "touch",
    "tr",
    "trap",
    "type",
    "ucf",
    "ucfq",
    "ucfr",
    "umask",
    "uname",
    "uniq",
    "unset",
    "update-alternatives",
    "wc",
    "xargs",
    "paperconf",
    "savelog",
    "systemd-tmpfiles",
    "ulimit",
    "times",
    "wait",
    "ionice",
    "nice",
    "env",
    "tee",
    "pwd",
    "source",
    "declare",
    "local",
    "stty",
    "tput",
    "perl",
    "gawk",
    "mawk",
    "pgrep",
    "pidof",
    "ps",
    "pyversions",
    "py3versions",
    "info",
    "error",
    "log",
    "debug",
    "pathfind",
    "hostname",
    "logger",
    "selinuxenabled",
    "restorecon",
    "true",
    "mktemp",
    "tempfile",
    "cmp",
    "diff",
    "which",
    "run-parts",
    "warning",
    "setup_colors",
    "ischroot",
    "install",
    "cp",
    // Byte code, which Python makes for itself where it can.
    "py3clean",
    "py3compile",
    "pycompile",
    "pypy3compile",
    // Done here: see `generators`, `postinst` and the certificates.
    "update-ca-certificates",
    "php_invoke",
    "phpenmod",
    "phpquery",
    "libgvc6-config-update",
    // Menus and documentation that programs do without.
    "install-docs",
    "install-info",
    "update-desktop-database",
    "update-icon-caches",
    "gtk-update-icon-cache",
    "update-menus",
];

/// Most commands that are named, and most files.
const MAX_NAMED: usize = 3;

/// Returns what a package's scripts would have done and nobody did; nothing when that is nothing.
///
/// `unwritten` are the files that they would write by themselves and that are not made; `done` says whether a command, of which the name
/// is given, is run in another way.
pub(super) fn undone(calls: &[Call], unwritten: &[String], done: impl Fn(&str) -> bool) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    for call in calls {
        let word = call.words.first().map_or("", String::as_str);
        let name = word.rsplit('/').next().unwrap_or_default();
        // Here all files belong to the user, who stands for root.
        let is_roots =
            matches!(name, "chown" | "chgrp") && call.words.iter().any(|word| word.starts_with("root"));
        // What modules do for another version of Python.
        let is_pythons = name.starts_with("python3") || name.ends_with(".rtupdate");
        if is_roots || name.starts_with("db_") || is_pythons {
            continue;
        }
        let doing = DOINGS.iter().find(|(_, commands)| commands.contains(&name));
        if let Some((doing, _)) = doing {
            if !found.iter().any(|known| known == doing) {
                found.push((*doing).to_owned());
            }
        } else if is_name(name) && !NO_MATTER.contains(&name) && !done(name) && !unknown.contains(&name) {
            unknown.push(name);
        }
    }
    let files: Vec<&str> = unwritten.iter().map(String::as_str).collect();
    found.extend(named("writes", &files));
    found.extend(named("runs", &unknown));
    (!found.is_empty()).then(|| found.join(", "))
}

/// Says what is done with some things, of which the first are named.
fn named(verb: &str, all: &[&str]) -> Option<String> {
    let (shown, more) = all.split_at(all.len().min(MAX_NAMED));
    let shown: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    let more = match more.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    (!shown.is_empty()).then(|| format!("{verb} {}{more}", shown.join(", ")))
}

/// Says whether a word is a command's name, and not something that was misread or is unknown.
fn is_name(word: &str) -> bool {
    let is_of_name = |next: char| next.is_ascii_alphanumeric() || "_.+-".contains(next);
    !word.is_empty()
        && word.chars().all(is_of_name)
        && word.starts_with(|first: char| first.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_an_effect_that_nobody_brought_about_is_named_once() {
        let calls: Vec<Call> = [
            "adduser",
            "/usr/sbin/adduser",
            "ucf",
            "rm",
            "fc-cache",
            "one",
            "two",
            "three",
            "four",
            "four",
        ]
        .iter()
        .map(|name| Call {
            words: vec![(*name).to_owned()],
            output: None,
        })
        .collect();
        let files = ["/etc/one".to_owned(), "/var/lib/two".to_owned()];
        let found = undone(&calls, &files, |name| name == "fc-cache");
        let expected =
            "makes users or groups, writes `/etc/one`, `/var/lib/two`, runs `one`, `two`, `three` and 1 more";
        assert_eq!(found.as_deref(), Some(expected));
        assert_eq!(undone(calls.get(2..4).unwrap(), &[], |_| false), None);
    }
}
