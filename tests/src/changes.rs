//! `.changes` files, as `dpkg-genchanges` makes them.

use debian_control::digest::Digester;

/// Returns the text of a `.changes` file of the source package `source` that names these files with these bytes.
pub fn changes(source: &str, files: &[(&str, &[u8])]) -> String {
    let (mut sha256, mut md5) = (String::new(), String::new());
    for (name, bytes) in files {
        let mut digester = Digester::md5_and_sha256();
        digester.update(bytes);
        let digests = digester.finish();
        sha256 += &format!(" {} {} {name}\n", digests.sha256, digests.size);
        md5 += &format!(
            " {} {} misc optional {name}\n",
            digests.md5.unwrap(),
            digests.size
        );
    }
    format!(
        "Format: 1.8\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nSource: {source}\nBinary: {source}\nArchitecture: all\n\
         Version: 1.0\nDistribution: unstable\nUrgency: medium\nMaintainer: Jane Doe <jane@example.org>\n\
         Changed-By: Jane Doe <jane@example.org>\nDescription:\n {source} - words\nChanges:\n {source} (1.0) unstable; \
         urgency=medium\n .\n   * New.\nChecksums-Sha256:\n{sha256}Files:\n{md5}"
    )
}
