use super::super::tree::{Entry, Found, Ownership};
use super::*;

struct Nobody;

impl Ownership for Nobody {
    fn replaces(&self, _: usize, _: usize) -> bool {
        false
    }

    fn twins(&self, _: usize, _: usize) -> bool {
        false
    }

    fn name(&self, _: usize) -> &str {
        "one"
    }
}

/// A tree of files, with the folders above them.
fn tree(paths: &[&str]) -> Tree {
    let mut entries: Vec<Entry> = Vec::new();
    for path in paths {
        for (end, _) in path.match_indices('/') {
            let folder = Entry {
                path: path[..end].into(),
                found: Found::Folder,
            };
            if !entries.contains(&folder) {
                entries.push(folder);
            }
        }
        entries.push(Entry {
            path: (*path).into(),
            found: Found::File { program: true },
        });
    }
    Tree::build(&[entries], &Nobody).unwrap()
}

fn followed(script: &str, tree: &Tree) -> Vec<String> {
    let installation = Installation {
        tree,
        package: "one",
        architecture: "amd64",
    };
    let calls = evaluate::calls(script, &installation);
    calls
        .iter()
        .map(|call| call.words.join(" ").replace(UNKNOWN, "?"))
        .collect()
}

/// Applies a script; returns the files that it would write and that are not made.
fn applied(script: &str, tree: &mut Tree) -> Vec<String> {
    let installation = Installation {
        tree,
        package: "one",
        architecture: "amd64",
    };
    let calls = evaluate::calls(script, &installation);
    apply(&[calls], tree, &[], |_| false).unwritten.concat()
}

fn written<'a>(tree: &'a Tree, path: &str) -> Option<&'a str> {
    match tree.get(path.as_bytes()) {
        Some(Node::Written(text)) => Some(text),
        _ => None,
    }
}

#[test]
fn only_what_a_first_installation_does_is_followed() {
    let script = r#"set -e
if [ "$1" = triggered ]; then a; exit 0; fi
[ "$1" = configure ] || exit 0
case "$1" in
    configure|reconfigure) b ;;
    *) c ;;
esac
if [ -n "$2" ] && dpkg --compare-versions "$2" lt 1.0; then d; elif dpkg --compare-versions "$2" lt 2; then e; else f; fi
if [ -x /usr/bin/there ] && [ ! -d /usr/gone ]; then g; fi
if something; then h; else i; fi
exit 0
j
"#;
    assert_eq!(
        followed(script, &tree(&["usr/bin/there"])),
        ["set -e", "b", "e", "g", "something", "h", "i"]
    );
}

#[test]
fn loops_variables_functions_and_files_are_followed() {
    let script = "base=/usr/lib/jvm\ntools='java javac'\nfor i in $tools; do\n  unset more || true\n  if [ -e $base/man/$i.1 ]; then\n    more=\"--slave \\\n      /man/$i.1\"\n  fi\n  register \\\n    /usr/bin/$i $base/bin/$i $(priority) $more\ndone\nshow() {\n  local name=\"$1\"\n  print \"$name!\" ${2:-none}\n}\nshow x\nfor i in $base/bin/*; do list \"$i\"; done\ncat <<END >/etc/x\nignored $(me)\nEND\n";
    let tree = tree(&[
        "usr/lib/jvm/bin/java",
        "usr/lib/jvm/bin/jar",
        "usr/lib/jvm/man/java.1",
    ]);
    let expected = [
        "unset more",
        "register /usr/bin/java /usr/lib/jvm/bin/java ? --slave /man/java.1",
        "unset more",
        "register /usr/bin/javac /usr/lib/jvm/bin/javac ? --slave /man/java.1",
        "print x! none",
        "list /usr/lib/jvm/bin/jar",
        "list /usr/lib/jvm/bin/java",
        "cat",
    ];
    assert_eq!(followed(script, &tree), expected);
}

#[test]
fn files_that_ucf_copies_are_there_also_by_way_of_a_temporary_one() {
    let mut tree = tree(&["usr/share/one/one.conf", "usr/lib/R/etc/Renviron.ucf", "etc/kept"]);
    let script = "conf=/etc/one\nucf --three-way --debconf-ok /usr/share/one/one.conf $conf/one.conf\n\
                  t=$(mktemp)\ncat /usr/lib/R/etc/Renviron.ucf > \"$t\"\nsed -i s/a/b/ \"$t\"\nucf \"$t\" /etc/R/Renviron\n\
                  ucf /usr/share/one/one.conf /etc/kept\nucf /usr/share/one/one.conf /home/x\nucf /usr/share/one/one.conf /etc/../home/y\n\
                  ln -sf ../one/one.conf /etc/two/\nln -s /etc/one/one.conf /etc/two.conf\nln -s /gone /etc/three\nmkdir -p -m 755 /var/lib/one /srv/one\n";
    applied(script, &mut tree);
    let source = |path: &[u8]| match tree.find(path) {
        Some((_, Node::File { source, .. })) => String::from_utf8_lossy(source).into_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(source(b"etc/one/one.conf"), "usr/share/one/one.conf");
    assert_eq!(source(b"etc/R/Renviron"), "usr/lib/R/etc/Renviron.ucf");
    assert_eq!(source(b"etc/kept"), "etc/kept");
    assert_eq!(source(b"etc/two.conf"), "usr/share/one/one.conf");
    assert_eq!(tree.get(b"var/lib/one"), Some(&Node::Folder));
    for path in ["home/x", "home/y", "etc/three", "srv/one"] {
        assert_eq!(tree.get(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn a_text_that_stands_in_a_script_is_written() {
    let mut tree = tree(&["usr/share/dovecot/dovecot.conf", "etc/kept"]);
    let script = r#"
echo 'protocols = $protocols imap' > /usr/share/dovecot/protocols.d/imapd.protocol
name=one
if [ "$1" = configure ]; then
    cat <<EOF > /etc/$name.conf
# "$name" is \$5, \"so\"
EOF
    cat >> /etc/$name.conf <<-'EOF'
	path = $PATH
	EOF
    printf '%s=%s\n' "$name" 1 >> /etc/$name.conf
fi
t=$(mktemp)
echo -n by way of > "$t"
echo " a temporary file" >> "$t"
mv "$t" /etc/moved
echo x > /etc/new.tmp && mv -f /etc/new.tmp /etc/new
: > /var/lib/one/empty
echo gone > /etc/gone; rm -f /etc/gone
"#;
    assert_eq!(applied(script, &mut tree), Vec::<String>::new());
    for (path, text) in [
        (
            "usr/share/dovecot/protocols.d/imapd.protocol",
            "protocols = $protocols imap\n",
        ),
        (
            "etc/one.conf",
            "# \"one\" is $5, \\\"so\\\"\npath = $PATH\none=1\n",
        ),
        ("etc/moved", "by way of a temporary file\n"),
        ("etc/new", "x\n"),
        ("var/lib/one/empty", ""),
    ] {
        assert_eq!(written(&tree, path), Some(text), "{path}");
    }
    for path in ["etc/new.tmp", "etc/gone"] {
        assert_eq!(tree.get(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn a_file_that_is_not_made_is_told_and_what_is_no_file_is_not() {
    let mut tree = tree(&["etc/kept", "usr/bin/make-it"]);
    let script = r#"
echo more >> /etc/kept
echo "$unset" > /etc/unset
if ask; then echo a > /etc/perhaps; fi
make-it > /etc/output
{ echo a; echo b; } > /etc/group
sed s/a/b/ /etc/kept > /etc/edited.tmp && mv /etc/edited.tmp /etc/edited
echo x | tee -a /etc/teed
echo 'a\tb' > /etc/backslash
printf '%d\n' 1 > /etc/number
echo a > /srv/elsewhere
show() { echo a; }
show > /etc/function
t=$(mktemp); make-it > $t; cp $t /etc/by-way
. /usr/share/one/settings
v=1; echo $v > /etc/settings
echo a > /dev/null; echo b >&2; echo c > /dev/stderr; make-it > /run/one.pid; echo d > "$unset"; echo e > relative
make-it > $(make-it); make-it 2> /etc/errors; make-it > /proc/sys/kernel/x
"#;
    let expected = [
        "/etc/backslash",
        "/etc/by-way",
        "/etc/edited",
        "/etc/function",
        "/etc/group",
        "/etc/kept",
        "/etc/number",
        "/etc/output",
        "/etc/perhaps",
        "/etc/settings",
        "/etc/teed",
        "/etc/unset",
        "/srv/elsewhere",
    ];
    assert_eq!(applied(script, &mut tree), expected);
    let is_written = |(_, node): (&[u8], &Node)| matches!(node, Node::Written(_));
    assert!(!tree.nodes().any(is_written));
}

#[test]
fn what_is_added_to_what_a_program_makes_waits_for_it() {
    let mut tree = tree(&["usr/bin/x86-fpcmkcfg-3"]);
    let installation = Installation {
        tree: &tree,
        package: "one",
        architecture: "amd64",
    };
    let script =
        "C=/etc/fpc.cfg\n/usr/bin/x86-fpcmkcfg-3 -d base=/usr -o $C\necho '-Fl $x' >> $C\necho -Xs >> $C\n";
    let calls = evaluate::calls(script, &installation);
    let is_run = |call: &Call| {
        call.words
            .first()
            .is_some_and(|word| word.ends_with("fpcmkcfg-3"))
    };
    let applied = apply(&[calls], &mut tree, &[], is_run);
    assert_eq!(applied.unwritten.concat(), Vec::<String>::new());
    assert!(applied.awaited.iter().eq(["/etc/fpc.cfg"]));
    let additions = ["-Fl $x\n", "-Xs\n"].map(|text| ("/etc/fpc.cfg".to_owned(), text.to_owned()));
    assert_eq!(applied.additions, additions);
}

#[test]
fn what_a_machine_says_of_itself_is_not_made_anew() {
    let mut tree = tree(&["usr/share/base/passwd", "usr/share/base/profile"]);
    let script = "cp /usr/share/base/passwd /etc/passwd\ncp /usr/share/base/profile /etc/profile\n";
    applied(script, &mut tree);
    assert!(tree.find(b"etc/passwd").is_none());
    assert!(tree.find(b"etc/profile").is_some());
}

#[test]
fn modules_of_php_are_loaded_in_each_way_of_running() {
    let mut tree = tree(&["etc/php/8.2/mods-available/dom.ini", "etc/php/8.2/cli/php.ini"]);
    applied("", &mut tree);
    let link = tree
        .find(b"etc/php/8.2/cli/conf.d/20-dom.ini")
        .map(|(path, _)| path);
    assert_eq!(link.as_deref(), Some(&b"etc/php/8.2/mods-available/dom.ini"[..]));
}

#[test]
fn broken_scripts_and_deep_ones_are_read_to_their_end() {
    let tree = tree(&["usr/bin/a"]);
    for script in [
        "if",
        "case",
        "case x in",
        "for",
        "f() {",
        "$(",
        "\"",
        "a $(( 1 + ",
        "fi; done; }",
        "<<",
        "! ! !",
        "a >",
        "( ( a ) b",
    ] {
        followed(script, &tree);
    }
    followed(&"(".repeat(10_000), &tree);
    followed(&"if a; then ".repeat(5000), &tree);
    assert!(followed("f() { f; f; }\nf\n", &tree).is_empty());
    let many = "for a in 1 2 3 4 5 6 7 8 9; do ".repeat(9) + "x; " + &"done; ".repeat(9);
    assert!(followed(&many, &tree).len() <= 20_000);
}

#[test]
fn scripts_that_never_end_or_fill_the_memory_are_left_off() {
    let mut paths: Vec<String> = (0..300).map(|index| format!("usr/x/{index}")).collect();
    paths.push("usr/bin/a".to_owned());
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let tree = tree(&paths);
    let long = "a".repeat(1000);
    let commands = "a;".repeat(100_000);
    for script in [
        // A text that doubles, in each way of setting a variable.
        "x=aaaaaaaa\nx=$x$x\nuse $x\n".to_owned() + &"x=$x$x\n".repeat(100) + "use $x",
        "x=aaaaaaaa\n".to_owned() + &"export x=$x$x\n".repeat(100) + "use $x",
        "x=aaaaaaaa\n".to_owned() + &"x=$(echo $x $x)\n".repeat(100) + "use $x",
        "x=aaaaaaaa\nf() { x=$1$1; f $x; f $x; }\nf $x\n".to_owned(),
        // Output of commands in each other, and read again and again.
        "x=".to_owned() + &"$(a ".repeat(100_000) + &")".repeat(100_000),
        format!("while a; do x=$({commands}); done\n").repeat(5),
        // A long function that is called often.
        format!("f() {{ return; {commands} }}\n") + &"f\n".repeat(20_000),
        // Patterns.
        format!("case {long} in {}b) a ;; esac\n", "*a".repeat(100)).repeat(200),
        "a /usr/x/*/../*/../*/../*/../*\n".repeat(20),
        "[ ".to_owned() + &"! ".repeat(100_000) + "a ]",
        "[ a".to_owned() + &" -o a".repeat(100_000) + " ]",
        "a ".repeat(400_000),
        "a=b ".repeat(200_000),
        "\0".repeat(2 << 20),
    ] {
        let calls = followed(&script, &tree);
        let bytes: usize = calls.iter().map(String::len).sum();
        assert!(
            bytes <= 16 << 20,
            "{bytes} bytes of {}",
            script.get(..40).unwrap()
        );
    }
}

#[test]
fn what_is_too_long_to_be_known_is_unknown() {
    let script = "x=aaaaaaaa\n".to_owned() + &"x=$x$x\n".repeat(13) + "use $x/b\ny=c\nuse $y\n";
    assert_eq!(followed(&script, &tree(&["usr/a"])), ["use ?/b", "use c"]);
}

#[test]
fn modules_of_php_without_end_are_not_all_loaded() {
    let kinds = (0..400).map(|index| format!("etc/php/8.2/kind{index}/php.ini"));
    let modules = (0..400).map(|index| format!("etc/php/8.2/mods-available/m{index}.ini"));
    let paths: Vec<String> = kinds.chain(modules).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut tree = tree(&paths);
    applied("", &mut tree);
    let made = tree.nodes().count() - paths.len();
    assert!(made < 10_000, "{made} were made");
}

#[test]
fn a_file_that_nobody_misses_is_not_named() {
    let script = "for file in /etc/hosts /var/log/one.log /etc/ca-certificates.conf /etc/one.dpkg-inst /etc/one; do\n\
                  date >$file\ndone\n";
    assert_eq!(applied(script, &mut Tree::default()), ["/etc/one"]);
}
