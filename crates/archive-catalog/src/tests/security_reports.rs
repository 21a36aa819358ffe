//! What is kept of scans.

use super::*;

pub(super) fn the_newest_report_of_a_suite_is_kept(catalog: &SqlCatalog) {
    assert_eq!(catalog.security_report(&suite("stable")).unwrap(), None);
    catalog.keep_security_report(&suite("stable"), NOW, "{}").unwrap();
    catalog
        .keep_security_report(&suite("stable"), NOW + 1, "[]")
        .unwrap();
    assert_eq!(
        catalog.security_report(&suite("stable")).unwrap(),
        Some((NOW + 1, "[]".to_owned()))
    );
    assert_eq!(catalog.security_report(&suite("private")).unwrap(), None);
}
