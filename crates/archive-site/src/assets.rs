//! The stylesheet, the script and the icon of all pages.

use crate::file::File;
use crate::paths::assets_folder;

/// Returns what every page refers to.
pub fn assets() -> [File; 3] {
    [
        ("site.css", include_str!("../assets/site.css")),
        ("site.js", include_str!("../assets/site.js")),
        ("icon.svg", include_str!("../assets/icon.svg")),
    ]
    .map(|(name, text)| File::text(format!("{}/{name}", assets_folder()), text.to_owned()))
}
