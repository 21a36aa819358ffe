//! What the maintainer scripts of a package would have done, had they been run: told once, plainly.

use super::package::Package;

/// Something that scripts do: what it is called, and words that a script that does it has.
const DOINGS: [(&str, &[&str]); 16] = [
    (
        "makes users or groups",
        &["adduser", "useradd", "addgroup", "groupadd", "systemd-sysusers"],
    ),
    (
        "starts services",
        &["invoke-rc.d", "deb-systemd-invoke", "systemctl"],
    ),
    ("sets up services", &["deb-systemd-helper", "update-rc.d"]),
    ("asks questions (debconf)", &["confmodule"]),
    (
        "gives files other owners or rights",
        &["dpkg-statoverride", "chown", "chgrp", "setcap"],
    ),
    ("diverts files of other packages", &["dpkg-divert"]),
    ("registers a shell", &["add-shell"]),
    (
        "sets up kernel modules or the boot",
        &["update-initramfs", "depmod", "update-grub"],
    ),
    (
        "registers catalogs or documents",
        &["update-catalog", "update-xmlcatalog", "install-docs"],
    ),
    ("makes links or copies files", &["ln -s", "cp -", "cp /"]),
    (
        "makes caches",
        &[
            "fc-cache",
            "icon-cache",
            "compile-schemas",
            "gio-querymodules",
            "update-mime",
            "update-menus",
            "gdk-pixbuf-query-loaders",
        ],
    ),
    (
        "compiles Python modules",
        &["py3compile", "pycompile", "py_compile"],
    ),
    ("joins certificates", &["update-ca-certificates"]),
    ("moves configuration", &["dpkg-maintscript-helper", "ucf "]),
    ("sets up alternatives", &["update-alternatives"]),
    (
        "makes indexes of libraries",
        &["ldconfig", "libgvc6-config-update"],
    ),
];

/// What is done here as well, in other ways, or what programs do without.
const NO_MATTER: [&str; 6] = [
    "makes caches",
    "compiles Python modules",
    "joins certificates",
    "moves configuration",
    "sets up alternatives",
    "makes indexes of libraries",
];

/// Returns what a package's scripts would have done and nobody did; nothing when that is nothing.
pub(super) fn undone(package: &Package) -> Option<String> {
    let texts: Vec<String> = ["preinst", "postinst"].map(|name| package.script(name)).into();
    let text = texts.concat();
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let code: String = code.map(|line| format!("{line}\n")).collect();
    let does = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let doings: Vec<&str> = DOINGS
        .iter()
        .filter(|(_, words)| does(words))
        .map(|(doing, _)| *doing)
        .collect();
    let undone: Vec<&str> = doings
        .iter()
        .filter(|doing| !NO_MATTER.contains(doing))
        .copied()
        .collect();
    if !undone.is_empty() {
        return Some(undone.join(", "));
    }
    let unknown = doings.is_empty() && code.lines().any(is_work);
    unknown.then(|| "does something that is not known".to_owned())
}

/// Says whether a line of a script does anything: those that debhelper writes around what it adds do not.
fn is_work(line: &str) -> bool {
    let line = line.trim();
    let idle = [
        "set -e", "exit 0", "fi", "esac", ";;", "then", "else", "done", "", "true", ":",
    ];
    let begins = [
        "if ",
        "case ",
        "configure",
        "abort",
        "*)",
        "remove",
        "upgrade",
        "install",
        "echo ",
        "exit ",
        "purge",
        "failed-",
    ];
    !idle.contains(&line) && !begins.iter().any(|begin| line.starts_with(begin))
}
