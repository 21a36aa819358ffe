//! Generations from packages that are made here.

use std::fs;

use debian_control::digest::sha256;
use debian_deb::build::DebBuilder;

use crate::generation::Programs;

use super::*;

mod killed;
mod repaired;

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn install(&self) -> PathBuf {
        self.folder.path().join("packages")
    }

    fn add(&self, builder: &DebBuilder) -> Add {
        let bytes = builder.build();
        let digest = sha256(&bytes);
        let deb = self.folder.path().join(format!("{digest}.deb"));
        fs::write(&deb, bytes).unwrap();
        Add {
            stanza: builder.control(),
            deb,
            sha256: digest,
            automatic: false,
            why: None,
            provenance: None,
        }
    }

    fn apply(&self, builders: &[DebBuilder]) -> Result<Applied, RootlessError> {
        let change = Change {
            add: builders.iter().map(|builder| self.add(builder)).collect(),
            ..Change::default()
        };
        apply(&self.install(), change)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = std::process::Command::new(self.install().join("bin").join(program))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.install().join(path)).unwrap()
    }
}

fn script(name: &str, version: &str) -> DebBuilder {
    let text = format!("#!/bin/sh\necho {name} {version} \"$@\"\n");
    DebBuilder::new(name, version, "amd64").file(&format!("usr/bin/{name}"), text.as_bytes())
}

#[test]
fn programs_of_usr_local_are_called_by_name_and_those_of_opt_are_told_of() {
    let machine = Machine::new();
    let text = b"#!/bin/sh\necho local\n";
    let local = DebBuilder::new("local", "1.0", "all").file("usr/local/bin/tool", text);
    let whole = DebBuilder::new("whole", "1.0", "all").file("opt/app/bin/app", text);
    let wrapped = DebBuilder::new("wrapped", "1.0", "all")
        .file("usr/bin/wrapped", b"#!/bin/sh\nexec sh /opt/wrapped/bin/real\n")
        .file("opt/wrapped/bin/real", text);
    let applied = machine.apply(&[local, whole, wrapped]).unwrap();
    assert_eq!(machine.run("tool", &[]), "local\n");
    // The program that runs this test is no launcher, so nothing is laid over anything.
    let notes = applied.notes;
    assert!(!notes.lays_vendors);
    assert_eq!(notes.elsewhere["whole"], ["/opt/app/bin/app"]);
    assert_eq!(notes.unlaid["wrapped"], ["wrapped"]);
    assert_eq!((notes.elsewhere.len(), notes.unlaid.len()), (1, 1));
    let later = machine.apply(&[script("hello", "1.0")]).unwrap().notes;
    assert!(
        later.elsewhere.is_empty() && later.unlaid.is_empty(),
        "it is said once"
    );
}

#[test]
fn programs_that_name_folders_with_blanks_or_below_lib_are_known() {
    let machine = Machine::new();
    let text = b"#!/bin/sh\necho own\n";
    let with = |name: &str, says: &str, file: &str| {
        DebBuilder::new(name, "1.0", "all")
            .file(
                &format!("usr/bin/{name}"),
                format!("#!/bin/sh\n{says}\n").as_bytes(),
            )
            .file(file, text)
    };
    let debs = [
        with("quoted", "exec \"/opt/My App/run\"", "opt/My App/run"),
        with(
            "escaped",
            r"exec /opt/Your\ App\ \(x86\)/run",
            "opt/Your App (x86)/run",
        ),
        with("accent", "exec /opt/Caf\u{e9}/run", "opt/Caf\u{e9}/run"),
        with("data", "cat '/usr/share/My Data/d'", "usr/share/My Data/d"),
        with("below", "exec /lib/q/run", "lib/q/run"),
        with("none", "exec /opt/Other App/run", "usr/share/none-of-it/d"),
    ];
    let notes = machine.apply(&debs).unwrap().notes;
    for name in ["quoted", "escaped", "accent"] {
        assert_eq!(notes.unlaid[name], [name]);
    }
    for name in ["data", "below"] {
        assert!(
            notes.fixed.contains(&name.to_owned()),
            "{name}: {:?}",
            notes.fixed
        );
    }
    assert!(!notes.fixed.contains(&"none".to_owned()), "{:?}", notes.fixed);
}

fn automatic(machine: &Machine, builder: &DebBuilder) -> Add {
    Add {
        automatic: true,
        ..machine.add(builder)
    }
}

fn bin_of(machine: &Machine) -> Vec<String> {
    let entries = fs::read_dir(machine.install().join("bin")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn bin_has_the_programs_of_what_was_asked_for_and_those_find_the_others() {
    let machine = Machine::new();
    let asking = DebBuilder::new("app", "1.0", "all")
        .depends("su, app-core | other")
        .file("usr/bin/app", b"#!/bin/sh\nsu one; app-core two\n");
    let core = script("app-core", "1.0").field("Source", "app (2)");
    let change = |programs| Change {
        add: vec![
            machine.add(&asking),
            automatic(&machine, &core),
            automatic(&machine, &script("su", "1.0")),
        ],
        programs,
        ..Change::default()
    };
    apply(&machine.install(), change(None)).unwrap();
    assert_eq!(bin_of(&machine), ["app", "app-core"]);
    let run = |path: &str| {
        let mut command = std::process::Command::new(machine.install().join("bin/app"));
        String::from_utf8(command.env("PATH", path).output().unwrap().stdout).unwrap()
    };
    // A program of the host comes first.
    let host = machine.folder.path().join("host");
    fs::create_dir(&host).unwrap();
    fs::write(host.join("su"), "#!/bin/sh\necho of the host\n").unwrap();
    fs::set_permissions(
        host.join("su"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let with_host = format!("{}:/bin", host.display());
    assert_eq!(run(&with_host), "of the host\napp-core 1.0 two\n");
    apply(&machine.install(), change(Some(Programs::All))).unwrap();
    assert_eq!(bin_of(&machine), ["app", "app-core", "su"]);
    apply(&machine.install(), change(None)).unwrap();
    assert_eq!(bin_of(&machine), ["app", "app-core", "su"], "it stays so");
}

#[test]
fn a_package_of_documentation_stands_for_what_it_needs_but_not_for_essential_packages() {
    let machine = Machine::new();
    let meta = DebBuilder::new("suite", "1.0", "all")
        .depends("tool, base, library")
        .file("usr/share/doc/suite/copyright", b"x")
        .file("usr/share/suite/list", b"x");
    let base = script("base", "1.0").field("Essential", "yes");
    let library = DebBuilder::new("library", "1.0", "all")
        .depends("helper")
        .file("usr/lib/library", b"x");
    let change = Change {
        add: vec![
            machine.add(&meta),
            automatic(&machine, &script("tool", "1.0")),
            automatic(&machine, &base),
            automatic(&machine, &library),
            automatic(&machine, &script("helper", "1.0")),
        ],
        ..Change::default()
    };
    apply(&machine.install(), change).unwrap();
    assert_eq!(bin_of(&machine), ["tool"]);
}

#[test]
fn modules_of_interpreters_are_told_of_certificates() {
    let machine = Machine::new();
    let tell = b"#!/bin/sh\necho $SSL_CERT_FILE\n";
    let interpreters = DebBuilder::new("interpreters", "1.0", "all")
        .file("usr/bin/perl", tell)
        .file("usr/bin/python3.11", tell)
        .file("usr/share/ca-certificates/own.crt", b"certificate");
    machine.apply(&[interpreters]).unwrap();
    for interpreter in ["perl", "python3.11"] {
        let program = machine.install().join("bin").join(interpreter);
        let mut command = std::process::Command::new(program);
        let output = command.env_remove("SSL_CERT_FILE").output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let certificates = std::fs::read(told.trim()).unwrap_or_default();
        assert!(certificates.starts_with(b"certificate"), "{interpreter}: {told}");
    }
}

/// As TeX's: `latex` is `pdftex` of a package of another source, which has `bibtex`, too.
#[test]
fn a_program_that_is_a_link_stands_for_the_package_that_it_leads_to() {
    let machine = Machine::new();
    let latex = DebBuilder::new("latex", "1.0", "all")
        .depends("engines, base, viewer")
        .file("usr/share/latex/list", b"x")
        .symlink("usr/bin/latex", "engine")
        .symlink("usr/bin/shell", "/bin/base");
    let engines = DebBuilder::new("engines", "1.0", "all")
        .file("usr/bin/engine", b"#!/bin/sh\n")
        .file("usr/bin/bibtex", b"#!/bin/sh\n");
    let change = Change {
        add: vec![
            machine.add(&latex),
            automatic(&machine, &engines),
            automatic(&machine, &script("base", "1.0").field("Essential", "yes")),
            automatic(&machine, &script("viewer", "1.0")),
        ],
        ..Change::default()
    };
    apply(&machine.install(), change).unwrap();
    assert_eq!(bin_of(&machine), ["bibtex", "engine", "latex", "shell"]);
}

#[test]
fn what_is_installed_runs_and_rollback_is_exact() {
    let machine = Machine::new();
    machine.apply(&[script("hello", "1.0")]).unwrap();
    assert_eq!(machine.run("hello", &["a b"]), "hello 1.0 a b\n");
    machine
        .apply(&[script("hello", "2.0"), script("other", "1.0")])
        .unwrap();
    assert_eq!(machine.run("hello", &[]), "hello 2.0\n");
    assert_eq!(rollback(&machine.install(), None).unwrap().0, 1);
    assert_eq!(machine.run("hello", &[]), "hello 1.0\n");
    assert!(!machine.install().join("bin/other").exists());
    rollback(&machine.install(), Some(2)).unwrap();
    assert_eq!(machine.run("other", &[]), "other 1.0\n");
}

#[test]
fn a_removed_package_leaves_the_next_generation() {
    let machine = Machine::new();
    machine
        .apply(&[script("hello", "1.0"), script("other", "1.0")])
        .unwrap();
    let key = PackageKey {
        name: "other".to_owned(),
        architecture: "amd64".to_owned(),
    };
    let change = Change {
        remove: vec![key],
        ..Change::default()
    };
    apply(&machine.install(), change).unwrap();
    let plan = Generations::new(&machine.install()).current_plan().unwrap();
    let names: Vec<_> = plan
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!((names.as_slice(), plan.parent), (&["hello"][..], Some(1)));
}

#[test]
fn a_refused_package_changes_nothing() {
    let machine = Machine::new();
    machine.apply(&[script("hello", "1.0")]).unwrap();
    let bad = script("bad", "1.0").entry("dev/x", tar::EntryType::Char, 0o644, "", b"");
    let error = machine.apply(&[script("hello", "2.0"), bad]).unwrap_err();
    assert!(error.is_verification(), "{error}");
    assert_eq!(machine.run("hello", &[]), "hello 1.0\n");
    assert_eq!(Generations::new(&machine.install()).all().unwrap(), [1]);
    assert_eq!(fs::read_dir(machine.install().join("store")).unwrap().count(), 1);
}

#[test]
fn configuration_that_was_changed_stays_and_the_new_one_lies_beside() {
    let machine = Machine::new();
    let with = |version: &str, text: &str| {
        script("hello", version)
            .file("etc/hello.conf", text.as_bytes())
            .control_file("conffiles", b"/etc/hello.conf\n")
    };
    machine.apply(&[with("1", "one")]).unwrap();
    assert_eq!(machine.read("current/root/etc/hello.conf"), "one");
    machine.apply(&[with("2", "two")]).unwrap();
    assert_eq!(machine.read("etc/hello.conf"), "two");
    fs::write(machine.install().join("etc/hello.conf"), "mine").unwrap();
    let applied = machine.apply(&[with("3", "three")]).unwrap();
    assert_eq!(applied.kept, ["etc/hello.conf"]);
    assert_eq!(machine.read("current/root/etc/hello.conf"), "mine");
    assert_eq!(machine.read("etc/hello.conf.cpkgs-new"), "three");
}

#[test]
fn configuration_whose_name_is_no_text_is_a_file_like_any_other() {
    let machine = Machine::new();
    let conffiles = b"/etc/\xe9\n\nremove-on-upgrade /etc/old.conf\n/etc/hello.conf \n";
    let hello = script("hello", "1.0").file("etc/hello.conf", "one");
    machine
        .apply(&[hello.control_file("conffiles", conffiles)])
        .unwrap();
    assert_eq!(machine.run("hello", &[]), "hello 1.0\n");
    assert_eq!(machine.read("etc/hello.conf"), "one");
}

#[test]
fn alternatives_and_maintainer_scripts_are_read_and_not_run() {
    let machine = Machine::new();
    let postinst = "#!/bin/sh\ntouch /tmp/cpkgs-was-run\nadduser --system hello\nupdate-alternatives --install /usr/bin/greet greet /usr/bin/hello 10\n";
    let deb = script("hello", "1.0").control_file("postinst", postinst.as_bytes());
    let applied = machine.apply(&[deb]).unwrap();
    assert_eq!(machine.run("greet", &["x"]), "hello 1.0 x\n");
    assert_eq!(applied.notes.scripts["hello"], "makes users or groups");
    assert!(!Path::new("/tmp/cpkgs-was-run").exists());
}

#[test]
fn dpkg_query_reads_a_generation() {
    let machine = Machine::new();
    machine
        .apply(&[script("hello", "1.0")
            .file("etc/x", b"x")
            .control_file("conffiles", b"/etc/x\n")])
        .unwrap();
    let admin = machine.install().join("current/dpkg");
    let output = std::process::Command::new("dpkg-query")
        .arg(format!("--admindir={}", admin.display()))
        .args(["-W", "-f", "${Package} ${Version} ${Status} ${Conffiles}\n"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.trim_end() == "hello 1.0 install ok installed  /etc/x 9dd4e461268c8034f5c8564e155c67a6",
        "{text}"
    );
    let files = Generations::new(&machine.install())
        .files_of("hello")
        .unwrap()
        .unwrap();
    assert!(files.contains(&"/usr/bin/hello".to_owned()));
}

#[test]
fn gc_keeps_what_is_asked_for_and_what_counts() {
    let machine = Machine::new();
    for version in ["1", "2", "3", "4"] {
        machine.apply(&[script("hello", version)]).unwrap();
    }
    rollback(&machine.install(), Some(1)).unwrap();
    let swept = collect(&machine.install(), 1).unwrap();
    assert_eq!((swept.generations, swept.packages), (2, 2));
    assert_eq!(Generations::new(&machine.install()).all().unwrap(), [1, 4]);
    assert_eq!(machine.run("hello", &[]), "hello 1\n");
}

#[test]
fn a_hold_is_no_generation_that_gc_counts_and_what_came_is_known_without_the_parent() {
    let machine = Machine::new();
    for version in ["1", "2"] {
        machine.apply(&[script("hello", version)]).unwrap();
    }
    let key = PackageKey {
        name: "hello".to_owned(),
        architecture: "amd64".to_owned(),
    };
    for held in [Held::Held, Held::Free] {
        let change = Change {
            holds: vec![(key.clone(), held)],
            ..Change::default()
        };
        apply(&machine.install(), change).unwrap();
    }
    machine.apply(&[script("hello", "3")]).unwrap();
    collect(&machine.install(), 2).unwrap();
    let generations = Generations::new(&machine.install());
    assert_eq!(generations.all().unwrap(), [2, 3, 4, 5]);
    let difference = generations.difference(&generations.plan(2).unwrap()).unwrap();
    assert_eq!(difference.changed, ["hello 1 -> 2"]);
    assert!(
        generations
            .difference(&generations.plan(3).unwrap())
            .unwrap()
            .is_of_no_package()
    );
}

#[test]
fn a_held_package_stays_held_in_later_generations() {
    let machine = Machine::new();
    machine.apply(&[script("hello", "1.0")]).unwrap();
    let key = PackageKey {
        name: "hello".to_owned(),
        architecture: "amd64".to_owned(),
    };
    let change = Change {
        holds: vec![(key, Held::Held)],
        ..Change::default()
    };
    apply(&machine.install(), change).unwrap();
    machine.apply(&[script("other", "1.0")]).unwrap();
    let plan = Generations::new(&machine.install()).current_plan().unwrap();
    assert_eq!(plan.packages[0].hold, Held::Held);
}

#[test]
fn two_packages_with_one_file_are_refused_and_so_is_a_file_through_anothers_link() {
    let machine = Machine::new();
    let [one, two] =
        ["one", "two"].map(|name| DebBuilder::new(name, "1", "amd64").file("usr/share/x", name.as_bytes()));
    let error = machine.apply(&[one.clone(), two.clone()]).unwrap_err();
    assert!(
        !error.is_verification() && error.to_string().contains("usr/share/x"),
        "{error}"
    );
    machine
        .apply(&[one, two.field("Replaces", "one (<< 2)")])
        .unwrap();
    assert_eq!(machine.read("current/root/usr/share/x"), "two");
    let link = DebBuilder::new("link", "1", "amd64").symlink("usr/share/y", "/tmp");
    machine.apply(&[link]).unwrap();
    let through = DebBuilder::new("through", "1", "amd64").file("usr/share/y/evil", b"x");
    assert!(machine.apply(&[through]).unwrap_err().is_verification());
    assert!(!Path::new("/tmp/evil").exists());
}

#[test]
fn a_generation_to_throw_away_has_its_own_configuration_and_no_number() {
    let machine = Machine::new();
    let deb = script("hello", "1.0")
        .file("etc/x", b"x")
        .control_file("conffiles", b"/etc/x\n");
    let change = Change {
        add: vec![machine.add(&deb)],
        ..Change::default()
    };
    let place = ephemeral(&machine.install(), change.clone()).unwrap();
    assert_eq!(fs::read(place.join("root/etc/x")).unwrap(), b"x");
    assert!(place.join("bin/hello").exists());
    assert_eq!(ephemeral(&machine.install(), change).unwrap(), place);
    assert!(Generations::new(&machine.install()).all().unwrap().is_empty());
    collect(&machine.install(), 1).unwrap();
    assert!(!place.exists());
}

#[test]
fn a_module_of_python_names_files_where_they_lie_and_is_as_packaged_elsewhere() {
    let machine = Machine::new();
    let text = "WORDS = '/usr/share/own/words'\nOTHERS = '/usr/share/other'\n";
    let path = "usr/lib/python3/dist-packages/own.py";
    let module = DebBuilder::new("python3-own", "1.0", "all")
        .file(path, text.as_bytes())
        .file("usr/share/own/words", b"words\n");
    machine.apply(&[module]).unwrap();
    let root = machine.install().join("gen/1/root");
    let led = text.replace("/usr/share/own", &format!("{}/usr/share/own", root.display()));
    assert_eq!(machine.read(&format!("current/root/{path}")), led);
    let exported = machine.folder.path().join("exported");
    crate::export::folder(&machine.install().join("gen/1"), &exported).unwrap();
    let found = fs::read_to_string(exported.join("root").join(path)).unwrap();
    assert_eq!(found, text);
}
