//! The configuration by which programs find the fonts of a generation, beside the host's.
//!
//! What Fontconfig tells of a font is a path, which a program opens itself. So the paths are those of the host; a sysroot would be
//! left out of them.
//!
//! Source: fonts-conf(5).

use debian_control::version::Version;

use super::Site;

/// The file below the folder of a generation.
pub(crate) const FILE: &str = "fonts.conf";
/// The first Fontconfig that takes folders as lying beside its file, and finds their caches under another name.
const MAPS_SINCE: &str = "2.13.91";

/// What a generation has of Fontconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fonts {
    /// No configuration.
    None,
    /// One that the file can be beside.
    Mapped,
    /// One of an older Fontconfig, which takes a sysroot only.
    Older,
}

pub(super) fn of(site: &Site<'_>) -> Fonts {
    if site.tree.find(b"etc/fonts/fonts.conf").is_none() {
        return Fonts::None;
    }
    let mut packages = site.packages.iter();
    let config = packages.find(|package| package.record.name == "fontconfig-config");
    let version = config.and_then(|config| config.record.version.parse::<Version>().ok());
    let since: Version = MAPS_SINCE.parse().expect("it is a version");
    match version.is_some_and(|version| version >= since) {
        true => Fonts::Mapped,
        false => Fonts::Older,
    }
}

/// Returns the text of the file for a generation at a place.
pub(super) fn text(place: &str) -> String {
    let mut text = anywhere().to_owned();
    let cache = format!(
        "<cachedir>{}/root/var/cache/fontconfig</cachedir>\n",
        escaped(place)
    );
    // Where they were made, for the same folders.
    let before = text.find("<include>").expect("it is a line of it");
    text.insert_str(before, &cache);
    text
}

/// Returns the text of the file for a generation that may lie anywhere: caches are made where the host's are.
pub(crate) fn anywhere() -> &'static str {
    "<?xml version=\"1.0\"?>\n\
     <!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\">\n\
     <fontconfig>\n\
     <remap-dir as-path=\"/usr/share/fonts\" prefix=\"relative\">root/usr/share/fonts</remap-dir>\n\
     <remap-dir as-path=\"/usr/local/share/fonts\" prefix=\"relative\">root/usr/local/share/fonts</remap-dir>\n\
     <include>fonts.conf</include>\n\
     </fontconfig>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_those_of_the_place_and_everything_else_lies_beside_the_file() {
        let here = text("/home/a&b/gen/1");
        let cache = "<cachedir>/home/a&amp;b/gen/1/root/var/cache/fontconfig</cachedir>\n";
        assert_eq!(here.replace(cache, ""), anywhere());
        assert!(here.contains(&format!("{cache}<include>")), "{here}");
    }
}
