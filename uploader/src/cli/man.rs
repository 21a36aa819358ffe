//! `uploader man`.

use clap::CommandFactory as _;
use cli_kit::man::{Common, ManArgs, Section};

use super::UploaderArguments;
use super::error::CommandError;

const SECTIONS: &[Section] = &[
    (
        "EXIT STATUS",
        &[
            ("0", "It is done."),
            ("1", "It is not possible; nothing was changed."),
            ("2", "The command line or the settings are wrong."),
            ("3", "The archive cannot be used."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            ("REPOGEN_ROOT", "The archive root, where --root is not given."),
            (
                "DATABASE_URL",
                "Another place for the catalog: sqlite:PATH or postgres://...",
            ),
            (
                "STORAGE_URL",
                "Another place for the files: a folder, or a bucket as s3://BUCKET/PREFIX.",
            ),
            (
                "API_HOST, API_PORT",
                "The address to listen on; default 0.0.0.0 and 3000.",
            ),
            (
                "JWT_SECRET",
                "Signs access tokens, 32 bytes or more; default: generated once, kept in keys/jwt.secret.",
            ),
            (
                "TOKEN_TTL, TOKEN_MAX_LIFE",
                "Lifetime of an access token, default 1h, and the longest of an API token, such as 90d, default unlimited.",
            ),
            (
                "REGISTRATION",
                "open: anyone may create an account (default); or closed.",
            ),
            (
                "PUBLISHER",
                "inline: this process publishes (default); off: a repogen watch does.",
            ),
            (
                "PUBLIC_URL",
                "Where the static files are served, to which downloads are redirected; default: the uploader serves them.",
            ),
            (
                "MAX_UPLOAD_BYTES, UPLOAD_IDLE, UPLOAD_TOTAL",
                "How large a .deb may be, how long its client may send nothing, and how long the upload may take; default 2 GiB, 30s, 1h.",
            ),
            (
                "UPLOAD_RATE, READ_RATE",
                "Requests of one account and one address: PER_SECOND:BURST, or off; default 500:20000 and 1000:20000.",
            ),
            (
                "TRUSTED_PROXIES",
                "Addresses whose X-Forwarded-For is trusted; default none.",
            ),
            (
                "CORS_ORIGINS",
                "Origins whose pages may read answers; *: all (default).",
            ),
            (
                "WEBHOOK_NETWORKS, WEBHOOK_PORTS, WEBHOOK_HTTP, WEBHOOK_TIMEOUT",
                "Where webhooks may be besides public https addresses, and how long they have to answer; default 15s.",
            ),
            (
                "SIGN_IN_CLIENT_SECRET",
                "The client secret at the sign-in provider.",
            ),
            ("RUST_LOG", "The log level; default info."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "repogen.toml",
                "The suites of the archive and its settings, as repogen(1) reads them.",
            ),
            (
                "keys/jwt.secret",
                "Signs access tokens where JWT_SECRET is not set.",
            ),
            (
                "catalog.db",
                "Accounts, tokens, and which packages are in which suite.",
            ),
        ],
    ),
];

/// What holds for all commands.
pub(super) const COMMON: Common = Common {
    sections: SECTIONS,
    see_also: &["repogen(1)", "cpkgs(1)"],
};

pub(super) fn run(args: &ManArgs) -> Result<(), CommandError> {
    let written = args.write(UploaderArguments::command(), &COMMON);
    written.map_err(CommandError::not_possible)
}
