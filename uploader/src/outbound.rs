//! Requests that this server makes itself: to the issuers of CI jobs, and to webhooks.
//!
//! Where an address was given over HTTP, the server would be a way into its own network for whoever gave it. So each connection is made
//! to an address that was checked for that connection: a name is looked up once, and what it then stands for is what is connected to.

mod addresses;
mod resolver;
mod url;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

pub(crate) use self::addresses::Addresses;
pub(crate) use self::resolver::GuardedResolver;
pub(crate) use self::url::{Ports, Reach, checked_url};

/// Begins a client whose requests take so long at most, in all.
pub(crate) fn client(redirects: Policy, timeout: Duration) -> ClientBuilder {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(timeout)
        .redirect(redirects)
        .user_agent("uploader")
}

/// Begins a client that connects to what `resolver` lets it, and follows no redirect.
///
/// The proxies that the environment names are passed over: a proxy looks names up itself, so that nothing could be checked. A host that is
/// an address is not looked up: [`Addresses::allow`] has to be asked before.
pub(crate) fn guarded_client(resolver: GuardedResolver, timeout: Duration) -> ClientBuilder {
    client(Policy::none(), timeout)
        .no_proxy()
        .dns_resolver(resolver)
        // A connection that is kept would be one to an address that was checked long ago.
        .pool_max_idle_per_host(0)
}
