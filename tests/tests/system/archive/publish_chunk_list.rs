//! The chunk list beside an index: whoever has the last index fetches only what changed of the new one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::process::Command;

use archive_tests::index::{listed, sha256, stanza};
use archive_tests::{DebBuilder, Run, TestArchive};

const FOLDER: &str = "dists/stable/main/binary-amd64";

/// One line of the list: digest, plain length, and offset and length in each form.
struct Chunk {
    digest: String,
    length: usize,
    places: BTreeMap<String, (usize, usize)>,
}

fn chunk_list(archive: &TestArchive) -> (archive_tests::index::Stanza, Vec<Chunk>) {
    let list = stanza(&archive.read(&format!("{FOLDER}/Packages.chunks")));
    let forms: Vec<String> = list["forms"].split_whitespace().map(str::to_owned).collect();
    let mut offsets: Vec<usize> = list["starts"]
        .split_whitespace()
        .map(|start| start.parse().unwrap())
        .collect();
    let mut chunks = Vec::new();
    for line in list["chunks"].lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut places = BTreeMap::new();
        for ((form, offset), length) in forms.iter().zip(&mut offsets).zip(&words[2..]) {
            let length: usize = length.parse().unwrap();
            places.insert(form.clone(), (*offset, length));
            *offset += length;
        }
        chunks.push(Chunk {
            digest: words[0].to_owned(),
            length: words[1].parse().unwrap(),
            places,
        });
    }
    (list, chunks)
}

/// Packages whose descriptions make an index of several chunks.
fn packages() -> Vec<DebBuilder> {
    (0..150)
        .map(|at| {
            let name = format!("package-{at:03}");
            let lines: Vec<String> = (0..40)
                .map(|line| format!(" {}", sha256(format!("{at} {line}").as_bytes())))
                .collect();
            DebBuilder::new(&name, "1", "amd64")
                .field("Description", &format!("{name}\n{}", lines.join("\n")))
        })
        .collect()
}

#[test]
fn each_chunk_is_where_the_list_says_and_decompresses_by_itself() {
    let archive = TestArchive::new();
    archive.add(&packages());
    archive.publish();
    let text = archive.index(&format!("{FOLDER}/Packages"));
    let (list, chunks) = chunk_list(&archive);
    assert!(chunks.len() > 1, "{}", chunks.len());
    assert_eq!(list["sha256"], sha256(text.as_bytes()));
    assert_eq!(list["size"], text.len().to_string());

    let read = |form: &str| fs::read(archive.root().join(FOLDER).join(format!("Packages.{form}"))).unwrap();
    let (gz, zst) = (read("gz"), read("zst"));
    let mut plain = Vec::new();
    for chunk in &chunks {
        let slice = |bytes: &[u8], form: &str| {
            let (offset, length) = chunk.places[form];
            bytes[offset..offset + length].to_vec()
        };
        let mut from_gz = Vec::new();
        flate2::read::GzDecoder::new(slice(&gz, "gz").as_slice())
            .read_to_end(&mut from_gz)
            .unwrap();
        assert_eq!(
            (sha256(&from_gz), from_gz.len()),
            (chunk.digest.clone(), chunk.length)
        );
        assert_eq!(zstd::decode_all(slice(&zst, "zst").as_slice()).unwrap(), from_gz);
        plain.extend(from_gz);
    }
    assert_eq!(plain, text.as_bytes());
}

#[test]
fn the_chunks_of_xz_are_its_blocks() {
    let archive = TestArchive::new();
    archive.add(&packages());
    archive.publish();
    let (_, chunks) = chunk_list(&archive);
    let listing = Run::of(
        Command::new("xz")
            .args(["--robot", "--list", "-vv"])
            .arg(archive.root().join(FOLDER).join("Packages.xz")),
    )
    .ok();
    // xz(1), "List mode": stream, block in stream, block in file, offset, plain offset, size, plain size.
    let blocks: Vec<(usize, usize, usize)> = listing
        .rows()
        .iter()
        .filter(|row| row[0] == "block")
        .map(|row| {
            (
                row[4].parse().unwrap(),
                row[6].parse().unwrap(),
                row[7].parse().unwrap(),
            )
        })
        .collect();
    let listed: Vec<(usize, usize, usize)> = chunks
        .iter()
        .map(|chunk| {
            let (offset, length) = chunk.places["xz"];
            (offset, length, chunk.length)
        })
        .collect();
    assert_eq!(blocks, listed);
}

#[test]
fn the_list_is_signed_with_the_release_and_one_more_package_changes_one_chunk() {
    let archive = TestArchive::new();
    archive.add(&packages());
    archive.publish();
    let (_, before) = chunk_list(&archive);
    archive.add(&[DebBuilder::new("package-075a", "1", "amd64")]);
    archive.publish();

    let (_, after) = chunk_list(&archive);
    let new = after
        .iter()
        .filter(|chunk| before.iter().all(|old| old.digest != chunk.digest))
        .count();
    assert!((1..after.len()).contains(&new), "{new} of {}", after.len());
    let text = archive.read(&format!("{FOLDER}/Packages.chunks"));
    let release = listed(&archive.read("dists/stable/Release"));
    let line = release
        .iter()
        .find(|file| file.path == "main/binary-amd64/Packages.chunks")
        .unwrap();
    assert_eq!(
        (line.sha256.clone(), line.size),
        (sha256(text.as_bytes()), text.len())
    );
    assert_eq!(
        archive.read(&format!("{FOLDER}/by-hash/SHA256/{}", line.sha256)),
        text
    );
}
