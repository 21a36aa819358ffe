//! An error and its causes as one text.

use std::error::Error;

/// Returns an error and its causes in one line, from the outermost to the innermost.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = one_line(error);
    let mut cause = error.source();
    while let Some(next) = cause {
        // Some errors print their cause in their own text.
        let next_text = one_line(next);
        if !text.ends_with(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}

fn one_line(text: &dyn Error) -> String {
    text.to_string().replace('\n', "; ")
}
