//! Makes a generation of packages in the store.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::generators::BuildEnv;
use super::libraries::{Libraries, link_sonames, source_of};
use super::notes::Notes;
use super::package::{Owners, Package};
use super::postinst::{self, Call};
use super::rewritten::{CERTIFICATES, ORIGINALS, Rewriter, is_certificate};
use super::shims::Site;
use super::sources::Sources;
use super::tree::{Node, Tree, shown};
use super::{GenerationError, Generations, Plan, UNFINISHED, alternatives, database, generators, scripts};
use crate::change_stage::Listener;
use crate::overlay;
use crate::overlay::union::OwnFolders;
use crate::rooted_dir::RootedDir;
use crate::store::Store;

/// Where the owner of a machine puts certificates of authorities.
const HOST_CERTIFICATES: &str = "/usr/local/share/ca-certificates";

/// Most bytes of a file that a script adds to.
const MAX_CONFIGURATION: u64 = 1 << 20;

/// What a generation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To count, under its number, with the configuration that all of them share.
    Numbered,
    /// To run one command with: without a number, and with the packages' own configuration.
    Ephemeral,
}

/// How a generation is made.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The program that is `cpkgs`, for programs that look for their files at fixed paths; see [`overlay`].
    pub launcher: Option<&'a Path>,
    /// Who is told how far it is.
    pub listener: &'a Listener,
}

/// Builds the generation that a plan describes. It has its name when all of it is on the disk; it does not count yet.
///
/// # Errors
///
/// When packages cannot be together, and when the disk fails. Nothing is left then.
pub fn build(
    install: &Path,
    store: &Store,
    plan: Plan,
    options: BuildOptions<'_>,
) -> Result<Notes, GenerationError> {
    let read = |record| Package::read(store, record);
    let packages: Vec<Package> = plan
        .packages
        .iter()
        .cloned()
        .map(read)
        .collect::<Result<_, _>>()?;
    let folder = install.join("gen");
    let failed = |source| GenerationError::io(&folder, source);
    fs::create_dir_all(&folder).map_err(failed)?;
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(&folder)
        .map_err(failed)?;
    let layout = resolve_layout(&packages)?;
    let mut builder = Builder {
        tree: layout.tree,
        packages: &packages,
        calls: &layout.calls,
        additions: &layout.applied.additions,
        place: Generations::new(install).place(&plan, options.purpose),
        options,
        folder: unfinished.path().to_owned(),
    };
    let mut notes = builder.write(plan).map_err(failed)?;
    for ((package, calls), files) in packages.iter().zip(&layout.calls).zip(&layout.applied.unwritten) {
        // What a program made that was run for it is there.
        let is_there = |path: &&String| {
            builder
                .tree
                .find(path.trim_start_matches('/').as_bytes())
                .is_some()
        };
        let files: Vec<String> = files.iter().filter(|path| !is_there(path)).cloned().collect();
        notes.add_package(store, package, calls, &files);
    }
    let synced = File::open(&folder).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
    synced.map_err(failed)?;
    fs::rename(unfinished.path(), &builder.place).map_err(failed)?;
    // It has a number now.
    let _ = unfinished.keep();
    File::open(&folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(notes)
}

/// What stands where, and what the scripts of each package would do.
struct GenerationLayout {
    tree: Tree,
    /// The commands that they would run.
    calls: Vec<Vec<Call>>,
    applied: postinst::Applied,
}

/// Decides what stands where.
fn resolve_layout(packages: &[Package]) -> Result<GenerationLayout, GenerationError> {
    let entries: Vec<_> = packages.iter().map(|package| package.entries.clone()).collect();
    let who = Owners(packages);
    let mut tree = Tree::build(&entries, &who)?;
    let calls: Vec<Vec<Call>> = packages
        .iter()
        .map(|package| postinst::calls(package, &tree))
        .collect();
    let applied = postinst::apply(&calls, &mut tree, packages, generators::is_run);
    let mut best = BTreeMap::new();
    for (owner, calls) in calls.iter().enumerate() {
        for one in calls.iter().flat_map(alternatives::read) {
            let there = tree.find(one.path.trim_start_matches('/').as_bytes()).is_some()
                || applied.awaited.contains(&one.path);
            let known: Option<&(usize, alternatives::Alternative)> = best.get(&one.name);
            if there && known.is_none_or(|(_, known)| one.priority > known.priority) {
                best.insert(one.name.clone(), (owner, one));
            }
        }
    }
    for (name, (owner, one)) in best {
        let register = format!("etc/alternatives/{name}");
        tree.make_link(register.as_bytes(), one.path.as_bytes());
        let target = format!("/{register}").into_bytes();
        let owner = Some(owner);
        tree.make(one.link.as_bytes(), Node::Link { owner, target });
    }
    link_sonames(&mut tree, packages);
    Ok(GenerationLayout { tree, calls, applied })
}

/// How the programs of a generation find files at fixed paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// They are laid over the host's, in a namespace.
    Overlay,
    /// By links that system calls are led to.
    Links,
    /// They do not.
    Direct,
}

struct Builder<'a> {
    tree: Tree,
    packages: &'a [Package],
    calls: &'a [Vec<Call>],
    /// What comes after what programs make that are run for it, by path.
    additions: &'a [(String, String)],
    /// Where it will be.
    place: PathBuf,
    /// Where it is made.
    folder: PathBuf,
    options: BuildOptions<'a>,
}

impl Builder<'_> {
    fn write(&mut self, mut plan: Plan) -> io::Result<Notes> {
        for folder in ["root", overlay::PRISTINE, ORIGINALS] {
            fs::create_dir(self.folder.join(folder))?;
        }
        self.write_root()?;
        self.write_certificates()?;
        database::write(&self.folder.join("dpkg"), self.packages)?;
        let way = self.way()?;
        let failed = self.make_files(way)?;
        self.share_configuration()?;
        fs::remove_dir_all(self.folder.join(overlay::PRISTINE))?;
        let libraries = Libraries::new(&self.tree, self.packages);
        let site = |place| Site::new(&self.tree, self.packages, &libraries, place);
        let launcher = self.options.launcher.filter(|_| way != Way::Direct);
        let mut notes = site(&self.place)?
            .with_launcher(launcher)
            .write(&self.folder, plan.programs)?;
        match way {
            Way::Overlay => {}
            Way::Links => overlay::union::write(&self.folder, &self.place, OwnFolders::Linked)?,
            Way::Direct => site(&self.folder)?.run_generators(),
        }
        notes.failed = failed;
        if way != Way::Direct {
            notes.outside = outside(&self.tree, self.packages, overlay::is_laid);
        }
        notes.lays_files = way != Way::Direct;
        plan.packages = self
            .packages
            .iter()
            .map(|package| package.record.clone())
            .collect();
        let mut file = File::create_new(self.folder.join("plan.json"))?;
        file.write_all(&serde_json::to_vec(&plan)?)?;
        Ok(notes)
    }

    /// Decides how programs find their files here. Whether it works is tried with the very files.
    fn way(&self) -> io::Result<Way> {
        let Some(launcher) = self.options.launcher else {
            return Ok(Way::Direct);
        };
        if overlay::works(launcher, &self.folder) {
            return Ok(Way::Overlay);
        }
        if self.options.purpose == Purpose::Numbered {
            overlay::union::write(&self.folder, &self.folder, OwnFolders::Written)?;
            if overlay::works(launcher, &self.folder) {
                return Ok(Way::Links);
            }
            overlay::union::clear(&self.folder)?;
        }
        Ok(Way::Direct)
    }

    /// Has programs make indexes, caches and formats; returns what there is to say of those that failed.
    fn make_files(&mut self, way: Way) -> io::Result<Vec<String>> {
        let (Some(launcher), generation) = (self.options.launcher, self.folder.as_path()) else {
            return Ok(Vec::new());
        };
        let workshop = match way {
            Way::Overlay => BuildEnv::Namespace { launcher, generation },
            Way::Links => BuildEnv::Links { launcher, generation },
            Way::Direct => return Ok(Vec::new()),
        };
        let failed = generators::run(&workshop, &self.tree, self.calls, self.options.listener);
        let leading_out = links_out(&self.tree);
        let paths = match way {
            Way::Overlay => overlay::collect(generation)?,
            Way::Links | Way::Direct => overlay::union::collect(generation)?,
        };
        for path in paths {
            self.tree.make(&path, Node::Made);
        }
        self.write_additions(&generation.join("root"))?;
        lead_to_made(&self.tree, &leading_out, &generation.join("root"))?;
        Ok(failed)
    }

    /// Writes what scripts add to files that programs made.
    fn write_additions(&self, folder: &Path) -> io::Result<()> {
        let mut root = RootedDir::open(folder)?;
        for (path, text) in self.additions {
            let path = path.trim_start_matches('/').as_bytes();
            let Some((place, Node::Made)) = self.tree.find(path) else {
                continue;
            };
            let made = folder.join(OsStr::from_bytes(&place));
            let metadata = made.symlink_metadata()?;
            if !metadata.is_file() || metadata.len() > MAX_CONFIGURATION {
                continue;
            }
            let mut all = fs::read(&made)?;
            all.extend_from_slice(text.as_bytes());
            fs::remove_file(&made)?;
            root.file(&place, 0o444)?.write_all(&all)?;
        }
        Ok(())
    }

    fn write_root(&self) -> io::Result<()> {
        let mut root = RootedDir::open(&self.folder.join("root"))?;
        let mut pristine = RootedDir::open(&self.folder.join(overlay::PRISTINE))?;
        let mut originals = RootedDir::open(&self.folder.join(ORIGINALS))?;
        let mut sources = Sources::new(self.packages);
        let rewriter = self.rewriter();
        for (path, node) in self.tree.nodes() {
            match node {
                Node::Folder => root.folder(path)?,
                // On the disk already.
                Node::Made => {}
                Node::Written(text) => root.file(path, 0o444)?.write_all(text.as_bytes())?,
                Node::Link { target, .. } => {
                    root.symlink(path, &self.tree.relative(path, target))?;
                }
                Node::File { owner, source, .. } => {
                    if self.is_shared(node) {
                        // Where the user has it not yet, programs that make files find the package's, by whatever links.
                        let leads = if self.has_configuration(path) {
                            shared(path)
                        } else {
                            pristine_of(path)
                        };
                        root.symlink(path, &leads)?;
                        link_or_copy(sources.of(*owner)?, source, &mut pristine, path)?;
                    } else if let Some(bytes) = rewriter.rewrite(path) {
                        root.file(path, 0o444)?.write_all(&bytes?)?;
                        link_or_copy(sources.of(*owner)?, source, &mut originals, path)?;
                    } else {
                        link_or_copy(sources.of(*owner)?, source, &mut root, path)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Says whether something is a configuration file that generations share.
    fn is_shared(&self, node: &Node) -> bool {
        let Node::File { owner, source, .. } = node else {
            return false;
        };
        let conffiles = self.packages.get(*owner).map(|package| &package.conffiles);
        // The name of a conffile is text.
        let text = std::str::from_utf8(source).ok();
        self.options.purpose == Purpose::Numbered
            && conffiles
                .zip(text)
                .is_some_and(|(conffiles, text)| conffiles.contains_key(text))
    }

    /// Says whether the user has a configuration file already.
    fn has_configuration(&self, path: &[u8]) -> bool {
        let install = self.place.parent().and_then(Path::parent);
        install.is_some_and(|install| install.join(OsStr::from_bytes(path)).exists())
    }

    /// Has all configuration files that generations share lead to where the user has them.
    fn share_configuration(&self) -> io::Result<()> {
        let mut root = RootedDir::open(&self.folder.join("root"))?;
        for (path, _) in self.tree.nodes().filter(|(_, node)| self.is_shared(node)) {
            let (parent, name) = root.place(path)?;
            rustix::fs::unlinkat(parent, name, rustix::fs::AtFlags::empty())?;
            root.symlink(path, &shared(path))?;
        }
        Ok(())
    }

    fn rewriter(&self) -> Rewriter<'_> {
        let root = self.place.join("root");
        let install = self.place.parent().and_then(Path::parent);
        let is_numbered = self.options.purpose == Purpose::Numbered;
        let current = install.filter(|_| is_numbered);
        let current = current.map_or_else(|| root.clone(), |install| install.join("current/root"));
        Rewriter::new(&self.tree, self.packages, root, current)
    }

    /// Joins the certificates of authorities, as update-ca-certificates(8) does: also those that the owner of this machine added.
    fn write_certificates(&self) -> io::Result<()> {
        let mut all = Vec::new();
        for (path, _) in self.tree.nodes().filter(|(path, _)| is_certificate(path)) {
            if let Some(source) = source_of(&self.tree, self.packages, path) {
                all.extend(fs::read(source)?);
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        for path in certificates_below(Path::new(HOST_CERTIFICATES))? {
            all.extend(fs::read(path)?);
            if !all.ends_with(b"\n") {
                all.push(b'\n');
            }
        }
        let mut root = RootedDir::open(&self.folder.join("root"))?;
        root.file(CERTIFICATES.as_bytes(), 0o444)?.write_all(&all)
    }
}

/// Returns the certificates below a folder in which the owner of a machine puts those that count besides Debian's, in order: those of a company,
/// for example. Links count as what they lead to.
///
/// Source: update-ca-certificates(8).
fn certificates_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    // Links may lead back.
    let mut known = HashSet::new();
    while let Some(folder) = folders.pop() {
        let is_new = fs::canonicalize(&folder).is_ok_and(|real| known.insert(real));
        let entries = match fs::read_dir(&folder) {
            Ok(entries) if is_new => entries,
            _ => continue,
        };
        for entry in entries {
            let path = entry?.path();
            let Ok(kind) = fs::metadata(&path) else {
                continue;
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|end| end == "crt")
                && File::open(&path).is_ok()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A link of a package, and what it leads to.
type LeadingOut = (Vec<u8>, Vec<u8>);

/// Returns the links that lead out of a tree: to the host, as long as what they lead to is not made.
fn links_out(tree: &Tree) -> Vec<LeadingOut> {
    let link = |(path, node): (&[u8], &Node)| match node {
        Node::Link { target, .. } if tree.relative(path, target).starts_with(b"/") => {
            Some((path.to_vec(), target.clone()))
        }
        _ => None,
    };
    tree.nodes().filter_map(link).collect()
}

/// Has links that led out of a tree, which is in a folder, lead to what was made in it.
fn lead_to_made(tree: &Tree, links: &[LeadingOut], folder: &Path) -> io::Result<()> {
    let mut root = RootedDir::open(folder)?;
    for (path, target) in links {
        let leads = tree.relative(path, target);
        if leads.starts_with(b"/") {
            continue;
        }
        let (parent, name) = root.place(path)?;
        rustix::fs::unlinkat(parent, name, rustix::fs::AtFlags::empty())?;
        root.symlink(path, &leads)?;
    }
    Ok(())
}

/// Where a configuration file lies that generations share: `etc` beside `gen`, from a path in the root of one.
fn shared(path: &[u8]) -> Vec<u8> {
    let depth = path.split(|&byte| byte == b'/').count() - 1;
    [b"../".repeat(depth + 3).as_slice(), path].concat()
}

/// Where the same file lies in the folder with what packages have, which is there while a generation is built.
fn pristine_of(path: &[u8]) -> Vec<u8> {
    let depth = path.split(|&byte| byte == b'/').count();
    let folder = [overlay::PRISTINE.as_bytes(), b"/"].concat();
    [b"../".repeat(depth).as_slice(), &folder, path].concat()
}

/// Gives a file of the store a name in the generation too; copies it where the file system cannot.
fn link_or_copy(from: &mut RootedDir, source: &[u8], root: &mut RootedDir, path: &[u8]) -> io::Result<()> {
    let (folder, name) = from.place(source)?;
    let linked = root.link_from(folder, name.as_bytes(), path);
    let Err(error) = linked else { return Ok(()) };
    match Errno::from_io_error(&error) {
        Some(Errno::XDEV | Errno::MLINK | Errno::PERM | Errno::NOTSUP) => {}
        _ => return Err(error),
    }
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    let opened = rustix::fs::openat(
        folder,
        OsStr::from_bytes(name.as_bytes()),
        flags,
        rustix::fs::Mode::empty(),
    )?;
    let mut opened = File::from(opened);
    let metadata = opened.metadata()?;
    let mut copy = root.file(path, metadata.permissions().mode() & 0o777)?;
    // Shares the blocks where the file system can.
    if rustix::fs::ioctl_ficlone(&copy, &opened).is_err() {
        io::copy(&mut opened, &mut copy)?;
    }
    copy.set_modified(metadata.modified()?)
}

/// Returns the folders in which packages have files that are not laid over this machine's. What lies below `/opt` is told otherwise.
fn outside(
    tree: &Tree,
    packages: &[Package],
    is_laid: impl Fn(&[u8]) -> bool,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, node) in tree.nodes() {
        let (Node::File { owner, .. }
        | Node::Link {
            owner: Some(owner), ..
        }) = node
        else {
            continue;
        };
        let package = packages.get(*owner).filter(|package| !package.is_base());
        if let Some(package) = package
            && !path.starts_with(b"opt/")
            && !is_laid(path)
        {
            let path = shown(path);
            let depth = if path.starts_with("var/") { 2 } else { 1 };
            let folder: Vec<&str> = path.split('/').take(depth).collect();
            let folders = found.entry(package.record.name.clone()).or_default();
            folders.insert(format!("/{}", folder.join("/")));
        }
    }
    found
}

impl Notes {
    fn add_package(&mut self, store: &Store, package: &Package, calls: &[Call], unwritten: &[String]) {
        let name = &package.record.name;
        let lays = self.lays_files;
        let done = |name: &str| lays && generators::is_known(name);
        // The host has those of its own.
        if let Some(undone) = scripts::undone(calls, unwritten, done).filter(|_| !package.is_base()) {
            self.scripts.insert(name.clone(), undone);
        }
        if let Ok(stored) = store.read(&package.record.store)
            && !stored.dropped.is_empty()
        {
            self.dropped.insert(name.clone(), stored.dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_count_where_links_lead_to_them_also_in_folders_that_lead_back() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let [own, elsewhere] = ["own", "elsewhere"].map(|name| folder.path().join(name));
        fs::create_dir_all(own.join("company")).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        for path in [own.join("company/one.crt"), elsewhere.join("two.crt")] {
            fs::write(path, "certificate").unwrap();
        }
        fs::write(own.join("note.txt"), "no certificate").unwrap();
        symlink(elsewhere.join("two.crt"), own.join("two.crt")).unwrap();
        symlink("nowhere", own.join("gone.crt")).unwrap();
        symlink("..", own.join("company/back")).unwrap();
        let found = certificates_below(&own).unwrap();
        assert_eq!(found, [own.join("company/one.crt"), own.join("two.crt")]);
        assert!(certificates_below(Path::new("/nowhere")).unwrap().is_empty());
    }

    #[test]
    fn a_link_that_led_to_the_host_leads_to_what_was_made_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        let mut root = RootedDir::open(folder.path()).unwrap();
        let links = [
            ("usr/share/tex/ls-R", "/var/lib/tex/ls-R"),
            ("usr/share/tex/other", "/var/lib/tex/other"),
        ];
        for (path, target) in links {
            let (owner, target) = (Some(0), target.as_bytes().to_vec());
            root.symlink(path.as_bytes(), &tree.relative(path.as_bytes(), &target))
                .unwrap();
            tree.make(path.as_bytes(), Node::Link { owner, target });
        }
        let leading_out = links_out(&tree);
        assert_eq!(leading_out.len(), 2);
        root.file(b"var/lib/tex/ls-R", 0o444).unwrap();
        tree.make(b"var/lib/tex/ls-R", Node::Made);
        lead_to_made(&tree, &leading_out, folder.path()).unwrap();
        let leads = |path: &str| fs::read_link(folder.path().join(path)).unwrap();
        assert_eq!(
            leads("usr/share/tex/ls-R"),
            Path::new("../../../var/lib/tex/ls-R")
        );
        assert!(folder.path().join("usr/share/tex/ls-R").exists());
        assert_eq!(leads("usr/share/tex/other"), Path::new("/var/lib/tex/other"));
    }
}
