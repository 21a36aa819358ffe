//! MD5 of several messages at once.
//!
//! Each step of MD5 waits for the one before, so one message leaves most of a core idle. Eight, a message in each lane of
//! the vector registers, take little longer than one.
//!
//! Source: RFC 1321.

use std::cmp::Reverse;

use debian_control::digest::Md5;
use wide::u32x8;

const LANES: usize = 8;

/// What a state begins with.
///
/// Source: RFC 1321, 3.3.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The whole part of 2^32 times the sine of 1 to 64 radians, without its sign.
///
/// Source: RFC 1321, 3.4.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// What a lane without a message reads.
const NOTHING: Md5Block = [0; 64];

/// What is taken of a message at a time, in bytes.
type Md5Block = [u8; 64];

/// Returns the digest of each message, in their order.
pub(super) fn md5_of_each(messages: &[&[u8]]) -> Vec<Md5> {
    let mut digests = vec![Md5::from_bytes([0; 16]); messages.len()];
    let mut waiting: Vec<LaneMessage<'_>> = messages
        .iter()
        .zip(&mut digests)
        .map(|(bytes, digest)| LaneMessage::new(bytes, digest))
        .collect();
    // The longest first: then the lanes run empty at about the same time.
    waiting.sort_by_key(|message| Reverse(message.whole.len()));
    let mut waiting = waiting.into_iter();
    let mut lanes: [Option<LaneMessage<'_>>; LANES] = std::array::from_fn(|_| waiting.next());
    let mut state = START.map(u32x8::splat);
    while lanes.iter().any(Option::is_some) {
        let blocks = lanes
            .each_ref()
            .map(|lane| lane.as_ref().and_then(LaneMessage::block).unwrap_or(&NOTHING));
        mix(&mut state, &words(blocks));
        for (number, lane) in lanes.iter_mut().enumerate() {
            let Some(message) = lane else { continue };
            message.mixed += 1;
            if message.block().is_none() {
                *message.digest = take_digest(&mut state, number);
                *lane = waiting.next();
            }
        }
    }
    digests
}

/// A message on its way through a lane.
struct LaneMessage<'a> {
    digest: &'a mut Md5,
    /// Its whole blocks.
    whole: &'a [Md5Block],
    /// What follows them: the rest of it, a one, zeros and its length in bits; two blocks where one is too short.
    ///
    /// Source: RFC 1321, 3.1 and 3.2.
    end: [Md5Block; 2],
    end_blocks: usize,
    /// How many blocks are in the state.
    mixed: usize,
}

impl<'a> LaneMessage<'a> {
    fn new(bytes: &'a [u8], digest: &'a mut Md5) -> Self {
        let (whole, rest) = bytes.as_chunks();
        let length = (bytes.len() as u64).wrapping_mul(8).to_le_bytes();
        let end_blocks = if rest.len() + 1 + length.len() <= NOTHING.len() {
            1
        } else {
            2
        };
        let mut end = [NOTHING; 2];
        let padding = NOTHING.len() * end_blocks - rest.len() - 1 - length.len();
        let content = rest
            .iter()
            .chain(&[0x80])
            .chain(std::iter::repeat_n(&0, padding))
            .chain(&length);
        for (to, from) in end.as_flattened_mut().iter_mut().zip(content) {
            *to = *from;
        }
        Self {
            digest,
            whole,
            end,
            end_blocks,
            mixed: 0,
        }
    }

    /// Returns the block that comes next, if there is one.
    fn block(&self) -> Option<&Md5Block> {
        match self.mixed.checked_sub(self.whole.len()) {
            None => self.whole.get(self.mixed),
            Some(number) => self.end.get(..self.end_blocks)?.get(number),
        }
    }
}

/// Returns the digest of the message in a lane, and clears the lane for the next.
fn take_digest(state: &mut [u32x8; 4], lane: usize) -> Md5 {
    let mut digest = [0; 16];
    for ((word, start), bytes) in state.iter_mut().zip(START).zip(digest.as_chunks_mut::<4>().0) {
        let word = word.as_mut_array().get_mut(lane).expect("a number of a lane");
        *bytes = word.to_le_bytes();
        *word = start;
    }
    Md5::from_bytes(digest)
}

/// Returns the sixteen words of each block, a block in each lane.
fn words(blocks: [&Md5Block; LANES]) -> [u32x8; 16] {
    std::array::from_fn(|number| {
        u32x8::new(blocks.map(|block| {
            let (words, _) = block.as_chunks::<4>();
            u32::from_le_bytes(*words.get(number).expect("a block has sixteen words"))
        }))
    })
}

/// Takes a block of each message into the state.
///
/// Source: RFC 1321, 3.4.
#[expect(
    clippy::indexing_slicing,
    reason = "every index is below the 16 that both arrays have"
)]
fn mix(state: &mut [u32x8; 4], words: &[u32x8; 16]) {
    let [mut a, mut b, mut c, mut d] = *state;
    let (sines, _) = SINES.as_chunks::<16>();
    // A macro, since shifts by a number that the compiler knows are twice as fast.
    macro_rules! round {
        ($sines:expr, $function:expr, $word:expr, [$($shift:literal)*]) => {
            for number in [0, 4, 8, 12] {
                let mut step = number;
                $(
                    let word = words[$word(step) % 16];
                    let sum = a + $function(b, c, d) + word + u32x8::splat($sines[step]);
                    let turned = (sum << $shift) | (sum >> (32 - $shift));
                    (a, b, c, d) = (d, turned + b, b, c);
                    step += 1;
                )*
                let _ = step;
            }
        };
    }
    let [first, second, third, fourth] = sines else {
        unreachable!()
    };
    round!(first, |b: u32x8, c, d| d ^ (b & (c ^ d)), |step| step, [7 12 17 22]);
    round!(second, |b, c, d: u32x8| c ^ (d & (b ^ c)), |step| 5 * step + 1, [5 9 14 20]);
    round!(third, |b: u32x8, c, d| b ^ c ^ d, |step| 3 * step + 5, [4 11 16 23]);
    round!(fourth, |b, c: u32x8, d: u32x8| c ^ (b | !d), |step| 7 * step, [6 10 15 21]);
    for (word, new) in state.iter_mut().zip([a, b, c, d]) {
        *word += new;
    }
}

#[cfg(test)]
mod tests {
    use debian_control::digest::md5;

    use super::*;

    #[test]
    fn digests_are_those_of_each_message_by_itself() {
        // Every place of the end of a message within a block, twice over; and far more messages than lanes.
        let messages: Vec<Vec<u8>> = (0_usize..260)
            .map(|length| (0..length).map(|byte| (byte * 7 + length) as u8).collect())
            .collect();
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let alone: Vec<Md5> = slices.iter().map(|message| md5(message)).collect();
        assert_eq!(md5_of_each(&slices), alone);
    }

    #[test]
    fn any_number_of_messages_is_taken() {
        let long = vec![b'x'; 100_000];
        for count in 0..20 {
            let messages: Vec<&[u8]> = (0..count)
                .map(|number| if number % 3 == 0 { long.as_slice() } else { b"abc" })
                .collect();
            let digests = md5_of_each(&messages);
            assert_eq!(digests.len(), count);
            for (digest, message) in digests.iter().zip(messages) {
                assert_eq!(*digest, md5(message));
            }
        }
    }
}
