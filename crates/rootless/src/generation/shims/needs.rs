//! What programs need to find their data: the table of what Debian's packages have in fixed places.
//!
//! A row is a few lines of code here: when it counts, and what it sets. Arguments are preferred to variables, which every
//! program that is started by the program inherits.

use super::Site;
use super::text::quoted;
use crate::generation::libraries::Closure;
use crate::generation::tree::Node;

/// Programs that make an index of what is there, with their argument: run once when a generation is made.
pub(super) const GENERATORS: [(&[u8], &str); 1] = [(b"usr/bin/dot", "-c")];

/// Programs that start others for a person, who may want more rights for them than a namespace has; and those that look at who owns
/// the host's files, which a namespace does not tell.
const AS_THEY_ARE: [&str; 16] = [
    "bash", "dash", "fish", "ksh", "mksh", "rbash", "rsync", "scp", "screen", "sftp", "sh", "ssh", "tcsh",
    "tmux", "zsh", "zsh5",
];

/// What a program is given.
#[derive(Debug, Default)]
pub(super) struct Need {
    /// Variables, with how the shell makes the value.
    pub(super) variables: Vec<(String, String)>,
    /// Arguments before the caller's own.
    pub(super) arguments: Vec<String>,
    /// Whether that is all that it needs: it runs well at any place.
    pub(super) is_all: bool,
}

/// Returns what the program at a canonical path needs.
pub(super) fn of(site: &Site<'_>, file: &[u8], closure: &Closure) -> Need {
    let mut table = Table {
        site,
        need: Need::default(),
    };
    let path = String::from_utf8_lossy(file).into_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    table.interpreters(&name);
    table.programs(&path, &name);
    table.libraries(closure);
    table.need.is_all |= AS_THEY_ARE.contains(&name.as_str());
    table.need
}

struct Table<'a, 'b> {
    site: &'a Site<'b>,
    need: Need,
}

impl Table<'_, '_> {
    fn interpreters(&mut self, name: &str) {
        if name == "perl" || name.starts_with("perl5") {
            // In the order of @INC.
            let patterns = [
                "usr/lib/*-linux-gnu*/perl5/*",
                "usr/share/perl5",
                "usr/lib/*-linux-gnu*/perl-base",
                "usr/lib/*-linux-gnu*/perl/*",
                "usr/share/perl/*",
            ];
            let folders = patterns.iter().flat_map(|pattern| self.folders(pattern));
            let arguments: Vec<String> = folders.map(|folder| format!("-I{folder}")).collect();
            self.need.arguments.extend(arguments);
            self.need.is_all = true;
        }
        let version = name.strip_prefix("python");
        if version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit())) {
            self.need.is_all = true;
            self.set("PYTHONHOME", &["usr"]);
            self.offer("SSL_CERT_FILE", &["etc/ssl/certs/ca-certificates.crt"]);
        }
    }

    fn programs(&mut self, path: &str, name: &str) {
        if name == "git" || name == "scalar" || path.starts_with("usr/lib/git-core/") {
            self.need.is_all = true;
            let helpers = quoted(&format!("{}/helpers/git-core", self.site.place));
            self.need.variables.push(("GIT_EXEC_PATH".to_owned(), helpers));
            self.set("GIT_TEMPLATE_DIR", &["usr/share/git-core/templates"]);
            self.offer("GIT_SSL_CAINFO", &["etc/ssl/certs/ca-certificates.crt"]);
        }
        if name.starts_with("vim.") || name == "vim" {
            self.need.is_all = true;
            self.set("VIM", &["usr/share/vim"]);
            self.set("VIMRUNTIME", &["usr/share/vim/vim[0-9]*"]);
        }
        if name.contains("-im6") || name.contains("-im7") || name.contains(".im6") || name.contains(".im7") {
            self.need.is_all = true;
            self.set(
                "MAGICK_CONFIGURE_PATH",
                &[
                    "etc/ImageMagick-*",
                    "usr/share/ImageMagick-*",
                    "usr/lib/*-linux-gnu*/ImageMagick-*/config-*",
                ],
            );
            self.set(
                "MAGICK_CODER_MODULE_PATH",
                &["usr/lib/*-linux-gnu*/ImageMagick-*/modules-*/coders"],
            );
            self.set(
                "MAGICK_CODER_FILTER_PATH",
                &["usr/lib/*-linux-gnu*/ImageMagick-*/modules-*/filters"],
            );
        }
        if name == "curl" {
            self.offer("CURL_CA_BUNDLE", &["etc/ssl/certs/ca-certificates.crt"]);
        }
        if name == "file" {
            self.set("MAGIC", &["usr/lib/file/magic.mgc"]);
        }
    }

    fn libraries(&mut self, closure: &Closure) {
        let needs = |library: &str| closure.names.iter().any(|name| name.starts_with(library));
        if needs("libgvc.so") {
            self.need.is_all = true;
            self.set("GVBINDIR", &["usr/lib/*-linux-gnu*/graphviz"]);
        }
        if needs("libfontconfig.so") || needs("libgvc.so") {
            self.fonts();
        }
        if needs("libtinfo.so") {
            self.prepend(
                "TERMINFO_DIRS",
                &["usr/lib/terminfo", "usr/share/terminfo"],
                "/etc/terminfo:/lib/terminfo:/usr/share/terminfo",
            );
        }
        if needs("libglib-2.0.so") {
            self.prepend("XDG_DATA_DIRS", &["usr/share"], "/usr/local/share:/usr/share");
        }
        if needs("libssl.so") {
            self.offer("SSL_CERT_FILE", &["etc/ssl/certs/ca-certificates.crt"]);
        }
        // Modules of another libc than the program's own would not do.
        if closure.converts && self.site.tree.find(b"lib64/ld-linux-x86-64.so.2").is_some() {
            self.set("GCONV_PATH", &["usr/lib/*-linux-gnu*/gconv"]);
        }
    }

    /// Fontconfig reads its configuration, fonts and caches below this root.
    fn fonts(&mut self) {
        if self.site.tree.find(b"etc/fonts/fonts.conf").is_some() {
            let root = quoted(&format!("{}/root", self.site.place));
            self.need.variables.push(("FONTCONFIG_SYSROOT".to_owned(), root));
        }
    }

    /// Sets a variable to what is there of some paths.
    fn set(&mut self, name: &str, patterns: &[&str]) {
        let found: Vec<String> = patterns
            .iter()
            .flat_map(|pattern| self.folders(pattern))
            .collect();
        if !found.is_empty() {
            self.need
                .variables
                .push((name.to_owned(), quoted(&found.join(":"))));
        }
    }

    /// Sets a variable that the caller has not set.
    fn offer(&mut self, name: &str, patterns: &[&str]) {
        let before = self.need.variables.len();
        self.set(name, patterns);
        if let Some((_, value)) = self.need.variables.get_mut(before) {
            *value = unless_set(name, value);
        }
    }

    /// Puts folders before those of the caller, or before the usual ones.
    fn prepend(&mut self, name: &str, patterns: &[&str], usual: &str) {
        let before = self.need.variables.len();
        self.set(name, patterns);
        if let Some((_, value)) = self.need.variables.get_mut(before) {
            *value = format!("{value}\":${{{name}:-{usual}}}\"");
        }
    }

    /// Returns where the paths that match a pattern lie on the host; a star stands for anything within one name.
    fn folders(&self, pattern: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        for part in pattern.split('/') {
            let mut next = Vec::new();
            for folder in &found {
                let path = |name: &str| {
                    [folder.as_str(), name]
                        .join("/")
                        .trim_start_matches('/')
                        .to_owned()
                };
                if !part.contains('*') {
                    next.push(path(part));
                    continue;
                }
                let children = self.site.tree.children(folder.as_bytes());
                let names =
                    children.filter_map(|(path, _)| std::str::from_utf8(path).ok()?.rsplit('/').next());
                next.extend(names.filter(|name| matches(part, name)).map(path));
            }
            found = next;
        }
        let is_there = |path: &String| {
            let place = self.site.tree.find(path.as_bytes());
            // Made here, not in a package.
            place.is_some_and(|(_, node)| !matches!(node, Node::Link { .. }))
                || path.ends_with("ca-certificates.crt")
                    && self.site.tree.get(b"usr/share/ca-certificates").is_some()
        };
        let found = found.into_iter().filter(is_there);
        found
            .map(|path| format!("{}/root/{path}", self.site.place))
            .collect()
    }
}

/// Returns how the shell makes a value that counts where the caller has given none. Within double quotes the quotes of the value
/// would be part of it, so it stands by itself.
fn unless_set(name: &str, value: &str) -> String {
    format!("\"${{{name}-}}\"; [ -n \"${name}\" ] || export {name}={value}")
}

/// Says whether a name matches a pattern with stars; `[0-9]` stands for a digit.
fn matches(pattern: &str, name: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix('*') {
        let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
        return ends.any(|at| name.get(at..).is_some_and(|name| matches(rest, name)));
    }
    if let Some(rest) = pattern.strip_prefix("[0-9]") {
        let after = name.strip_prefix(|first: char| first.is_ascii_digit());
        return after.is_some_and(|name| matches(rest, name));
    }
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some(one), Some(other)) if one == other => {
            let tail = |text: &str| text.chars().skip(1).collect::<String>();
            matches(&tail(pattern), &tail(name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_caller_counts_and_any_other_arrives_without_quotes() {
        let place = "/a b/it's $HOME}\"/ca.crt";
        let script = super::super::text::Script::new(&[("X".to_owned(), unless_set("X", &quoted(place)))]);
        let shim = script
            .finish(&["printenv".to_owned(), "X".to_owned()])
            .replace(" \"$@\"", "");
        let run = |given: Option<&str>| {
            let mut command = std::process::Command::new("/bin/sh");
            command.args(["-c", &shim]).env_remove("X");
            if let Some(given) = given {
                command.env("X", given);
            }
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        assert_eq!(run(None), format!("{place}\n"));
        assert_eq!(run(Some("")), format!("{place}\n"));
        assert_eq!(run(Some("/of/the caller")), "/of/the caller\n");
    }

    #[test]
    fn stars_stand_for_anything_and_brackets_for_a_digit() {
        assert!(matches("*-linux-gnu*", "x86_64-linux-gnu"));
        assert!(matches("*-linux-gnu*", "arm-linux-gnueabihf"));
        assert!(matches("vim[0-9]*", "vim90"));
        assert!(!matches("vim[0-9]*", "vimfiles"));
        assert!(!matches("*-linux-gnu", "x86_64-linux-gnu2"));
    }
}
