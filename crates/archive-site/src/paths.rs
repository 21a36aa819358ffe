//! Where the files of the site lie, and how links name them.

use debian_control::digest::Sha256;

/// The folder of all pages but those at the root.
pub const BROWSE: &str = "browse";

/// The files of the site at the root.
pub const ROOT: [&str; 5] = [
    "index.html",
    "status.html",
    "status.json",
    "sitemap.xml",
    "robots.txt",
];

/// What a suite has beside the folders of its packages, under names that packages may have, too.
const TAKEN: [&str; 2] = ["index.html", "index.json"];

/// Returns the folder of a suite.
pub fn suite_folder(codename: &str) -> String {
    format!("{BROWSE}/{codename}")
}

/// Returns the folder of what every page refers to.
pub fn assets_folder() -> String {
    format!("{BROWSE}/_assets")
}

/// Returns the folder of a package.
///
/// No name of a package begins with an underscore, so that all else in the folder of a suite does.
pub fn package_folder(codename: &str, name: &str) -> String {
    format!("{BROWSE}/{codename}/{}", folder_name(name))
}

/// Returns the files that a package may have, in its folder.
pub fn package_files(codename: &str, name: &str) -> [String; 4] {
    let folder = package_folder(codename, name);
    ["index.html", "index.json", "feed.xml", "badge.svg"].map(|file| format!("{folder}/{file}"))
}

/// Returns the name of the folder of a package in that of its suite.
pub(crate) fn folder_name(name: &str) -> String {
    if TAKEN.contains(&name) {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

/// How many bytes of a text a folder is named by.
const SLUG: usize = 64;

/// Returns a text as the name of a folder, different for different texts.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for byte in text.bytes().take(SLUG) {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || (byte == b'-' && !slug.is_empty()) {
            slug.push(char::from(byte));
        } else {
            slug.push_str(&format!("_{byte:02x}"));
        }
    }
    if text.len() > SLUG {
        // No folder may have a name of any length.
        let digest = Sha256::of(text.as_bytes()).to_string();
        slug.push_str("__");
        slug.extend(digest.chars().take(32));
    }
    if slug.is_empty() { "_".to_owned() } else { slug }
}

/// Returns a path as a link names it: each byte percent-encoded that is not plain everywhere.
///
/// `+` too: some object stores take it for a blank.
pub(crate) fn href(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_never_takes_the_place_of_a_page_of_its_suite() {
        assert_eq!(
            package_folder("stable", "index.html"),
            "browse/stable/_index.html"
        );
        assert_eq!(package_folder("stable", "hello"), "browse/stable/hello");
    }

    #[test]
    fn a_slug_is_one_name_and_leads_nowhere_else() {
        assert_eq!(slug("non-free/libs"), "non-free_2flibs");
        assert_eq!(slug("../x"), "_2e_2e_2fx");
        assert_eq!(slug(""), "_");
        assert_ne!(slug("a_2fb"), slug("a/b"));
        let long = "/".repeat(100);
        assert_ne!(slug(&format!("{long}a")), slug(&format!("{long}b")));
        assert!(slug(&long).len() < 256);
    }

    #[test]
    fn a_plus_is_encoded_and_a_slash_is_not() {
        assert_eq!(href("browse/s/g++/index.html"), "browse/s/g%2B%2B/index.html");
        assert_eq!(href("a\"b<c"), "a%22b%3Cc");
    }
}
