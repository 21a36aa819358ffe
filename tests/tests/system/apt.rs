//! What is published, with the real apt and nginx.

mod install;
mod nginx;
