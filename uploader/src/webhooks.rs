//! Webhooks: what happens in the archive, sent to those who asked to be told.
//!
//! The catalog has recorded each event with the change that it tells of, and a delivery for each receiver. Here deliveries are taken from
//! it, signed and sent, some at a time, by any number of servers. Requests are held up by none of it.

mod backoff;
mod deliverer;
mod keys;
mod secret;
mod send;
#[cfg(test)]
mod tests;

pub(crate) use self::deliverer::Deliverer;
pub(crate) use self::secret::new_secret;
