//! `repogen key`: signing keys.

mod package;

use std::fs::{self, File};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use debian_archive::config::{self, Config, SigningKeys, with_signing_keys};
use debian_archive::publish::Clock as _;
use debian_archive::sign::keys::{self, KeyError, KeyInfo, NewKey, SecretKey};

use super::context::Context;
use super::exit::{Completion, Failure, with_causes};
use super::files::{alone_in, create_private_folder_of, write_new};
use super::system_clock::{SystemClock, now};
use super::{publish, signing};

/// Generate, list, import, export, package and rotate signing keys.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    Generate(GenerateArgs),
    /// List keys: role, fingerprint, algorithm, creation, expiry, file and name, separated by tabs.
    List,
    Import(KeyImportArgs),
    Export(KeyExportArgs),
    Package(package::PackageArgs),
    Rotate(RotateArgs),
}

/// Generate an Ed25519 key that signs in addition to the current one, from the next publish on.
#[derive(Debug, Args)]
struct GenerateArgs {
    /// Name in the key's user ID [default: the archive's origin].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Days until the key expires [default: never].
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    expires: Option<u32>,
}

/// Import a secret key that another program exported; it signs in addition to the current one, from the next publish on.
///
/// `gpg --export-secret-keys KEY | repogen key import -` imports one from GnuPG. Its passphrase is asked for, or read
/// from a file. The key is stored without a passphrase, readable by its owner only.
#[derive(Debug, Args)]
struct KeyImportArgs {
    /// The exported key; `-` for standard input.
    file: PathBuf,
    /// A file whose first line is the passphrase.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Print the public keys of the archive.
#[derive(Debug, Args)]
struct KeyExportArgs {
    /// Only the key with this fingerprint.
    fingerprint: Option<String>,
    /// Print binary instead of armoured keys.
    #[arg(long)]
    binary: bool,
    /// Write to this file, which must not exist.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Replace the signing key in two steps, publishing after each.
///
/// The first call introduces a new key: an imported or generated one that already signs in addition, or a fresh one.
/// From then on both keys sign, so clients that know either of them accept the archive. When every client has the new
/// keyring, call it with `--finish` to retire the old key.
#[derive(Debug, Args)]
struct RotateArgs {
    /// Fingerprint or file of the new key [default: the first additional key, or a fresh one].
    key: Option<String>,
    /// Retire every key but the archive's current one.
    #[arg(long, conflicts_with = "key")]
    finish: bool,
}

pub(super) fn run(args: KeyArgs, context: &mut Context) -> Result<Completion, Failure> {
    match args.command {
        KeyCommand::Generate(args) => generate(&args, context),
        KeyCommand::List => list(context),
        KeyCommand::Import(args) => import(&args, context),
        KeyCommand::Export(args) => export(&args, context),
        KeyCommand::Package(args) => package::run(&args, context),
        KeyCommand::Rotate(args) => rotate(&args, context),
    }
}

/// Reads the settings, which no other such command changes as long as the first of what is returned lives.
fn settings_in_turn(context: &Context) -> Result<(File, Config), Failure> {
    // Where there is no archive, that is the error.
    Config::read(&context.root)?;
    let turn = alone_in(&context.root)?;
    Ok((turn, Config::read(&context.root)?))
}

fn generate(args: &GenerateArgs, context: &mut Context) -> Result<Completion, Failure> {
    let (_turn, config) = settings_in_turn(context)?;
    let signing = key_files(&config)?;
    let name = args.name.as_deref().unwrap_or(&config.origin);
    let key = new_key(name, args.expires, &signing, context)?;
    sign_beside(&key, signing, context)
}

/// Stores a key, which signs in addition to the present ones; or, where the file of the main key is gone, in its place.
fn sign_beside(key: &SecretKey, signing: SigningKeys, context: &mut Context) -> Result<Completion, Failure> {
    let file = store(key, context)?;
    let is_first = is_gone(&signing.key, context);
    let keys = if is_first {
        SigningKeys {
            key: file.clone(),
            also: signing.also,
        }
    } else {
        let also = signing.also.into_iter().chain([file.clone()]).collect();
        SigningKeys {
            key: signing.key,
            also,
        }
    };
    write_config(context, &keys)?;
    context
        .printer
        .line(format_args!("{}\t{file}", key.fingerprint()))?;
    context.printer.info(if is_first {
        "the file of the main key is missing: this is the main key now, and machines that know no other key of the archive need its new keyring"
    } else {
        "from the next publish on, releases are signed with this key as well; `repogen key rotate` makes it the main key"
    });
    Ok(Completion::Success)
}

/// Says whether there is no file of a key, below the root; what cannot be looked at may be one.
fn is_gone(key: &str, context: &Context) -> bool {
    let found = context.root.join(key).symlink_metadata();
    found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn list(context: &mut Context) -> Result<Completion, Failure> {
    let config = Config::read(&context.root)?;
    let mut files: Vec<(&str, PathBuf)> = Vec::new();
    files.extend(config.signing.key.clone().map(|key| ("key", key)));
    files.extend(config.signing.also.iter().map(|key| ("also", key.clone())));
    if config.signing.command.is_some() {
        let signer = signing::open(&config.signing, context)?;
        let described = keys::describe(&signer.keyring().to_binary(), now())?;
        for info in described {
            context.printer.line(line("command", &info, None))?;
        }
    }
    let used: Vec<PathBuf> = files.iter().map(|(_, path)| path.clone()).collect();
    files.extend(unused(context, &used)?.into_iter().map(|path| ("unused", path)));
    let mut bad = 0;
    for (role, path) in files {
        let read =
            fs::read(context.root.join(&path)).map_err(|error| format!("cannot read the key: {error}"));
        match read.and_then(|bytes| keys::describe(&bytes, now()).map_err(|error| with_causes(&error))) {
            Ok(described) => {
                for info in described {
                    context.printer.line(line(role, &info, Some(&path)))?;
                }
            }
            Err(error) => {
                bad += 1;
                context
                    .printer
                    .info(format_args!("error: `{}`: {error}", path.display()));
            }
        }
    }
    Ok(Completion::after(bad))
}

/// Returns role, fingerprint, algorithm, creation, end, file and names of a key, by tabs.
fn line(role: &str, info: &KeyInfo, path: Option<&Path>) -> String {
    let date = debian_control::release::format_iso;
    let ends = match (&info.signing, info.expires) {
        (Err(problem), _) => problem.to_string(),
        (Ok(_), Some(end)) => date(end),
        (Ok(_), None) => "never".into(),
    };
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    let names = debian_control::terminal::escaped(&info.user_ids.join(", "));
    format!(
        "{role}\t{}\t{}\t{}\t{ends}\t{path}\t{names}",
        info.fingerprint,
        info.algorithm,
        date(info.created)
    )
}

/// Returns the key files in `keys/` that are not in use.
fn unused(context: &Context, used: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let folder = context.root.join("keys");
    let list = || fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>();
    let entries = match list() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(|error| unreadable(&folder, error))?,
    };
    let mut files: Vec<PathBuf> = entries
        .iter()
        .map(|entry| Path::new("keys").join(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|end| end == "pgp") && !used.contains(path))
        .collect();
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::disk(anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
}

fn import(args: &KeyImportArgs, context: &mut Context) -> Result<Completion, Failure> {
    let (_turn, config) = settings_in_turn(context)?;
    let signing = key_files(&config)?;
    let bytes = read(&args.file)?;
    let key = match keys::import(&bytes, None, now()) {
        Err(KeyError::Locked) => keys::import(&bytes, Some(&passphrase(args)?), now()),
        imported => imported,
    }?;
    sign_beside(&key, signing, context)
}

fn export(args: &KeyExportArgs, context: &mut Context) -> Result<Completion, Failure> {
    let config = Config::read(&context.root)?;
    let signer = signing::open(&config.signing, context)?;
    let mut keyring = signer.keyring().clone();
    if let Some(wanted) = &args.fingerprint {
        keyring.retain(|certificate| matches(&certificate.fingerprint().to_string(), wanted));
        if keyring.certificates().is_empty() {
            return Err(Failure::not_possible(format_args!(
                "no key `{}` in this archive",
                wanted.escape_debug()
            )));
        }
    }
    let bytes = if args.binary {
        keyring.to_binary()
    } else {
        keyring.to_armored().into_bytes()
    };
    match &args.output {
        Some(path) => write_new(path, &bytes, 0o644)?,
        None => context.printer.bytes(&bytes)?,
    }
    Ok(Completion::Success)
}

fn rotate(args: &RotateArgs, context: &mut Context) -> Result<Completion, Failure> {
    let (_turn, config) = settings_in_turn(context)?;
    let signing = key_files(&config)?;
    let before = fs::read_to_string(context.root.join(config::FILE_NAME)).map_err(Failure::disk)?;
    let keys = if args.finish {
        SigningKeys {
            key: signing.key,
            also: Vec::new(),
        }
    } else {
        let next = match &args.key {
            Some(wanted) => find(wanted, &signing, context)?,
            None => match next_key(&signing, context)? {
                Some(next) => next,
                None => store(&new_key(&config.origin, None, &signing, context)?, context)?,
            },
        };
        if next == signing.key {
            return Err(Failure::not_possible(format_args!(
                "`{next}` is the archive's key already"
            )));
        }
        let others = std::iter::once(signing.key)
            .chain(signing.also)
            // One that is gone signs nothing, and would keep this from being published.
            .filter(|key| *key != next && !is_gone(key, context))
            .collect();
        SigningKeys {
            key: next,
            also: others,
        }
    };
    write_config(context, &keys)?;
    let published = context
        .archive()
        .and_then(|archive| publish::publish_all(&archive, context));
    if published.is_err() {
        // Nothing was signed: the archive goes on with the keys that it had.
        replace_config(context, &before)?;
    }
    published?;
    context
        .printer
        .info(format_args!("`{}` is now the archive's main key", keys.key));
    if !keys.also.is_empty() {
        context.printer.info("the old key still signs; run `repogen key rotate --finish` once every client has the new keyring");
    }
    Ok(Completion::Success)
}

/// Returns the newest of the keys that sign besides and were made after the main one: a rotation leads to no older key, which may be
/// the one that was stolen, unless it is named.
fn next_key(signing: &SigningKeys, context: &Context) -> Result<Option<String>, Failure> {
    // One that cannot be read is what a rotation leads away from.
    let main = created(&signing.key, context).ok();
    let mut newest = None;
    for key in signing.also.iter().filter(|key| !is_gone(key, context)) {
        let created = created(key, context)?;
        if main.is_none_or(|main| created > main) {
            newest = newest.max(Some((created, key)));
        }
    }
    Ok(newest.map(|(_, key)| key.clone()))
}

/// Returns when the key in a file below the root was made, in Unix seconds.
fn created(file: &str, context: &Context) -> Result<i64, Failure> {
    let path = context.root.join(file);
    let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
    Ok(SecretKey::read(&bytes)?.certificate().created())
}

/// Returns the key file, below the root, that a fingerprint or path means.
fn find(wanted: &str, signing: &SigningKeys, context: &Context) -> Result<String, Failure> {
    let in_use = std::iter::once(&signing.key)
        .chain(&signing.also)
        .map(PathBuf::from);
    let files: Vec<PathBuf> = in_use.chain(unused(context, &[])?).collect();
    let mut by_fingerprint = None;
    for file in &files {
        let path = context.root.join(file);
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        if SecretKey::read(&bytes).is_ok_and(|key| matches(&key.fingerprint().to_string(), wanted)) {
            by_fingerprint = Some(file);
            break;
        }
    }
    let found = by_fingerprint.or_else(|| files.iter().find(|path| *path == Path::new(wanted)));
    found
        .map(|path| path.to_string_lossy().into_owned())
        .ok_or_else(|| {
            Failure::not_possible(format_args!("no key `{}` in this archive", wanted.escape_debug()))
                .hint("`repogen key list` shows the keys; `repogen key import FILE` adds one")
        })
}

fn matches(fingerprint: &str, wanted: &str) -> bool {
    let wanted: String = wanted.chars().filter(|letter| !letter.is_whitespace()).collect();
    wanted.len() >= 16
        && fingerprint
            .to_ascii_uppercase()
            .ends_with(&wanted.to_ascii_uppercase())
}

/// Returns the key files in use; an error where a command signs.
fn key_files(config: &Config) -> Result<SigningKeys, Failure> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    match &config.signing.key {
        Some(key) => Ok(SigningKeys {
            key: text(key),
            also: config.signing.also.iter().map(text).collect(),
        }),
        None => Err(
            Failure::not_possible("this archive is signed by a command, which keeps its own keys")
                .hint("to use key files, set `key` instead of `command` in [signing] of repogen.toml"),
        ),
    }
}

/// Makes a key that is newer than those of the archive, by the second at least: by that a rotation tells them apart.
fn new_key(
    name: &str,
    days: Option<u32>,
    signing: &SigningKeys,
    context: &Context,
) -> Result<SecretKey, Failure> {
    let keys = std::iter::once(&signing.key).chain(&signing.also);
    if keys.filter_map(|key| created(key, context).ok()).max() == Some(now()) {
        SystemClock.wait(1);
    }
    let created = now();
    let user_id = format!("{name} archive signing key");
    let expires = days.map(|days| created + i64::from(days) * 86_400);
    Ok(keys::generate(
        &NewKey {
            user_id: &user_id,
            created,
            expires,
        },
        keys::OsRng,
    )?)
}

/// Stores a key under its fingerprint and returns its file, relative to the root.
fn store(key: &SecretKey, context: &Context) -> Result<String, Failure> {
    let fingerprint = key.fingerprint().to_string();
    let file = format!(
        "keys/{}.pgp",
        fingerprint
            .get(fingerprint.len().saturating_sub(16)..)
            .unwrap_or(&fingerprint)
    );
    let path = context.root.join(&file);
    if path.exists() {
        return Err(Failure::not_possible(format_args!(
            "key {fingerprint} already exists in `{file}`"
        )));
    }
    // It is lost together with the keys in it.
    create_private_folder_of(&path)?;
    write_new(&path, key.to_armored()?.as_bytes(), 0o600)?;
    Ok(file)
}

fn write_config(context: &Context, keys: &SigningKeys) -> Result<(), Failure> {
    let path = context.root.join(config::FILE_NAME);
    let text = fs::read_to_string(&path).map_err(Failure::disk)?;
    let changed = with_signing_keys(&text, keys).map_err(|error| Failure::usage(error.message()))?;
    replace_config(context, &changed)
}

fn replace_config(context: &Context, text: &str) -> Result<(), Failure> {
    let path = context.root.join(config::FILE_NAME);
    let beside = context.root.join(format!(".{}.new", config::FILE_NAME));
    let _ = fs::remove_file(&beside);
    write_new(&beside, text.as_bytes(), 0o644)?;
    fs::rename(&beside, &path).map_err(|error| {
        Failure::disk(anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())))
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    /// Far above the size of any exported key.
    const MOST: u64 = 4 << 20;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(MOST).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(MOST).read_to_end(&mut bytes))
    };
    read.map(|_| bytes)
        .map_err(|error| Failure::not_possible(format_args!("cannot read `{}`: {error}", file.display())))
}

fn passphrase(args: &KeyImportArgs) -> Result<String, Failure> {
    if let Some(file) = &args.passphrase_file {
        let text = String::from_utf8_lossy(&read(file)?).into_owned();
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if !std::io::stderr().is_terminal() {
        return Err(Failure::not_possible(
            "the key is protected by a passphrase, and there is no terminal to ask for it",
        )
        .hint("use `--passphrase-file FILE`"));
    }
    rpassword::prompt_password("Passphrase of the key: ").map_err(Failure::disk)
}
