//! `cpkgs install` without root where the kernel permits no namespaces: programs are followed.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use archive_tests::{Client, DebBuilder, Nginx, Random, Run, TestArchive};

use super::install::has_namespaces;

/// Runs what follows it where no more namespaces can be had.
const WITHOUT: &str = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"";

/// Returns a command that runs another where the kernel permits no namespaces.
fn without_namespaces(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["-r", "sh", "-c", WITHOUT, "sh"])
        .arg(program)
        .args(arguments);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8");
    command
}

/// A loader, its C library and a program of this machine, as a package would have them: links are not enough for other paths.
fn own_cat() -> DebBuilder {
    let bytes = |path: &str| std::fs::read(path).unwrap();
    DebBuilder::new("own-cat", "1.0", "amd64")
        // The kernel starts a loader, too.
        .entry(
            "usr/lib64/ld-linux-x86-64.so.2",
            tar::EntryType::Regular,
            0o755,
            "",
            &bytes("/lib64/ld-linux-x86-64.so.2"),
        )
        .file(
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            bytes("/lib/x86_64-linux-gnu/libc.so.6"),
        )
        .file("usr/bin/own-cat", bytes("/bin/cat"))
        .file("usr/bin/own-readlink", bytes("/bin/readlink"))
        .file("usr/share/own-cat/words", "words\n")
}

fn installed(packages: &[DebBuilder], names: &[&str]) -> (TestArchive, Nginx, Client) {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(packages).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    let mut install = without_namespaces(client.command(&[]).get_program().as_ref(), &["install", "--yes"]);
    Run::of(install.args(names).env("CPKGS_HOME", client.home())).ok();
    (archive, nginx, client)
}

/// Where there are no namespaces to give up, they need not be.
fn can_be_tried() -> bool {
    if !has_namespaces() {
        archive_tests::skip("a user namespace, to have none in it");
    }
    has_namespaces()
}

#[test]
fn a_program_that_is_followed_finds_its_files_and_keeps_its_process() {
    if !can_be_tried() {
        return;
    }
    let files = "/usr/share/fixed/words /etc/fixed.conf /var/lib/fixed/state";
    let script = format!(
        "#!/bin/sh\ncat {files}; cd /usr/share/fixed; cat words; echo \"$@\"; echo $$; kill -s \"$1\" $$; exec other\n"
    );
    let fixed = DebBuilder::new("fixed", "1.0", "all")
        .file("usr/bin/fixed", script)
        .file("usr/share/fixed/words", "words\n")
        .file("etc/fixed.conf", "configured\n")
        .file("var/lib/fixed/state", "state\n");
    let other = DebBuilder::new("other", "1.0", "all").file("usr/bin/other", "#!/bin/sh\necho $0; exit 7\n");
    let (_archive, _nginx, client) = installed(&[fixed, other], &["fixed", "other"]);
    let start = |signal: &str| {
        let mut command = without_namespaces(&client.path("packages/bin/fixed"), &[signal, "a b"]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let number = child.id();
        (number, child.wait_with_output().unwrap())
    };
    let (number, done) = start("CONT");
    let expected = format!("words\nconfigured\nstate\nwords\nCONT a b\n{number}\n/usr/bin/other\n");
    assert_eq!(String::from_utf8(done.stdout).unwrap(), expected);
    assert_eq!(done.status.code(), Some(7));
    // Also by signals that no shell has a name for.
    for (word, signal) in [("TERM", 15), ("KILL", 9), ("40", 40)] {
        assert_eq!(start(word).1.status.signal(), Some(signal), "{word}");
    }
}

#[test]
fn a_program_that_hides_its_memory_is_followed_all_the_same() {
    if !can_be_tried() {
        return;
    }
    // PR_SET_DUMPABLE, as agents that keep keys have it; what follows a program could not read its paths then.
    let script =
        "#!/usr/bin/perl\nsyscall(157, 4, 0, 0, 0, 0) == 0 or die $!;\nexec 'cat', '/usr/share/shy/words';\n";
    let shy = DebBuilder::new("shy", "1.0", "all")
        .file("usr/bin/shy", script)
        .file("usr/share/shy/words", "words\n");
    let (_archive, _nginx, client) = installed(&[shy], &["shy"]);
    let program = client.path("packages/bin/shy");
    let program = program.to_str().unwrap();
    let mut command = without_namespaces("timeout".as_ref(), &["60", program]);
    assert_eq!(Run::of(&mut command).ok().stdout, "words\n");
}

#[test]
fn a_program_is_started_by_the_loader_of_its_generation_and_does_not_notice() {
    if !can_be_tried() {
        return;
    }
    let script = "#!/usr/bin/own-cat\nfirst\n";
    let package = own_cat()
        .file("usr/bin/of-own-cat", script)
        .file("usr/share/of-own-cat/x", "x");
    let (_archive, _nginx, client) = installed(&[package], &["own-cat"]);
    let run = |arguments: &[&str]| {
        let mut command = without_namespaces(client.command(&[]).get_program().as_ref(), &["run", "--"]);
        Run::of(command.args(arguments).env("CPKGS_HOME", client.home()))
            .ok()
            .stdout
    };
    assert_eq!(run(&["/usr/bin/own-cat", "/usr/share/own-cat/words"]), "words\n");
    assert_eq!(run(&["/usr/bin/of-own-cat"]), script);
    assert_eq!(
        run(&["/usr/bin/own-readlink", "/proc/self/exe"]),
        "/usr/bin/own-readlink\n"
    );
    // Those of the host, which it starts in turn, find the files too, however many arguments they have.
    let many = "x ".repeat(20_000);
    let script = format!("set -- {many}; cat /usr/share/own-cat/words; /bin/echo $# \"$@\" | wc -c");
    assert_eq!(run(&["sh", "-c", &script]), "words\n40006\n");
}

#[test]
fn programs_that_make_indexes_are_confined_where_there_are_no_namespaces() {
    if !can_be_tried() {
        return;
    }
    let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let witness = beside.path().join("witness").display().to_string();
    std::fs::write(&witness, "before").unwrap();
    let script = format!(
        "#!/bin/sh\n\
         echo x > {witness}; true >> {witness}; rm {witness}; mv {witness} {witness}2; truncate -s 1 {witness}; touch {witness}3\n\
         cat {witness} > /usr/share/mime/read; echo x > /usr/share/mime/packages/bad.xml\n\
         kill -TERM $PPID; exec 3<>/dev/tcp/127.0.0.1/1\n\
         touch /var/tmp/x \"$HOME/here\" && echo made > /usr/share/mime/made\n\
         sleep 1000 &\n\
         exit 0\n"
    );
    let package = DebBuilder::new("bad", "1.0", "all")
        .file("usr/bin/update-mime-database", script)
        .file("usr/share/mime/packages/bad.xml", "x");
    let (_archive, _nginx, client) = installed(&[package], &["bad"]);
    assert_eq!(std::fs::read_to_string(&witness).unwrap(), "before");
    assert_eq!(std::fs::read_dir(beside.path()).unwrap().count(), 1);
    let root = client.path("packages/current/root/usr/share/mime");
    assert_eq!(std::fs::read_to_string(root.join("read")).unwrap_or_default(), "");
    // As in a namespace, it changed a copy of the generation's own, and not what the store has.
    assert_eq!(
        std::fs::read_to_string(root.join("packages/bad.xml")).unwrap(),
        "x\n"
    );
    let repaired = client.run(&["repair"]).ok();
    assert!(
        repaired.stderr.contains("everything is in order"),
        "{}",
        repaired.report()
    );
    assert!(!Path::new("/var/tmp/x").exists());
}

/// As Java's: what its trust store is made with reads its configuration by a link below `/usr`, and the user has none yet.
#[test]
fn programs_that_make_indexes_find_configuration_by_links_of_packages() {
    if !can_be_tried() {
        return;
    }
    let script = "#!/bin/sh\ncat /usr/lib/tool/tool.conf /usr/lib/default/tool.conf > /usr/share/mime/made\n";
    let package = DebBuilder::new("tool", "1.0", "all")
        .file("usr/bin/update-mime-database", script)
        .file("usr/share/mime/packages/tool.xml", "x")
        .file("etc/tool/tool.conf", "configured\n")
        .control_file("conffiles", "/etc/tool/tool.conf\n")
        .symlink("usr/lib/tool/tool.conf", "/etc/tool/tool.conf")
        .symlink("usr/lib/default", "tool");
    let (_archive, _nginx, client) = installed(&[package], &["tool"]);
    let made = || {
        let made = client.path("packages/current/root/usr/share/mime/made");
        std::fs::read_to_string(made).unwrap_or_default()
    };
    assert_eq!(made(), "configured\n".repeat(2));
    // Then those of the user count.
    let configuration = client.path("packages/etc/tool/tool.conf");
    assert!(configuration.is_file());
    let shared = client.path("packages/current/root/etc/tool/tool.conf");
    assert_eq!(
        shared.canonicalize().unwrap(),
        configuration.canonicalize().unwrap()
    );
}

#[test]
fn a_program_that_is_followed_changes_nothing_of_its_generation() {
    if !can_be_tried() {
        return;
    }
    let writes = [
        "echo x > /var/lib/fixed/new",
        "echo x > /usr/share/fixed/words",
        "cd /usr/share/fixed && echo x > new",
        "cd /usr/share/fixed && echo x >> words",
        "cd $(realpath /usr/share/fixed) && touch new",
        "rm /usr/share/fixed/words",
        "mv /usr/share/fixed/words /tmp/",
        "chmod 644 /usr/share/fixed/words",
        "ln /usr/share/fixed/words $HOME/mine",
        "ln -s x /usr/share/fixed/link",
        "mkdir /usr/share/fixed/folder",
        "rmdir /usr/share/fixed/empty",
        "touch /usr/share/new",
        "mv $HOME/own /usr/share/fixed/",
        "test -w /usr/share/fixed",
    ];
    let tried: Vec<String> = writes
        .iter()
        .map(|write| format!("({write}) 2>&1 && echo 'done: {write}'\n"))
        .collect();
    let script = format!(
        "#!/bin/sh\ncd; echo own > own\n{}mkdir -p /usr/share/fixed/empty && cat /usr/share/fixed/words && echo $HOME/*\n",
        tried.concat()
    );
    let fixed = DebBuilder::new("fixed", "1.0", "all")
        .file("usr/bin/fixed", script)
        .file("usr/share/fixed/words", "words\n")
        .file("usr/share/fixed/empty/.keep", "")
        .file("var/lib/fixed/state", "state\n");
    let (_archive, _nginx, client) = installed(&[fixed], &["fixed"]);
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = without_namespaces(&client.path("packages/bin/fixed"), &[]);
    let said = Run::of(command.env("HOME", home.path())).ok().stdout;
    let own = home.path().join("own");
    assert!(!said.contains("done: "), "{said}");
    assert!(said.ends_with(&format!("words\n{}\n", own.display())), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    let repaired = client.run(&["repair"]).ok();
    assert!(
        repaired.stderr.contains("everything is in order"),
        "{}",
        repaired.report()
    );
    for folder in ["root/usr/share/fixed", "root/var/lib/fixed"] {
        let entries = std::fs::read_dir(client.path("packages/current").join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let known = ["words", "empty", "state"];
        let new: Vec<String> = names.filter(|name| !known.contains(&name.as_str())).collect();
        assert_eq!(new, [""; 0], "{folder}");
    }
}

/// Returns the processes with these arguments, by number.
fn processes(arguments: &[&str]) -> Vec<String> {
    let wanted = arguments.join("\0") + "\0";
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let names = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_it = |name: &String| {
        let line = std::fs::read(format!("/proc/{name}/cmdline")).unwrap_or_default();
        line.ends_with(wanted.as_bytes())
    };
    names.filter(is_it).collect()
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 120, "{what} took too long");
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_install_takes_programs_that_make_indexes_along_and_the_next_command_works() {
    if !can_be_tried() {
        return;
    }
    let seconds = format!("9{}", std::process::id());
    let script = format!("#!/bin/sh\nsetsid sleep {seconds} & exec sleep {seconds}\n");
    let package = DebBuilder::new("bad", "1.0", "all")
        .file("usr/bin/update-mime-database", script)
        .file("usr/share/mime/packages/bad.xml", "x");
    let plain = DebBuilder::new("plain", "1.0", "all").file("usr/bin/plain", "#!/bin/sh\necho plain\n");
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(&[package, plain]).ok();
    archive.publish();
    for is_followed in [true, false] {
        let client = Client::of(&archive, &nginx.url());
        client.run(&["update"]).ok();
        let command = |arguments: &[&str]| command_of(&client, is_followed, arguments);
        let mut install = command(&["install", "--yes", "bad"]);
        let mut install = install
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("starting", || processes(&["sleep", &seconds]).len() == 2);
        install.kill().unwrap();
        install.wait().unwrap();
        until("ending", || processes(&["sleep", &seconds]).is_empty());
        assert!(!client.path("packages/current").exists());
        Run::of(&mut command(&["install", "--yes", "plain"])).ok();
        assert_eq!(client.program("plain", &[]).ok().stdout, "plain\n");
        let generations = std::fs::read_dir(client.path("packages/gen")).unwrap();
        assert_eq!(generations.count(), 1);
    }
}

/// Returns `cpkgs` as it is, or where programs are followed.
fn command_of(client: &Client, is_followed: bool, arguments: &[&str]) -> Command {
    let command = client.command(arguments);
    if !is_followed {
        return command;
    }
    let mut followed = without_namespaces(command.get_program().as_ref(), arguments);
    followed.env("CPKGS_HOME", client.home());
    followed
}

#[test]
fn a_generation_works_where_the_kernel_permits_another_way_than_where_it_was_built() {
    if !can_be_tried() {
        return;
    }
    let folders = ["/srv", "/var/opt", "/usr/share"].map(Path::new);
    let folders: Vec<&Path> = folders.into_iter().filter(|folder| folder.is_dir()).collect();
    let files: Vec<String> = folders
        .iter()
        .map(|folder| format!("{}/fixed/words", folder.display()))
        .collect();
    let script = format!("#!/bin/sh\ncat {}\n", files.join(" "));
    let mut fixed = DebBuilder::new("fixed", "1.0", "all")
        .file("usr/bin/fixed", script)
        .file("var/www/fixed/words", "words\n");
    for file in &files {
        fixed = fixed.file(file.trim_start_matches('/'), "words\n");
    }
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(&[fixed]).ok();
    archive.publish();
    for is_followed in [true, false] {
        let client = Client::of(&archive, &nginx.url());
        client.run(&["update"]).ok();
        let install = Run::of(&mut command_of(
            &client,
            is_followed,
            &["install", "--yes", "fixed"],
        ))
        .ok();
        let told = "not laid over this machine's files: fixed: those in /var/www; they lie in";
        assert!(install.stderr.contains(told), "{}", install.report());
        let program = client.path("packages/bin/fixed");
        let mut elsewhere = match is_followed {
            true => Command::new(&program),
            false => without_namespaces(&program, &[]),
        };
        let said = Run::of(&mut elsewhere).ok().stdout;
        assert_eq!(
            said,
            "words\n".repeat(files.len()),
            "built followed: {is_followed}"
        );
    }
}

/// A package with programs that make indexes, each slow enough to be killed in the midst of it.
fn with_indexes() -> DebBuilder {
    let maker = |folder: &str| {
        let made = format!("/usr/share/{folder}/made");
        format!("#!/bin/sh\nfor n in 1 2 3 4 5; do echo $n >{made}.$n; sleep 0.01; done\necho done >{made}\n")
    };
    DebBuilder::new("indexed", "1.0", "all")
        .file("usr/bin/update-mime-database", maker("mime"))
        .file("usr/share/mime/packages/indexed.xml", "x")
        .file("usr/bin/fc-cache", maker("fonts"))
        .file("usr/share/fonts/indexed.ttf", "x")
        .file("usr/bin/mandb", maker("man"))
        .file("usr/share/man/man1/indexed.1", "x")
        .file("usr/bin/indexed", "#!/bin/sh\necho indexed\n")
}

/// Says what a change that did not come to its end left behind.
fn left_behind(client: &Client) -> Vec<String> {
    let folders = ["packages/gen", "packages/store", "packages", ""].map(|folder| client.path(folder));
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with('.') || name == "tmp")
        .collect()
}

#[test]
fn an_install_that_is_killed_at_any_moment_of_making_indexes_leaves_the_old_generation() {
    if !can_be_tried() {
        return;
    }
    let kills: usize = std::env::var("CPKGS_KILLS").map_or(6, |count| count.parse().unwrap());
    let plain = DebBuilder::new("plain", "1.0", "all").file("usr/bin/plain", "#!/bin/sh\necho plain\n");
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(&[with_indexes(), plain]).ok();
    archive.publish();
    let mut random = Random::new(16);
    for is_followed in [true, false] {
        let client = Client::of(&archive, &nginx.url());
        client.run(&["update"]).ok();
        let command = |arguments: &[&str]| command_of(&client, is_followed, arguments);
        Run::of(&mut command(&["install", "--yes", "plain"])).ok();
        let mut killed = 0;
        for _ in 0..kills {
            let mut install = command(&["install", "--yes", "indexed"]);
            let mut install = install
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let first = ["/usr/bin/update-mime-database", "/usr/share/mime"];
            until("making", || {
                !processes(&first).is_empty() || install.try_wait().unwrap().is_some()
            });
            std::thread::sleep(Duration::from_micros(random.below(400_000) as u64));
            killed += usize::from(install.try_wait().unwrap().is_none());
            let _ = install.kill();
            install.wait().unwrap();
            assert_eq!(client.program("plain", &[]).ok().stdout, "plain\n");
            Run::of(&mut command(&["install", "--yes", "indexed"])).ok();
            assert_eq!(left_behind(&client), [""; 0]);
            assert_eq!(client.program("indexed", &[]).ok().stdout, "indexed\n");
            for folder in ["mime", "fonts", "man"] {
                let made = client.path(&format!("packages/current/root/usr/share/{folder}/made"));
                assert_eq!(std::fs::read_to_string(made).unwrap(), "done\n", "{folder}");
            }
            Run::of(&mut command(&["remove", "--yes", "indexed"])).ok();
            client.run(&["gc", "--keep", "1"]).ok();
        }
        assert!(
            killed > 0,
            "no install was still running when it was to be killed"
        );
    }
}
