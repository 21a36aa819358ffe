//! The configuration by which programs find the fonts of a generation: beside the host's, at whatever place the generation is.
//!
//! What Fontconfig tells of a font is a path, which a program opens itself. So the paths are those of the host; a sysroot would be
//! left out of them.
//!
//! Source: fonts-conf(5).

use debian_control::version::Version;

use super::Site;

/// The file below the folder of a generation.
pub(super) const FILE: &str = "fonts.conf";
/// The first Fontconfig that finds the caches of a folder under another name of it.
const MAPS_SINCE: &str = "2.13.91";

/// Returns the text of the file; `None` where the generation has no configuration of Fontconfig.
pub(super) fn text(site: &Site<'_>) -> Option<String> {
    site.tree.find(b"etc/fonts/fonts.conf")?;
    let is_config = |name: &str| name == "fontconfig-config";
    let config = site
        .packages
        .iter()
        .find(|package| is_config(&package.record.name))?;
    let version: Version = config.record.version.parse().ok()?;
    let since: Version = MAPS_SINCE.parse().expect("it is a version");
    Some(configuration(&site.place, version >= since))
}

fn configuration(place: &str, is_mapped: bool) -> String {
    let root = escaped(&format!("{place}/root"));
    let mut text = "<?xml version=\"1.0\"?>\n\
                    <!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\">\n\
                    <fontconfig>\n"
        .to_owned();
    for folder in ["/usr/share/fonts", "/usr/local/share/fonts"] {
        let own = format!("{root}{folder}");
        text += &match is_mapped {
            true => format!("<remap-dir as-path=\"{folder}\">{own}</remap-dir>\n"),
            false => format!("<dir>{own}</dir>\n"),
        };
    }
    if is_mapped {
        // Where they were made, for the same folders.
        text += &format!("<cachedir>{root}/var/cache/fontconfig</cachedir>\n");
    }
    // The fonts of the host, and of the person, come with it.
    text + &format!("<include>{root}/etc/fonts/fonts.conf</include>\n</fontconfig>\n")
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
    fn fonts_are_named_by_paths_of_the_host() {
        let mapped = configuration("/home/a&b/gen/1", true);
        let own = "/home/a&amp;b/gen/1/root/usr/share/fonts";
        assert!(mapped.contains(&format!(
            "<remap-dir as-path=\"/usr/share/fonts\">{own}</remap-dir>\n"
        )));
        assert!(
            mapped.contains("root/var/cache/fontconfig</cachedir>"),
            "{mapped}"
        );
        // One that does not know the word would find nothing, and write caches into the generation under other names.
        let older = configuration("/home/a&b/gen/1", false);
        assert!(older.contains(&format!("<dir>{own}</dir>\n")), "{older}");
        assert!(
            !older.contains("remap-dir") && !older.contains("cachedir"),
            "{older}"
        );
    }
}
