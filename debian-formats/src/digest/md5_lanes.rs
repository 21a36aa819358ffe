//! MD5 of four messages side by side. Source: RFC 1321.
//!
//! Each step of MD5 waits for the one before it, so one message leaves most of a processor idle; four at a time take
//! little longer than one. Only a whole folder that is scanned at once has so many at hand: everything else goes
//! through [`Digester`](super::Digester), against which the tests hold this.

use std::sync::LazyLock;

use super::Md5;

/// How many messages are digested at a time.
pub const LANES: usize = 4;

type Lanes = [u32; LANES];

const BLOCK: usize = 64;
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// How far each step of a round rotates; every round repeats its four.
const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The constant of each step: 2^32 times the sine of its number, section 3.4.
static SINES: LazyLock<[u32; 64]> =
    LazyLock::new(|| std::array::from_fn(|step| (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32));

/// Returns the MD5 of each message.
pub fn md5_of_each(messages: [&[u8]; LANES]) -> [Md5; LANES] {
    let tails = messages.map(tail);
    let rest = |message: &[u8], tail: &[u8]| (message.len() / BLOCK, tail.len() / BLOCK);
    let most = messages
        .iter()
        .zip(&tails)
        .map(|(message, tail)| rest(message, tail))
        .map(|(whole, last)| whole + last)
        .max()
        .unwrap_or_default();
    let mut state = START.map(|word| [word; LANES]);
    for at in 0..most {
        let blocks: [Option<&[u8; BLOCK]>; LANES] =
            std::array::from_fn(|lane| block(messages[lane], &tails[lane], at));
        let next = compress(&state, &blocks.map(|block| block.unwrap_or(&[0; BLOCK])));
        for (word, next) in state.iter_mut().zip(next) {
            for (lane, block) in blocks.iter().enumerate() {
                // A message that has ended keeps its state.
                if block.is_some() {
                    word[lane] = next[lane];
                }
            }
        }
    }
    std::array::from_fn(|lane| {
        let mut bytes = [0; 16];
        for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *bytes = word[lane].to_le_bytes();
        }
        Md5::from_bytes(bytes)
    })
}

/// Returns the last bytes of a message, padded to whole blocks, sections 3.1 and 3.2.
fn tail(message: &[u8]) -> Vec<u8> {
    let whole = message.len() / BLOCK * BLOCK;
    let mut tail = message.get(whole..).unwrap_or_default().to_vec();
    tail.push(0x80);
    let blocks = (tail.len() + 8).div_ceil(BLOCK);
    tail.resize(blocks * BLOCK - 8, 0);
    tail.extend((message.len() as u64).wrapping_mul(8).to_le_bytes());
    tail
}

fn block<'a>(message: &'a [u8], tail: &'a [u8], at: usize) -> Option<&'a [u8; BLOCK]> {
    let (whole, _) = message.as_chunks::<BLOCK>();
    let (last, _) = tail.as_chunks::<BLOCK>();
    whole.get(at).or_else(|| last.get(at.checked_sub(whole.len())?))
}

fn compress(state: &[Lanes; 4], blocks: &[&[u8; BLOCK]; LANES]) -> [Lanes; 4] {
    let words: [Lanes; 16] = std::array::from_fn(|word| {
        std::array::from_fn(|lane| {
            let bytes = blocks[lane].as_chunks::<4>().0;
            u32::from_le_bytes(bytes[word])
        })
    });
    let sines = &*SINES;
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..64 {
        let (mixed, word) = match step / 16 {
            0 => (each3(b, c, d, |b, c, d| d ^ (b & (c ^ d))), step),
            1 => (each3(b, c, d, |b, c, d| c ^ (d & (b ^ c))), (5 * step + 1) % 16),
            2 => (each3(b, c, d, |b, c, d| b ^ c ^ d), (3 * step + 5) % 16),
            _ => (each3(b, c, d, |b, c, d| c ^ (b | !d)), (7 * step) % 16),
        };
        let rotation = ROTATIONS[step / 16][step % 4];
        let sum = each3(a, mixed, words[word], |a, mixed, word| {
            a.wrapping_add(mixed)
                .wrapping_add(word)
                .wrapping_add(sines[step])
                .rotate_left(rotation)
        });
        (a, d, c, b) = (d, c, b, each3(b, sum, sum, |b, sum, _| b.wrapping_add(sum)));
    }
    let [old_a, old_b, old_c, old_d] = *state;
    let add = |old, new| each3(old, new, new, |old: u32, new, _| old.wrapping_add(new));
    [add(old_a, a), add(old_b, b), add(old_c, c), add(old_d, d)]
}

/// Applies a function lane by lane.
#[inline(always)]
fn each3(x: Lanes, y: Lanes, z: Lanes, apply: impl Fn(u32, u32, u32) -> u32) -> Lanes {
    std::array::from_fn(|lane| apply(x[lane], y[lane], z[lane]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::md5;

    #[test]
    fn every_length_around_a_block_is_padded_right() {
        let text: Vec<u8> = (0..=255).collect();
        for length in 0..200 {
            let messages = [&text[..length], &text[..200 - length], &text[length..], &[]];
            assert_eq!(md5_of_each(messages), messages.map(md5), "{length}");
        }
    }

    proptest! {
        #[test]
        fn four_at_a_time_are_what_each_is_alone(
            one in prop::collection::vec(any::<u8>(), 0..700),
            two in prop::collection::vec(any::<u8>(), 0..700),
            three in prop::collection::vec(any::<u8>(), 0..300),
            four in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let messages = [one.as_slice(), &two, &three, &four];
            prop_assert_eq!(md5_of_each(messages), messages.map(md5));
        }
    }
}
