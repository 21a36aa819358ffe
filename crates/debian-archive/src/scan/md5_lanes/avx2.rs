//! Sixteen lanes, in pairs of AVX2 registers: one of a pair works while the other waits.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_or_si256, _mm256_set_epi32, _mm256_set1_epi32,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};

use super::rounds::{SINES, mix_block, round};
use super::{LaneStates, Md5Block, word};

/// That the processor has these instructions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// Asks the processor.
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Takes a block of each message into its state.
    pub(super) fn mix(self, states: &mut LaneStates<16>, blocks: &[&Md5Block; 16]) {
        #[expect(
            unsafe_code,
            reason = "one of these is made only where the processor has the instructions"
        )]
        unsafe {
            mix(states, blocks);
        }
    }
}

type Pair = [__m256i; 2];

#[target_feature(enable = "avx2")]
#[expect(
    clippy::indexing_slicing,
    reason = "every index is below the length of its array"
)]
fn mix(states: &mut LaneStates<16>, blocks: &[&Md5Block; 16]) {
    let mut words_of_all = [splat(0); 16];
    for (number, pair) in words_of_all.iter_mut().enumerate() {
        *pair = gather(blocks, number);
    }
    let mut state: [Pair; 4] = bytemuck::cast(*states);
    mix_block!(state, words_of_all);
    *states = bytemuck::cast(state);
}

/// Gathers a word of each block. One by one: through memory, the processor would wait for sixteen stores at each load.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(
    clippy::indexing_slicing,
    reason = "every index is below the length of its array"
)]
fn gather(blocks: &[&Md5Block; 16], number: usize) -> Pair {
    let word = |lane: usize| word(blocks[lane], number).cast_signed();
    [
        _mm256_set_epi32(
            word(7),
            word(6),
            word(5),
            word(4),
            word(3),
            word(2),
            word(1),
            word(0),
        ),
        _mm256_set_epi32(
            word(15),
            word(14),
            word(13),
            word(12),
            word(11),
            word(10),
            word(9),
            word(8),
        ),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn add([first, second]: Pair, [other, another]: Pair) -> Pair {
    [_mm256_add_epi32(first, other), _mm256_add_epi32(second, another)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn and([first, second]: Pair, [other, another]: Pair) -> Pair {
    [_mm256_and_si256(first, other), _mm256_and_si256(second, another)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn or([first, second]: Pair, [other, another]: Pair) -> Pair {
    [_mm256_or_si256(first, other), _mm256_or_si256(second, another)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor([first, second]: Pair, [other, another]: Pair) -> Pair {
    [_mm256_xor_si256(first, other), _mm256_xor_si256(second, another)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn not(pair: Pair) -> Pair {
    xor(pair, splat(u32::MAX))
}

#[inline]
#[target_feature(enable = "avx2")]
fn turn<const LEFT: i32, const RIGHT: i32>([first, second]: Pair) -> Pair {
    or(
        [
            _mm256_slli_epi32::<LEFT>(first),
            _mm256_slli_epi32::<LEFT>(second),
        ],
        [
            _mm256_srli_epi32::<RIGHT>(first),
            _mm256_srli_epi32::<RIGHT>(second),
        ],
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> Pair {
    [_mm256_set1_epi32(word.cast_signed()); 2]
}
