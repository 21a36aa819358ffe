//! How much of anything a reader takes before it refuses, and which text.
//!
//! Whoever reads bytes from outside passes one [`Limits`] down to every parser: no parser has numbers of its own. The
//! defaults are far above what Debian's archive holds (its longest control file is some 100 KiB, its largest package
//! unpacks to under 8 GiB) and far below what hurts a server.

/// One kibibyte, in bytes.
const KIB: u64 = 1 << 10;
/// One mebibyte, in bytes.
const MIB: u64 = 1 << 20;
/// One gibibyte, in bytes.
const GIB: u64 = 1 << 30;

/// Bounds on sizes and counts of what is read from outside.
///
/// Every value is valid, so the fields are public; start from [`Limits::default`] and change what must differ:
///
/// ```
/// use debian_control::limits::Limits;
///
/// let limits = Limits { max_data_bytes: 1 << 30, ..Limits::default() };
/// assert_eq!(limits.max_fields, 200);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// What a control file may say.
    pub control_rules: ControlRules,

    /// Fields in one stanza.
    pub max_fields: usize,
    /// Bytes of one field's value, in every field but `Description`, which only the whole stanza bounds.
    pub max_field_bytes: usize,
    /// Bytes of one control file, and of one stanza anywhere.
    pub max_control_bytes: usize,
    /// Relations in one relation field, alternatives counted one by one.
    pub max_relations: usize,

    /// Members of the outer `ar` archive.
    pub max_members: usize,
    /// Bytes to which `control.tar` may unpack.
    pub max_control_tar_bytes: u64,
    /// Headers in `control.tar`, those that carry a long name included.
    pub max_control_entries: u64,
    /// Bytes to which `data.tar` may unpack.
    pub max_data_bytes: u64,
    /// Headers in `data.tar`, those that carry a long name included.
    pub max_data_entries: u64,
    /// Bytes of one path or link target inside a tar archive.
    pub max_path_bytes: usize,
    /// Bytes of all paths and link targets of one tar archive together.
    pub max_paths_bytes: u64,

    /// How many times larger than its compressed form a stream may be once it passed [`Self::ratio_free_bytes`].
    pub max_ratio: u64,
    /// Unpacked bytes up to which the ratio is not looked at: a few megabytes of zeros are no attack.
    pub ratio_free_bytes: u64,
    /// Bytes of memory one decoder may take, for its dictionary or window.
    ///
    /// 128 MiB is `xz -9` twice over, and the largest zstd window that dpkg reads.
    pub max_decoder_bytes: u64,
}

/// What a control file may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlRules {
    /// What goes into an index: UTF-8 without control characters of ASCII, and `Provides` with exact versions.
    Strict,
    /// What dpkg installs, too: other bytes, as packages of old have them in names of people, are read as question marks, and what a
    /// package provides in other versions than exact ones is left out.
    AsDpkg,
}

impl Limits {
    /// Bounds for a package that an archive has already and that is to be installed: dpkg and apt take it whatever its text is.
    pub fn for_installing() -> Self {
        Self {
            control_rules: ControlRules::AsDpkg,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            control_rules: ControlRules::Strict,
            max_fields: 200,
            max_field_bytes: (64 * KIB) as usize,
            max_control_bytes: MIB as usize,
            max_relations: 10_000,
            max_members: 64,
            max_control_tar_bytes: 16 * MIB,
            max_control_entries: 1_000,
            max_data_bytes: 8 * GIB,
            max_data_entries: 1_000_000,
            max_path_bytes: 4096,
            max_paths_bytes: 128 * MIB,
            max_ratio: 1_000,
            ratio_free_bytes: 64 * MIB,
            max_decoder_bytes: 128 * MIB,
        }
    }
}
