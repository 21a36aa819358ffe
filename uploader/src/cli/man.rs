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
                "The address to listen on: 0.0.0.0 and 3000 where nothing is said.",
            ),
            ("JWT_SECRET", "Signs access tokens; 32 bytes or more."),
            (
                "TOKEN_TTL, TOKEN_MAX_LIFE",
                "Lifetime of an access token, such as 1h, and the longest of an API token, such as 90d.",
            ),
            ("REGISTRATION", "open: anyone may create an account; or closed."),
            (
                "PUBLISHER",
                "inline: this process publishes; off: a repogen watch does.",
            ),
            (
                "PUBLIC_URL",
                "Where the static files are served, to which downloads are redirected.",
            ),
            (
                "MAX_UPLOAD_BYTES, UPLOAD_IDLE, UPLOAD_TOTAL",
                "How large an upload may be, how long it may send nothing, and how long it may take.",
            ),
            (
                "UPLOAD_RATE, READ_RATE",
                "Requests of one account and one address: PER_SECOND:BURST, or off.",
            ),
            ("TRUSTED_PROXIES", "Addresses whose X-Forwarded-For is trusted."),
            ("CORS_ORIGINS", "Origins whose pages may read answers; *: all."),
            (
                "WEBHOOK_NETWORKS, WEBHOOK_PORTS, WEBHOOK_HTTP, WEBHOOK_TIMEOUT",
                "Where webhooks may be, and how long they have to answer.",
            ),
            (
                "SIGN_IN_CLIENT_SECRET",
                "The client secret at the sign-in provider.",
            ),
            ("RUST_LOG", "The log level: info where nothing is said."),
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

const COMMON: Common = Common {
    sections: SECTIONS,
    see_also: &["repogen(1)", "cpkgs(1)"],
};

pub(super) fn run(args: &ManArgs) -> Result<(), CommandError> {
    let written = args.write(UploaderArguments::command(), &COMMON);
    written.map_err(CommandError::not_possible)
}
