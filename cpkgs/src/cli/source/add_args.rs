//! What `cpkgs source add` is told.

use std::path::PathBuf;

use clap::Args;
use openpgp_policy::Fingerprint;

/// Add an archive, after showing its key.
///
/// An archive that describes itself (repository.json) needs nothing but its address. Of any other, say the suite and where its
/// keys are. `debian` and `ubuntu` in place of the address, and the name of a release, are their archives with updates and security
/// fixes, from where this machine's apt has them and trusted by the keys that it has for them.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The archive's root: http://, https:// or file:/, or a folder; or a whole line of a sources.list; or `debian` or `ubuntu` and
    /// names of releases, this machine's own when left out.
    #[arg(required = true, num_args = 1.., value_name = "URL")]
    pub(super) address: Vec<String>,
    /// A suite or codename, or a folder with a slash at its end (`./`) that has everything by itself; several by commas.
    #[arg(long, value_name = "SUITE", value_delimiter = ',')]
    pub(super) suite: Vec<String>,
    /// A component; several by commas.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    pub(super) component: Vec<String>,
    /// A file with the keys that may sign, armoured or binary.
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    pub(super) signed_by: Option<PathBuf>,
    /// The fingerprint of the key that may sign; the archive has the key itself.
    #[arg(long, value_name = "FPR")]
    pub(super) fingerprint: Option<Fingerprint>,
    /// An architecture; several by commas. This machine's own when left out.
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub(super) architecture: Vec<String>,
    /// With `debian` or `ubuntu`: the address of their archive, instead of the one that this machine's apt has.
    #[arg(long, value_name = "URL")]
    pub(super) archive: Option<String>,
    /// Another address with the same content; may be given several times.
    #[arg(long, value_name = "URL")]
    pub(super) mirror: Vec<String>,
    /// Accept indexes whose Valid-Until is past: for snapshots and archived suites.
    #[arg(long)]
    pub(super) no_check_valid_until: bool,
    /// The name to sign in with, for a private archive.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(super) user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// Another suite or codename that its Release may say it is of; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) accept_codename: Vec<String>,
    /// How much its packages are preferred, as in apt_preferences(5): 500 is usual, with 100 only newer versions of what is
    /// installed from it come by themselves, below 0 none.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-32768..=32767))]
    pub(super) priority: Option<i32>,
}
