//! Which file of an index to fetch.

use debian_control::release::{IndexFile, Release};
use debian_deb::compression::Compression;

/// What a Release offers of one index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    /// The plain text, as it is signed; most archives list it without serving it.
    pub(super) plain: Option<&'a IndexFile>,
    /// The file to fetch.
    pub(super) packed: &'a IndexFile,
    /// How that is compressed.
    pub(super) compression: Compression,
    /// The list of its chunks.
    pub(super) chunks: Option<&'a IndexFile>,
}

/// How much larger a Zstandard file may be, in percent, than the smallest to be chosen: it unpacks several times faster.
const ZSTD_MAY_COST: u64 = 15;

/// Chooses among the forms of an index; `None` where none is listed.
pub(super) fn choose<'a>(files: &'a [IndexFile], name: &str) -> Option<Choice<'a>> {
    forms(files, name).into_iter().next()
}

/// Says whether an index is listed in a form that can be read.
pub(super) fn is_listed(files: &[IndexFile], name: &str) -> bool {
    !forms(files, name).is_empty()
}

/// Returns the forms of an index, the one to fetch first; the others are for where it is listed and not served.
pub(super) fn forms<'a>(files: &'a [IndexFile], name: &str) -> Vec<Choice<'a>> {
    let listed = |suffix: &str| {
        let path = format!("{name}{suffix}");
        files.iter().find(|file| file.path == path)
    };
    let known = [
        Compression::Zstd,
        Compression::Xz,
        Compression::Gzip,
        Compression::Bzip2,
        Compression::Lzma,
    ];
    let mut packed: Vec<(Compression, &IndexFile)> = known
        .into_iter()
        .filter_map(|compression| Some((compression, listed(compression.extension())?)))
        .collect();
    packed.sort_by_key(|(_, file)| file.size);
    let most = packed.first().map_or(0, |(_, least)| {
        least.size.saturating_mul(100 + ZSTD_MAY_COST) / 100
    });
    let is_quick = |(compression, file): &(Compression, &IndexFile)| {
        *compression == Compression::Zstd && file.size <= most
    };
    packed.sort_by_key(|form| !is_quick(form));
    let plain = listed("");
    packed.extend(plain.map(|plain| (Compression::None, plain)));
    let chunks = listed(".chunks");
    let choice = |(compression, packed)| Choice {
        plain,
        packed,
        compression,
        chunks,
    };
    packed.into_iter().map(choice).collect()
}

/// Returns the architectures whose indexes carry packages for a machine that wants `wanted`: those that the Release names, and those
/// of which it lists an index though it does not name them.
///
/// Where packages for `all` have an index of their own and stand in no other, that one belongs to it. Source: the Debian
/// wiki, DebianRepository/Format, `No-Support-for-Architecture-all`.
pub(super) fn architectures(release: &Release, components: &[String], wanted: &[String]) -> Vec<String> {
    let has = |name: &str| release.architectures.iter().any(|listed| listed == name);
    let is_there = |name: &str| has(name) || has_index(release, components, name);
    let in_others = release
        .no_support_for_architecture_all
        .as_deref()
        .is_some_and(|fields| fields.split_whitespace().any(|field| field == "Packages"));
    let mut chosen: Vec<String> = wanted
        .iter()
        .filter(|name| release.architectures.is_empty() || is_there(name))
        .cloned()
        .collect();
    let is_needed = match chosen.is_empty() {
        true => is_there("all"),
        false => has("all") && !in_others,
    };
    if is_needed {
        chosen.push("all".to_owned());
    }
    chosen
}

/// Says whether a Release lists an index of an architecture: what it lists is there, whatever else it says.
pub(super) fn has_index(release: &Release, components: &[String], architecture: &str) -> bool {
    components
        .iter()
        .any(|component| is_listed(&release.sha256, &index_path(component, architecture)))
}

/// Returns what an index is called below the suite's folder, without the extension of its compression.
pub(super) fn index_path(component: &str, architecture: &str) -> String {
    format!("{component}/binary-{architecture}/Packages")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(files: &[(&str, u64)]) -> Release {
        let mut digester = debian_control::digest::Digester::sha256();
        digester.update(b"");
        let sha256 = digester.finish().sha256;
        Release {
            sha256: files
                .iter()
                .map(|(path, size)| IndexFile {
                    path: (*path).to_owned(),
                    sha256,
                    size: *size,
                })
                .collect(),
            ..Release::default()
        }
    }

    fn chosen(files: &[(&str, u64)]) -> Option<String> {
        choose(&release(files).sha256, "main/p").map(|choice| choice.packed.path.clone())
    }

    #[test]
    fn the_smallest_form_is_chosen_or_zstd_where_that_is_nearly_as_small() {
        let all = [
            ("main/p", 1000),
            ("main/p.gz", 200),
            ("main/p.xz", 100),
            ("main/p.zst", 110),
        ];
        assert_eq!(chosen(&all).unwrap(), "main/p.zst");
        assert_eq!(
            chosen(&[("main/p.xz", 100), ("main/p.zst", 130)]).unwrap(),
            "main/p.xz"
        );
        assert_eq!(chosen(&[("main/p", 1000)]).unwrap(), "main/p");
        assert_eq!(chosen(&[("main/p.lzma", 1)]).unwrap(), "main/p.lzma");
        assert_eq!(chosen(&[("main/p.lz4", 1)]), None);
    }

    #[test]
    fn packages_for_all_are_asked_for_where_they_stand_by_themselves() {
        let mut release = release(&[]);
        release.architectures = ["all", "amd64", "arm64"].map(str::to_owned).into();
        let wanted = ["amd64".to_owned(), "riscv64".to_owned()];
        assert_eq!(architectures(&release, &[], &wanted), ["amd64", "all"]);
        release.no_support_for_architecture_all = Some("Packages".to_owned());
        assert_eq!(architectures(&release, &[], &wanted), ["amd64"]);
    }

    #[test]
    fn an_index_that_is_listed_is_there_whatever_architectures_are_named() {
        let mut release = release(&[
            ("main/binary-amd64/Packages.gz", 1),
            ("main/binary-all/Packages", 1),
        ]);
        let components = ["main".to_owned()];
        let of = |release: &Release, wanted: &str| architectures(release, &components, &[wanted.to_owned()]);
        release.architectures = vec!["arm64".to_owned()];
        assert_eq!(of(&release, "amd64"), ["amd64"]);
        assert_eq!(of(&release, "arm64"), ["arm64"]);
        assert_eq!(of(&release, "i386"), ["all"]);
        release.architectures = vec!["all".to_owned()];
        assert_eq!(of(&release, "amd64"), ["amd64", "all"]);
    }
}
