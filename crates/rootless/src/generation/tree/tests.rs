//! What packages may do to each other.

use super::*;

struct Names(Vec<&'static str>, Option<(usize, usize)>);

impl Ownership for Names {
    fn replaces(&self, one: usize, other: usize) -> bool {
        self.1 == Some((one, other))
    }

    fn twins(&self, _: usize, _: usize) -> bool {
        false
    }

    fn name(&self, package: usize) -> &str {
        self.0[package]
    }
}

fn names() -> Names {
    Names(vec!["one", "two"], None)
}

/// A package of files, links (`path -> target`) and the folders above them.
fn package(paths: &[&str]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in paths {
        let (path, target) = match path.split_once(" -> ") {
            Some((path, target)) => (path, Some(target)),
            None => (*path, None),
        };
        for (end, _) in path.match_indices('/') {
            let folder = Entry {
                path: path[..end].into(),
                found: Found::Folder,
            };
            if !entries.contains(&folder) {
                entries.push(folder);
            }
        }
        let found = match target {
            Some(target) => Found::Link {
                target: target.into(),
            },
            None if path.ends_with('/') => continue,
            None => Found::File { program: true },
        };
        entries.push(Entry {
            path: path.into(),
            found,
        });
    }
    entries
}

fn owner(tree: &Tree, path: &str) -> Option<usize> {
    tree.get(path.as_bytes()).and_then(owner_of)
}

#[test]
fn nothing_is_made_at_a_path_that_no_file_can_have() {
    let mut tree = Tree::build(&[package(&["usr/a"])], &names()).unwrap();
    let before = tree.nodes().count();
    let long = "x".repeat(256);
    let deep = "usr/".to_owned() + &"y/".repeat(3000) + "z";
    for path in ["", "usr/..", "usr/.", "usr/b/..", "etc/", "usr/\0", &long, &deep] {
        tree.make(path.as_bytes(), Node::Folder);
        assert_eq!(tree.nodes().count(), before, "{path}");
    }
    tree.make(b"../../usr/b/../c", Node::Folder);
    assert_eq!(tree.get(b"usr/c"), Some(&Node::Folder));
}

#[test]
fn what_lies_right_in_a_folder_is_found_among_what_lies_deeper() {
    let paths = ["usr/a", "usr/a-b", "usr/c/d/e", "usr/c.x", "usr/c/f", "usr0"];
    let tree = Tree::build(&[package(&paths)], &names()).unwrap();
    let children = |folder: &'static [u8]| -> Vec<String> {
        let paths = tree.children(folder).map(|(path, _)| shown(path));
        paths.collect()
    };
    assert_eq!(children(b"usr"), ["usr/a", "usr/a-b", "usr/c", "usr/c.x"]);
    assert_eq!(children(b"usr/c"), ["usr/c/d", "usr/c/f"]);
}

#[test]
fn a_pattern_that_fits_without_end_fits_nothing() {
    let mut paths: Vec<String> = (0..100).map(|index| format!("usr/x/{index}/file")).collect();
    assert_eq!(fitting(&paths, "usr/x/*/file").len(), 100);
    // As many again for each step up and down, and for each link to itself.
    assert!(fitting(&paths, &("usr/x".to_owned() + &"/*/..".repeat(40))).is_empty());
    paths.extend((0..100).map(|index| format!("usr/x/{index}/self -> ..")));
    assert!(fitting(&paths, &("usr/x".to_owned() + &"/*".repeat(40))).is_empty());
}

fn fitting(paths: &[String], pattern: &str) -> Vec<String> {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    Tree::build(&[package(&paths)], &names())
        .unwrap()
        .fitting(pattern)
}

#[test]
fn folders_of_the_root_are_merged() {
    let tree = Tree::build(
        &[package(&[
            "bin/a",
            "lib64/ld.so -> /lib/x/ld.so",
            "usr/lib/x/ld.so",
        ])],
        &names(),
    )
    .unwrap();
    assert_eq!(owner(&tree, "usr/bin/a"), Some(0));
    assert!(matches!(tree.get(b"bin"), Some(Node::Link { target, .. }) if target == b"usr/bin"));
    let target = tree.relative(b"usr/lib64/ld.so", b"/lib/x/ld.so");
    assert_eq!(target, b"../../usr/lib/x/ld.so");
    assert_eq!(tree.find(b"lib64/ld.so").unwrap().0, b"usr/lib/x/ld.so");
}

#[test]
fn a_link_from_one_merged_folder_to_the_other_gives_way_to_the_file() {
    let tree = Tree::build(&[package(&["bin/a", "usr/bin/a -> /bin/a"])], &names()).unwrap();
    assert!(matches!(tree.get(b"usr/bin/a"), Some(Node::File { .. })));
}

#[test]
fn a_file_of_two_packages_is_a_conflict_unless_one_replaces_it() {
    let packages = [package(&["usr/a"]), package(&["usr/a"])];
    let error = Tree::build(&packages, &names()).unwrap_err();
    assert!(matches!(error, GenerationError::Conflict { .. }), "{error}");
    for (replaces, expected) in [((0, 1), 0), ((1, 0), 1)] {
        let tree = Tree::build(&packages, &Names(vec!["one", "two"], Some(replaces))).unwrap();
        assert_eq!(owner(&tree, "usr/a"), Some(expected));
    }
}

#[test]
fn no_package_writes_through_a_link_of_another_out_of_the_tree() {
    for target in ["/home/user", "/etc", "../../..", "nowhere", "x"] {
        let link = package(&[&format!("usr/x -> {target}")]);
        let file = package(&["usr/x/evil"]);
        for packages in [[link.clone(), file.clone()], [file, link]] {
            let error = Tree::build(&packages, &names()).unwrap_err();
            assert!(error.is_verification(), "{target}: {error}");
        }
    }
}

#[test]
fn a_link_to_a_folder_of_the_tree_may_stand_for_it() {
    let packages = [
        package(&["usr/doc/b -> a"]),
        package(&["usr/doc/a/x", "usr/doc/b/y"]),
    ];
    let tree = Tree::build(&packages, &names()).unwrap();
    assert_eq!(owner(&tree, "usr/doc/a/y"), Some(1));
}

#[test]
fn what_leads_to_the_root_leads_into_the_tree() {
    let tree = Tree::build(&[package(&["usr/share/a/b", "usr/c -> x"])], &names()).unwrap();
    let relative = |path: &str, target: &str| {
        String::from_utf8(tree.relative(path.as_bytes(), target.as_bytes())).unwrap()
    };
    assert_eq!(relative("usr/bin/l", "/usr/share/a"), "../../usr/share/a");
    assert_eq!(relative("usr/bin/l", "../share/a/b"), "../share/a/b");
    assert_eq!(
        relative("usr/bin/l", "../../../../usr/share/a"),
        "../../usr/share/a"
    );
    assert_eq!(relative("usr/bin/l", "/proc/self/mounts"), "/proc/self/mounts");
    assert_eq!(relative("usr/bin/l", "../../../../etc/passwd"), "/etc/passwd");
}

#[test]
fn links_in_circles_end() {
    let tree = Tree::build(&[package(&["usr/a -> b", "usr/b -> a"])], &names()).unwrap();
    assert_eq!(tree.find(b"usr/a"), None);
}
