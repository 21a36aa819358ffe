//! The four rounds of MD5, over vectors of any kind.

/// The whole part of 2^32 times the sine of 1 to 64 radians, without its sign.
///
/// Source: RFC 1321, 3.4.
#[rustfmt::skip]
pub(super) const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// One round: sixteen steps, which turn by these shifts in turn.
macro_rules! round {
    ($state:ident, $words:expr, $first:literal, $function:expr, $word:expr, [$($shift:literal)*]) => {
        for number in [0, 4, 8, 12] {
            let mut step = number;
            $(
                let [a, b, c, d] = $state;
                let known = add($words[$word(step) % 16], splat(SINES[$first + step]));
                let sum = add(add(a, $function(b, c, d)), known);
                $state = [d, add(turn::<$shift, { 32 - $shift }>(sum), b), b, c];
                step += 1;
            )*
            let _ = step;
        }
    };
}

/// Takes the sixteen words of a block into a state of four, all of them vectors, by the operations `add`, `and`, `or`, `xor`, `not`,
/// `turn` and `splat` that are in scope.
///
/// A macro, since a function is compiled for the instructions of one kind of vector; and shifts by a number that the compiler
/// knows are twice as fast.
///
/// Source: RFC 1321, 3.4.
macro_rules! mix_block {
    ($state:ident, $words:expr) => {
        let start = $state;
        round!($state, $words, 0, |b, c, d| xor(d, and(b, xor(c, d))), |step: usize| step, [7 12 17 22]);
        round!($state, $words, 16, |b, c, d| xor(c, and(d, xor(b, c))), |step: usize| 5 * step + 1, [5 9 14 20]);
        round!($state, $words, 32, |b, c, d| xor(b, xor(c, d)), |step: usize| 3 * step + 5, [4 11 16 23]);
        round!($state, $words, 48, |b, c, d| xor(c, or(b, not(d))), |step: usize| 7 * step, [6 10 15 21]);
        let [a, b, c, d] = $state;
        $state = [add(a, start[0]), add(b, start[1]), add(c, start[2]), add(d, start[3])];
    };
}

pub(super) use {mix_block, round};
