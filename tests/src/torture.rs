//! What a published archive has to bear: readers at every moment, killed writers, power cuts, stopped writers, full disks.
//!
//! Each scenario takes its counts and a seed, and gives an [`Account`] of what it did and of every fault it saw. The whole-system
//! tests run all of them with small counts; `make torture` runs them with those of its environment.

mod account;
mod churn;
mod clients;
pub mod full;
pub mod generations;
pub mod kills;
pub mod mirrored;
mod owner;
pub mod power;
pub mod stops;
pub mod torn;

pub use account::Account;
pub use churn::Churn;
pub use clients::Clients;
