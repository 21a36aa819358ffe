//! Whatever the reader of packages takes, the real dpkg-deb takes too, with the same control file and the same names.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::process::{Command, Output};

use debian_control::limits::Limits;
use debian_deb::Data;
use fuzz::random::Random;
use fuzz::targets::deb::mutant;

const CASES: u64 = 1500;

#[test]
fn what_is_taken_here_dpkg_deb_takes_with_the_same_fields() {
    let folder = tempfile::tempdir().unwrap();
    let accepted: u64 = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let path = folder.path().join(format!("{half}.deb"));
            scope.spawn(move || {
                (half..CASES)
                    .step_by(2)
                    .filter(|&case| compare(case, &path))
                    .count() as u64
            })
        });
        halves.into_iter().map(|half| half.join().unwrap()).sum()
    });
    assert!(
        (CASES / 10..CASES * 9 / 10).contains(&accepted),
        "{accepted} of {CASES} accepted"
    );
}

/// Compares the two on one package; says whether we take it.
fn compare(case: u64, path: &Path) -> bool {
    let bytes = mutant(&mut Random::new(2026, case));
    let Ok(deb) = debian_deb::read(&bytes[..], &Limits::default(), Data::List) else {
        return false;
    };
    std::fs::write(path, &bytes).unwrap();
    let show = dpkg_deb("--show", path);
    assert!(
        show.status.success(),
        "case {case}: {}",
        String::from_utf8_lossy(&show.stderr)
    );
    // dpkg lowers the letters of names as it reads them.
    let name = deb.package.name().as_str().to_ascii_lowercase();
    let name = format!("{name}\t{}\n", deb.package.version());
    assert_eq!(String::from_utf8_lossy(&show.stdout), name, "case {case}");
    let field = dpkg_deb("--field", path);
    assert!(
        field.status.success(),
        "case {case}: {}",
        String::from_utf8_lossy(&field.stderr)
    );
    let control = deb.control_files.get("control").unwrap();
    assert_eq!(
        field.stdout.escape_ascii().to_string(),
        control.escape_ascii().to_string(),
        "case {case}"
    );
    let contents = dpkg_deb("--contents", path);
    assert!(
        contents.status.success(),
        "case {case}: {}",
        String::from_utf8_lossy(&contents.stderr)
    );
    let listed = contents
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !matches!(line.first(), Some(b'd') | None));
    assert!(
        listed.count() >= deb.files.unwrap().len(),
        "case {case}: fewer names than here"
    );
    true
}

fn dpkg_deb(option: &str, path: &Path) -> Output {
    Command::new("dpkg-deb")
        .arg(option)
        .arg(path)
        .env("LC_ALL", "C")
        .env("TMPDIR", path.parent().unwrap())
        .output()
        .expect("dpkg-deb runs")
}
