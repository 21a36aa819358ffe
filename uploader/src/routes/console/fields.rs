//! The fields of a form.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::extract::media_type;
use crate::problem::{Code, Problem};
use crate::query::not_utf8;
use crate::receive::took_too_long;

/// The fields of a form, in their order.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form of at most two megabytes.
    pub(super) async fn read(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if media_type(request.headers()).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(wrong("expected a form".to_owned()));
        }
        let time = app.settings.upload_idle;
        let read = tokio::time::timeout(time, Bytes::from_request(request, app));
        let read = read.await.map_err(|_| took_too_long(time))?;
        let bytes = read.map_err(|rejection| wrong(rejection.body_text()))?;
        let text = str::from_utf8(&bytes).map_err(|_| wrong("expected a form in UTF-8".to_owned()))?;
        if let Some(name) = not_utf8(text) {
            return Err(wrong(format!("invalid UTF-8 in the field `{name}`")));
        }
        let fields = serde_urlencoded::from_str(text).map_err(|error| wrong(error.to_string()))?;
        Ok(Self(fields))
    }

    /// Returns all fields.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the value of a field, where the form has it.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the value of a field, without blanks around it; empty where the form has none.
    pub(super) fn text(&self, name: &str) -> String {
        self.given(name).unwrap_or_default().trim().to_owned()
    }

    /// Returns the value of a field that was filled in.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Says whether known vulnerabilities that a suite does not take are accepted: `templates/console/allow_vulnerable.html` asks.
    pub(super) fn allows_vulnerable(&self) -> bool {
        self.given("allow_vulnerable") == Some("true")
    }

    /// Returns the condition that what the form changes still is as its page showed it: the field `shown` names that state.
    pub(super) fn as_shown(&self) -> Result<HeaderMap, Problem> {
        let tag = format!("\"{}\"", self.text("shown"));
        let tag = HeaderValue::try_from(tag).map_err(|error| wrong(error.to_string()))?;
        Ok(HeaderMap::from_iter([(header::IF_MATCH, tag)]))
    }

    /// Returns the value of a field, where that is another one than the page showed.
    pub(super) fn changed(&self, name: &str, shown: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| text != shown)
    }

    /// Returns all values of a field.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let found = self.0.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).collect()
    }

    /// Returns the words of a field.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        self.text(name).split_whitespace().map(str::to_owned).collect()
    }

    /// Returns a password as it was typed.
    pub(super) fn password(&self, name: &str) -> String {
        self.given(name).unwrap_or_default().to_owned()
    }
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
