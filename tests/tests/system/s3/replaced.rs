//! Files of a bucket that are replaced while they are read.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{InBucket, port};

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_file_that_is_replaced_while_it_is_read_is_answered_whole() {
    let archive = InBucket::new("replaced", &["--architecture", "amd64"]);
    archive.repogen(&["publish"]).ok();
    let server = archive.serve(&[("PUBLISHER", "off")]);
    // Longer than one piece of an answer, and shorter.
    let bodies = [vec![b'a'; 1_000], vec![b'b'; 300_000]];
    let folder = archive.archive.outside();
    fs::create_dir_all(&folder).unwrap();
    let url = format!("http://127.0.0.1:{}/replaced/archive/repository.json", port());
    let put = |at: usize| {
        let file = folder.join(format!("body{at}"));
        fs::write(&file, &bodies[at]).unwrap();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--output", "/dev/null", "--upload-file"])
            .args([file.to_str().unwrap(), &url]);
        assert!(curl.status().unwrap().success());
    };
    put(0);
    let done = AtomicBool::new(false);
    let mut seen: HashMap<String, usize> = HashMap::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for at in (0..2).cycle() {
                put(at);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let reading = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..400 {
                let answer = server.get("/repository.json", None);
                // It may be replaced faster than it is read, and that is said.
                if answer.status == 503 {
                    continue;
                }
                assert_eq!(answer.status, 200);
                let which = bodies.iter().position(|body| *body == answer.body);
                let which = which.unwrap_or_else(|| panic!("torn: {} bytes", answer.body.len()));
                assert_eq!(
                    answer.header("content-length").as_deref(),
                    Some(&*bodies[which].len().to_string())
                );
                // A tag stands for the same bytes each time.
                let tag = answer.header("etag").unwrap();
                assert_eq!(*seen.entry(tag).or_insert(which), which);
            }
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(torn) = reading {
            std::panic::resume_unwind(torn);
        }
    });
    assert_eq!(
        seen.len(),
        2,
        "both versions were read, or this tests nothing: {seen:?}"
    );
}
