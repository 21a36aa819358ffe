//! Machines on which programs cannot be followed yet: the same names as where they can.

/// See `tracer.rs`.
pub mod tracer {
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;

    /// The command of `cpkgs` that follows a process.
    pub const TRACE_COMMAND: &str = "trace-in-generation";

    /// Says that it cannot be.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn enter(_: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Says that it cannot be.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn command(_: &[OsString]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// See `confined.rs`.
pub mod confined {
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// The command of `cpkgs` that follows a program which makes files for a generation.
    pub const FOLLOW_COMMAND: &str = "make-by-links";
    /// The command of `cpkgs` that becomes such a program.
    pub const CONFINED_COMMAND: &str = "exec-confined";

    /// Says that it cannot be.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn make(_: &Path, _: Duration, _: &[OsString]) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Says that it cannot be.
    pub fn become_program(_: &Path, _: &OsString, _: &[OsString]) -> io::Error {
        io::ErrorKind::Unsupported.into()
    }
}
