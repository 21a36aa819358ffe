//! Paths of the installed system, by their text alone.

/// Folders at the root that are links into `usr` on every Debian since 12. Source: Debian's "UsrMerge" wiki page.
pub(super) const MERGED: [&[u8]; 7] = [b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libo32", b"libx32"];

/// `/lib/x` as the target of a link is `/usr/lib/x`.
pub(super) fn merge_first(at_root: bool, pending: &mut Vec<&[u8]>) {
    let merges = pending.last().is_some_and(|name| MERGED.contains(name));
    if at_root && merges {
        pending.push(b"usr");
    }
}

/// Returns the components of a path, the first one last.
pub(super) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = path.rsplit(|&byte| byte == b'/');
    names.filter(|name| !matches!(*name, b"" | b"."))
}

/// Moves a path below a merged folder to where it is.
pub(in crate::generation) fn merged(path: &[u8]) -> Vec<u8> {
    let first = path.split(|&byte| byte == b'/').next().unwrap_or_default();
    if MERGED.contains(&first) {
        [b"usr/", path].concat()
    } else {
        path.to_vec()
    }
}

/// Returns where a link at `path` leads by its text alone, without the leading slash.
pub(super) fn normal(path: &[u8], target: &[u8]) -> Vec<u8> {
    let mut here: Vec<&[u8]> = if target.starts_with(b"/") {
        Vec::new()
    } else {
        path.split(|&byte| byte == b'/').collect()
    };
    here.pop();
    for name in target.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                here.pop();
            }
            name => here.push(name),
        }
    }
    here.join(&b'/')
}

/// Says whether a relative target leaves the tree, from a place so many folders deep.
pub(super) fn climbs(target: &[u8], depth: usize) -> bool {
    let mut depth = depth;
    for name in target.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if depth == 0 => return true,
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}
