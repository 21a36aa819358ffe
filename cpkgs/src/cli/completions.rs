//! `cpkgs completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::failure::{Failure, REFUSED};
use super::{Context, Outcome};

/// The variable by which a shell's script asks this program for candidates.
pub(super) const VARIABLE: &str = "CPKGS_COMPLETE";

/// What bash calls in place of the function that it follows: readline takes a word that has `=` or `:` in it for several, which a version
/// and an architecture behind a name are not.
const WHOLE_WORDS: &str = r#"
_cpkgs_whole_words() {
    local rest=$COMP_LINE typed= at=0 i word
    local -a words=()
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:space:]]* && ( $word == [=:]* || ${words[at]} == *[=:] ) ]]; then
            # Right behind a sign, nothing is typed yet of what completes.
            ((i == COMP_CWORD)) && typed=${words[at]}$([[ -n $2 ]] || printf %s "$word")
            words[at]+=$word
        else
            at=${#words[@]}
            words[at]=$word
        fi
        if ((i == COMP_CWORD)); then
            words[at]=$typed$2
            break
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
    local -a COMP_WORDS=("${words[@]}")
    local COMP_CWORD=$at
    _clap_complete_cpkgs "$1" "${words[at]}" "$3"
    COMPREPLY=("${COMPREPLY[@]#"$typed"}")
}
complete -o nospace -o bashdefault -F _cpkgs_whole_words cpkgs
"#;

/// Print the completion script of a shell; it completes the names of packages, generations, sources and suites.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let completer = shells
        .completer(&name)
        .expect("every shell that can be named is a builtin one");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "cpkgs", "cpkgs", "cpkgs", &mut script)
        .map_err(|error| Failure::new(REFUSED, error))?;
    if args.shell == Shell::Bash {
        script.extend(WHOLE_WORDS.bytes());
    }
    context.printer.bytes(&script)?;
    Ok(Outcome::Success)
}
