//! `cpkgs export`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use debian_control::terminal::escaped;
use rootless::export::{self, ImageName};
use rootless::generation::Generations;

use super::failure::{Failure, REFUSED, USAGE};
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

    /// The name of the image [default: cpkgs-export:latest].
    #[arg(long, value_name = "NAME:TAG")]
    name: Option<ImageName>,
}

/// The name of an image that gets no other.
const DEFAULT_NAME: &str = "cpkgs-export:latest";

/// What the target is, by its name.
enum Target {
    Folder,
    Image(ImageName),
}

impl Target {
    fn of(args: &ExportArgs) -> Result<Self, Failure> {
        let file = args.to.file_name().unwrap_or_default().to_string_lossy();
        if file.ends_with(".tar") {
            let name = args.name.clone();
            let default = || DEFAULT_NAME.parse().expect("it is NAME:TAG");
            return Ok(Self::Image(name.unwrap_or_else(default)));
        }
        if file.ends_with(".tgz") || file.contains(".tar.") {
            let text = format!(
                "`{file}`: expected a folder, or a name that ends in `.tar`: images are not compressed"
            );
            return Err(Failure::saying(USAGE, escaped(&text)));
        }
        if args.name.is_some() {
            return Err(Failure::saying(
                USAGE,
                "--name is the name of an image: expected a target that ends in `.tar`",
            ));
        }
        Ok(Self::Folder)
    }
}

pub(super) fn run(args: &ExportArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = Target::of(args)?;
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
    let written = match target {
        Target::Image(name) => export::image(&generation, &args.to, &name),
        Target::Folder => export::folder(&generation, &args.to),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_image_a_folder_or_wrong_by_its_name() {
        let target = |to: &str, name: Option<&str>| {
            Target::of(&ExportArgs {
                to: PathBuf::from(to),
                generation: None,
                name: name.map(|name| name.parse().unwrap()),
            })
        };
        let named = |wanted: &str, target: Result<Target, Failure>| {
            let wanted = wanted.parse::<ImageName>().unwrap();
            matches!(target, Ok(Target::Image(name)) if name == wanted)
        };
        assert!(named(DEFAULT_NAME, target("a/x.tar", None)));
        assert!(named("a:1", target("x.tar", Some("a:1"))));
        assert!(matches!(target("a.tar/x", None), Ok(Target::Folder)));
        for wrong in [
            target("x.tgz", None),
            target("x.tar.gz", None),
            target("x", Some("a:1")),
        ] {
            assert!(wrong.is_err());
        }
    }
}
