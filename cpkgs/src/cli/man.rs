//! `cpkgs man`.

use clap::CommandFactory as _;
use cli_kit::man::{Common, ManArgs, Section};

use super::failure::{Failure, REFUSED};
use super::{Arguments, Outcome};

const SECTIONS: &[Section] = &[
    (
        "EXIT STATUS",
        &[
            ("0", "It is done."),
            (
                "1",
                "The request cannot be satisfied; with --system, dpkg failed or leaves packages unfinished; for check, packages cannot be installed.",
            ),
            ("2", "The command line or the configuration is wrong."),
            ("3", "A server cannot be reached."),
            ("4", "Something is not what its signature or digest says."),
            ("5", "It is not permitted."),
            ("126", "For run: the command cannot be executed."),
            (
                "127",
                "For run: the command is not there. Other codes are those of the command.",
            ),
            ("130", "It was interrupted."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "CPKGS_HOME",
                "The folder of the configuration, in place of ~/.cpkgs.",
            ),
            ("CPKGS_INSTALL_DIR", "Where packages are installed without root."),
            ("CPKGS_CACHE_DIR", "Where indexes and packages are cached."),
            (
                "CPKGS_BASE",
                "What of the host counts as installed without root: self or host.",
            ),
            (
                "CPKGS_DOWNLOAD_LIMIT",
                "Limit of the download rate, in kB (1000 bytes) a second.",
            ),
            (
                "CPKGS_REGISTRY, CPKGS_TOKEN",
                "The registry for uploads, and an API token for it.",
            ),
            (
                "DEB_BUILD_PROFILES",
                "Build profiles that are active for build-dep, such as nocheck.",
            ),
            (
                "http_proxy, https_proxy, all_proxy, no_proxy",
                "Proxies, and hosts that go without.",
            ),
            ("NO_COLOR", "When set, headings are not bold."),
        ],
    ),
    (
        "FILES",
        &[
            ("~/.cpkgs/config.toml", "Sources, the registry and its token."),
            ("~/.cpkgs/keyrings/", "Keys of sources."),
            (
                "~/.cpkgs/packages/",
                "What is installed without root; its programs are in bin/.",
            ),
            (
                "/etc/apt/preferences, /etc/apt/preferences.d/",
                "Pins, which count with --system.",
            ),
            ("/var/log/apt/history.log", "What was changed with --system."),
        ],
    ),
];

const COMMON: Common = Common {
    sections: SECTIONS,
    see_also: &["apt(8)", "dpkg(1)", "apt_preferences(5)", "apt_auth.conf(5)"],
};

pub(super) fn run(args: &ManArgs) -> Result<Outcome, Failure> {
    let written = args.write(Arguments::command(), &COMMON);
    written.map_err(|error| Failure::new(REFUSED, error))?;
    Ok(Outcome::Success)
}
