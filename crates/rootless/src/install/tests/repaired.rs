//! What is lost or damaged is found, and comes back.

use super::*;

type Damage = fn(&Path);

/// Installs two packages, and returns the folder of the first in the store.
fn installed(machine: &Machine) -> (DebBuilder, PathBuf) {
    let hello = script("hello", "1.0")
        .file("usr/share/hello/data", b"data")
        .hardlink("usr/bin/hallo", "usr/bin/hello")
        .symlink("usr/bin/bonjour", "hello");
    machine.apply(&[hello.clone(), script("other", "1.0")]).unwrap();
    assert!(repair(&machine.install()).unwrap().damaged.is_empty());
    let plan = Generations::new(&machine.install()).current_plan().unwrap();
    let path = machine.install().join("store").join(&plan.packages[0].store);
    (hello, path)
}

#[test]
fn damage_of_each_kind_is_found_and_mended() {
    let machine = Machine::new();
    let (hello, path) = installed(&machine);
    let damages: [(&str, Damage); 7] = [
        ("it is gone", |path| fs::remove_dir_all(path).unwrap()),
        ("`usr/share/hello/data` is gone", |path| {
            fs::remove_file(path.join("tree/usr/share/hello/data")).unwrap();
        }),
        ("`usr/share/hello/data` is not as it came", |path| {
            fs::remove_file(path.join("tree/usr/share/hello/data")).unwrap();
            fs::write(path.join("tree/usr/share/hello/data"), "date").unwrap();
        }),
        ("`usr/bin/hallo` is gone", |path| {
            fs::remove_file(path.join("tree/usr/bin/hallo")).unwrap();
        }),
        ("`usr/bin/bonjour` is not as it came", |path| {
            fs::remove_file(path.join("tree/usr/bin/bonjour")).unwrap();
            std::os::unix::fs::symlink("hallo", path.join("tree/usr/bin/bonjour")).unwrap();
        }),
        ("what is kept about it cannot be read", |path| {
            fs::write(path.join("package.json"), "{").unwrap();
        }),
        ("the list of its files is cut off", |path| {
            fs::write(path.join("files"), "f0").unwrap();
        }),
    ];
    for (number, (why, damage)) in (2..).zip(damages) {
        damage(&path);
        let found = repair(&machine.install()).unwrap().damaged;
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|damaged| (&*damaged.package.name, &*damaged.why))
            .collect();
        assert_eq!(found, [("hello", why)]);
        let change = Change {
            add: vec![machine.add(&hello)],
            ..Change::default()
        };
        assert_eq!(renew(&machine.install(), change).unwrap().generation, number);
        assert_eq!(machine.run("hello", &[]), "hello 1.0\n");
        assert_eq!(machine.run("other", &[]), "other 1.0\n");
        assert_eq!(machine.read("current/root/usr/share/hello/data"), "data");
        assert!(repair(&machine.install()).unwrap().damaged.is_empty());
    }
}

#[test]
fn the_newest_generation_counts_when_nothing_says_which() {
    let machine = Machine::new();
    installed(&machine);
    machine.apply(&[script("hello", "2.0")]).unwrap();
    let current = machine.install().join("current");
    for lose in [
        |link: &Path| fs::remove_file(link).unwrap(),
        |link: &Path| {
            fs::remove_file(link).unwrap();
            std::os::unix::fs::symlink("gen/9", link).unwrap();
        },
        |link: &Path| {
            fs::remove_file(link).unwrap();
            std::os::unix::fs::symlink("somewhere", link).unwrap();
        },
    ] {
        lose(&current);
        assert_eq!(repair(&machine.install()).unwrap().regained, Some(2));
        assert_eq!(machine.run("hello", &[]), "hello 2.0\n");
        assert_eq!(repair(&machine.install()).unwrap().regained, None);
    }
}

#[test]
fn there_need_not_be_anything_to_repair() {
    let machine = Machine::new();
    let repaired = repair(&machine.install()).unwrap();
    assert_eq!((repaired.unfinished, repaired.regained), (0, None));
    assert!(repaired.damaged.is_empty());
}
