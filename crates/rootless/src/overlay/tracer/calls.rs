//! Which system calls have a path, and at which place.
//!
//! Source: the kernel's `syscalls.h`. Links' own targets are left alone: who reads one is given it as it was written.

use libc as c;

/// What there is to do at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It has paths, at these arguments.
    Paths(&'static [usize]),
    /// It has paths at these arguments, each behind the descriptor of the folder that it counts from.
    PathsAt(&'static [usize]),
    /// It has a path at this argument, which may be bound to the folder that it counts from.
    Bound(&'static [usize]),
    /// It reads a link, at these arguments: the path, the memory to write to, and how much there is.
    Link([usize; 3]),
    /// The same, with the descriptor of the folder that the path counts from before it.
    LinkAt([usize; 3]),
    /// It becomes a program: the path and the arguments.
    Exec([usize; 2]),
    /// It lists a folder: the descriptor of it, and the memory to write to.
    List([usize; 2]),
    /// It is for paths that no filter sees, and is not to be had: programs do without.
    Refused,
    /// It takes the sight of the process's memory from all others, also from who follows it: it is said to be done, and is not.
    Hides,
}

impl Call {
    /// Returns at which arguments there are paths that may lead elsewhere.
    pub(super) fn paths(&self) -> &[usize] {
        match self {
            Self::Paths(places) | Self::PathsAt(places) | Self::Bound(places) => places,
            Self::Link([path, ..]) | Self::LinkAt([path, ..]) | Self::Exec([path, _]) => {
                std::slice::from_ref(path)
            }
            Self::List(_) | Self::Refused | Self::Hides => &[],
        }
    }
}

/// All that are stopped at.
const STOPPED: &[(i64, Call)] = &[
    (c::SYS_openat, Call::PathsAt(&[1])),
    (c::SYS_openat2, Call::Bound(&[1])),
    (c::SYS_newfstatat, Call::PathsAt(&[1])),
    (c::SYS_statx, Call::PathsAt(&[1])),
    (c::SYS_faccessat, Call::PathsAt(&[1])),
    (c::SYS_faccessat2, Call::PathsAt(&[1])),
    (c::SYS_readlinkat, Call::LinkAt([1, 2, 3])),
    (c::SYS_execve, Call::Exec([0, 1])),
    (c::SYS_execveat, Call::Exec([1, 2])),
    (c::SYS_chdir, Call::Paths(&[0])),
    (c::SYS_statfs, Call::Paths(&[0])),
    (c::SYS_renameat2, Call::PathsAt(&[1, 3])),
    (c::SYS_linkat, Call::PathsAt(&[1, 3])),
    (c::SYS_symlinkat, Call::PathsAt(&[2])),
    (c::SYS_unlinkat, Call::PathsAt(&[1])),
    (c::SYS_mkdirat, Call::PathsAt(&[1])),
    (c::SYS_mknodat, Call::PathsAt(&[1])),
    (c::SYS_fchmodat, Call::PathsAt(&[1])),
    (c::SYS_fchmodat2, Call::PathsAt(&[1])),
    (c::SYS_fchownat, Call::PathsAt(&[1])),
    (c::SYS_utimensat, Call::PathsAt(&[1])),
    (c::SYS_truncate, Call::Paths(&[0])),
    (c::SYS_getxattr, Call::Paths(&[0])),
    (c::SYS_lgetxattr, Call::Paths(&[0])),
    (c::SYS_listxattr, Call::Paths(&[0])),
    (c::SYS_llistxattr, Call::Paths(&[0])),
    (c::SYS_setxattr, Call::Paths(&[0])),
    (c::SYS_lsetxattr, Call::Paths(&[0])),
    (c::SYS_inotify_add_watch, Call::Paths(&[1])),
    (c::SYS_io_uring_setup, Call::Refused),
];

/// Those that newer kinds of machines do without.
const OLDER: &[(i64, Call)] = &[
    (c::SYS_open, Call::Paths(&[0])),
    (c::SYS_creat, Call::Paths(&[0])),
    (c::SYS_stat, Call::Paths(&[0])),
    (c::SYS_lstat, Call::Paths(&[0])),
    (c::SYS_access, Call::Paths(&[0])),
    (c::SYS_readlink, Call::Link([0, 1, 2])),
    (c::SYS_rename, Call::Paths(&[0, 1])),
    (c::SYS_renameat, Call::PathsAt(&[1, 3])),
    (c::SYS_link, Call::Paths(&[0, 1])),
    (c::SYS_symlink, Call::Paths(&[1])),
    (c::SYS_unlink, Call::Paths(&[0])),
    (c::SYS_mkdir, Call::Paths(&[0])),
    (c::SYS_rmdir, Call::Paths(&[0])),
    (c::SYS_mknod, Call::Paths(&[0])),
    (c::SYS_chmod, Call::Paths(&[0])),
    (c::SYS_chown, Call::Paths(&[0])),
    (c::SYS_lchown, Call::Paths(&[0])),
    (c::SYS_utime, Call::Paths(&[0])),
    (c::SYS_utimes, Call::Paths(&[0])),
    (c::SYS_futimesat, Call::PathsAt(&[1])),
];

/// Those that are stopped at where files are made: what is among the links looks there as it would in a namespace.
const STOPPED_TO_MAKE: &[(i64, Call)] = &[(c::SYS_getdents64, Call::List([0, 1]))];

/// What is stopped at only with these first two arguments: number, and both. Source: prctl(2).
const HIDING: (i64, [u64; 2]) = (c::SYS_prctl, [c::PR_SET_DUMPABLE as u64, 0]);

/// Those that change a file by its path.
const CHANGING: &[i64] = &[
    c::SYS_truncate,
    c::SYS_fchmodat,
    c::SYS_fchmodat2,
    c::SYS_fchownat,
    c::SYS_utimensat,
    c::SYS_setxattr,
    c::SYS_creat,
    c::SYS_chmod,
    c::SYS_chown,
    c::SYS_utime,
    c::SYS_utimes,
    c::SYS_futimesat,
];

/// Those that give names and take them.
const NAMING: &[i64] = &[
    c::SYS_renameat2,
    c::SYS_linkat,
    c::SYS_symlinkat,
    c::SYS_unlinkat,
    c::SYS_mkdirat,
    c::SYS_mknodat,
    c::SYS_rename,
    c::SYS_renameat,
    c::SYS_link,
    c::SYS_symlink,
    c::SYS_unlink,
    c::SYS_mkdir,
    c::SYS_rmdir,
    c::SYS_mknod,
];

/// What becomes of what a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It stays as it is.
    Read,
    /// So does the name itself, which is not followed where it is a link.
    Look,
    /// The file behind it is changed, or made.
    Change,
    /// The name is given to something, or taken from it.
    Name,
}

/// Says what a system call does with what its paths name. `argument` returns one of its arguments.
pub(super) fn access(number: i64, argument: impl Fn(usize) -> u64) -> Access {
    let looked = |place, flag: c::c_int| {
        let is_look = argument(place) & flag as u64 != 0;
        if is_look { Access::Look } else { Access::Read }
    };
    let opened = |place| {
        let changing = (c::O_WRONLY | c::O_RDWR | c::O_TRUNC | c::O_CREAT) as u64;
        if argument(place) & changing == 0 {
            looked(place, c::O_NOFOLLOW)
        } else {
            Access::Change
        }
    };
    match number {
        c::SYS_openat => opened(2),
        c::SYS_open => opened(1),
        c::SYS_newfstatat => looked(3, c::AT_SYMLINK_NOFOLLOW),
        c::SYS_statx => looked(2, c::AT_SYMLINK_NOFOLLOW),
        c::SYS_lstat => Access::Look,
        _ if CHANGING.contains(&number) => Access::Change,
        _ if NAMING.contains(&number) => Access::Name,
        _ => Access::Read,
    }
}

/// What a system call does to what one of its paths names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// It makes it, unless it is there.
    Make,
    /// It changes it or takes it away, if it is there, or asks whether it might.
    Alter,
    /// It writes to it, and makes it if it is not there.
    Write,
    /// It gives another name to it.
    Share,
}

/// Says what a system call does to what a path names, the first one of its paths or the second; nothing where it changes nothing.
/// `argument` returns one of its arguments.
pub(super) fn deed(number: i64, is_first: bool, argument: impl Fn(usize) -> u64) -> Option<Deed> {
    let has = |place: usize, flag: c::c_int| argument(place) & flag as u64 != 0;
    let opened = |place| match (
        has(place, c::O_CREAT),
        has(place, c::O_WRONLY | c::O_RDWR | c::O_TRUNC),
    ) {
        (false, false) => None,
        (false, true) => Some(Deed::Alter),
        // What is there is read, or is in the way.
        (true, false) => Some(Deed::Make),
        (true, true) if has(place, c::O_EXCL) => Some(Deed::Make),
        (true, true) => Some(Deed::Write),
    };
    let asked = |place| has(place, c::W_OK).then_some(Deed::Alter);
    match number {
        c::SYS_openat => opened(2),
        c::SYS_open => opened(1),
        c::SYS_creat => Some(Deed::Write),
        c::SYS_access => asked(1),
        c::SYS_faccessat | c::SYS_faccessat2 => asked(2),
        c::SYS_rename | c::SYS_renameat | c::SYS_renameat2 if !is_first => Some(Deed::Write),
        c::SYS_link | c::SYS_linkat if is_first => Some(Deed::Share),
        c::SYS_link
        | c::SYS_linkat
        | c::SYS_symlink
        | c::SYS_symlinkat
        | c::SYS_mkdir
        | c::SYS_mkdirat
        | c::SYS_mknod
        | c::SYS_mknodat => Some(Deed::Make),
        _ if CHANGING.contains(&number) || NAMING.contains(&number) => Some(Deed::Alter),
        _ => None,
    }
}

/// Returns what there is to do at a system call.
pub(super) fn find(number: i64) -> Option<Call> {
    if number == HIDING.0 {
        return Some(Call::Hides);
    }
    let mut all = STOPPED.iter().chain(OLDER).chain(STOPPED_TO_MAKE);
    all.find(|(known, _)| *known == number).map(|(_, call)| *call)
}

/// Returns the numbers of all that are stopped at.
pub(super) fn stopped() -> impl Iterator<Item = i64> {
    STOPPED.iter().chain(OLDER).map(|(number, _)| *number)
}

/// Returns the number of the one that is stopped at only with certain first arguments, and those.
pub(super) fn hiding() -> (i64, [u64; 2]) {
    HIDING
}

/// Returns those of the calls that are stopped at besides where files are made.
pub(super) fn stopped_to_make() -> impl Iterator<Item = i64> {
    STOPPED_TO_MAKE.iter().map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_there_twice_and_none_has_more_arguments_than_there_are() {
        let mut numbers: Vec<i64> = stopped().chain(stopped_to_make()).collect();
        numbers.sort_unstable();
        let before = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), before);
        for number in numbers {
            let most = match find(number).unwrap() {
                Call::Paths(places) | Call::PathsAt(places) | Call::Bound(places) => {
                    *places.iter().max().unwrap()
                }
                Call::Link(places) | Call::LinkAt(places) => *places.iter().max().unwrap(),
                Call::Exec(places) | Call::List(places) => *places.iter().max().unwrap(),
                Call::Refused | Call::Hides => 0,
            };
            assert!(most < 6, "{number}");
        }
        assert_eq!(find(c::SYS_read), None);
    }

    #[test]
    fn a_folder_stands_before_each_path_that_counts_from_one() {
        for number in stopped() {
            let least = match find(number).unwrap() {
                Call::PathsAt(places) => *places.iter().min().unwrap(),
                Call::LinkAt(places) => places[0],
                _ => 1,
            };
            assert!(least > 0, "{number}");
        }
        for number in CHANGING.iter().chain(NAMING) {
            assert!(find(*number).is_some(), "{number}");
        }
    }

    #[test]
    fn what_changes_something_is_known_by_its_flags_and_by_which_path_it_is() {
        let with = |number, is_first, place, flag: c::c_int| {
            deed(
                number,
                is_first,
                |asked| if asked == place { flag as u64 } else { 0 },
            )
        };
        assert_eq!(with(c::SYS_openat, true, 2, c::O_RDONLY), None);
        assert_eq!(with(c::SYS_openat, true, 2, c::O_WRONLY), Some(Deed::Alter));
        assert_eq!(with(c::SYS_openat, true, 2, c::O_CREAT), Some(Deed::Make));
        assert_eq!(
            with(c::SYS_open, true, 1, c::O_CREAT | c::O_RDWR),
            Some(Deed::Write)
        );
        let exclusive = c::O_CREAT | c::O_RDWR | c::O_EXCL;
        assert_eq!(with(c::SYS_open, true, 1, exclusive), Some(Deed::Make));
        assert_eq!(with(c::SYS_access, true, 1, c::R_OK | c::W_OK), Some(Deed::Alter));
        assert_eq!(with(c::SYS_access, true, 1, c::R_OK), None);
        for (number, first, second) in [
            (c::SYS_renameat2, Deed::Alter, Deed::Write),
            (c::SYS_link, Deed::Share, Deed::Make),
            (c::SYS_symlink, Deed::Make, Deed::Make),
            (c::SYS_unlinkat, Deed::Alter, Deed::Alter),
            (c::SYS_chmod, Deed::Alter, Deed::Alter),
        ] {
            assert_eq!(with(number, true, 9, 0), Some(first), "{number}");
            assert_eq!(with(number, false, 9, 0), Some(second), "{number}");
        }
        assert_eq!(with(c::SYS_execve, true, 0, 0), None);
    }

    #[test]
    fn who_follows_no_link_looks_at_the_name() {
        let with = |number, place, flag: c::c_int| {
            access(number, |asked| if asked == place { flag as u64 } else { 0 })
        };
        assert_eq!(with(c::SYS_newfstatat, 3, c::AT_SYMLINK_NOFOLLOW), Access::Look);
        assert_eq!(with(c::SYS_newfstatat, 3, 0), Access::Read);
        assert_eq!(with(c::SYS_statx, 2, c::AT_SYMLINK_NOFOLLOW), Access::Look);
        assert_eq!(with(c::SYS_openat, 2, c::O_NOFOLLOW), Access::Look);
        assert_eq!(with(c::SYS_openat, 2, c::O_NOFOLLOW | c::O_RDWR), Access::Change);
        assert_eq!(with(c::SYS_lstat, 0, 0), Access::Look);
    }
}
