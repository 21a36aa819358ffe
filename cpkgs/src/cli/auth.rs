//! `cpkgs auth`.

use clap::{Args, Subcommand};
use cpkgs::account::{NewUser, Registry, RegistryError};
use debian_control::terminal::escaped;
use serde::Serialize;

use super::failure::Failure;
use super::registry::{RegistryArgs, SignedArgs, kept_token};
use super::secret::{self, Typed};
use super::{Context, Outcome};

/// Sign in to a registry, or out.
///
/// Only `cpkgs admin` and private archives need it; anyone may install from a public archive.
#[derive(Debug, Args)]
pub(super) struct AuthArgs {
    #[command(subcommand)]
    command: AuthCommand,
}

#[derive(Debug, Subcommand)]
enum AuthCommand {
    Register(RegisterArgs),
    Login(LoginArgs),
    Status(StatusArgs),
    Logout(LogoutArgs),
}

/// Create an account.
///
/// Missing values are asked for; without a terminal they are read from standard input, one a line: name, e-mail address and
/// password.
#[derive(Debug, Args)]
struct RegisterArgs {
    /// The user name.
    name: Option<String>,
    /// The e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Sign in, and remember the registry.
///
/// The password is exchanged for a token, which is stored in config.toml, readable only by you; the password is not stored.
/// Missing values are asked for; without a terminal they are read from standard input, one a line: name and password.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: printf '%s\\n' \"$PASSWORD\" | cpkgs auth login ada --registry https://apt.example.org"
)]
struct LoginArgs {
    /// The name of the account.
    name: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Show who is signed in, and what the token allows.
#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    signed: SignedArgs,
}

/// Sign out: revoke the token immediately, and delete it.
#[derive(Debug, Args)]
struct LogoutArgs {}

/// What `login` and `status` print.
#[derive(Serialize)]
struct AuthStatusView<'a> {
    registry: String,
    user: &'a cpkgs::account::User,
    scopes: Option<&'a [String]>,
}

pub(super) fn run(args: AuthArgs, context: &mut Context) -> Result<Outcome, Failure> {
    match args.command {
        AuthCommand::Register(args) => register(args, context),
        AuthCommand::Login(args) => login(args, context),
        AuthCommand::Status(args) => status(&args, context),
        AuthCommand::Logout(_) => logout(context),
    }
}

fn register(args: RegisterArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let address = args.registry.address(context)?.to_owned();
    let registry = Registry::new(&address, None)?;
    warn_overheard(&registry, context);
    let username = secret::text(args.name, "Name")?;
    let email = secret::text(args.email, "E-mail")?;
    let password = secret::password("Password", Typed::Twice)?;
    let user = registry.register(&NewUser {
        username: &username,
        email: &email,
        password: &password,
    })?;
    if context.printer.json() {
        context.printer.value(&user)?;
    } else {
        context
            .printer
            .info(format_args!("created the account `{}`", escaped(&user.username)));
        let hint = format!("`cpkgs auth login {username} --registry {address}` signs in");
        context.printer.info(format_args!("next: {}", escaped(&hint)));
    }
    Ok(Outcome::Success)
}

fn login(args: LoginArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let address = args.registry.address(context)?.to_owned();
    let mut registry = Registry::new(&address, None)?;
    warn_overheard(&registry, context);
    let name = secret::text(args.name, "Name")?;
    let password = secret::password("Password", Typed::Once)?;
    let session = registry.login(&name, &password, "cpkgs auth login")?;
    // Nobody can revoke the old one once it is overwritten.
    revoke_kept(context);
    let token = session.token;
    let kept = context.config.change(&context.home, |config| {
        config.registry_url = Some(address);
        config.auth_token = Some(token);
    });
    if let Err(error) = kept {
        // Nor one that was never kept.
        let _ = registry.logout();
        return Err(error.into());
    }
    let view = AuthStatusView {
        registry: registry.address().to_string(),
        user: &session.user,
        scopes: Some(&session.scopes),
    };
    print(&view, context)
}

fn status(args: &StatusArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let registry = args.signed.open(context)?;
    let me = registry.me()?;
    let view = AuthStatusView {
        registry: registry.address().to_string(),
        user: &me.user,
        scopes: me.scopes.as_deref(),
    };
    print(&view, context)
}

fn print(view: &AuthStatusView<'_>, context: &mut Context) -> Result<Outcome, Failure> {
    if context.printer.json() {
        context.printer.value(view)?;
        return Ok(Outcome::Success);
    }
    let scopes = match view.scopes {
        None => "everything that the account may".to_owned(),
        Some([]) => "nothing that is not public".to_owned(),
        Some(scopes) => scopes.join(" "),
    };
    let (registry, user) = (&view.registry, view.user);
    for (what, value) in [
        ("registry", registry),
        ("user", &user.username),
        ("role", &user.role),
        ("token", &scopes),
    ] {
        context
            .printer
            .line(format_args!("{:<10}{}", format!("{what}:"), escaped(value)))?;
    }
    Ok(Outcome::Success)
}

fn logout(context: &mut Context) -> Result<Outcome, Failure> {
    let (Some(address), Some(_)) = (&context.config.registry_url, &context.config.auth_token) else {
        context.printer.info("nobody is signed in");
        return Ok(Outcome::Success);
    };
    let registry = Registry::new(address, context.config.auth_token.clone())?;
    match registry.logout() {
        // Revoked or ended already: only to be forgotten.
        Ok(()) | Err(RegistryError::Problem { status: 401, .. }) => {}
        // Forgetting it would leave it good for whoever has a copy.
        Err(error) => {
            return Err(
                Failure::from(error).hint("the token was kept, since it may still be valid: try again")
            );
        }
    }
    context
        .config
        .change(&context.home, |config| config.auth_token = None)?;
    context.printer.info("signed out: the token is revoked");
    Ok(Outcome::Success)
}

/// Revokes the token that a new one takes the place of.
fn revoke_kept(context: &mut Context) {
    let Some(address) = context.config.registry_url.clone() else {
        return;
    };
    let Some(token) = kept_token(&address, context) else {
        return;
    };
    let revoked = Registry::new(&address, Some(token)).and_then(|registry| registry.logout());
    match revoked {
        Ok(()) | Err(RegistryError::Problem { status: 401, .. }) => {}
        Err(_) => context.printer.error_line(format_args!(
            "warning: the previous token for `{}` could not be revoked",
            escaped(&address)
        )),
    }
}

fn warn_overheard(registry: &Registry, context: &mut Context) {
    if registry.is_overheard() {
        context.printer.error_line(format_args!(
            "warning: `{}` has no TLS: others on the network can read the password",
            registry.address()
        ));
    }
}
