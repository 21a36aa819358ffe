//! Eight lanes, in what vectors every processor of the architecture has.

use wide::u32x8;

use super::rounds::{SINES, mix_block, round};
use super::{LaneStates, Md5Block, word};

/// Takes a block of each message into its state.
#[expect(
    clippy::indexing_slicing,
    reason = "every index is below the length of its array"
)]
pub(super) fn mix(states: &mut LaneStates<8>, blocks: &[&Md5Block; 8]) {
    let words: [u32x8; 16] =
        std::array::from_fn(|number| u32x8::new(blocks.map(|block| word(block, number))));
    let mut state = states.map(u32x8::new);
    mix_block!(state, words);
    *states = state.map(u32x8::to_array);
}

#[inline]
fn add(left: u32x8, right: u32x8) -> u32x8 {
    left + right
}

#[inline]
fn and(left: u32x8, right: u32x8) -> u32x8 {
    left & right
}

#[inline]
fn or(left: u32x8, right: u32x8) -> u32x8 {
    left | right
}

#[inline]
fn xor(left: u32x8, right: u32x8) -> u32x8 {
    left ^ right
}

#[inline]
fn not(vector: u32x8) -> u32x8 {
    !vector
}

#[inline]
fn turn<const LEFT: i32, const RIGHT: i32>(vector: u32x8) -> u32x8 {
    (vector << LEFT) | (vector >> RIGHT)
}

#[inline]
fn splat(word: u32) -> u32x8 {
    u32x8::splat(word)
}
