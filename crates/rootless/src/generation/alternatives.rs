//! What `update-alternatives` would have been told by the postinst of each package, which is not run.
//!
//! Source: update-alternatives(1), dh_installalternatives(1).

use super::postinst::Call;

/// A link that one of several packages may fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    /// The link, from the root: `usr/bin/awk`.
    pub(super) link: String,
    /// The name below `etc/alternatives`.
    pub(super) name: String,
    /// Where it leads, an absolute path.
    pub(super) path: String,
    /// The highest one is taken; that of the master counts for its slaves.
    pub(super) priority: i64,
}

/// Returns the alternatives that a command sets up.
pub(super) fn read(call: &Call) -> Vec<Alternative> {
    let is_command = call
        .words
        .first()
        .is_some_and(|word| word.ends_with("update-alternatives"));
    if is_command {
        command(&call.words)
    } else {
        Vec::new()
    }
}

fn command(words: &[String]) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let master = match word {
            "--install" => true,
            "--slave" => false,
            _ => continue,
        };
        let (Some(link), Some(name), Some(path)) = (words.next(), words.next(), words.next()) else {
            break;
        };
        let priority = if master {
            words.next().and_then(|word| word.parse().ok())
        } else {
            found.first().map(|master| master.priority)
        };
        let (Some(priority), Some(link)) = (priority, link.strip_prefix('/')) else {
            continue;
        };
        if path.starts_with('/') && is_plain(name) && ![link, path].iter().any(|path| path.contains('\0')) {
            found.push(Alternative {
                link: link.to_owned(),
                name: name.to_owned(),
                path: path.to_owned(),
                priority,
            });
        }
    }
    found
}

fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(words: &str) -> Vec<String> {
        let show = |one: Alternative| format!("{} {} {} {}", one.link, one.name, one.path, one.priority);
        let call = Call {
            words: words.split(' ').map(str::to_owned).collect(),
            output: None,
        };
        read(&call).into_iter().map(show).collect()
    }

    #[test]
    fn slaves_have_the_priority_of_their_master() {
        let command = "/usr/bin/update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 \
                       --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz";
        let expected = [
            "usr/bin/awk awk /usr/bin/mawk 5",
            "usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz 5",
        ];
        assert_eq!(links(command), expected);
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        assert!(links("update-alternatives --install /usr/bin/\0 a /b 1").is_empty());
        assert!(links("update-alternatives --install /usr/bin/a ../x /b 1").is_empty());
        assert!(links("update-alternatives --remove awk /usr/bin/mawk").is_empty());
        assert!(links("echo --install /usr/bin/a a /b 1").is_empty());
    }
}
