//! Failures as clients see them: problem+json with stable codes (RFC 9457).

use archive_catalog::accounts::AccountError;
use archive_catalog::{CatalogError, Conflict, TransientFailure};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use debian_archive::config::Suite;
use debian_archive::error_text::with_causes;
use debian_archive::ingest::IngestError;
use debian_control::name::Component;
use hyper::ext::ReasonPhrase;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

macro_rules! codes {
    ($($name:ident $text:literal $status:ident $title:literal;)*) => {
        /// What went wrong, for programs. A code never changes its meaning.
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
                match self { $(Self::$name => include_str!(concat!("../../docs/problems/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    Unauthenticated "unauthenticated" UNAUTHORIZED "Authentication is required";
    InvalidCredentials "invalid_credentials" UNAUTHORIZED "User name or password is wrong";
    InvalidToken "invalid_token" UNAUTHORIZED "The token is not, or no longer, valid";
    InvalidAssertion "invalid_assertion" UNAUTHORIZED "The CI job's token is not accepted";
    UntrustedPublisher "untrusted_publisher" FORBIDDEN "No trusted publisher matches";
    IssuerUnavailable "issuer_unavailable" SERVICE_UNAVAILABLE "The token's issuer does not respond";
    Forbidden "forbidden" FORBIDDEN "The account may not do this";
    ScopeTooSmall "scope_too_small" FORBIDDEN "The token's scopes do not permit this";
    ScopeAboveRights "scope_above_rights" FORBIDDEN "The scope exceeds the rights of the account";
    RegistrationClosed "registration_closed" FORBIDDEN "Only administrators can create accounts";
    NotFound "not_found" NOT_FOUND "Not found";
    SuiteNotFound "suite_not_found" NOT_FOUND "There is no such suite";
    PackageNotFound "package_not_found" NOT_FOUND "There is no such package";
    UserNotFound "user_not_found" NOT_FOUND "There is no such user";
    TokenNotFound "token_not_found" NOT_FOUND "There is no such token";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "The route does not support this method";
    UploadTimeout "upload_timeout" REQUEST_TIMEOUT "The upload took too long";
    UsernameTaken "username_taken" CONFLICT "The user name is taken";
    EmailTaken "email_taken" CONFLICT "The e-mail address is taken";
    LastAdmin "last_admin" CONFLICT "The last administrator cannot be removed";
    IdentityConflict "identity_conflict" CONFLICT "Other bytes have this name, version and architecture";
    VersionConflict "version_conflict" CONFLICT "An equal version with another spelling exists";
    ComponentConflict "component_conflict" CONFLICT "The package is in another component";
    PathTaken "path_taken" CONFLICT "The pool path was taken concurrently";
    UriTooLong "uri_too_long" URI_TOO_LONG "The address is too long";
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The media type is not supported";
    InvalidJson "invalid_json" BAD_REQUEST "The body is not JSON";
    InvalidQuery "invalid_query" BAD_REQUEST "A query parameter is not valid";
    InvalidPath "invalid_path" BAD_REQUEST "The path cannot be decoded";
    InvalidCursor "invalid_cursor" BAD_REQUEST "The cursor is not valid";
    UnknownField "unknown_field" BAD_REQUEST "The body has a field that the operation does not know";
    DigestMismatch "digest_mismatch" BAD_REQUEST "The body does not match the digest sent with it";
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "The resource was changed since it was read";
    InvalidUpload "invalid_upload" BAD_REQUEST "The body of the upload cannot be read";
    InvalidRequest "invalid_request" UNPROCESSABLE_ENTITY "A value in the body is not valid";
    InvalidChanges "invalid_changes" UNPROCESSABLE_ENTITY "The .changes file cannot be used";
    ChangesIncomplete "changes_incomplete" UNPROCESSABLE_ENTITY "A file that the .changes file lists is missing";
    SourceNotTaken "source_not_taken" UNPROCESSABLE_ENTITY "Source packages are not accepted";
    FileNotTaken "file_not_taken" UNPROCESSABLE_ENTITY "Files of this kind are not accepted";
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
                "What went wrong, for programs. A code never changes its meaning.",
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

/// How a client may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    Bearer,
    Basic,
}

/// A failure.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// What was found and what would be right.
    pub(crate) detail: String,
    pub(crate) challenge: Challenge,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after: Option<u64>,
}

/// The body of a failure.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, for people; the same for the same code.
    title: &'static str,
    /// The status.
    status: u16,
    /// What was found, and what would be right.
    detail: String,
    /// The request, as the log has it.
    instance: String,
    /// What went wrong, for programs.
    code: Code,
}

/// Seconds after which what is over by itself is tried again.
const SOON: u64 = 5;
/// Seconds after which what somebody has to mend is tried again.
const LATER: u64 = 30;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            challenge: Challenge::Bearer,
            retry_after: match code {
                Code::Unavailable | Code::IssuerUnavailable => Some(SOON),
                Code::SigningUnavailable | Code::StorageFull => Some(LATER),
                _ => None,
            },
        }
    }

    /// What the client is not told is logged. What passes is not the server's failure, and the client is told to come again.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(lack) = Lack::behind(error) {
            tracing::error!(error = %with_causes(error), "a request was refused: {}", lack.text());
            return lack.problem();
        }
        tracing::error!(error = %with_causes(error), "a request failed");
        Self::failed()
    }

    /// Says that the server failed, for a reason that was logged.
    pub(crate) fn failed() -> Self {
        Self::new(
            Code::Internal,
            "the reason is in the server's log, under the id of this request",
        )
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "expected an `Authorization` header with a token of `POST /api/auth/login` or `POST /api/tokens`",
        )
    }

    pub(crate) fn no_such_suite(name: &str) -> Self {
        Self::new(Code::SuiteNotFound, format!("no suite `{}`", name.escape_debug()))
    }

    /// Says that a suite does not have a component.
    pub(crate) fn no_such_component(suite: &Suite, name: &str) -> Self {
        let listed: Vec<&str> = suite.components.iter().map(Component::as_str).collect();
        Self::new(
            Code::ComponentNotInSuite,
            format!(
                "no component `{}` in suite `{}`, which has {}",
                name.escape_debug(),
                suite.codename,
                listed.join(", ")
            ),
        )
    }

    /// Says that the rights of who asks changed between their check and the change that rests on them.
    fn rights_changed() -> Self {
        Self::new(
            Code::Forbidden,
            "the account or its token changed while the request was under way, and nothing was done: repeat it with what is valid now",
        )
    }

    /// Has the refusal ask for Basic, for programs that know nothing else.
    pub(crate) fn with_basic_challenge(mut self) -> Self {
        self.challenge = Challenge::Basic;
        self
    }

    /// The text form, for programs that show a body as it is.
    pub(crate) fn into_text(self) -> Response {
        let text = format!("{}: {}\n", self.code.title(), self.detail);
        let code = HeaderValue::from_static(self.code.text());
        let mut response = (self.code.status(), text).into_response();
        response.headers_mut().insert("x-error-code", code);
        // dput shows nothing else of an answer than its status line.
        let reason = ReasonPhrase::try_from(reason(&self).into_bytes());
        let reason = reason.expect("printable ASCII is a reason phrase");
        response.extensions_mut().insert(reason);
        self.with_headers(response)
    }

    /// The form that the operation answers in: where programs put files, text unless JSON is asked for.
    pub(crate) fn into_response_to(self, request: &Request) -> Response {
        let puts_files = request.uri().path().starts_with("/api/upload/");
        if puts_files && !wants_json(request.headers()) {
            self.into_text()
        } else {
            self.into_response()
        }
    }

    fn with_headers(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = match self.challenge {
                Challenge::Bearer => r#"Bearer realm="archive""#,
                Challenge::Basic => r#"Basic realm="archive", charset="UTF-8""#,
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Says whether a client asks for JSON where the answer is text by default.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| matches!(kind.trim(), "application/json" | "application/problem+json"))
}

/// Returns the text form on one line of ASCII, short enough for a status line.
fn reason(problem: &Problem) -> String {
    const MOST: usize = 300;
    let text = format!("{}: {}", problem.code.title(), problem.detail);
    let is_shown = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    text.chars()
        .map(|letter| if is_shown(letter) { letter } else { '?' })
        .take(MOST)
        .collect()
}

impl IntoResponse for Problem {
    /// Leaves the body to [`complete`], which knows the request.
    fn into_response(self) -> Response {
        let response = self.code.status().into_response();
        self.with_headers(response)
    }
}

/// Gives the answer to a request its body where it is a problem, and returns that.
pub(crate) fn complete(response: &mut Response, request_id: &str) -> Option<Problem> {
    let problem = response.extensions_mut().remove::<Problem>()?;
    // The text form has its body already, which names no request.
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return Some(problem);
    }
    let body = ProblemBody {
        kind: format!("/problems/{}", problem.code.text()),
        title: problem.code.title(),
        status: problem.code.status().as_u16(),
        detail: problem.detail.clone(),
        instance: request_id.to_owned(),
        code: problem.code,
    };
    let text = serde_json::to_vec(&body).expect("texts and a number are JSON");
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    *response.body_mut() = text.into();
    Some(problem)
}

impl From<&CatalogError> for Problem {
    fn from(error: &CatalogError) -> Self {
        if matches!(error, CatalogError::Replaced { .. }) {
            tracing::error!(error = %with_causes(error), "the server stops");
            return Self::new(
                Code::Unavailable,
                "the catalog was replaced, and the server is stopping: nothing was stored",
            );
        }
        match error {
            CatalogError::AuthorityEnded => Self::rights_changed(),
            error => Self::internal(error),
        }
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        (&error).into()
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let code = match &error {
            AccountError::Catalog(cause) => return cause.into(),
            AccountError::NameTaken(_) => Code::UsernameTaken,
            AccountError::EmailTaken(_) => Code::EmailTaken,
            AccountError::Missing => Code::UserNotFound,
            AccountError::LastAdmin => Code::LastAdmin,
        };
        Self::new(code, error.to_string())
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let code = match &error {
            IngestError::Catalog(cause) => return cause.into(),
            IngestError::Invalid(_) | IngestError::OddName(_) => Code::InvalidPackage,
            IngestError::ArchitectureNotInSuite { .. } => Code::ArchitectureNotInSuite,
            IngestError::Conflict(conflict) => match **conflict {
                Conflict::OtherBytes { .. } => Code::IdentityConflict,
                Conflict::EqualVersion { .. } => Code::VersionConflict,
                Conflict::OtherComponent { .. } => Code::ComponentConflict,
                Conflict::PathTaken(_) => Code::PathTaken,
                Conflict::AuthorityEnded => return Self::rights_changed(),
            },
            _ => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

impl From<archive_storage::pool::PoolError> for Problem {
    fn from(error: archive_storage::pool::PoolError) -> Self {
        IngestError::from(error).into()
    }
}

impl From<archive_storage::staging::StagingError> for Problem {
    fn from(error: archive_storage::staging::StagingError) -> Self {
        IngestError::from(error).into()
    }
}

/// What there is too little of at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    Room,
    /// Others hold the catalog.
    Turn,
    Descriptors,
}

impl Lack {
    /// Finds what an error comes from, among its causes.
    fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| {
            if let Some(error) = error.downcast_ref::<CatalogError>() {
                return match error.transient_failure() {
                    Some(TransientFailure::Full) => Some(Self::Room),
                    Some(TransientFailure::Busy) => Some(Self::Turn),
                    None => None,
                };
            }
            let error = error.downcast_ref::<std::io::Error>()?;
            match (error.kind(), error.raw_os_error()) {
                (std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded, _) => Some(Self::Room),
                (_, Some(libc::EMFILE | libc::ENFILE)) => Some(Self::Descriptors),
                _ => None,
            }
        })
    }

    fn text(self) -> &'static str {
        match self {
            Self::Room => "the disk is full",
            Self::Turn => "another process holds the catalog",
            Self::Descriptors => "too many files are open",
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::Room => Problem::new(
                Code::StorageFull,
                "the disk is full, and nothing was kept: try again when there is room",
            ),
            Self::Turn => Problem::new(
                Code::Unavailable,
                "the catalog is in use for longer than a request may wait, and nothing was changed: try again",
            ),
            Self::Descriptors => Problem::new(
                Code::Unavailable,
                "too many files and connections are open: try again",
            ),
        }
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
            assert!(code.page().contains(code.status().as_str()), "{}", code.text());
            let same = Code::ALL.iter().filter(|other| other.text() == code.text());
            assert_eq!(same.count(), 1, "{}", code.text());
        }
    }

    #[test]
    fn what_passes_is_told_apart_from_what_fails() {
        let of = |error: std::io::Error| {
            let problem = Problem::internal(&archive_catalog::CatalogError::Database {
                location: "catalog.db".into(),
                action: "open it",
                source: Box::new(error),
            });
            (problem.code, problem.retry_after.is_some())
        };
        let system = std::io::Error::from_raw_os_error;
        assert_eq!(of(system(libc::ENOSPC)), (Code::StorageFull, true));
        assert_eq!(of(system(libc::EDQUOT)), (Code::StorageFull, true));
        assert_eq!(of(system(libc::EMFILE)), (Code::Unavailable, true));
        assert_eq!(of(system(libc::EIO)), (Code::Internal, false));
    }
}
