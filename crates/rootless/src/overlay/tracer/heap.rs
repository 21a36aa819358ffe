//! Where the heap of a program begins that lies at fixed addresses.
//!
//! The kernel has it begin behind what it started, which is the loader, far away from the program. Those that were written out of memory
//! with all that they had loaded, as Lisp systems are, count on a heap that goes on where they end.
//!
//! Source: PR_SET_MM_MAP in prctl(2), which asks for no rights; proc_pid_stat(5).

use std::io;

/// What memory is counted in.
const PAGE: u64 = 4096;

/// Returns what prctl(2) is given so that the heap of a process begins behind its program, which lies from the first of two addresses to the
/// second.
pub(super) fn behind(process: i32, program: (u64, u64)) -> io::Result<Vec<u8>> {
    let stat = std::fs::read(format!("/proc/{process}/stat"))?;
    map(&String::from_utf8_lossy(&stat), program).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Returns the kernel's `struct prctl_mm_map`: all but code, data and heap stays as it is.
fn map(stat: &str, (first, end): (u64, u64)) -> Option<Vec<u8>> {
    // The second field is a name, which may have anything in it; the first behind it is the third.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number.checked_sub(3)?)?.parse::<u64>().ok();
    let heap = end.checked_next_multiple_of(PAGE)?;
    let last = end.checked_sub(1)?;
    let (code, data) = ([first, last], [last, last]);
    let stack = field(28)?;
    let arguments = [field(48)?, field(49)?];
    let environment = [field(50)?, field(51)?];
    let mut map = Vec::new();
    for word in [code, data, [heap, heap]].concat() {
        map.extend(word.to_ne_bytes());
    }
    map.extend(stack.to_ne_bytes());
    // No other vector of the kernel's own words, and no other file.
    let (vector, size, file) = (0_u64, 0_u32, u32::MAX);
    for word in [arguments, environment].concat() {
        map.extend(word.to_ne_bytes());
    }
    map.extend(vector.to_ne_bytes());
    map.extend(size.to_ne_bytes());
    map.extend(file.to_ne_bytes());
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_begins_on_the_page_behind_the_program_and_the_rest_stays() {
        let rest: Vec<String> = (4..=52).map(|number| (number * 1000).to_string()).collect();
        let stat = format!("17 (a) name) R {}", rest.join(" "));
        let map = map(&stat, (0x18000, 0x0310_5001)).unwrap();
        let words: Vec<u64> = map
            .chunks_exact(8)
            .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
            .collect();
        let last = 0x0310_5000;
        assert_eq!(words[..6], [0x18000, last, last, last, 0x0310_6000, 0x0310_6000]);
        assert_eq!(words[6..11], [28_000, 48_000, 49_000, 50_000, 51_000]);
        assert_eq!(words[11], 0);
        assert_eq!(map.len(), 104);
        assert_eq!(map[96..], [0, 0, 0, 0, 255, 255, 255, 255]);
    }

    #[test]
    fn nonsense_has_no_heap() {
        assert_eq!(map("17 (a) R 1 2", (1, 2)), None);
        assert!(behind(std::process::id().cast_signed(), (1, u64::MAX)).is_err());
        assert!(behind(std::process::id().cast_signed(), (1, 4096)).is_ok());
    }
}
