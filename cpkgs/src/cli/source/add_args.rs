//! What `cpkgs source add` is told.

use std::path::PathBuf;

use clap::Args;
use openpgp_policy::Fingerprint;

/// Add an archive, after showing its key.
///
/// An archive that has a repository.json needs only its address. For any other, name the suite and the file with its keys.
/// `debian` or `ubuntu` with the name of a release stands for that archive with its updates and security fixes, at the address
/// and with the keys that this machine's apt has for it.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The archive's root (http://, https://, file:/ or a folder), a whole line of a sources.list, or `debian` or `ubuntu` with
    /// names of releases [default: this machine's release].
    #[arg(required = true, num_args = 1.., value_name = "URL")]
    pub(super) address: Vec<String>,
    /// A suite or codename, or the folder of a flat repository with a trailing slash (`./`); several separated by commas.
    #[arg(long, value_name = "SUITE", value_delimiter = ',')]
    pub(super) suite: Vec<String>,
    /// A component; several separated by commas.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    pub(super) component: Vec<String>,
    /// A file with the keys that may sign, armoured or binary.
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    pub(super) signed_by: Option<PathBuf>,
    /// The fingerprint of the key that may sign; the key is downloaded from the archive.
    #[arg(long, value_name = "FPR")]
    pub(super) fingerprint: Option<Fingerprint>,
    /// An architecture; several separated by commas [default: this machine's].
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub(super) architecture: Vec<String>,
    /// With `debian` or `ubuntu`: the address of their archive [default: the one that this machine's apt has].
    #[arg(long, value_name = "URL")]
    pub(super) archive: Option<String>,
    /// Another address with the same content; repeatable.
    #[arg(long, value_name = "URL")]
    pub(super) mirror: Vec<String>,
    /// Accept indexes whose Valid-Until has passed: for snapshots and archived suites.
    #[arg(long)]
    pub(super) no_check_valid_until: bool,
    /// Accept a Release without a readable Date: the time of its signature counts instead.
    #[arg(long)]
    pub(super) accept_undated: bool,
    /// The user name for a private archive.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(super) user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// Another suite or codename that its Release may name; repeatable.
    #[arg(long, value_name = "NAME")]
    pub(super) accept_codename: Vec<String>,
    /// The priority of its packages, as in apt_preferences(5): 500 is usual; with 100, its packages
    /// are used only where no other source has the package; below 0, never.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-32768..=32767))]
    pub(super) priority: Option<i32>,
}
