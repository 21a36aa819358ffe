//! MD5 of several messages at once.
//!
//! Each step of MD5 waits for the one before, so one message leaves most of a core idle. Eight or sixteen, a message in each
//! lane of the vector registers, take little longer than one.
//!
//! Source: RFC 1321.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
mod rounds;

use std::cmp::Reverse;

use debian_control::digest::Md5;

/// The largest number of messages that are mixed at once.
pub(super) const MAX_LANES: usize = 16;

/// What a state begins with.
///
/// Source: RFC 1321, 3.3.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// What a lane without a message reads.
const NOTHING: Md5Block = [0; 64];

/// What is taken of a message at a time, in bytes.
type Md5Block = [u8; 64];

/// The states of as many messages as there are lanes: the first words of all, then the second ones, and so on.
type LaneStates<const LANES: usize> = [[u32; LANES]; 4];

/// Returns the digest of each message, in their order.
pub(super) fn md5_of_each(messages: &[&[u8]]) -> Vec<Md5> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = avx2::Avx2::detect() {
        return md5_in_lanes(messages, |states, blocks| avx2.mix(states, blocks));
    }
    md5_in_lanes(messages, portable::mix)
}

/// Returns the digest of each message; `mix` takes a block of each lane into its state.
fn md5_in_lanes<const LANES: usize>(
    messages: &[&[u8]],
    mix: impl Fn(&mut LaneStates<LANES>, &[&Md5Block; LANES]),
) -> Vec<Md5> {
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
    let mut states = START.map(|word| [word; LANES]);
    while lanes.iter().any(Option::is_some) {
        mix_whole(&mut lanes, &mut states, &mix);
        let blocks = lanes
            .each_ref()
            .map(|lane| lane.as_ref().and_then(LaneMessage::block).unwrap_or(&NOTHING));
        mix(&mut states, &blocks);
        for (number, lane) in lanes.iter_mut().enumerate() {
            let Some(message) = lane else { continue };
            message.mixed += 1;
            if message.block().is_none() {
                *message.digest = take_digest(&mut states, number);
                *lane = waiting.next();
            }
        }
    }
    digests
}

/// Mixes as many blocks as every lane still has whole, without a look at the lanes in between.
fn mix_whole<const LANES: usize>(
    lanes: &mut [Option<LaneMessage<'_>>; LANES],
    states: &mut LaneStates<LANES>,
    mix: impl Fn(&mut LaneStates<LANES>, &[&Md5Block; LANES]),
) {
    let whole = lanes
        .each_ref()
        .map(|lane| lane.as_ref().map_or(&[][..], LaneMessage::whole_left));
    let count = whole.iter().map(|blocks| blocks.len()).min().unwrap_or(0);
    let mut whole = whole.map(|blocks| blocks.iter());
    for _ in 0..count {
        let blocks = whole
            .each_mut()
            .map(|blocks| blocks.next().expect("each has so many"));
        mix(states, &blocks);
    }
    for message in lanes.iter_mut().flatten() {
        message.mixed += count;
    }
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

    /// Returns the whole blocks that are not mixed yet.
    fn whole_left(&self) -> &'a [Md5Block] {
        self.whole.get(self.mixed..).unwrap_or_default()
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
fn take_digest<const LANES: usize>(states: &mut LaneStates<LANES>, lane: usize) -> Md5 {
    let mut digest = [0; 16];
    for ((words, start), bytes) in states.iter_mut().zip(START).zip(digest.as_chunks_mut::<4>().0) {
        let word = words.get_mut(lane).expect("a number of a lane");
        *bytes = word.to_le_bytes();
        *word = start;
    }
    Md5::from_bytes(digest)
}

/// Returns one of the sixteen words of a block.
fn word(block: &Md5Block, number: usize) -> u32 {
    let (words, _) = block.as_chunks::<4>();
    u32::from_le_bytes(*words.get(number).expect("a block has sixteen words"))
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
        assert_eq!(md5_in_lanes(&slices, portable::mix), alone);
    }

    #[test]
    fn any_number_of_messages_is_taken() {
        let long = vec![b'x'; 100_000];
        for count in 0..2 * MAX_LANES {
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
