//! Small changes to bytes.

use crate::random::Random;

/// Bytes at which parsers turn: ends, signs, bounds of classes.
const TURNS: &[u8] = b"\0\t\n\r \"#%+-./0:;<=>?@AZ[\\]_`az{|}~\x1b\x7f\x80\xbf\xc0\xfe\xff";

/// Changes `bytes` in one to four places; `words` are put in now and then.
pub fn mutate(bytes: &mut Vec<u8>, words: &[&[u8]], random: &mut Random) {
    for _ in 0..=random.below(4) {
        mutate_once(bytes, words, random);
    }
}

fn mutate_once(bytes: &mut Vec<u8>, words: &[&[u8]], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let longest = if random.once_in(4) { 600 } else { 8 };
    let end = (at + 1 + random.below(longest)).min(bytes.len());
    let at = at.min(end);
    match random.below(10) {
        0 | 1 => change(bytes, at, |byte, random| byte ^ (1 << random.below(8)), random),
        2 | 3 => change(bytes, at, |_, random| turn(random), random),
        4 => change(
            bytes,
            at,
            |byte, random| byte.wrapping_add(if random.once_in(2) { 1 } else { 255 }),
            random,
        ),
        5 => drop(bytes.drain(at..end)),
        6 => {
            let copy = bytes.get(at..end).unwrap_or_default().to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        7 => {
            let byte = turn(random);
            bytes.splice(at..at, std::iter::repeat_n(byte, 1 + random.below(4)));
        }
        8 => {
            let word = random.pick(words).copied().unwrap_or_default();
            let over = if random.once_in(2) {
                at
            } else {
                (at + word.len()).min(bytes.len())
            };
            bytes.splice(at..over, word.iter().copied());
        }
        _ if random.once_in(4) => bytes.truncate(at),
        _ => swap(bytes, at, end, random),
    }
}

fn turn(random: &mut Random) -> u8 {
    random.pick(TURNS).copied().unwrap_or_default()
}

fn change(bytes: &mut [u8], at: usize, to: impl Fn(u8, &mut Random) -> u8, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = to(*byte, random);
    }
}

/// Moves a piece to another place.
fn swap(bytes: &mut Vec<u8>, at: usize, end: usize, random: &mut Random) {
    let piece: Vec<u8> = bytes.drain(at..end).collect();
    let to = random.below(bytes.len() + 1);
    bytes.splice(to..to, piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_keep_most_bytes_and_change_some() {
        let original: Vec<u8> = (0..=255).cycle().take(2000).collect();
        let mut changed = 0;
        for case in 0..500 {
            let mut bytes = original.clone();
            mutate(&mut bytes, &[b"word"], &mut Random::new(7, case));
            changed += usize::from(bytes != original);
            assert!(bytes.len() < original.len() + 4 * 600);
        }
        assert!(changed > 450, "{changed}");
    }

    #[test]
    fn nothing_can_be_mutated_too() {
        for case in 0..500 {
            mutate(&mut Vec::new(), &[], &mut Random::new(7, case));
        }
    }
}
