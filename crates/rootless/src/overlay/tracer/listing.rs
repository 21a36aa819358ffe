//! What a folder has, as the kernel lists it.
//!
//! Source: getdents64(2).

use std::io;

use super::memory::ProcessMemory;

/// Where an entry says how long it is, and what kind of thing it names.
const LENGTH: usize = 16;
const KIND: usize = 18;

/// Takes from a list in the memory of a process what says that entries are links: programs ask for what each of them is then, and are
/// told what it stands for.
pub(super) fn hide_links(memory: &ProcessMemory, address: u64, size: u64) -> io::Result<()> {
    let Some(mut list) = usize::try_from(size)
        .ok()
        .and_then(|size| memory.read(address, size))
    else {
        return Ok(());
    };
    without_kinds_of_links(&mut list);
    memory.write(address, &list)
}

fn without_kinds_of_links(list: &mut [u8]) {
    let mut rest = list;
    while let Some(&[low, high]) = rest.get(LENGTH..LENGTH + 2) {
        if let Some(kind) = rest.get_mut(KIND).filter(|kind| **kind == libc::DT_LNK) {
            *kind = libc::DT_UNKNOWN;
        }
        let length = usize::from(u16::from_ne_bytes([low, high]));
        match rest.split_at_mut_checked(length) {
            Some((entry, after)) if !entry.is_empty() => rest = after,
            _ => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: u8) -> Vec<u8> {
        let length = (KIND + 1 + name.len() + 1).next_multiple_of(8);
        let mut entry = vec![0; LENGTH];
        entry.extend(u16::try_from(length).unwrap().to_ne_bytes());
        entry.push(kind);
        entry.extend(name.as_bytes());
        entry.resize(length, 0);
        entry
    }

    #[test]
    fn links_are_of_no_known_kind_and_all_else_stays() {
        let list = |link| {
            [
                entry("a", libc::DT_DIR),
                entry("a-longer-name", link),
                entry("b", libc::DT_REG),
                entry("c", link),
            ]
            .concat()
        };
        let mut found = list(libc::DT_LNK);
        without_kinds_of_links(&mut found);
        assert_eq!(found, list(libc::DT_UNKNOWN));
    }

    #[test]
    fn a_list_that_says_nonsense_has_an_end() {
        for length in [0_u16, 1, 19, 4000] {
            let mut list = entry("a", libc::DT_LNK);
            list[LENGTH..LENGTH + 2].copy_from_slice(&length.to_ne_bytes());
            without_kinds_of_links(&mut list);
            assert_eq!(list[KIND], libc::DT_UNKNOWN);
        }
        without_kinds_of_links(&mut []);
    }
}
