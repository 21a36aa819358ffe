//! What is configured, told to one command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cpkgs::config::{Base, Given};

/// In the place of what stands in config.toml.
#[derive(Debug, Args)]
#[command(next_help_heading = "In the place of config.toml")]
pub(super) struct GivenArgs {
    /// Where packages are installed without root.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CPKGS_INSTALL_DIR",
        hide_env_values = true
    )]
    install_dir: Option<PathBuf>,

    /// Where indexes and packages are kept.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CPKGS_CACHE_DIR",
        hide_env_values = true
    )]
    cache_dir: Option<PathBuf>,

    /// What of the host counts as installed without root: nothing, or what its dpkg has.
    #[arg(long, global = true, value_enum, env = "CPKGS_BASE", hide_env_values = true)]
    base: Option<GivenBase>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GivenBase {
    #[value(name = "self")]
    Own,
    Host,
}

impl From<GivenArgs> for Given {
    fn from(args: GivenArgs) -> Self {
        // What is relative counts from where the command runs, not from the home.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            cache_dir: args.cache_dir.map(absolute),
            install_dir: args.install_dir.map(absolute),
            base: args.base.map(|base| match base {
                GivenBase::Own => Base::Own,
                GivenBase::Host => Base::Host,
            }),
        }
    }
}
