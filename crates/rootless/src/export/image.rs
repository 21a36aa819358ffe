//! An image of a container in one file: an OCI layout, with the list beside it that `docker load` reads.
//!
//! Source: the OCI image specification 1.0, "Image Layout" and "Image Configuration"; Docker's image specification 1.2 for `manifest.json`.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write};
use std::path::Path;
use std::str::FromStr;

use debian_control::digest::{Digester, sha256};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::entries::{Entry, entries};

/// The name and tag that an image gets where it is loaded: `name:tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName(String);

/// Why a name cannot be that of an image.
#[derive(Debug, thiserror::Error)]
#[error(
    "invalid image name `{name}`: expected NAME:TAG of lower-case letters, digits, `.`, `_`, `-` and, in the name, `/`"
)]
pub struct InvalidName {
    name: String,
}

impl FromStr for ImageName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (name, tag) = text.split_once(':').unwrap_or((text, "latest"));
        let is_word = |word: &str, more: &str| {
            let is_right =
                |next: char| next.is_ascii_lowercase() || next.is_ascii_digit() || more.contains(next);
            word.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
                && word.chars().all(is_right)
        };
        let is_name = name.split('/').all(|part| is_word(part, "._-")) && name.len() <= 255;
        if is_name && is_word(tag, "._-") && tag.len() <= 128 {
            return Ok(Self(format!("{name}:{tag}")));
        }
        Err(InvalidName {
            name: text.to_owned(),
        })
    }
}

/// Writes a generation to a file as an image.
///
/// # Errors
///
/// When the file is there, and when the disk fails.
pub fn write(generation: &Path, to: &Path, name: &ImageName) -> io::Result<()> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut layer = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let (layer_digest, layer_size, has_shell) = write_layer(generation, &mut layer)?;
    let config = config(architecture, &layer_digest, has_shell);
    let config_digest = sha256(config.as_bytes()).to_string();
    let manifest = manifest(&config, &layer_digest, layer_size);
    let manifest_digest = sha256(manifest.as_bytes()).to_string();
    let ImageName(name) = name;
    let (_, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{manifest_digest}"),
            "size": manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": tag, "io.containerd.image.name": name },
            "platform": { "architecture": architecture, "os": "linux" },
        }],
    });
    let blob = |digest: &str| format!("blobs/sha256/{digest}");
    let list = json!([{
        "Config": blob(&config_digest),
        "RepoTags": [name],
        "Layers": [blob(&layer_digest)],
    }]);
    let mut out = Builder::new(io::BufWriter::new(File::create_new(to)?));
    text(
        &mut out,
        "oci-layout",
        &json!({ "imageLayoutVersion": "1.0.0" }).to_string(),
    )?;
    text(&mut out, "index.json", &index.to_string())?;
    text(&mut out, "manifest.json", &list.to_string())?;
    text(&mut out, blob(&config_digest), &config)?;
    text(&mut out, blob(&manifest_digest), &manifest)?;
    layer.rewind()?;
    file(
        &mut out,
        Path::new(&blob(&layer_digest)),
        false,
        layer_size,
        layer,
    )?;
    out.into_inner()?.flush()
}

/// Returns what a container of the image is started with.
fn config(architecture: &str, layer_digest: &str, has_shell: bool) -> String {
    json!({
        "architecture": architecture,
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games"],
            "Cmd": if has_shell { json!(["/bin/sh"]) } else { Value::Null },
            "WorkingDir": "/",
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer_digest}")] },
        "history": [{ "created_by": "cpkgs export" }],
    })
    .to_string()
}

/// Returns what the image is made of.
fn manifest(config: &str, layer_digest: &str, layer_size: u64) -> String {
    let config_digest = sha256(config.as_bytes());
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": format!("sha256:{config_digest}"),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": format!("sha256:{layer_digest}"),
            "size": layer_size,
        }],
    })
    .to_string()
}

/// Writes the files of a generation; returns digest and size, and whether there is a shell.
fn write_layer(generation: &Path, to: &mut File) -> io::Result<(String, u64, bool)> {
    let entries = entries(generation)?;
    let has_shell = entries.contains_key(Path::new("usr/bin/sh"));
    let mut out = Builder::new(DigestWriter {
        to: io::BufWriter::new(to),
        digester: Digester::sha256(),
    });
    for (path, entry) in entries {
        match entry {
            Entry::Folder(mode) => {
                let mut header = header(EntryType::Directory, mode, 0);
                out.append_data(&mut header, path, io::empty())?;
            }
            Entry::Link(target) => {
                let mut header = header(EntryType::Symlink, 0o777, 0);
                out.append_link(&mut header, path, target)?;
            }
            Entry::Text(words) => text(&mut out, &path, words)?,
            Entry::File(from, is_program) => {
                let from = File::open(from)?;
                let size = from.metadata()?.len();
                file(&mut out, &path, is_program, size, from)?;
            }
        }
    }
    let mut hashing = out.into_inner()?;
    hashing.to.flush()?;
    let digests = hashing.digester.finish();
    Ok((digests.sha256.to_string(), digests.size, has_shell))
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn text(out: &mut Builder<impl Write>, path: impl AsRef<Path>, text: &str) -> io::Result<()> {
    file(out, path.as_ref(), false, text.len() as u64, text.as_bytes())
}

fn file(
    out: &mut Builder<impl Write>,
    path: &Path,
    is_program: bool,
    size: u64,
    from: impl Read,
) -> io::Result<()> {
    let mode = if is_program { 0o755 } else { 0o644 };
    // What grows meanwhile must not become the next entry.
    out.append_data(&mut header(EntryType::Regular, mode, size), path, from.take(size))
}

/// Hashes and counts what is written.
struct DigestWriter<W> {
    to: W,
    digester: Digester,
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digester
            .update(bytes.get(..written).ok_or(io::ErrorKind::InvalidData)?);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_tag_and_no_letters_that_docker_refuses() {
        assert_eq!("a".parse::<ImageName>().unwrap().0, "a:latest");
        assert_eq!("team/a-b:1.0".parse::<ImageName>().unwrap().0, "team/a-b:1.0");
        for name in [
            "", ":1", "a:", "A", "a b", "/a", "a//b", "-a", "a:b:c", "a:\u{e9}",
        ] {
            assert!(name.parse::<ImageName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_same_generation_gives_the_same_image_and_shared_configuration_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["gen/1/root/usr/bin", "gen/1/root/etc", "etc"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::fs::write(at("gen/1/root/usr/bin/sh"), "program").unwrap();
        for name in ["own.conf", "deleted.conf"] {
            let link = format!("../../../../etc/{name}");
            std::os::unix::fs::symlink(link, at("gen/1/root/etc").join(name)).unwrap();
        }
        std::fs::write(at("etc/own.conf"), "of the user").unwrap();
        let name = "own:1".parse().unwrap();
        write(&at("gen/1"), &at("first.tar"), &name).unwrap();
        write(&at("gen/1"), &at("second.tar"), &name).unwrap();
        let bytes = std::fs::read(at("first.tar")).unwrap();
        assert_eq!(bytes, std::fs::read(at("second.tar")).unwrap());
        assert!(write(&at("gen/1"), &at("first.tar"), &name).is_err());

        // Each blob is what its name says, and the list leads to them.
        let mut found = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.insert(entry.path().unwrap().display().to_string(), content);
        }
        for (path, content) in &found {
            if let Some(digest) = path.strip_prefix("blobs/sha256/") {
                assert_eq!(sha256(content).to_string(), digest);
            }
        }
        let list: Value = serde_json::from_slice(&found["manifest.json"]).unwrap();
        assert_eq!(list[0]["RepoTags"][0], "own:1");
        let layer = &found[list[0]["Layers"][0].as_str().unwrap()];
        let mut texts = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(layer.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            texts.insert(entry.path().unwrap().display().to_string(), content);
        }
        assert_eq!(texts["etc/own.conf"], "of the user");
        assert!(!texts.contains_key("etc/deleted.conf") && texts.contains_key("bin"));
    }
}
