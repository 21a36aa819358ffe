//! What dpkg would know of a generation, so that `dpkg-query --admindir` and whatever else reads dpkg's database can be
//! asked about it. Source: dpkg-query(1), and the layout of `/var/lib/dpkg` in dpkg 1.21.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::Held;
use super::package::Package;

/// Writes the database into a new folder.
pub(super) fn write(folder: &Path, packages: &[Package]) -> io::Result<()> {
    let info = folder.join("info");
    fs::create_dir_all(&info)?;
    fs::create_dir(folder.join("updates"))?;
    fs::write(folder.join("available"), b"")?;
    fs::write(info.join("format"), b"1\n")?;
    let mut status = BufWriter::new(File::create_new(folder.join("status"))?);
    for package in packages {
        write_status(&mut status, package)?;
        write_info(&info, package)?;
    }
    status.flush()
}

fn write_status(status: &mut impl io::Write, package: &Package) -> io::Result<()> {
    let want = match package.record.hold {
        Held::Free => "install",
        Held::Held => "hold",
    };
    for line in package.control.trim_end_matches('\n').split('\n') {
        writeln!(status, "{line}")?;
        let is_name = line
            .split_once(':')
            .is_some_and(|(field, _)| field.eq_ignore_ascii_case("Package"));
        if is_name {
            writeln!(status, "Status: {want} ok installed")?;
        }
    }
    if !package.conffiles.is_empty() {
        writeln!(status, "Conffiles:")?;
        for (path, md5) in &package.conffiles {
            writeln!(status, " /{path} {md5}")?;
        }
    }
    writeln!(status)
}

fn write_info(info: &Path, package: &Package) -> io::Result<()> {
    let name = &package.record.name;
    let stem = if package.is_same() {
        format!("{name}:{}", package.record.architecture)
    } else {
        name.clone()
    };
    let mut list = BufWriter::new(File::create_new(info.join(format!("{stem}.list")))?);
    list.write_all(b"/.\n")?;
    for entry in &package.entries {
        list.write_all(b"/")?;
        list.write_all(&entry.path)?;
        list.write_all(b"\n")?;
    }
    list.flush()?;
    for entry in fs::read_dir(package.folder.join("control"))? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file) = file_name.to_str().filter(|file| *file != "control") else {
            continue;
        };
        let target = info.join(format!("{stem}.{file}"));
        if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
