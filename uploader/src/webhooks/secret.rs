//! What signs a delivery.
//!
//! Source: Standard Webhooks 1.0.0: a secret is `whsec_` and base64, a signature `v1,` and the base64 of the HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`, and several signatures have blanks between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secrets;

/// What a secret begins with, so that people and scanners know it.
const PREFIX: &str = "whsec_";

/// Returns a new secret: 256 random bits.
pub(crate) fn new_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(secrets::random::<32>()))
}

/// Returns the signatures of a body by these secrets; `None` where one of them is no secret.
pub(super) fn signatures(secrets: &[String], message: &str, timestamp: i64, body: &str) -> Option<String> {
    let sign = |secret: &String| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{message}.{timestamp}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signatures: Option<Vec<String>> = secrets.iter().map(sign).collect();
    signatures.map(|signatures| signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let message = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = r#"{"test": 2432232314}"#;
        let signed = signatures(std::slice::from_ref(&secret), message, 1_614_265_330, body).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = new_secret();
        assert_ne!(other, new_secret());
        let both = signatures(&[other.clone(), secret], message, 1_614_265_330, body).unwrap();
        let parts: Vec<&str> = both.split(' ').collect();
        assert!(
            parts.len() == 2 && parts[0] != parts[1] && parts[1] == signed,
            "{both}"
        );
        assert_eq!(signatures(&["no secret".into()], message, 0, body), None);
    }
}
