//! What programs need to find their data: the table of what Debian's packages have in fixed places.
//!
//! A row is a few lines of code here: when it counts, and what it sets. Arguments are preferred to variables, which every
//! program that is started by the program inherits.

use super::fonts::{self, Fonts};
use super::text::quoted;
use super::{PROGRAMS, Site};
use crate::generation::libraries::Closure;

use crate::generation::tree::Node;

/// Programs that start others for a person, who may want more rights for them than a namespace has, and do without files of their own;
/// and those that look at who owns the host's files, which a namespace does not tell.
const AS_THEY_ARE: [&str; 13] = [
    "bash", "dash", "ksh", "mksh", "rbash", "rsync", "scp", "screen", "sftp", "sh", "ssh", "tcsh", "tmux",
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
            let shim = format!("{}/{PROGRAMS}/{name}", self.site.place);
            self.need.arguments.push(names_itself(&shim));
            self.need.is_all = true;
            self.openssl_of_modules();
        }
        if is_python(name.as_bytes()) {
            // What its modules load may look for files that no variable tells.
            self.need.is_all = !self.site.fixed.of_modules(self.site);
            self.set("PYTHONHOME", &["usr"]);
            self.openssl_of_modules();
        }
    }

    /// An interpreter does not link OpenSSL itself, but modules of it do.
    fn openssl_of_modules(&mut self) {
        self.offer("SSL_CERT_FILE", &["etc/ssl/certs/ca-certificates.crt"]);
        self.openssl();
    }

    /// OpenSSL loads algorithms from here, and some programs do not start without.
    fn openssl(&mut self) {
        self.offer("OPENSSL_MODULES", &["usr/lib/*-linux-gnu*/ossl-modules"]);
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
        if path.starts_with("usr/bin/valgrind") {
            self.set(
                "VALGRIND_LIB",
                &["usr/libexec/valgrind", "usr/lib/*-linux-gnu*/valgrind"],
            );
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
        if needs("libcrypto.so.3") {
            self.openssl();
        }
        // Modules of another libc than the program's own would not do.
        if closure.converts && self.site.tree.find(b"lib64/ld-linux-x86-64.so.2").is_some() {
            self.set("GCONV_PATH", &["usr/lib/*-linux-gnu*/gconv"]);
        }
    }

    /// Fontconfig finds its configuration and fonts by these.
    fn fonts(&mut self) {
        let place = &self.site.place;
        let mut offer = |name: &str, path: String| {
            let value = unless_set(name, &quoted(&path));
            self.need.variables.push((name.to_owned(), value));
        };
        match fonts::of(self.site) {
            Fonts::Mapped => {
                offer("FONTCONFIG_FILE", format!("{place}/{}", fonts::FILE));
                // Where that finds the file of the package.
                offer("FONTCONFIG_PATH", format!("{place}/root/etc/fonts"));
            }
            Fonts::Older => offer("FONTCONFIG_SYSROOT", format!("{place}/root")),
            Fonts::None => {}
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
        let tree = self.site.tree;
        // Made here, not in a package.
        if pattern.ends_with("ca-certificates.crt") {
            let is_made = tree.get(b"usr/share/ca-certificates").is_some();
            return is_made
                .then(|| self.site.root(pattern.as_bytes()))
                .into_iter()
                .collect();
        }
        let mut found = tree.fitting(pattern);
        found.retain(|path| !matches!(tree.find(path.as_bytes()), Some((_, Node::Link { .. }))));
        found.iter().map(|path| self.site.root(path.as_bytes())).collect()
    }
}

/// Says whether a file is an interpreter of Python: `python3.11`.
pub(super) fn is_python(file: &[u8]) -> bool {
    let name = file.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let version = name.strip_prefix(b"python");
    version.is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit))
}

/// Returns the argument that tells Perl where it is, in `$^X`: it takes the loader for itself, and what builds modules starts that.
///
/// A `use` of a version that is always met has no effect but what stands behind it. Source: `-M` in perlrun(1).
fn names_itself(shim: &str) -> String {
    let shim = shim.replace('\\', "\\\\").replace('\'', "\\'");
    format!("-M5;BEGIN{{$^X='{shim}'}}")
}

/// Returns how the shell makes a value that counts where the caller has given none. Within double quotes the quotes of the value
/// would be part of it, so it stands by itself.
fn unless_set(name: &str, value: &str) -> String {
    format!("\"${{{name}-}}\"; [ -n \"${name}\" ] || export {name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perl_is_told_where_it_is_and_nothing_else_changes() {
        let place = "/a b/it's \\ $x=1;/perl";
        let output = std::process::Command::new("perl")
            .arg(names_itself(place))
            .args(["-e", "$undeclared = $^X; print $undeclared"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), place);
        assert!(output.stderr.is_empty());
    }

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
}
