//! `cpkgs export`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use debian_control::terminal::escaped;
use rootless::export::{self, ImageName};
use rootless::generation::Generations;

use super::failure::{Failure, REFUSED};
use super::{Context, Outcome, candidates};

/// Write the installed packages to a relocatable folder, or to a container image.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The target, which must not exist: an image (`docker load`, or an OCI layout) if its name ends in `.tar`, otherwise a
    /// folder.
    #[arg(value_name = "FOLDER|FILE.tar")]
    to: PathBuf,

    /// The generation [default: the current one].
    #[arg(long, value_name = "N", add = ArgValueCompleter::new(candidates::generations))]
    generation: Option<u64>,

    /// The name of the image.
    #[arg(long, value_name = "NAME:TAG", default_value = "cpkgs-export:latest")]
    name: ImageName,
}

pub(super) fn run(args: &ExportArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let install = context.config.install(&context.home);
    // What is read must not be removed meanwhile.
    let _lock = context.lock(&install)?;
    let generations = Generations::new(&install);
    let Some(number) = args
        .generation
        .map_or_else(|| generations.current(), |number| Ok(Some(number)))?
    else {
        return Err(
            Failure::saying(REFUSED, "nothing is installed").hint("`cpkgs install` installs packages")
        );
    };
    let packages = generations.plan(number)?.packages.len();
    let generation = generations.path(number);
    let is_image = args.to.extension().is_some_and(|end| end == "tar");
    let written = if is_image {
        export::image(&generation, &args.to, &args.name)
    } else {
        export::folder(&generation, &args.to)
    };
    let to = escaped(&args.to.to_string_lossy()).to_string();
    written
        .with_context(|| format!("cannot write `{to}`"))
        .map_err(|error| Failure::new(REFUSED, error))?;
    if context.printer.json() {
        let value = serde_json::json!({ "generation": number, "packages": packages, "to": args.to });
        context.printer.value(&value)?;
    } else {
        let message = format!("wrote generation {number} with {packages} packages to {to}");
        context.printer.info(format_args!("{message}"));
    }
    Ok(Outcome::Success)
}
