//! Commands, one file each, and what they share: arguments, exit codes, printing.

mod admin;
mod architectures;
mod auth;
mod autoremove;
mod build_dep;
mod candidates;
mod changelog;
mod check;
mod command_tips;
mod completions;
mod config_overrides;
mod damaged;
mod depends;
mod download;
mod edsp;
mod env;
mod ephemeral;
mod exec_in_generation;
mod export;
mod failure;
mod fetch_debs;
mod files;
mod gc;
mod history;
mod hold;
mod human_size;
mod info;
mod install;
mod install_target;
mod kept_back;
mod library;
mod list;
mod man;
mod options;
mod phased;
mod plan_text;
mod plan_view;
mod policy;
mod printer;
mod progress;
mod question;
mod rdepends;
mod refusal;
mod registry;
mod relations;
mod remove;
mod repair;
mod report;
mod rollback;
mod run;
mod search;
mod secret;
mod selected;
mod source;
mod source_packages;
mod table;
mod target_release;
mod transaction;
mod unknown_package;
mod unneeded;
mod update;
mod upgrade;
mod why;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use apt_client::fetch::{Credentials, Fetcher};
use apt_client::lock::Lock;
use apt_client::source::SourceConfig;
use clap::{CommandFactory as _, Parser, Subcommand};
use cpkgs::config::Config;
use cpkgs::home::Home;
use cpkgs::password;
use debian_control::terminal::escaped;
use rootless::overlay;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use failure::{DONE, Failure, REFUSED, USAGE};
use printer::{OutputFormat, Printer, Verbosity};
use progress::Spinner;
use question::DefaultAnswer;

/// How one begins.
const EXAMPLES: &str = "\
Examples:
  cpkgs source add https://apt.example.org    add an archive, after showing its key
  cpkgs update && cpkgs install hello         install into your home, without root
  sudo cpkgs install --system hello           install into the system, through dpkg
  cpkgs rollback                              undo the last change made without root

Exit codes: 0 done, 1 the request cannot be met, 2 usage, 3 not reachable, 4 verification failed, 5 not permitted";

/// Install packages from any Debian archive, with or without root.
#[derive(Debug, Parser)]
#[command(name = "cpkgs", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    /// Print data as JSON, one value a line.
    #[arg(long, global = true, display_order = cli_kit::GLOBAL_OPTION)]
    json: bool,

    /// Answer yes to every question.
    #[arg(
        long,
        short = 'y',
        global = true,
        alias = "assume-yes",
        display_order = cli_kit::GLOBAL_OPTION
    )]
    yes: bool,

    /// Print data and errors only.
    #[arg(long, short = 'q', global = true, display_order = cli_kit::GLOBAL_OPTION)]
    quiet: bool,

    #[command(flatten)]
    overrides: config_overrides::ConfigOverrideArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Source(source::SourceArgs),
    Update(update::UpdateArgs),
    Search(search::SearchArgs),
    #[command(visible_alias = "show")]
    Info(info::InfoArgs),
    List(list::ListArgs),
    Policy(policy::PolicyArgs),
    Files(files::FilesArgs),
    Depends(depends::DependsArgs),
    Rdepends(rdepends::RdependsArgs),
    Why(why::WhyArgs),
    Install(install::InstallArgs),
    Remove(remove::RemoveArgs),
    Purge(remove::PurgeArgs),
    Autoremove(autoremove::AutoremoveArgs),
    Upgrade(upgrade::UpgradeArgs),
    #[command(visible_alias = "dist-upgrade")]
    FullUpgrade(upgrade::FullUpgradeArgs),
    BuildDep(build_dep::BuildDepArgs),
    Download(download::DownloadArgs),
    Changelog(changelog::ChangelogArgs),
    Check(check::CheckArgs),
    Edsp(edsp::EdspArgs),
    Hold(hold::HoldArgs),
    Unhold(hold::UnholdArgs),
    History(history::HistoryArgs),
    Rollback(rollback::RollbackArgs),
    Gc(gc::GcArgs),
    Repair(repair::RepairArgs),
    Run(run::RunArgs),
    Env(env::EnvArgs),
    Export(export::ExportArgs),
    Auth(auth::AuthArgs),
    Admin(admin::AdminArgs),
    Completions(completions::CompletionsArgs),
    Man(cli_kit::man::ManArgs),
}

/// What every command works with.
struct Context {
    home: Home,
    config: Config,
    printer: Printer,
    consent: Consent,
}

impl Context {
    /// Returns what gets files, with the passwords of the sources' entries, of files in the home, of apt and of `~/.netrc`, and the token for the registry.
    fn fetcher(&self) -> Result<Fetcher, Failure> {
        self.fetcher_with(None)
    }

    /// Returns what gets files for a source that is not configured yet, too; its password counts first.
    fn fetcher_with(&self, added: Option<&SourceConfig>) -> Result<Fetcher, Failure> {
        let home = self.home.folder();
        let mut credentials = Credentials::default();
        for source in added.into_iter().chain(&self.config.sources) {
            let given = password::of(source, home).map_err(|error| Failure::new(failure::USAGE, error))?;
            if let (Some((user, password)), Ok(root)) = (given, source.url.parse()) {
                credentials = credentials.with_password(&root, &user, &password);
            }
        }
        credentials = credentials
            .with_file(&home.join("auth.conf"))
            .with_folder(&home.join("auth.conf.d"))
            .with_file(Path::new("/etc/apt/auth.conf"))
            .with_folder(Path::new("/etc/apt/auth.conf.d"));
        if let Some(person) = std::env::var_os("HOME").filter(|person| !person.is_empty()) {
            credentials = credentials.with_file(&Path::new(&person).join(".netrc"));
        }
        if let (Some(url), Some(token)) = (&self.config.registry_url, &self.config.auth_token)
            && let Ok(registry) = url.parse()
        {
            credentials = credentials.with_token(&registry, token);
        }
        let mut fetcher = Fetcher::new(credentials)?;
        if let Some(limit) = self.config.download_limit() {
            fetcher = fetcher.with_limit(limit);
        }
        if self.config.overrides.offline {
            fetcher = fetcher.offline();
        }
        Ok(fetcher)
    }

    /// Returns what gets files, and shows on a terminal how much has come, as long as the second value lives.
    fn shown_fetcher(&self) -> Result<(Fetcher, Option<Spinner>), Failure> {
        let fetcher = self.fetcher()?;
        if !self.printer.shows_progress() {
            return Ok((fetcher, None));
        }
        let coming = Spinner::of_bytes();
        Ok((fetcher.with_progress(coming.listener()), Some(coming)))
    }

    /// Says whether a question would be asked: what it is about is to be seen then.
    fn asks(&self) -> bool {
        self.consent == Consent::Ask && is_at_terminal()
    }

    /// Asks a question that is to be answered with yes; without a terminal nobody can.
    fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        if self.consent == Consent::Given {
            return Ok(());
        }
        self.ask(question, DefaultAnswer::Yes, "`--yes` answers it")
    }

    /// Asks whether a key is to be trusted, which --yes alone does not answer: nobody would have looked at it.
    fn confirm_key(&mut self, question: &str) -> Result<(), Failure> {
        let hint = "name a file with the key with --signed-by, or its fingerprint with --fingerprint";
        if self.consent == Consent::Given {
            return Err(Failure::saying(USAGE, "the key was not confirmed").hint(hint));
        }
        self.ask(question, DefaultAnswer::No, hint)
    }

    fn ask(&mut self, question: &str, default: DefaultAnswer, hint: &str) -> Result<(), Failure> {
        self.printer.flush()?;
        if !is_at_terminal() {
            return Err(
                Failure::saying(USAGE, "a question has to be answered, and there is no terminal").hint(hint),
            );
        }
        match question::ask(question, default) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::saying(REFUSED, "nothing was changed")),
            Err(error) => Err(Failure::new(REFUSED, error)),
        }
    }

    /// Takes the lock of the install folder, and says so when that takes a while.
    fn lock(&mut self, install: &Path) -> Result<Lock, Failure> {
        let lock = Lock::take(install, |holder| {
            let number = holder.map_or(String::new(), |number| format!(" (process {number})"));
            self.printer
                .error_line(format_args!("waiting for another cpkgs{number}"));
        });
        lock.map_err(|error| {
            let message = format!("cannot lock `{}`", install.display());
            Failure::new(REFUSED, anyhow::Error::new(error).context(message))
        })
    }

    /// Says which configuration files were changed here and have the package's new one beside them.
    fn report_kept(&mut self, install: &Path, kept: &[String]) {
        for path in kept {
            let path = escaped(&install.join(path).to_string_lossy());
            self.printer.error_line(format_args!(
                "kept your `{path}`; the package's new one is `{path}.cpkgs-new`"
            ));
        }
    }
}

/// Returns the time, to the second.
fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// Says whether somebody is there who can be asked.
fn is_at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether questions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// They are, where there is a terminal.
    Ask,
    /// All are answered with yes.
    Given,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything was done.
    Success,
    /// It was done, and something is broken.
    Broken,
}

/// Runs the commands that shims and `cpkgs` itself call, not people: what follows them are another program's arguments, whatever they
/// look like.
fn internal() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let command = words.next()?;
    let result = match command.to_str()? {
        overlay::EXEC_COMMAND => Err(exec_in_generation::run(words)),
        overlay::TIED_COMMAND => Err(exec_in_generation::tied(words)),
        overlay::tracer::TRACE_COMMAND => exec_in_generation::trace(words),
        overlay::confined::FOLLOW_COMMAND => exec_in_generation::make_by_links(words),
        overlay::confined::CONFINED_COMMAND => Err(exec_in_generation::confined(words)),
        overlay::MAKE_COMMAND => exec_in_generation::make(words),
        _ => return None,
    };
    Some(match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => REFUSED.into(),
        Err(failure) => failure.print(),
    })
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    if let Some(code) = internal() {
        return code;
    }
    clap_complete::CompleteEnv::with_factory(Arguments::command)
        .var(completions::VARIABLE)
        .complete();
    allow_many_files();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = command_tips::with_tip(error);
            let code = if error.use_stderr() { USAGE } else { DONE };
            let _ = error.print();
            return code.into();
        }
    };
    let format = if arguments.json {
        OutputFormat::Json
    } else {
        OutputFormat::Text
    };
    let verbosity = if arguments.quiet {
        Verbosity::Quiet
    } else {
        Verbosity::Normal
    };
    let consent = if arguments.yes {
        Consent::Given
    } else {
        Consent::Ask
    };
    match context(&arguments.command, Printer::new(format, verbosity), consent) {
        Ok(mut context) => {
            context.config.overrides = arguments.overrides.into();
            let outcome = run(arguments.command, &mut context);
            ended(outcome, &mut context.printer)
        }
        Err(failure) => failure.print(),
    }
}

/// How many open files are allowed at most: far more than a generation has packages, and few enough for programs that close every
/// number up to the limit.
const MOST_FILES: u64 = 65_536;

/// Raises the limit of open files as far as that is allowed: each package of a change takes some while it is unpacked, and the
/// usual limit is made for programs that use `select`.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(MOST_FILES).min(MOST_FILES);
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        };
        // Where it stays as it was, whatever does not fit says so.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

fn context(command: &Command, printer: Printer, consent: Consent) -> Result<Context, Failure> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let here = std::env::current_dir();
    // Whom apt starts has no home.
    let nowhere = matches!(command, Command::Edsp(_)).then(|| PathBuf::from("/nonexistent"));
    // The working directory may have been removed; only a relative home needs it.
    let from = here.as_deref().unwrap_or(Path::new(""));
    let home = Home::find(variable("CPKGS_HOME"), variable("HOME").or(nowhere), from).ok_or_else(|| {
        Failure::saying(USAGE, "neither CPKGS_HOME nor HOME is set")
            .hint("set CPKGS_HOME to a folder of your own")
    })?;
    if let (Err(error), true) = (here, home.folder().is_relative()) {
        let message = "there is no working directory, which the home counts from";
        return Err(Failure::new(REFUSED, anyhow::Error::new(error).context(message)));
    }
    let config = Config::read(&home)?;
    Ok(Context {
        home,
        config,
        printer,
        consent,
    })
}

fn run(command: Command, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        Command::Source(args) => source::run(args, context),
        Command::Update(args) => update::run(&args, context),
        Command::Search(args) => search::run(args, context),
        Command::Info(args) => info::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Policy(args) => policy::run(&args, context),
        Command::Files(args) => files::files(&args, context),
        Command::Depends(args) => depends::run(&args, context),
        Command::Rdepends(args) => rdepends::run(&args, context),
        Command::Why(args) => why::run(&args, context),
        Command::BuildDep(args) => build_dep::run(&args, context),
        Command::Download(args) => download::run(&args, context),
        Command::Changelog(args) => changelog::run(&args, context),
        Command::Edsp(args) => edsp::run(&args, context),
        Command::Check(args) => check::run(&args, context),
        Command::Install(args) => install::run(&args, context),
        Command::Remove(args) => remove::remove(&args, context),
        Command::Purge(args) => remove::purge(&args, context),
        Command::Autoremove(args) => autoremove::run(&args, context),
        Command::Upgrade(args) => upgrade::upgrade(&args, context),
        Command::FullUpgrade(args) => upgrade::full_upgrade(&args, context),
        Command::Hold(args) => hold::hold(&args, context),
        Command::Unhold(args) => hold::unhold(&args, context),
        Command::History(args) => history::run(&args, context),
        Command::Rollback(args) => rollback::run(&args, context),
        Command::Gc(args) => gc::run(&args, context),
        Command::Repair(args) => repair::run(&args, context),
        Command::Run(args) => run::run(&args, context),
        Command::Env(args) => env::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Auth(args) => auth::run(args, context),
        Command::Admin(args) => admin::run(args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args),
    }
}

fn ended(outcome: Result<Outcome, Failure>, printer: &mut Printer) -> ExitCode {
    match outcome.and_then(|done| Ok(printer.flush().map(|()| done)?)) {
        Ok(Outcome::Success) => DONE.into(),
        Ok(Outcome::Broken) => REFUSED.into(),
        Err(failure) => {
            // What was printed before stands.
            let _ = printer.flush();
            failure.print()
        }
    }
}
