//! What the conditions of a script say, as far as that is known.

use super::lexer::UNKNOWN;
use crate::generation::tree::{Node, Tree};

/// Evaluates `test`. Source: POSIX.1-2017, test.
pub(super) fn test(tree: &Tree, arguments: &[&str]) -> Option<bool> {
    let mut arguments = arguments;
    if let [rest @ .., "]"] = arguments {
        arguments = rest;
    }
    for (operator, is_or) in [("-o", true), ("-a", false)] {
        if let Some(at) = arguments.iter().position(|word| *word == operator)
            && at > 0
        {
            let one = test(tree, arguments.get(..at)?);
            let other = test(tree, arguments.get(at + 1..)?);
            return match (one, other) {
                (Some(one), Some(other)) => Some(if is_or { one || other } else { one && other }),
                (Some(known), None) | (None, Some(known)) if known == is_or => Some(known),
                _ => None,
            };
        }
    }
    if arguments.iter().any(|word| word.contains(UNKNOWN)) {
        return None;
    }
    match arguments {
        [] => Some(false),
        ["!", rest @ ..] => test(tree, rest).map(|result| !result),
        [word] => Some(!word.is_empty()),
        ["-n", word] => Some(!word.is_empty()),
        ["-z", word] => Some(word.is_empty()),
        ["-t", _] | ["-w", _] => None,
        [operator, path] if operator.starts_with('-') => file(tree, operator, path),
        [one, "=" | "==", other] => Some(one == other),
        [one, "!=", other] => Some(one != other),
        [one, operator, other] => {
            let (one, other): (i64, i64) = (one.parse().ok()?, other.parse().ok()?);
            match *operator {
                "-eq" => Some(one == other),
                "-ne" => Some(one != other),
                "-lt" => Some(one < other),
                "-le" => Some(one <= other),
                "-gt" => Some(one > other),
                "-ge" => Some(one >= other),
                _ => None,
            }
        }
        _ => None,
    }
}

fn file(tree: &Tree, operator: &str, path: &str) -> Option<bool> {
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let found = tree.find(path.as_bytes());
    let found = found.as_ref().map(|(_, node)| *node);
    match operator {
        "-e" | "-r" => Some(found.is_some()),
        "-f" | "-s" => Some(matches!(found, Some(Node::File { .. }))),
        "-x" => Some(matches!(
            found,
            Some(Node::Folder | Node::File { program: true, .. })
        )),
        "-d" => Some(matches!(found, Some(Node::Folder))),
        "-h" | "-L" => Some(matches!(tree.get(path.as_bytes()), Some(Node::Link { .. }))),
        _ => None,
    }
}

/// Compares with the version that was installed before: there was nothing, which is earlier than any, or later to those that say so.
///
/// Source: dpkg(1), --compare-versions.
pub(super) fn versions(arguments: &[&str]) -> Option<bool> {
    match arguments {
        [_, "", operator, _] => match *operator {
            "lt" | "le" | "ne" | "gt-nl" | "ge-nl" => Some(true),
            "gt" | "ge" | "eq" | "lt-nl" | "le-nl" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
