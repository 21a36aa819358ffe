//! What there is to say after a change.

use std::path::Path;

use cpkgs::rootless::Applied;
use debian_formats::terminal::escaped;

use super::Context;

/// Tells what the packages that came would have done as root, once, and where their programs are.
pub(super) fn tell(applied: &Applied, install: &Path, context: &mut Context) {
    context.tell_kept(install, &applied.kept);
    for (package, scripts) in &applied.notes.scripts {
        context.printer.tell(escaped(&format!(
            "not run without root: {package}: {}",
            scripts.trim_end()
        )));
    }
    for (package, dropped) in &applied.notes.dropped {
        context.printer.tell(escaped(&format!(
            "without its special permissions: {package}: {}",
            dropped.join(", ")
        )));
    }
    for (library, program) in &applied.notes.missing {
        context.printer.tell(escaped(&format!(
            "warning: no package here has {library}, which {program} needs"
        )));
    }
    let generation = applied.generation;
    context
        .printer
        .tell(format_args!("generation {generation} is current"));
    let bin = install.join("bin");
    let on_path =
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder == bin));
    if !on_path {
        let bin = escaped(&bin.to_string_lossy());
        context
            .printer
            .tell(format_args!("programs are in {bin}: put it on PATH"));
    }
}
