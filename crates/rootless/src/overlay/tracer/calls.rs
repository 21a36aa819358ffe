//! Which system calls have a path, and at which place.
//!
//! Source: the kernel's `syscalls.h`. Links' own targets are left alone: who reads one is given it as it was written.

use libc as c;

/// What there is to do at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It has paths, at these arguments.
    Paths(&'static [usize]),
    /// It reads a link, at these arguments: the path, the memory to write to, and how much there is.
    Link([usize; 3]),
    /// It becomes a program: the path and the arguments.
    Exec([usize; 2]),
    /// It is for paths that no filter sees, and is not to be had: programs do without.
    Refused,
}

/// All that are stopped at.
const STOPPED: &[(i64, Call)] = &[
    (c::SYS_openat, Call::Paths(&[1])),
    (c::SYS_openat2, Call::Paths(&[1])),
    (c::SYS_newfstatat, Call::Paths(&[1])),
    (c::SYS_statx, Call::Paths(&[1])),
    (c::SYS_faccessat, Call::Paths(&[1])),
    (c::SYS_faccessat2, Call::Paths(&[1])),
    (c::SYS_readlinkat, Call::Link([1, 2, 3])),
    (c::SYS_execve, Call::Exec([0, 1])),
    (c::SYS_execveat, Call::Exec([1, 2])),
    (c::SYS_chdir, Call::Paths(&[0])),
    (c::SYS_statfs, Call::Paths(&[0])),
    (c::SYS_renameat2, Call::Paths(&[1, 3])),
    (c::SYS_linkat, Call::Paths(&[1, 3])),
    (c::SYS_symlinkat, Call::Paths(&[2])),
    (c::SYS_unlinkat, Call::Paths(&[1])),
    (c::SYS_mkdirat, Call::Paths(&[1])),
    (c::SYS_mknodat, Call::Paths(&[1])),
    (c::SYS_fchmodat, Call::Paths(&[1])),
    (c::SYS_fchmodat2, Call::Paths(&[1])),
    (c::SYS_fchownat, Call::Paths(&[1])),
    (c::SYS_utimensat, Call::Paths(&[1])),
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

/// Those that newer machines do without.
#[cfg(target_arch = "x86_64")]
const OLDER: &[(i64, Call)] = &[
    (c::SYS_open, Call::Paths(&[0])),
    (c::SYS_creat, Call::Paths(&[0])),
    (c::SYS_stat, Call::Paths(&[0])),
    (c::SYS_lstat, Call::Paths(&[0])),
    (c::SYS_access, Call::Paths(&[0])),
    (c::SYS_readlink, Call::Link([0, 1, 2])),
    (c::SYS_rename, Call::Paths(&[0, 1])),
    (c::SYS_renameat, Call::Paths(&[1, 3])),
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
    (c::SYS_futimesat, Call::Paths(&[1])),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[(i64, Call)] = &[];

/// Returns what there is to do at a system call.
pub(super) fn find(number: i64) -> Option<Call> {
    let mut all = STOPPED.iter().chain(OLDER);
    all.find(|(known, _)| *known == number).map(|(_, call)| *call)
}

/// Returns the numbers of all that are stopped at.
pub(super) fn stopped() -> impl Iterator<Item = i64> {
    STOPPED.iter().chain(OLDER).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_there_twice_and_none_has_more_arguments_than_there_are() {
        let mut numbers: Vec<i64> = stopped().collect();
        numbers.sort_unstable();
        let before = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), before);
        for number in numbers {
            let most = match find(number).unwrap() {
                Call::Paths(places) => *places.iter().max().unwrap(),
                Call::Link(places) => *places.iter().max().unwrap(),
                Call::Exec(places) => *places.iter().max().unwrap(),
                Call::Refused => 0,
            };
            assert!(most < 6, "{number}");
        }
        assert_eq!(find(c::SYS_read), None);
    }
}
