//! Publishers on several machines.

use super::{TestServer, is_live, package};
use archive_catalog::{Catalog as _, LEASE_SECONDS, LeaseAnswer, SqlCatalog};
use archive_tests::WriteDeb as _;
use archive_tests::{Keys, Run, TestArchive, Uploader, Watching};
use std::process::Command;
use std::time::{Duration, Instant};

/// Publishers that share the folder of files take turns by its locks, too; these are two file systems to them, as on two machines.
fn offer(archive: &TestArchive, name: &str) {
    let file = package(name).write_into(&archive.outside());
    Run::of(archive.command(&["add"]).arg(file)).ok();
}

/// Opens the catalog of an archive beside its programs.
fn catalog_of(archive: &TestArchive) -> SqlCatalog {
    let command = archive.command(&[]);
    let database = command
        .get_envs()
        .find_map(|(name, value)| (name == "DATABASE_URL").then_some(value?.to_str()?.to_owned()));
    SqlCatalog::open(&database.unwrap().parse().unwrap()).unwrap()
}

#[test]
fn when_one_publisher_dies_another_goes_on() {
    let archive = TestArchive::shared_on(TestServer::shared());
    let machine = archive.other_machine(Keys::Copied);
    let mut first = Watching::start(&archive);
    let mut second = Watching::start(&machine);
    offer(&archive, "one");
    first.until("one is live", |_| is_live(&archive, "one"));
    first.kill();
    offer(&archive, "two");
    second.until("two is live", |_| is_live(&archive, "two"));
    second.stop().ok();
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn machines_that_publish_at_once_all_come_to_the_same() {
    let archive = TestArchive::shared_on(TestServer::shared());
    let machines: Vec<TestArchive> = (0..3).map(|_| archive.other_machine(Keys::Copied)).collect();
    std::thread::scope(|scope| {
        for (number, machine) in machines.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..4 {
                    offer(machine, &format!("package-{number}-{round}"));
                    machine.publish();
                }
            });
        }
    });
    for number in 0..3 {
        for round in 0..4 {
            assert!(is_live(&archive, &format!("package-{number}-{round}")));
        }
    }
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    let audit = Run::of(
        archive
            .tool(archive_tests::archive::uploader())
            .args(["audit", "verify"]),
    )
    .ok();
    assert_eq!(audit.code, 0);
}

#[test]
fn of_machines_that_make_an_archive_in_one_database_at_once_one_makes_it() {
    let url = TestServer::shared().url();
    let machines: Vec<TestArchive> = (0..3).map(|_| TestArchive::empty()).collect();
    let init = |machine: &TestArchive| Run::of(machine.command(&["init"]).env("DATABASE_URL", &url));
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let threads: Vec<_> = machines
            .iter()
            .map(|machine| scope.spawn(|| init(machine)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut codes: Vec<i32> = runs.iter().map(|run| run.code).collect();
    codes.sort_unstable();
    let reports: Vec<String> = runs.iter().map(Run::report).collect();
    assert_eq!(codes, [0, 1, 1], "{reports:#?}");
    // Where it was refused nothing looks like an archive, and neither do they by trying again.
    for (machine, run) in machines.iter().zip(&runs).filter(|(_, run)| run.code != 0) {
        assert!(!machine.home().join("repogen.toml").exists(), "{}", run.report());
        init(machine).exits(1);
    }
}

#[test]
fn a_catalog_on_a_server_that_is_older_than_what_is_served_is_brought_up_to_it() {
    let archive = TestArchive::shared_on(TestServer::shared());
    offer(&archive, "one");
    archive.publish();
    let backup = archive.outside().join("archive.backup");
    Run::of(archive.command(&["backup"]).arg(&backup)).ok();
    offer(&archive, "two");
    archive.publish();

    let (machine, url) = (TestArchive::empty(), TestServer::shared().url());
    let on_machine = |arguments: &[&str]| {
        let mut command = machine.command(arguments);
        Run::of(
            command
                .env("DATABASE_URL", &url)
                .env("STORAGE_URL", archive.root()),
        )
    };
    on_machine(&["restore", backup.to_str().unwrap()]).ok();
    on_machine(&["publish"]).exits(3);
    on_machine(&["rebuild"]).ok();
    assert_eq!(
        on_machine(&["list"]).ok().stdout,
        archive.repogen(&["list"]).ok().stdout
    );
    on_machine(&["publish"]).ok();
    assert_eq!(on_machine(&["verify"]).ok().stdout, "");
}

#[test]
fn tables_of_another_version_end_every_program_with_code_3_and_the_command() {
    let archive = TestArchive::shared_on(TestServer::shared());
    let empty = TestServer::shared().url();
    let mut commands: Vec<Command> = vec![
        archive.command(&["list"]),
        archive.command(&["publish"]),
        archive.command(&["watch"]),
    ];
    let mut serve = archive.tool(archive_tests::archive::uploader());
    serve
        .arg("serve")
        .env("API_PORT", "0")
        .env("API_HOST", "127.0.0.1");
    commands.push(serve);
    for mut command in commands {
        let refused = Run::of(command.env("DATABASE_URL", &empty)).exits(3);
        assert!(refused.stderr.contains("repogen migrate"), "{}", refused.report());
    }
    Run::of(archive.command(&["migrate"]).env("DATABASE_URL", &empty)).ok();
    Run::of(archive.command(&["list"]).env("DATABASE_URL", &empty)).ok();
    let wrong = Run::of(
        archive
            .command(&["list"])
            .env("DATABASE_URL", "mysql://me:secret@host/db"),
    )
    .exits(2);
    assert!(!wrong.stderr.contains("secret"), "{}", wrong.report());
}

#[test]
fn a_backup_goes_from_one_kind_of_database_to_the_other_and_back() {
    let archive = TestArchive::shared_on(TestServer::shared());
    archive.account("root", &["--role", "admin"]);
    offer(&archive, "hello");
    archive.publish();
    let backup = archive.outside().join("first.backup");
    Run::of(archive.command(&["backup"]).arg(&backup)).ok();
    let list = archive.repogen(&["list", "--json"]).ok().stdout;

    let file = TestArchive::empty();
    let mut restore = file.command(&["restore"]);
    Run::of(restore.arg(&backup).env_remove("DATABASE_URL")).ok();
    let read = Run::of(file.command(&["list", "--json"]).env_remove("DATABASE_URL")).ok();
    assert_eq!(read.stdout, list);
    let second = archive.outside().join("second.backup");
    Run::of(file.command(&["backup"]).arg(&second).env_remove("DATABASE_URL")).ok();

    let server = TestServer::shared().url();
    let other = TestArchive::empty();
    Run::of(
        other
            .command(&["restore"])
            .arg(&second)
            .env("DATABASE_URL", &server),
    )
    .ok();
    let read = Run::of(other.command(&["list", "--json"]).env("DATABASE_URL", &server)).ok();
    assert_eq!(read.stdout, list);
    // A restore never takes the place of what is there, but for what it put there itself.
    Run::of(other.command(&["remove", "hello"]).env("DATABASE_URL", &server)).ok();
    std::fs::remove_file(other.home().join("repogen.toml")).unwrap();
    let refused = Run::of(
        other
            .command(&["restore"])
            .arg(&second)
            .env("DATABASE_URL", &server),
    )
    .exits(1);
    assert!(refused.stderr.contains("already exists"), "{}", refused.report());
}

#[test]
fn a_lost_catalog_on_a_server_is_rebuilt_from_what_is_published() {
    let archive = TestArchive::shared_on(TestServer::shared());
    offer(&archive, "hello");
    archive.publish();
    let empty = TestServer::shared().url();
    // On a machine that has nothing of its own yet.
    let machine = archive.other_machine(Keys::Copied);
    Run::of(machine.command(&["rebuild"]).env("DATABASE_URL", &empty)).ok();
    let read = Run::of(archive.command(&["list"]).env("DATABASE_URL", &empty)).ok();
    assert_eq!(read.stdout, archive.repogen(&["list"]).ok().stdout);
    let refused = archive.repogen(&["rebuild"]).exits(1);
    assert!(
        refused.stderr.contains("there is nothing to rebuild"),
        "{}",
        refused.report()
    );
}

#[test]
fn an_empty_catalog_takes_nothing_from_clients_of_a_full_archive() {
    let archive = TestArchive::shared_on(TestServer::shared());
    offer(&archive, "hello");
    archive.publish();
    let live = archive.read("dists/stable/InRelease");
    let empty = TestServer::shared().url();
    let on_empty = |arguments: &[&str]| Run::of(archive.command(arguments).env("DATABASE_URL", &empty));
    on_empty(&["migrate"]).ok();
    for arguments in [&["publish"][..], &["publish", "--force"], &["prune"]] {
        let refused = on_empty(arguments).exits(3);
        assert!(
            refused.stderr.contains("knows nothing of it"),
            "{}",
            refused.report()
        );
        assert!(refused.stderr.contains("repogen rebuild"), "{}", refused.report());
    }
    assert_eq!(archive.read("dists/stable/InRelease"), live);
    assert!(
        archive
            .root()
            .join("pool/main/h/hello/hello_1.0_all.deb")
            .exists()
    );
    on_empty(&["rebuild"]).ok();
    on_empty(&["publish"]).ok();
    assert!(is_live(&archive, "hello"));
}

#[test]
fn a_pinned_state_waits_for_whoever_publishes_on_another_machine() {
    let archive = TestArchive::shared_on(TestServer::shared());
    offer(&archive, "hello");
    archive.publish();
    let catalog = catalog_of(&archive);
    let begun = Instant::now();
    // Another machine publishes, and dies: its lease ends by itself.
    let taken = catalog
        .take_lease(&"stable".parse().unwrap(), "elsewhere")
        .unwrap();
    assert!(matches!(taken, LeaseAnswer::Taken(_)), "{taken:?}");
    archive.repogen(&["snapshot", "create"]).ok();
    assert!(begun.elapsed() >= Duration::from_secs(LEASE_SECONDS.into()));
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn metrics_tell_who_is_at_a_suite_and_for_how_long() {
    let archive = TestArchive::shared_on(TestServer::shared());
    let catalog = catalog_of(&archive);
    let server = Uploader::with(&archive, &[("PUBLISHER", "off")]);
    let metric = |name: &str| -> Option<f64> {
        let text = server.get("/metrics", None).text();
        let of_stable = format!("publish_lease_{name}{{suite=\"stable\"}} ");
        text.lines()
            .find_map(|line| line.strip_prefix(&of_stable)?.parse().ok())
    };
    // `init` published.
    assert_eq!(metric("held"), Some(0.0));
    let before = metric("epoch").unwrap();
    let stable = "stable".parse().unwrap();
    let LeaseAnswer::Taken(epoch) = catalog.take_lease(&stable, "elsewhere").unwrap() else {
        panic!("nobody has it");
    };
    assert_eq!((metric("held"), metric("epoch")), (Some(1.0), Some(before + 1.0)));
    while metric("age_seconds").unwrap() < 1.0 {}
    catalog.release_lease(&stable, epoch).unwrap();
    assert_eq!((metric("held"), metric("age_seconds")), (Some(0.0), Some(0.0)));
}

/// Returns whether `done` came true before a test has waited too long.
fn comes(done: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > Duration::from_secs(60) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

#[test]
fn a_publisher_that_stood_still_until_its_lease_was_over_changes_no_further_name() {
    let archive = TestArchive::shared_on(TestServer::shared());
    offer(&archive, "hello");
    archive.publish();
    let dists = archive.root().join("dists/stable");
    let served =
        || ["Release", "Release.gpg", "InRelease"].map(|name| std::fs::read(dists.join(name)).unwrap());
    let before = served();
    let trace = archive.outside().join("trace");
    let mut strace = archive.tool("strace");
    // The first name that this publish changes is that of an index.
    strace
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .args(["-e", "trace=rename,renameat,renameat2"])
        .args(["-e", "inject=rename,renameat,renameat2:signal=STOP:when=1"])
        .arg(archive_tests::archive::repogen())
        .args(["publish", "--force"])
        .stderr(std::process::Stdio::piped());
    let strace = strace.spawn().unwrap();
    assert!(comes(
        || std::fs::read_to_string(&trace).is_ok_and(|text| text.contains("stopped by SIGSTOP"))
    ));
    // Another machine finds the lease over, and takes it.
    let catalog = catalog_of(&archive);
    let over = "update publish_lease set expires_at = clock_timestamp() - interval '1 second'";
    archive.change_catalog(over);
    let taken = catalog
        .take_lease(&"stable".parse().unwrap(), "elsewhere")
        .unwrap();
    assert!(matches!(taken, LeaseAnswer::Taken(_)), "{taken:?}");
    std::thread::sleep(Duration::from_secs(LEASE_SECONDS.into()));
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let stopped = std::fs::read_to_string(children).unwrap();
    Run::of(Command::new("kill").args(["-CONT", stopped.trim()])).ok();
    let ended = strace.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{told}");
    assert!(told.contains("another publisher has taken over"), "{told}");
    assert!(served() == before);
}
