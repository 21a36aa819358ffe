//! What `update-alternatives` would have been told: read from the postinst of each package, which is not run.
//!
//! Debian's postinsts name their alternatives in one of two ways: plainly, which is what debhelper writes, or in a loop over
//! words. Both are understood; a command with anything else in it is passed over.
//!
//! Source: update-alternatives(1), dh_installalternatives(1).

use std::collections::BTreeMap;

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

/// Returns the alternatives that a postinst would set up.
pub(super) fn read(script: &str) -> Vec<Alternative> {
    let mut found = Vec::new();
    let mut variables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in script.replace("\\\n", " ").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["for", name, "in", values @ ..] => {
                let values = values.iter().take_while(|word| **word != "do" && **word != ";");
                let values = values.map(|word| word.trim_end_matches(';').to_owned());
                variables.insert((*name).to_owned(), values.collect());
            }
            [word] if let Some((name, value)) = word.split_once('=') => {
                let value = value.trim_matches(['"', '\'']);
                variables.insert(name.to_owned(), vec![value.to_owned()]);
            }
            _ => {}
        }
        let Some(start) = words
            .iter()
            .position(|word| word.ends_with("update-alternatives"))
        else {
            continue;
        };
        for words in expanded(words.get(start..).unwrap_or_default(), &variables) {
            found.extend(command(&words));
        }
    }
    found
}

/// Returns the command once for each value of the variables in it.
fn expanded(words: &[&str], variables: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let mut all = vec![
        words
            .iter()
            .map(|word| word.trim_matches(['"', '\'']).to_owned())
            .collect::<Vec<_>>(),
    ];
    // Longest names first: $FOO is not $FO and an O.
    for (name, values) in variables.iter().rev() {
        let [plain, braced] = [format!("${name}"), format!("${{{name}}}")];
        let uses = |words: &Vec<String>| {
            words
                .iter()
                .any(|word| word.contains(&plain) || word.contains(&braced))
        };
        if !all.iter().any(uses) {
            continue;
        }
        let fill = |words: &Vec<String>, value: &str| -> Vec<String> {
            let fill = |word: &String| word.replace(&braced, value).replace(&plain, value);
            words.iter().map(fill).collect()
        };
        all = all
            .iter()
            .flat_map(|words| values.iter().map(|value| fill(words, value)).collect::<Vec<_>>())
            .take(1000)
            .collect();
    }
    all
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
        if path.starts_with('/') && is_plain(name) && ![link, path].iter().any(|path| path.contains('$')) {
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
    !matches!(name, "" | "." | "..") && !name.contains(['/', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(script: &str) -> Vec<String> {
        let show = |one: Alternative| format!("{} {} {} {}", one.link, one.name, one.path, one.priority);
        read(script).into_iter().map(show).collect()
    }

    #[test]
    fn commands_over_several_lines_with_slaves_are_read() {
        let script = "if [ \"$1\" = configure ]; then\n\tupdate-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n\t  --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz\nfi\n";
        let expected = [
            "usr/bin/awk awk /usr/bin/mawk 5",
            "usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz 5",
        ];
        assert_eq!(links(script), expected);
    }

    #[test]
    fn loops_and_variables_are_followed() {
        let script = "PRIO=10\nfor i in vi view; do\n  update-alternatives --install /usr/bin/$i $i \"/usr/bin/vim.tiny\" ${PRIO}\ndone\n";
        let expected = [
            "usr/bin/vi vi /usr/bin/vim.tiny 10",
            "usr/bin/view view /usr/bin/vim.tiny 10",
        ];
        assert_eq!(links(script), expected);
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        assert!(links("update-alternatives --install /usr/bin/$(x) a /b 1\n").is_empty());
        assert!(links("update-alternatives --install /usr/bin/a ../x /b 1\n").is_empty());
        assert!(links("update-alternatives --remove awk /usr/bin/mawk\n").is_empty());
    }
}
