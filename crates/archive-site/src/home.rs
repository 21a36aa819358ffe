//! The page at the root: what this archive is, and how a machine begins to use it.

use askama::Template;

use crate::file::File;
use crate::layout::Layout;
use crate::site::{Site, SiteSuite};
use crate::sitemap;
use crate::status::{KeyView, SuiteStatus};
use crate::text;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    layout: Layout<'a>,
    suites: Vec<SuiteCard<'a>>,
    keys: Vec<KeyView>,
}

struct SuiteCard<'a> {
    suite: &'a SiteSuite,
    href: String,
    status: Option<HomeStatusView>,
    setup: Option<SetupView>,
}

struct HomeStatusView {
    packages: String,
    size: String,
    published_at: String,
    published_day: String,
}

/// What sets a machine up for a suite.
struct SetupView {
    /// A command that writes the entry for apt, with the key in it.
    write: String,
    apt: String,
    cpkgs: String,
    dockerfile: String,
    ansible: String,
}

/// Returns the pages at the root that do not depend on packages: home, sitemap, robots.txt.
///
/// `suites` are those that were published; a suite that was not is named without numbers.
pub fn home(site: &Site, suites: &[SuiteStatus]) -> Vec<File> {
    let mut layout = Layout::new(site, "index.html", &*site.title).with_twin("repository.json");
    // What most people look for is in the suite that the settings name first.
    layout.suite = site.suites.first().map(|suite| suite.codename.as_str());
    let page = HomePage {
        suites: site
            .suites
            .iter()
            .map(|suite| card(suite, &layout, suites))
            .collect(),
        keys: site.keys.iter().map(KeyView::new).collect(),
        layout,
    };
    let mut files = vec![File::page("index.html", &page)];
    files.extend(sitemap::of_root(site));
    files
}

fn card<'a>(suite: &'a SiteSuite, layout: &Layout<'_>, suites: &[SuiteStatus]) -> SuiteCard<'a> {
    let codename = &suite.codename;
    SuiteCard {
        suite,
        href: format!("{}/index.html", layout.suite_link(codename)),
        status: suites
            .iter()
            .find(|status| status.suite == *codename)
            .map(status_view),
        setup: setup(layout.site, suite),
    }
}

fn status_view(status: &SuiteStatus) -> HomeStatusView {
    HomeStatusView {
        packages: text::count(status.packages),
        size: text::bytes(status.size_bytes),
        published_at: status.published_at.clone(),
        published_day: text::day(status.published),
    }
}

/// Says whether the first page says how to use a suite: it has an address then.
pub(crate) fn has_setup(site: &Site, suite: &SiteSuite) -> bool {
    setup(site, suite).is_some()
}

fn setup(site: &Site, suite: &SiteSuite) -> Option<SetupView> {
    let (url, sources) = (site.url.as_ref()?, suite.sources.as_ref()?);
    let codename = &suite.codename;
    let name = file_name(&site.title, codename);
    let folder = "/etc/apt/sources.list.d";
    let file = format!("{folder}/{name}.sources");
    let fingerprint = site
        .keys
        .first()
        .map_or(String::new(), |key| format!(" --fingerprint {}", key.fingerprint));
    Some(SetupView {
        write: format!("sudo tee {file} >/dev/null <<'EOF'\n{}\nEOF", sources.trim_end()),
        apt: format!("curl -fsSL {url}/{codename}.sources | sudo tee {file} >/dev/null"),
        cpkgs: format!("cpkgs source add {url} --suite {codename}{fingerprint}"),
        dockerfile: format!("ADD {url}/{codename}.sources {file}"),
        ansible: format!(
            "- ansible.builtin.get_url: {{url: \"{url}/{codename}.sources\", dest: {file}, mode: \"0644\"}}"
        ),
    })
}

/// Returns a name for the entry: of letters, digits and hyphens, as apt takes it.
fn file_name(title: &str, codename: &str) -> String {
    let mut name = String::new();
    for char in title.chars().take(40) {
        if char.is_ascii_alphanumeric() {
            name.push(char.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    let codename = codename.replace('+', "-");
    if name.is_empty() {
        codename
    } else {
        format!("{name}-{codename}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_takes_the_name_of_the_entry() {
        assert_eq!(
            file_name("Jane's  packages!", "bookworm"),
            "jane-s-packages-bookworm"
        );
        assert_eq!(file_name("日本", "s+x.y"), "s-x.y");
    }
}
