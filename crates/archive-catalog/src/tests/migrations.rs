//! Catalogs of earlier versions.

use super::*;

#[test]
fn what_was_said_of_a_content_becomes_what_each_of_its_suites_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut old = Connection::open(&path).unwrap();
    rusqlite_migration::Migrations::from_slice(crate::sqlite::MIGRATIONS)
        .to_version(&mut old, 4)
        .unwrap();
    let sha256 = digest::sha256(b"old");
    old.execute_batch(&format!(
        "insert into suite (id, codename) values (1, 'stable'), (2, 'private');
         insert into content (id, sha256, size, name, version, version_key, architecture, source, control, paths,
                              created_at, author)
             values (1, x'{sha256}', 1, 'hello', '1.0', x'00', 'amd64', 'hello', 'Package: hello', x'', {NOW}, 'jane');
         insert into pool_file (tree, path, content_id) values ('', 'pool/hello.deb', 1);
         insert into placement (suite_id, component, content_id, cluster, name, architecture, version_key,
                                added_revision, added_at)
             values (1, 'main', 1, 'hello', 'hello', 'amd64', x'00', 1, {NOW}),
                    (2, 'main', 1, 'hello', 'hello', 'amd64', x'00', 1, {NOW});
         insert into tag (content_id, name, color) values (1, 'web', '#007bff');
         insert into edit (content_id, at) values (1, {NOW} + 5);"
    ))
    .unwrap();
    drop(old);
    let catalog = SqlCatalog::open(&DatabaseUrl::Sqlite(path)).unwrap();
    for name in ["stable", "private"] {
        let found = catalog.package(sha256.as_bytes(), &[suite(name)], &[]).unwrap();
        let extras = found.unwrap().extras;
        assert_eq!(extras.author(&suite(name)), Some("jane"));
        assert_eq!(extras.tags.len(), 1);
        assert_eq!(extras.updated_at, Some(NOW + 5));
    }
}
