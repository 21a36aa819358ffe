//! What there is to say after a change.

use std::path::Path;

use debian_control::terminal::escaped;
use rootless::Applied;

use super::Context;

/// Most programs that one line names.
const MAX_PROGRAMS: usize = 8;

/// Tells what the packages that came would have done as root, once, and where their programs are.
pub(super) fn report(applied: &Applied, install: &Path, context: &mut Context) {
    context.report_kept(install, &applied.kept);
    for (package, scripts) in &applied.notes.scripts {
        context.printer.info(escaped(&format!(
            "not run without root: {package}: {}",
            scripts.trim_end()
        )));
    }
    for failed in &applied.notes.failed {
        context
            .printer
            .warning(escaped(&format!("an index or cache was not made: {failed}")));
    }
    for (package, dropped) in &applied.notes.dropped {
        context.printer.info(escaped(&format!(
            "without its special permissions: {package}: {}",
            dropped.join(", ")
        )));
    }
    for (library, program) in &applied.notes.missing {
        context.printer.warning(escaped(&format!(
            "no package here has {library}, which {program} needs"
        )));
    }
    report_fixed(&applied.notes.fixed, context);
    for program in applied.notes.unlaid.values().flatten() {
        context.printer.warning(escaped(&format!(
            "{program} needs its files in /opt, which cannot be laid over this machine's: it may not run"
        )));
    }
    report_elsewhere(applied, install, context);
    let generation = applied.generation;
    context
        .printer
        .info(format_args!("generation {generation} is current"));
    let bin = install.join("bin");
    let on_path =
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder == bin));
    if !on_path {
        let bin = escaped(&bin.to_string_lossy());
        context
            .printer
            .info(format_args!("programs are in {bin}: put it on PATH"));
    }
}

/// Tells of packages with files where nothing is laid over, or with programs where no person calls them.
fn report_elsewhere(applied: &Applied, install: &Path, context: &mut Context) {
    for (package, folders) in &applied.notes.outside {
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        let place = install.join("current/root");
        context.printer.info(escaped(&format!(
            "not laid over this machine's files: {package}: those in {}; they lie in {}",
            folders.join(", "),
            place.display()
        )));
    }
    for (package, programs) in &applied.notes.elsewhere {
        let all = programs.join(", ");
        let first = programs.first().map_or("", String::as_str);
        let how = if applied.notes.lays_vendors {
            format!("start them by `cpkgs run -- {first}`")
        } else {
            let place = install.join("current/root");
            format!(
                "/opt cannot be laid over this machine's, so they may not run; they lie in {}",
                place.display()
            )
        };
        context.printer.info(escaped(&format!(
            "no entry in bin for programs of {package}: {all}; {how}"
        )));
    }
}

/// Tells which programs may not run for want of namespaces and ptrace, and what can be done.
fn report_fixed(programs: &[String], context: &mut Context) {
    let (shown, more) = programs.split_at(programs.len().min(MAX_PROGRAMS));
    if shown.is_empty() {
        return;
    }
    let more = match more.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    context.printer.warning(escaped(&format!(
        "{}{more} may not run: they look for their files at fixed paths, and this machine permits neither user namespaces nor \
         following a program by ptrace. Its owner can permit namespaces (kernel.unprivileged_userns_clone=1, \
         kernel.apparmor_restrict_unprivileged_userns=0, for Docker --security-opt seccomp=unconfined); what is installed after that finds them",
        shown.join(", ")
    )));
}
