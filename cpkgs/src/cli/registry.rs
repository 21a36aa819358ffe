//! Which registry is asked, and with which token.

use std::io::Read as _;

use clap::Args;
use cpkgs::account::Registry;

use super::Context;
use super::failure::{Failure, NOT_PERMITTED, USAGE};

/// Longest token that is read.
const MAX_TOKEN: u64 = 16 << 10;

/// Which registry is asked.
#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// The registry's address [default: registry_url of config.toml].
    #[arg(long, value_name = "URL", env = "CPKGS_REGISTRY")]
    pub(super) registry: Option<String>,
}

/// Which registry is asked, and by whom.
#[derive(Debug, Args)]
pub(super) struct SignedArgs {
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    /// Read the token from standard input, instead of CPKGS_TOKEN or config.toml.
    #[arg(long)]
    token_stdin: bool,
}

impl RegistryArgs {
    /// Returns the address of the registry.
    pub(super) fn address<'a>(&'a self, context: &'a Context) -> Result<&'a str, Failure> {
        let configured = context.config.registry_url.as_deref();
        self.registry.as_deref().or(configured).ok_or_else(|| {
            Failure::saying(USAGE, "no registry is configured")
                .hint("`cpkgs auth login --registry URL` signs in to one and remembers it")
        })
    }
}

impl SignedArgs {
    /// Says whether standard input has the token.
    pub(super) fn reads_stdin(&self) -> bool {
        self.token_stdin
    }

    /// Returns the registry, with the token of whoever asks.
    pub(super) fn open(&self, context: &Context) -> Result<Registry, Failure> {
        let address = self.registry.address(context)?;
        let token = self.token(address, context)?;
        let unsigned = token.is_none();
        let registry = Registry::new(address, token)?;
        if unsigned {
            let message = format!("nobody is signed in to `{}`", registry.address());
            return Err(Failure::saying(NOT_PERMITTED, message)
                .hint("`cpkgs auth login` signs in; programs set CPKGS_TOKEN"));
        }
        Ok(registry)
    }

    fn token(&self, address: &str, context: &Context) -> Result<Option<String>, Failure> {
        if self.token_stdin {
            let mut text = String::new();
            std::io::stdin()
                .take(MAX_TOKEN)
                .read_to_string(&mut text)
                .map_err(|error| Failure::new(USAGE, error))?;
            return Ok(Some(text.trim().to_owned()));
        }
        if let Some(token) = std::env::var("CPKGS_TOKEN")
            .ok()
            .filter(|token| !token.is_empty())
        {
            return Ok(Some(token));
        }
        Ok(kept_token(address, context))
    }
}

/// Returns the token of the configuration, when it is of this registry: no other one may see it.
pub(super) fn kept_token(address: &str, context: &Context) -> Option<String> {
    let slashless = |address: &str| address.trim_end_matches('/').to_owned();
    let own = context.config.registry_url.as_deref().map(slashless) == Some(slashless(address));
    context.config.auth_token.clone().filter(|_| own)
}
