//! `cpkgs install` of packages that should not be, under blows, and behind apt.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use archive_tests::{Apt, Client, DebBuilder, Random, TestArchive};

/// A client of an archive with nothing in it, and a package as a file.
fn given(packages: &[DebBuilder]) -> (TestArchive, Client, Vec<PathBuf>) {
    let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    let paths = packages.iter().enumerate().map(|(number, package)| {
        let path = client.folder().join(format!("{number}.deb"));
        std::fs::write(&path, package.build()).unwrap();
        path
    });
    let paths = paths.collect();
    (archive, client, paths)
}

#[track_caller]
fn refused(packages: &[DebBuilder], reason: &str) {
    let (_archive, client, paths) = given(packages);
    let mut arguments = vec!["install", "--yes"];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let run = client.run(&arguments).exits(4);
    assert!(run.stderr.contains(reason), "{}", run.report());
    assert!(client.json(&["list", "--installed"]).is_empty());
    assert!(!client.folder().join("escaped").exists());
    assert!(!client.home().join("escaped").exists());
}

#[test]
fn a_device_or_a_pipe_in_a_package_is_refused() {
    for kind in [tar::EntryType::Char, tar::EntryType::Block, tar::EntryType::Fifo] {
        refused(
            &[DebBuilder::new("evil", "1", "all").entry("usr/share/evil", kind, 0o666, "", b"")],
            "usr/share/evil",
        );
    }
}

#[test]
fn a_path_that_leads_out_of_the_package_is_refused() {
    for path in ["../../../../../../escaped", "usr/../../escaped"] {
        refused(
            &[DebBuilder::new("evil", "1", "all").entry(path, tar::EntryType::Regular, 0o644, "", b"x")],
            "its path contains `..`",
        );
    }
}

#[test]
fn a_file_behind_a_link_of_the_same_or_another_package_is_refused() {
    refused(
        &[DebBuilder::new("evil", "1", "all")
            .symlink("usr/share/way", "/tmp")
            .file("usr/share/way/escaped", b"x")],
        "usr/share/way",
    );
    let link = DebBuilder::new("link", "1", "all").symlink("usr/share/way", "../../../../../..");
    let file = DebBuilder::new("evil", "1", "all")
        .depends("link")
        .file("usr/share/way/escaped", b"x");
    refused(&[link, file], "usr/share/way");
}

#[test]
fn special_permissions_are_dropped_and_that_is_said() {
    let package = DebBuilder::new("rooted", "1", "all").entry(
        "usr/bin/rooted",
        tar::EntryType::Regular,
        0o6755,
        "",
        b"#!/bin/sh\necho rooted\n",
    );
    let (_archive, client, paths) = given(&[package]);
    let run = client.run(&["install", "--yes", paths[0].to_str().unwrap()]).ok();
    assert!(
        run.stderr.contains("without its special permissions: rooted"),
        "{}",
        run.report()
    );
    let file = client.path("packages/current/root/usr/bin/rooted");
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0);
}

#[test]
fn a_killed_install_leaves_a_whole_generation_and_the_next_command_works() {
    let kills: usize = std::env::var("CPKGS_KILLS").map_or(12, |count| count.parse().unwrap());
    let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
    let version = |version: &str| {
        let script = format!("#!/bin/sh\necho {version}\ncat \"$(dirname \"$0\")/../share/greeting/data\"\n");
        DebBuilder::new("greeting", version, "all")
            .file("usr/bin/greeting", script)
            .file("usr/share/greeting/data", format!("{version}\n").repeat(20_000))
    };
    archive.add(&[version("1"), version("2")]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "greeting=1"]).ok();
    let mut random = Random::new(7);
    let mut killed = 0;
    for number in 0..kills {
        let wanted = ["greeting=2", "greeting=1"][number % 2];
        let mut child = client
            .command(&["install", "--yes", wanted])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(random.below(60_000) as u64));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let installed = client.json(&["list", "--installed"]);
        assert_eq!(installed.len(), 1, "{installed:?}");
        let expected = installed[0]["version"].as_str().unwrap().to_owned();
        let said = client.program("greeting", &[]).ok().stdout;
        assert!(
            said.lines().all(|line| line == expected),
            "a mixed generation: {expected}"
        );
        assert_eq!(said.lines().count(), 20_001);
        client.run(&["install", "--yes", wanted]).ok();
        assert_eq!(client.json(&["list", "--installed"])[0]["version"], wanted[9..]);
    }
    assert!(
        killed > 0,
        "no install was still running when it was to be killed"
    );
    client.run(&["repair"]).ok();
}

#[test]
fn apt_takes_its_answers_from_the_resolver() {
    let (archive, _nginx) = TestArchive::served(&["--suite", "stable"]);
    archive
        .add(&[
            DebBuilder::new("app", "1", "all").depends("missing | real"),
            DebBuilder::new("real", "1", "all"),
            DebBuilder::new("broken", "1", "all").depends("nothing"),
            DebBuilder::new("extra", "1", "all").field("Recommends", "real"),
        ])
        .ok();
    archive.publish();
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    let solvers = apt.path("solvers");
    std::fs::create_dir(&solvers).unwrap();
    let script = std::fs::read_to_string(archive_tests::workspace().join("cpkgs/debian/apt-solver")).unwrap();
    let program = archive_tests::archive::cpkgs();
    let script = script.replace("exec cpkgs", &format!("exec {}", program.display()));
    std::fs::write(solvers.join("cpkgs"), script).unwrap();
    std::fs::set_permissions(solvers.join("cpkgs"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = format!("Dir::Bin::Solvers::={}", solvers.display());
    let ask = |package: &str| {
        apt.get(
            ".",
            &["-s", "-o", &folder, "--solver", "cpkgs", "install", package],
        )
        .run
    };
    let run = ask("app").ok();
    assert!(
        run.stdout.contains("Inst app (1") && run.stdout.contains("Inst real (1"),
        "{}",
        run.report()
    );
    let run = ask("broken");
    assert_ne!(run.code, 0);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("`nothing`"), "{}", run.report());
    // What is recommended comes where apt's configuration wants it.
    for (wanted, comes) in [("true", true), ("false", false)] {
        let setting = format!("APT::Install-Recommends \"{wanted}\";\n");
        let plain = std::fs::read_to_string(apt.path("apt.conf")).unwrap();
        std::fs::write(apt.path("apt.conf"), plain + &setting).unwrap();
        let run = ask("extra").ok();
        assert!(run.stdout.contains("Inst extra (1"), "{}", run.report());
        assert_eq!(run.stdout.contains("Inst real (1"), comes, "{}", run.report());
    }
}

#[test]
fn what_is_damaged_is_unpacked_anew() {
    let archive = TestArchive::init(&["--suite", "stable", "--architecture", "amd64"]);
    let greeting =
        DebBuilder::new("greeting", "1", "all").file("usr/bin/greeting", "#!/bin/sh\necho hello\n");
    archive.add(&[greeting]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "greeting"]).ok();
    let given = client.folder().join("given.deb");
    let other = DebBuilder::new("given", "1", "all").file("usr/share/given/data", b"data");
    std::fs::write(&given, other.build()).unwrap();
    client.run(&["install", "--yes", given.to_str().unwrap()]).ok();
    let all = client.run(&["repair"]).ok();
    assert!(all.stderr.contains("everything is in order"), "{}", all.report());

    for entry in std::fs::read_dir(client.path("packages/store")).unwrap() {
        std::fs::remove_dir_all(entry.unwrap().path().join("tree")).unwrap();
    }
    std::fs::remove_file(client.path("packages/current")).unwrap();
    let run = client.run(&["repair"]).exits(1);
    assert!(run.stderr.contains("came from a file"), "{}", run.report());
    let run = client.run(&["repair", given.to_str().unwrap()]).ok();
    assert!(
        run.stderr
            .contains("greeting 1 is damaged: `usr/bin/greeting` is gone"),
        "{}",
        run.report()
    );
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello\n");
    let data = client.path("packages/current/root/usr/share/given/data");
    assert_eq!(std::fs::read_to_string(data).unwrap(), "data");
    client.run(&["repair"]).ok();
}
