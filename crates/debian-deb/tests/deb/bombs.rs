//! Small packages that would unpack to, or ask for, more than anybody has: refused soon, with little memory.

use std::io::{self, Read};
use std::process::Command;
use std::time::{Duration, Instant};

use debian_control::limits::Limits;
use debian_deb::Data;
use debian_deb::build::compress;
use debian_deb::compression::Compression::{Bzip2, Gzip, Lzma, Xz, Zstd};

use crate::raw::{Block, hello, with_control_member, with_data_member};

/// Reads in a process-wide bounded time and returns the message.
fn message(bytes: &[u8], limits: &Limits) -> String {
    let begin = Instant::now();
    let error = debian_deb::read(bytes, limits, Data::List).unwrap_err();
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(10), "took {took:?}");
    error.to_string()
}

/// A tar archive of one file of `size` zeros.
fn zeros(size: u64) -> impl Read {
    let header = Block::file("./zeros", b"").size(format!("{size:011o}\0").as_bytes().try_into().unwrap());
    io::Cursor::new(header.bytes()).chain(io::repeat(0).take(size.next_multiple_of(512) + 1024))
}

fn gzip(mut from: impl Read) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(&mut from, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn zstd_of(mut from: impl Read) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    io::copy(&mut from, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn control_tar_unpacks_to_16_mib_at_most() {
    let limits = Limits::default();
    for (name, bytes) in [
        ("control.tar.gz", gzip(zeros(17 << 20))),
        ("control.tar.zst", zstd_of(zeros(17 << 20))),
    ] {
        let message = message(&with_control_member(name, &bytes), &limits);
        assert_eq!(
            message,
            format!("member `{name}`: it unpacks to more than 16777216 bytes")
        );
    }
}

#[test]
fn data_tar_unpacks_to_as_much_as_was_allowed() {
    let limits = Limits {
        max_data_bytes: 1 << 20,
        ..Limits::default()
    };
    for compression in [Gzip, Xz, Zstd, Bzip2, Lzma] {
        let mut tar = Vec::new();
        zeros(2 << 20).read_to_end(&mut tar).unwrap();
        let name = format!("data.tar{}", compression.extension());
        let message = message(&with_data_member(&name, &compress(compression, &tar)), &limits);
        assert_eq!(
            message,
            format!("member `{name}`: it unpacks to more than 1048576 bytes")
        );
    }
}

#[test]
fn what_unpacks_a_thousandfold_is_refused_beyond_64_mib() {
    let message = message(
        &with_data_member("data.tar.zst", &zstd_of(zeros(70 << 20))),
        &Limits::default(),
    );
    assert!(
        message.starts_with("member `data.tar.zst`: it unpacks to more than 1000 times its size"),
        "{message}"
    );
    let below = with_data_member("data.tar.zst", &zstd_of(zeros(60 << 20)));
    assert!(debian_deb::read(&below[..], &Limits::default(), Data::List).is_ok());
}

/// Blocks of zstd's run-length type: four bytes of input for 128 KiB of output.
#[test]
fn zstd_runs() {
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x58".to_vec();
    let run = ((128 << 10) << 3) | (1 << 1);
    for _ in 0..60_000 {
        frame.extend_from_slice(&u32::to_le_bytes(run)[..3]);
        frame.push(0);
    }
    let bytes = with_data_member("data.tar.zst", &frame);
    assert!(bytes.len() < 300_000);
    let message = message(&bytes, &Limits::default());
    assert!(message.starts_with("member `data.tar.zst`: "), "{message}");
}

#[test]
fn gzip_members_of_nothing() {
    let empty = compress(Gzip, b"").repeat(50_000);
    let bytes = [empty, compress(Gzip, &hello().data_tar())].concat();
    let deb = debian_deb::read(
        &with_data_member("data.tar.gz", &bytes)[..],
        &Limits::default(),
        Data::List,
    )
    .unwrap();
    assert_eq!(deb.files.unwrap().len(), 1);
}

#[test]
fn a_dictionary_of_4_gib() {
    let mut lzma = compress(Lzma, &hello().data_tar());
    lzma[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
    let found = message(&with_data_member("data.tar.lzma", &lzma), &Limits::default());
    assert_eq!(
        found,
        "member `data.tar.lzma`: the lzma stream needs more than 134217728 bytes of memory to decode"
    );

    // An xz block header: size, flags, filter LZMA2 with one byte of properties; 40 stands for 4 GiB.
    let mut xz = compress(Xz, &hello().data_tar());
    assert_eq!(xz[14..16], [0x21, 0x01], "LZMA2 with one byte");
    let end = 12 + (usize::from(xz[12]) + 1) * 4 - 4;
    xz[16] = 40;
    let sum = flate2_crc(&xz[12..end]);
    xz[end..end + 4].copy_from_slice(&sum.to_le_bytes());
    let found = message(&with_data_member("data.tar.xz", &xz), &Limits::default());
    assert_eq!(
        found,
        "member `data.tar.xz`: the xz stream needs more than 134217728 bytes of memory to decode"
    );
    let found = message(&with_control_member("control.tar.xz", &xz), &Limits::default());
    assert!(
        found.starts_with("member `control.tar.xz`: the xz stream needs more than"),
        "{found}"
    );
}

fn flate2_crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn a_zstd_window_of_2_gib() {
    // A frame header without single segment: the window's exponent stands in the upper five bits, above ten.
    for (exponent, read) in [(31, false), (28, false), (27, true)] {
        let mut frame = b"\x28\xb5\x2f\xfd\x00".to_vec();
        frame.push((exponent - 10) << 3);
        for (number, chunk) in hello().data_tar().chunks(1000).enumerate() {
            let last = u32::from((number + 1) * 1000 >= hello().data_tar().len());
            frame.extend_from_slice(&u32::to_le_bytes((chunk.len() as u32) << 3 | last)[..3]);
            frame.extend_from_slice(chunk);
        }
        let bytes = with_data_member("data.tar.zst", &frame);
        assert_eq!(
            debian_deb::read(&bytes[..], &Limits::default(), Data::List).is_ok(),
            read,
            "{exponent}"
        );
        if !read {
            assert!(
                message(&bytes, &Limits::default()).contains("`data.tar.zst`: the zstd stream is corrupt")
            );
        }
    }
}

#[test]
fn a_stream_of_100_mib_is_read_to_its_end() {
    let limits = Limits {
        max_ratio: u64::MAX,
        ..Limits::default()
    };
    let bytes = with_data_member("data.tar.gz", &gzip(zeros(100 << 20)));
    let deb = debian_deb::read(&bytes[..], &limits, Data::List).unwrap();
    assert_eq!(deb.files.unwrap().len(), 1);
}

/// Runs every other test here again, in a process that may not have more than 200 MB.
#[test]
fn none_of_them_takes_memory() {
    let output = Command::new("sh")
        .args([
            "-c",
            r#"ulimit -v 200000 && exec "$0" bombs:: --skip none_of_them --skip window --test-threads 1"#,
        ])
        .arg(std::env::current_exe().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("test result: ok. 7 passed"),
        "{said}"
    );
}
