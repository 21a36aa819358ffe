//! `repogen`, command by command.

mod add;
mod add_odd_files;
mod backup;
mod check;
mod copy;
mod doctor;
mod file_modes;
mod init;
mod key;
mod key_package;
mod list;
mod move_archive;
mod other_archive;
mod prune;
mod publish;
mod publish_chunk_list;
mod publish_indexes;
mod publish_private_suites;
mod publish_takedown;
mod rebuild;
mod remove;
mod replicate;
mod root;
mod scan;
mod scan_vulnerabilities;
mod site;
mod snapshot;
mod verify;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Returns the content and time of every file of a folder.
fn state(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                let content = (fs::read(&path).unwrap(), metadata.modified().unwrap());
                files.insert(path.display().to_string(), content);
            }
        }
    }
    files
}
