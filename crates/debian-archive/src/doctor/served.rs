//! What the server at `url` answers, of what no suite has alone.

use super::diagnosis::{Area, Report};
use super::headers::{Answer, Ask, Served};
use super::keys::KEYRING;
use super::same;
use crate::archive::Archive;
use crate::verify::ArchiveVerifyError;

/// Most bytes read of one small file.
const MOST: usize = 4 << 20;

const SEE_SERVER: &str = "see that the server runs and that `url` is right";

/// Examines it, and says whether it answers at all: whoever does not is not asked again and again.
pub(super) fn diagnose(
    archive: &Archive,
    url: &str,
    server: &dyn Served,
    report: &mut Report,
) -> Result<bool, ArchiveVerifyError> {
    let base = url.trim_end_matches('/');
    let address = format!("{base}/{KEYRING}");
    let ask = Ask {
        url: &address,
        headers: &[],
        most: MOST,
    };
    let answer = match server.ask(ask) {
        Ok(answer) => answer,
        Err(error) => {
            report.error(Area::Served, &address, error, SEE_SERVER);
            return Ok(false);
        }
    };
    let found = match (answer.status, archive.files().read(KEYRING)?) {
        (200, Some(kept)) => same(&answer.body, &kept),
        (200, None) => Err("is served, and the archive has none".to_owned()),
        (status, _) => Err(format!("answered with {status}")),
    };
    match found {
        Ok(()) => report.ok(Area::Served, &address, "is the keyring of the archive"),
        Err(found) => report.error(
            Area::Served,
            &address,
            found,
            "serve the root of this archive at `url`",
        ),
    }
    secrets(archive, base, server, report);
    Ok(true)
}

/// Fetches what has to be there.
pub(super) fn get(
    server: &dyn Served,
    url: &str,
    headers: &[(&str, &str)],
    report: &mut Report,
) -> Option<Answer> {
    let ask = Ask {
        url,
        headers,
        most: MOST,
    };
    match server.ask(ask) {
        Ok(answer) if matches!(answer.status, 200 | 206 | 304) => Some(answer),
        Ok(answer) => {
            let found = format!("answered with {}", answer.status);
            report.error(Area::Served, url, found, "serve it: nginx/archive.conf shows how");
            None
        }
        Err(error) => {
            report.error(
                Area::Served,
                url,
                error,
                "see that the server runs and that `url` is right",
            );
            None
        }
    }
}

/// Nobody may fetch keys, settings and the catalog.
fn secrets(archive: &Archive, base: &str, server: &dyn Served, report: &mut Report) {
    let key = archive.config().signing.key.as_ref();
    let key = key.map(|key| key.to_string_lossy().into_owned());
    let before = report.findings();
    for path in ["repogen.toml", "catalog.db", "keys/"]
        .into_iter()
        .chain(key.as_deref())
    {
        let url = format!("{base}/{path}");
        let ask = Ask {
            url: &url,
            headers: &[],
            most: 1,
        };
        // No answer is as good as a refusal.
        if server
            .ask(ask)
            .is_ok_and(|answer| matches!(answer.status, 200 | 206))
        {
            report.error(
                Area::Secret,
                &url,
                "can be fetched by everybody",
                "serve by an allow-list, as nginx/archive.conf does; replace the keys if they could be read",
            );
        }
    }
    if report.findings() == before {
        report.ok(Area::Secret, base, "keys, settings and catalog cannot be fetched");
    }
}
