//! Joining two copies of one certificate.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::types::{KeyDetails as _, SignedUser};

/// Adds to `known` what only `other`, a copy of the same certificate, has.
///
/// Nothing is taken away: two copies say together whatever each of them says, a revocation above all.
pub(super) fn merge(known: &mut SignedPublicKey, other: SignedPublicKey) {
    add_new(
        &mut known.details.revocation_signatures,
        other.details.revocation_signatures,
    );
    add_new(
        &mut known.details.direct_signatures,
        other.details.direct_signatures,
    );
    for user in other.details.users {
        merge_user(&mut known.details.users, user);
    }
    for attribute in other.details.user_attributes {
        add_new(&mut known.details.user_attributes, vec![attribute]);
    }
    for subkey in other.public_subkeys {
        merge_subkey(&mut known.public_subkeys, subkey);
    }
}

fn merge_user(users: &mut Vec<SignedUser>, other: SignedUser) {
    match users.iter_mut().find(|user| user.id.id() == other.id.id()) {
        Some(user) => add_new(&mut user.signatures, other.signatures),
        None => users.push(other),
    }
}

fn merge_subkey(subkeys: &mut Vec<SignedPublicSubKey>, other: SignedPublicSubKey) {
    let fingerprint = other.key.fingerprint();
    match subkeys
        .iter_mut()
        .find(|subkey| subkey.key.fingerprint() == fingerprint)
    {
        Some(subkey) => add_new(&mut subkey.signatures, other.signatures),
        None => subkeys.push(other),
    }
}

fn add_new<T: PartialEq>(known: &mut Vec<T>, other: Vec<T>) {
    for item in other {
        if !known.contains(&item) {
            known.push(item);
        }
    }
}
