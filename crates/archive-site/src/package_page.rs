//! The page of a package, and the same as JSON.

use std::collections::{BTreeMap, HashSet};

use askama::Template;
use debian_control::relation::RelationKind;
use debian_control::release::format_iso;
use serde::Serialize;

use crate::file::File;
use crate::layout::Layout;
use crate::package::{Build, Job, Package, Placed, Vulnerability};
use crate::paths::package_folder;
use crate::relations::{RelationSet, relations};
use crate::site::{Site, SiteSuite};
use crate::text::{self, Paragraph};

/// How many builds are shown.
const BUILDS: usize = 60;
/// How many of those that need a package are shown.
pub(crate) const NEEDED_BY: usize = 100;

/// What a page needs to know besides the package.
pub(crate) struct PackageContext<'a> {
    pub(crate) site: &'a Site,
    pub(crate) suite: &'a SiteSuite,
    /// The names of its relations that the suite holds.
    pub(crate) present: &'a HashSet<String>,
    /// The first names that need it, in order.
    pub(crate) needed_by: &'a [String],
    /// How many need it.
    pub(crate) needed_by_total: usize,
}

#[derive(Template)]
#[template(path = "package.html")]
struct SitePackagePage<'a> {
    layout: Layout<'a>,
    name: &'a str,
    codename: &'a str,
    version: String,
    summary: String,
    paragraphs: Vec<Paragraph>,
    facts: Vec<PageFact>,
    commands: Vec<Command>,
    builds: Vec<BuildView>,
    builds_more: usize,
    relations: Vec<RelationSet>,
    needed_by: Vec<(&'a str, String)>,
    needed_by_total: usize,
    files: &'a [String],
    files_total: usize,
    history: Vec<HistoryView<'a>>,
    badge: Option<String>,
}

struct PageFact {
    label: &'static str,
    value: String,
    href: Option<String>,
}

struct Command {
    label: &'static str,
    text: String,
}

struct BuildView {
    version: String,
    architecture: String,
    component: String,
    size: String,
    added: String,
    added_day: String,
    href: String,
    file_name: String,
    sha256: String,
}

struct HistoryView<'a> {
    placed: &'a Placed,
    added: String,
    removed: Option<String>,
}

/// Returns the page of a package and its twin.
pub(crate) fn files(package: &Package, context: &PackageContext<'_>) -> [File; 2] {
    let folder = package_folder(&context.suite.codename, package.name());
    let page = page(package, context, &folder);
    let twin = twin(package, context);
    [
        File::json(format!("{folder}/index.json"), &twin),
        File::page(format!("{folder}/index.html"), &page),
    ]
}

fn page<'a>(package: &'a Package, context: &'a PackageContext<'a>, folder: &str) -> SitePackagePage<'a> {
    let PackageContext {
        site,
        suite,
        present,
        needed_by,
        needed_by_total,
    } = *context;
    let codename = suite.codename.as_str();
    let newest = package.newest();
    let layout = Layout::new(site, &format!("{folder}/index.html"), package.name())
        .of_suite(codename)
        .with_twin("index.json")
        .with_feed(&format!("{folder}/feed.xml"));
    let linked = |name: &'a String| {
        let page = format!("{}/index.html", package_folder(codename, name));
        (name.as_str(), layout.link(&page))
    };
    SitePackagePage {
        name: package.name(),
        codename,
        version: newest.package.version().to_string(),
        summary: text::line(newest.package.synopsis().unwrap_or_default()),
        paragraphs: text::paragraphs(&newest.package.description().unwrap_or_default()),
        facts: facts(package),
        commands: commands(package, suite),
        builds: package
            .builds
            .iter()
            .take(BUILDS)
            .map(|build| build_view(build, &layout))
            .collect(),
        builds_more: package.builds.len().saturating_sub(BUILDS),
        relations: relations(package, &layout, codename, present),
        needed_by: needed_by.iter().map(linked).collect(),
        needed_by_total,
        files: &newest.files.paths,
        files_total: newest.files.total,
        history: package.history.iter().map(history_view).collect(),
        badge: site.address(&format!("{folder}/badge.svg")),
        layout,
    }
}

fn build_view(build: &Build, layout: &Layout<'_>) -> BuildView {
    BuildView {
        version: build.package.version().to_string(),
        architecture: build.package.architecture().to_string(),
        component: build.component.to_string(),
        size: text::bytes(build.size),
        added: format_iso(build.added_at),
        added_day: text::day(build.added_at),
        href: layout.link(&build.path),
        file_name: build.package.file_name(),
        sha256: build.sha256.clone(),
    }
}

fn history_view(placed: &Placed) -> HistoryView<'_> {
    HistoryView {
        placed,
        added: text::day(placed.added_at),
        removed: placed.removed_at.map(text::day),
    }
}

fn facts(shown: &Package) -> Vec<PageFact> {
    let build = shown.newest();
    let package = &build.package;
    let plain = |label, value: Option<&str>| {
        let value = value.map(text::line).filter(|value| !value.is_empty())?;
        Some(PageFact {
            label,
            value,
            href: None,
        })
    };
    let homepage = package.homepage().map(text::line);
    // What is no web address may be anything, a script too.
    let is_web = |text: &String| text.starts_with("https://") || text.starts_with("http://");
    let source = package.source();
    let source = format!("{source} {}", package.source_version());
    let installed = package
        .installed_size()
        .map(|kibibytes| text::bytes(kibibytes.saturating_mul(1024)));
    let downloads = shown.downloads.map(text::count);
    [
        plain("Maintainer", package.maintainer()),
        homepage.map(|value| PageFact {
            label: "Homepage",
            href: Some(value.clone()).filter(is_web),
            value,
        }),
        plain("Source package", Some(&source)),
        plain("Section", build.section.as_deref()),
        plain("Priority", build.priority.as_deref()),
        plain("Multi-Arch", package.multi_arch()),
        plain("Installed size", installed.as_deref()),
        plain("Essential", package.essential().then_some("yes")),
        plain("Downloads", downloads.as_deref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn commands(package: &Package, suite: &SiteSuite) -> Vec<Command> {
    let (name, version) = (package.name(), package.newest().package.version());
    vec![
        Command {
            label: "apt",
            text: format!("sudo apt install {name}"),
        },
        Command {
            label: "apt, from this suite",
            text: format!("sudo apt install {name}/{}", suite.codename),
        },
        Command {
            label: "apt, this version",
            text: format!("sudo apt install {name}={version}"),
        },
        Command {
            label: "cpkgs, without root",
            text: format!("cpkgs install {name}"),
        },
    ]
}

#[derive(Serialize)]
struct PackageJson<'a> {
    name: &'a str,
    suite: &'a str,
    version: String,
    summary: String,
    description: Option<String>,
    maintainer: Option<&'a str>,
    homepage: Option<&'a str>,
    source: &'a str,
    builds: Vec<BuildJson<'a>>,
    needed_by: &'a [String],
    needed_by_total: usize,
    files: &'a [String],
    files_total: usize,
    history: Vec<PlacedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    downloads: Option<u64>,
}

#[derive(Serialize)]
struct BuildJson<'a> {
    version: String,
    architecture: String,
    component: &'a str,
    section: Option<&'a str>,
    priority: Option<&'a str>,
    path: &'a str,
    size: u64,
    installed_size_kib: Option<u64>,
    sha256: &'a str,
    added_at: String,
    job: Option<&'a Job>,
    vulnerabilities: &'a [Vulnerability],
    #[serde(skip_serializing_if = "Option::is_none")]
    downloads: Option<u64>,
    relations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct PlacedJson<'a> {
    version: &'a str,
    architecture: &'a str,
    added_at: String,
    removed_at: Option<String>,
}

fn twin<'a>(package: &'a Package, context: &'a PackageContext<'a>) -> PackageJson<'a> {
    let newest = package.newest();
    let placed = |placed: &'a Placed| PlacedJson {
        version: &placed.version,
        architecture: &placed.architecture,
        added_at: format_iso(placed.added_at),
        removed_at: placed.removed_at.map(format_iso),
    };
    PackageJson {
        name: package.name(),
        suite: &context.suite.codename,
        version: newest.package.version().to_string(),
        summary: text::line(newest.package.synopsis().unwrap_or_default()),
        description: newest.package.description(),
        maintainer: newest.package.maintainer(),
        homepage: newest.package.homepage(),
        source: newest.package.source().as_str(),
        builds: package.builds.iter().map(build_json).collect(),
        needed_by: context.needed_by,
        needed_by_total: context.needed_by_total,
        files: &newest.files.paths,
        files_total: newest.files.total,
        history: package.history.iter().map(placed).collect(),
        downloads: package.downloads,
    }
}

fn build_json(build: &Build) -> BuildJson<'_> {
    let relations = RelationKind::ALL.into_iter().filter_map(|kind| {
        let relations = build.package.relations(kind);
        (!relations.0.is_empty()).then(|| (kind.field_name(), relations.to_string()))
    });
    BuildJson {
        version: build.package.version().to_string(),
        architecture: build.package.architecture().to_string(),
        component: build.component.as_str(),
        section: build.section.as_deref(),
        priority: build.priority.as_deref(),
        path: &build.path,
        size: build.size,
        installed_size_kib: build.package.installed_size(),
        sha256: &build.sha256,
        added_at: format_iso(build.added_at),
        job: build.job.as_ref(),
        vulnerabilities: &build.vulnerabilities,
        downloads: build.downloads,
        relations: relations.collect(),
    }
}
