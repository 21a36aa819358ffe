//! Measures a site: makes that of a `Packages` file on standard input, then the change that one new version brings.
//!
//! `xzcat Packages.xz | cargo run --release -p archive-site --example scale [changes]`: prints how many files there are, their bytes
//! and the largest of each kind, and with `changes` makes that many changes of one package after it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use archive_site::{
    Build, Change, Changed, File, FileList, InvalidRecord, MemoryStore, Package, Placed, Published, Record,
    Row, Site, SiteKey, SiteSuite, SuiteStatus, Update,
};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let changes: usize = std::env::args().nth(1).map_or(Ok(0), |count| count.parse())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let packages = packages(&text)?;
    let mut record = Record::begin(MemoryStore::default());
    for (name, package) in &packages {
        record.put(name, Some(&package.row()))?;
    }
    record.settle()?;
    let mut sizes = Sizes::default();
    write(&record, &packages, &Changed::Everything, &mut sizes)?;
    let mut out = std::io::stdout();
    writeln!(out, "{} names; everything: {:?}", packages.len(), sizes.kinds)?;
    let cost = |name: &str| sizes.search_cost(&name.to_ascii_lowercase());
    let dearest = packages
        .keys()
        .max_by_key(|name| cost(name))
        .ok_or("no packages")?;
    writeln!(
        out,
        "a search for {dearest} fetches {} bytes, the most of all names",
        cost(dearest)
    )?;

    let (name, package) = packages.iter().nth(packages.len() / 2).ok_or("no packages")?;
    let row = package.row();
    for change in 0..changes {
        // What a publish does: changes the record, and writes files.
        let line = row.line().replacen('\t', &format!("\t{}:", change + 1), 1);
        let before = record.put(name, Row::parse(line).as_ref())?;
        record.settle()?;
        let changed = Changed::Names(vec![Change {
            name: name.clone(),
            before: vec![before],
        }]);
        let mut sizes = Sizes::default();
        write(&record, &packages, &changed, &mut sizes)?;
        if change == 0 {
            writeln!(out, "one new version of {name}: {sizes:?}")?;
        }
    }
    Ok(())
}

/// Files and bytes by ending, and the largest.
#[derive(Debug, Default)]
struct Sizes {
    kinds: BTreeMap<String, (usize, usize, usize, String)>,
    /// Of each shard of the search: its bytes, whether there is more, and how many letters its words have in common.
    shards: BTreeMap<String, (usize, bool, usize)>,
}

impl Sizes {
    fn add(&mut self, path: &str, bytes: &[u8]) {
        let shard = path
            .strip_prefix("browse/bookworm/_search/")
            .and_then(|name| name.strip_suffix(".json"));
        let kind = shard.map_or(path.rsplit('.').next().unwrap_or_default(), |_| "search");
        if let (Some(name), Ok(shard)) = (shard, serde_json::from_slice::<serde_json::Value>(bytes)) {
            let common = shard.get("common").and_then(serde_json::Value::as_u64);
            let common = common.and_then(|common| usize::try_from(common).ok());
            let more = shard.get("more") == Some(&serde_json::Value::Bool(true));
            self.shards
                .insert(name.to_owned(), (bytes.len(), more, common.unwrap_or_default()));
        }
        let (files, total, largest, name) = self.kinds.entry(kind.to_owned()).or_default();
        *files += 1;
        *total += bytes.len();
        if bytes.len() > *largest {
            *largest = bytes.len();
            path.clone_into(name);
        }
    }

    /// Returns the bytes that the search fetches for a word, as `assets/site.js` goes about it.
    fn search_cost(&self, word: &str) -> usize {
        let (mut cost, mut length) = (0, 1);
        while let Some((bytes, more, common)) = word.get(..length).and_then(|prefix| self.shards.get(prefix))
        {
            cost += bytes;
            if !more {
                break;
            }
            length = length.max(*common) + 1;
        }
        cost
    }
}

fn write(
    record: &Record<MemoryStore>,
    packages: &BTreeMap<String, Package>,
    changed: &Changed,
    sizes: &mut Sizes,
) -> Result<(), InvalidRecord> {
    let suite = SiteSuite {
        codename: "bookworm".into(),
        alias: None,
        components: vec!["main".into()],
        architectures: vec!["amd64".into()],
        sources: Some("Types: deb\n".into()),
        shows_downloads: false,
    };
    let site = Site {
        title: "Example".into(),
        description: None,
        url: Some("https://example.org/apt".into()),
        keys: vec![SiteKey {
            fingerprint: "00".into(),
            expires: None,
        }],
        suites: vec![suite.clone()],
    };
    let published = Published {
        revision: 1,
        packages: 1,
        date: 1_795_000_000,
        valid_until: None,
    };
    let status = SuiteStatus::new("bookworm", &published, record)?;
    let update = Update::new(&site, &suite, &status, record, changed)?;
    let mut put = |file: File| {
        if let File::Holds(path, bytes) = file {
            sizes.add(&path, &bytes);
        }
        Ok(())
    };
    for name in update.new_names().chain(update.names()) {
        let files = update.package(name, packages.get(name))?;
        files.into_iter().try_for_each(&mut put)?;
    }
    update.lists(&mut put)
}

fn packages(text: &str) -> Result<BTreeMap<String, Package>, Failure> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for (at, stanza) in text
        .split("\n\n")
        .filter(|stanza| !stanza.trim().is_empty())
        .enumerate()
    {
        let package = BinaryPackage::parse(format!("{stanza}\n").as_bytes(), &Limits::default())?;
        let placed = Placed {
            version: package.version().to_string(),
            architecture: package.architecture().to_string(),
            added_at: at as i64,
            removed_at: None,
        };
        let build = Build {
            component: "main".parse()?,
            section: package.section().map(str::to_owned),
            priority: package.priority().map(str::to_owned),
            path: format!("pool/main/{}/{}", package.source(), package.file_name()),
            size: 100_000,
            sha256: "0".repeat(64),
            added_at: at as i64,
            files: FileList {
                paths: vec!["usr/bin/x".into(); 20],
                total: 20,
            },
            vulnerabilities: Vec::new(),
            job: None,
            downloads: None,
            package,
        };
        packages
            .entry(build.package.name().to_string())
            .or_insert(Package {
                builds: vec![build],
                history: vec![placed],
                downloads: None,
            });
    }
    Ok(packages)
}
