//! The harness: archives, packages, apt and nginx for tests.
