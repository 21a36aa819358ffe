//! Options that override `config.toml` for one command.

use std::path::PathBuf;

use apt_client::fetch::DownloadLimit;
use clap::{Args, ValueEnum};
use cpkgs::config::{Base, ConfigOverrides};

/// Overrides config.toml.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration overrides")]
pub(super) struct ConfigOverrideArgs {
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

    /// What of the host counts as installed without root: nothing, or the packages of its dpkg.
    #[arg(long, global = true, value_enum, env = "CPKGS_BASE", hide_env_values = true)]
    base: Option<BaseArg>,

    /// Limit of the download rate, in kB (1000 bytes) a second.
    #[arg(
        long,
        global = true,
        value_name = "KB",
        env = "CPKGS_DOWNLOAD_LIMIT",
        hide_env_values = true
    )]
    download_limit: Option<DownloadLimit>,

    /// Use no network: what is neither in the cache nor on this machine is an error.
    #[arg(long, global = true)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BaseArg {
    #[value(name = "self")]
    Own,
    Host,
}

impl From<ConfigOverrideArgs> for ConfigOverrides {
    fn from(args: ConfigOverrideArgs) -> Self {
        // What is relative counts from where the command runs, not from the home. It stays relative where nobody knows that folder.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            cache_dir: args.cache_dir.map(absolute),
            install_dir: args.install_dir.map(absolute),
            base: args.base.map(|base| match base {
                BaseArg::Own => Base::Own,
                BaseArg::Host => Base::Host,
            }),
            download_limit: args.download_limit,
            offline: args.offline,
        }
    }
}
