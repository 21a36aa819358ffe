//! What the disk can do: the least that makes a file and its row last, in a loop.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes files one after the other, each synced, linked to its name, the folder synced and a row committed.
pub fn in_a_loop(folder: &Path, files: &[Vec<u8>]) -> Duration {
    let folder = folder.join("plain");
    std::fs::create_dir_all(&folder).unwrap();
    let catalog = rusqlite::Connection::open(folder.join("catalog.db")).unwrap();
    catalog
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; create table files (name text primary key, size integer);",
        )
        .unwrap();
    let opened = File::open(&folder).unwrap();
    let started = Instant::now();
    for (number, bytes) in files.iter().enumerate() {
        let (staged, target) = (folder.join("staged"), folder.join(number.to_string()));
        let mut file = File::create(&staged).unwrap();
        file.write_all(bytes).unwrap();
        file.sync_all().unwrap();
        std::fs::hard_link(&staged, &target).unwrap();
        std::fs::remove_file(&staged).unwrap();
        opened.sync_all().unwrap();
        catalog
            .execute(
                "insert into files values (?1, ?2)",
                rusqlite::params![number.to_string(), bytes.len() as i64],
            )
            .unwrap();
    }
    let took = started.elapsed();
    std::fs::remove_dir_all(&folder).unwrap();
    took
}
