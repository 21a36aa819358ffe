//! A parser that nobody gets through at random: it shows that coverage guides a build.

use crate::target::{FuzzTarget, ParserVerdict};

/// Fails at the end of a way of eight bytes, each of which is looked at only after the one before it was right.
pub(super) struct MazeTarget;

/// The way. At random one input in 2⁶⁴ takes it.
const WAY: &[u8; 8] = b"\x93wWx\x07~F\xe1";

impl FuzzTarget for MazeTarget {
    fn name(&self) -> &'static str {
        "maze"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![b"12345678".to_vec()]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let [a, b, c, d, e, f, g, h] = WAY;
        // One comparison after the other, each with an edge of its own; a comparison of all would be read off by libFuzzer at once.
        if input.first() == Some(a)
            && input.get(1) == Some(b)
            && input.get(2) == Some(c)
            && input.get(3) == Some(d)
            && input.get(4) == Some(e)
            && input.get(5) == Some(f)
            && input.get(6) == Some(g)
            && input.get(7) == Some(h)
        {
            return Err("the end of the maze".to_owned());
        }
        Ok(ParserVerdict::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maze_has_an_end() {
        assert!(MazeTarget.check(WAY).is_err());
        assert!(MazeTarget.check(b"").is_ok());
    }
}
