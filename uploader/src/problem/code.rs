//! What can go wrong, for programs: each code with its status, its title and its page.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// Statuses that HTTP has not.
trait FurtherStatus {
    /// Source: tus 1.0, "Checksum".
    const CHECKSUM_MISMATCH: StatusCode;
}

impl FurtherStatus for StatusCode {
    const CHECKSUM_MISMATCH: StatusCode = match StatusCode::from_u16(460) {
        Ok(status) => status,
        Err(_) => unreachable!(),
    };
}

macro_rules! codes {
    ($($name:ident $text:literal $status:ident $title:literal;)*) => {
        /// Identifies the kind of failure. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $($name,)*
        }

        impl Code {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the code.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the status that goes with it.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Returns a short text that is the same each time.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Returns its page.
            pub(crate) fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../../../docs/problems/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    Unauthenticated "unauthenticated" UNAUTHORIZED "Authentication is required";
    InvalidCredentials "invalid_credentials" UNAUTHORIZED "User name or password is wrong";
    InvalidToken "invalid_token" UNAUTHORIZED "The token is not valid";
    InvalidAssertion "invalid_assertion" UNAUTHORIZED "The CI job's token is not accepted";
    UntrustedPublisher "untrusted_publisher" FORBIDDEN "No trusted publisher matches";
    IssuerUnavailable "issuer_unavailable" SERVICE_UNAVAILABLE "The token's issuer does not respond";
    SignInRefused "sign_in_refused" FORBIDDEN "The sign-in at the provider is not accepted";
    PasswordsOff "passwords_off" FORBIDDEN "Sign-in by password is disabled";
    ConfirmationRequired "confirmation_required" FORBIDDEN "The change has to be confirmed";
    Forbidden "forbidden" FORBIDDEN "The account may not do this";
    ScopeTooSmall "scope_too_small" FORBIDDEN "The token's scopes do not permit this";
    ScopeAboveRights "scope_above_rights" FORBIDDEN "The scope exceeds the rights of the account";
    RegistrationClosed "registration_closed" FORBIDDEN "Only administrators can create accounts";
    QuotaExceeded "quota_exceeded" FORBIDDEN "A quota would be exceeded";
    NotFound "not_found" NOT_FOUND "Not found";
    SuiteNotFound "suite_not_found" NOT_FOUND "There is no such suite";
    PackageNotFound "package_not_found" NOT_FOUND "There is no such package";
    UserNotFound "user_not_found" NOT_FOUND "There is no such user";
    TokenNotFound "token_not_found" NOT_FOUND "There is no such token";
    PublisherNotFound "publisher_not_found" NOT_FOUND "There is no such publisher";
    SessionNotFound "session_not_found" NOT_FOUND "There is no such session";
    WebhookNotFound "webhook_not_found" NOT_FOUND "There is no such webhook";
    DeliveryNotFound "delivery_not_found" NOT_FOUND "There is no such delivery";
    ExternalIdentityNotFound "external_identity_not_found" NOT_FOUND "There is no such linked identity";
    UploadNotFound "upload_not_found" NOT_FOUND "There is no such upload";
    SnapshotNotFound "snapshot_not_found" NOT_FOUND "There is no such snapshot";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "The route does not support this method";
    UploadTimeout "upload_timeout" REQUEST_TIMEOUT "The upload took too long";
    UsernameTaken "username_taken" CONFLICT "The user name is taken";
    EmailTaken "email_taken" CONFLICT "The e-mail address is taken";
    ExternalIdentityTaken "external_identity_taken" CONFLICT "The identity is linked already";
    LastAdmin "last_admin" CONFLICT "The last administrator cannot be removed";
    IdentityConflict "identity_conflict" CONFLICT "A different file has this name, version and architecture";
    VersionConflict "version_conflict" CONFLICT "An equal version with a different spelling exists";
    ComponentConflict "component_conflict" CONFLICT "The package is in another component";
    PathTaken "path_taken" CONFLICT "The pool path was taken concurrently";
    UploadOffset "upload_offset" CONFLICT "The offset is not that of the upload";
    NotPublished "not_published" CONFLICT "The suite was never published";
    SnapshotNotPinned "snapshot_not_pinned" CONFLICT "The snapshot is not pinned";
    Vulnerable "vulnerable" CONFLICT "The package has known vulnerabilities";
    WouldBreak "would_break" CONFLICT "Packages would become uninstallable";
    WouldDrop "would_drop" CONFLICT "Packages would disappear that nobody removed";
    AliasServed "alias_served" CONFLICT "The alias of the suite is a suite that is still served";
    SnapshotIncomplete "snapshot_incomplete" CONFLICT "Files of the snapshot are missing";
    UriTooLong "uri_too_long" URI_TOO_LONG "The path and query are too long";
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The media type is not supported";
    RangeNotSatisfiable "range_not_satisfiable" RANGE_NOT_SATISFIABLE "The file has no such range";
    InvalidJson "invalid_json" BAD_REQUEST "The body is not JSON";
    InvalidQuery "invalid_query" BAD_REQUEST "A query parameter is not valid";
    InvalidPath "invalid_path" BAD_REQUEST "The path cannot be decoded";
    InvalidCursor "invalid_cursor" BAD_REQUEST "The cursor is not valid";
    UnknownField "unknown_field" BAD_REQUEST "The body has a field that the operation does not know";
    ChecksumMismatch "checksum_mismatch" CHECKSUM_MISMATCH "The part does not match its checksum";
    DigestMismatch "digest_mismatch" BAD_REQUEST "The body does not match the digest sent with it";
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "A precondition of the request does not hold";
    InvalidUpload "invalid_upload" BAD_REQUEST "The body of the upload cannot be read";
    InvalidRequest "invalid_request" UNPROCESSABLE_ENTITY "A value in the body is not valid";
    InvalidWebhookUrl "invalid_webhook_url" UNPROCESSABLE_ENTITY "The URL of the webhook cannot be used";
    InvalidChanges "invalid_changes" UNPROCESSABLE_ENTITY "The .changes file cannot be used";
    ChangesIncomplete "changes_incomplete" UNPROCESSABLE_ENTITY "A file that the .changes file lists is missing";
    SourceNotTaken "source_not_taken" UNPROCESSABLE_ENTITY "Source packages are not accepted";
    FileNotTaken "file_not_taken" UNPROCESSABLE_ENTITY "Files of this kind are not accepted";
    TooManyUploads "too_many_uploads" TOO_MANY_REQUESTS "Too many uploads are unfinished";
    QueueFull "queue_full" TOO_MANY_REQUESTS "Too many files wait for their .changes file";
    WeakPassword "weak_password" UNPROCESSABLE_ENTITY "The password is too weak";
    SuiteRequired "suite_required" UNPROCESSABLE_ENTITY "The request does not name a suite";
    InvalidPackage "invalid_package" UNPROCESSABLE_ENTITY "dpkg would not accept the package";
    ArchitectureNotInSuite "architecture_not_in_suite" UNPROCESSABLE_ENTITY "The suite has no such architecture";
    ComponentNotInSuite "component_not_in_suite" UNPROCESSABLE_ENTITY "The suite has no such component";
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "Too many requests";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The server is busy or shutting down";
    SigningUnavailable "signing_unavailable" SERVICE_UNAVAILABLE "The archive cannot be signed at present";
    StorageFull "storage_full" INSUFFICIENT_STORAGE "The archive's disk is full";
    Internal "internal" INTERNAL_SERVER_ERROR "The server failed";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl utoipa::PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Identifies the kind of failure. A code never changes its meaning.",
            ))
            .enum_values(Some(Self::ALL.iter().map(|code| code.text())))
            .into()
    }
}

impl utoipa::ToSchema for Code {
    fn name() -> std::borrow::Cow<'static, str> {
        "ProblemCode".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_of_its_own_and_no_two_are_alike() {
        for code in Code::ALL {
            let heading = format!("# `{}`", code.text());
            assert!(code.page().starts_with(&heading), "{}", code.text());
            let summary = format!("Status {}. {}.", code.status().as_u16(), code.title());
            assert!(code.page().contains(&summary), "{}: {summary}", code.text());
            let row = format!(
                "| {} | [`{1}`]({1}.md) | {2} |\n",
                code.status().as_u16(),
                code.text(),
                code.title()
            );
            let list = include_str!("../../../docs/problems/README.md");
            assert!(list.contains(&row), "{row}");
            let same = Code::ALL.iter().filter(|other| other.text() == code.text());
            assert_eq!(same.count(), 1, "{}", code.text());
        }
    }
}
