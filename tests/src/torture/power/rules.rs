//! What has to last when.

use super::disk::{Disk, Event};
use std::collections::BTreeSet;

/// The file that holds the catalog's newest rows. Those of `catalog.db` come out of it, so it may not go before they last.
const LOG: &str = "catalog.db-wal";

/// Returns every breach of the rules in what programs did, in order; empty when there is none.
pub fn faults(events: &[Event]) -> Vec<String> {
    let mut judge = Judge::default();
    for event in events {
        judge.before(event);
        judge.disk.take(event);
        judge.after(event);
    }
    judge.faults
}

/// Returns how many answers the events hold.
pub fn answers(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::Answered(_)))
        .count()
}

#[derive(Default)]
struct Judge {
    disk: Disk,
    /// Names that were given, where clients can see them.
    served: BTreeSet<String>,
    /// Whether the catalog was written after the last of them.
    recorded: bool,
    /// Whether the log holds anything.
    logged: bool,
    faults: Vec<String>,
}

impl Judge {
    /// Rules on what has to last before something is done.
    fn before(&mut self, event: &Event) {
        match event {
            Event::Deleted(path) if path == LOG => {
                if let Some(why) = self.disk.why_not_lasting("catalog.db") {
                    self.faults.push(format!("the log is deleted while {why}"));
                }
            }
            Event::Written(path) if path == LOG => {
                // A row may reach the disk by itself at any time from now on, and then its file has to be there.
                self.all_last("a row is written", is_pool);
                self.recorded = true;
            }
            Event::Written(path) if is_served(path) => {
                self.faults
                    .push(format!("`{path}` is written where clients see it"));
            }
            Event::Renamed(from, to) | Event::Linked(from, to) if is_served(to) => {
                if !self.disk.is_clean(from) {
                    self.faults
                        .push(format!("`{to}` gets its name before its bytes are synced"));
                }
                if to.ends_with("/InRelease") {
                    self.all_last("InRelease is named", |name| name.contains("dists/"));
                } else if to.contains("dists/") && !is_by_hash(to) {
                    self.all_last(&format!("`{to}` is named"), is_by_hash);
                }
            }
            Event::Deleted(path) if path.contains("dists/") && is_served(path) => {
                self.all_last(&format!("`{path}` is deleted"), |name| {
                    name.ends_with("/InRelease")
                });
            }
            Event::Answered(text) => self.answer(text),
            _ => {}
        }
    }

    /// Keeps what is served.
    fn after(&mut self, event: &Event) {
        match event {
            Event::Written(path) if path == LOG => self.logged = true,
            Event::Renamed(_, to) | Event::Linked(_, to) if is_served(to) => {
                self.served.insert(to.clone());
                self.recorded = false;
            }
            Event::Deleted(path) => {
                self.served.remove(path);
                self.logged &= path != LOG;
            }
            _ => {}
        }
    }

    /// Rules on what has to last before an answer.
    fn answer(&mut self, text: &str) {
        let line = text.trim_end();
        self.all_last(&format!("`{line}` is answered"), |_| true);
        // A log that was only opened holds nothing yet.
        if self.logged
            && let Some(why) = self.disk.why_not_lasting(LOG)
        {
            self.faults.push(format!("`{line}` is answered while {why}"));
        }
        let changed =
            text.starts_with("added\t") || text.starts_with("removed\t") || text.contains("\tpublished\t");
        if changed && !self.recorded {
            self.faults
                .push(format!("`{line}` is answered and the catalog does not know"));
        }
    }

    fn all_last(&mut self, when: &str, which: impl Fn(&str) -> bool) {
        let names = self.served.iter().filter(|name| which(name));
        for why in names.filter_map(|name| self.disk.why_not_lasting(name)) {
            self.faults.push(format!("{when} while {why}"));
        }
    }
}

fn is_pool(path: &str) -> bool {
    path.starts_with("pool/")
}

fn is_by_hash(path: &str) -> bool {
    path.contains("/by-hash/")
}

/// Says whether clients can see a path.
fn is_served(path: &str) -> bool {
    is_pool(path)
        || path.starts_with("dists/")
        || path.starts_with("archive-keyring.")
        || path.ends_with(".sources")
        || path == "repository.json"
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB: &str = "pool/main/h/hello/hello_1_all.deb";
    const HASH: &str = "dists/stable/main/binary-amd64/by-hash/SHA256/aa";
    const NAMED: &str = "dists/stable/main/binary-amd64/Packages.xz";
    const WAL: &str = "catalog.db-wal";

    fn staged(path: &str) -> Vec<Event> {
        vec![Event::Created(path.into()), Event::Written(path.into())]
    }

    fn sync(path: &str) -> Vec<Event> {
        vec![Event::SyncBegan(path.into()), Event::SyncEnded(path.into())]
    }

    fn linked(from: &str, to: &str) -> Vec<Event> {
        vec![Event::Linked(from.into(), to.into())]
    }

    fn renamed(from: &str, to: &str) -> Vec<Event> {
        vec![Event::Renamed(from.into(), to.into())]
    }

    fn answered(text: &str) -> Vec<Event> {
        vec![Event::Answered(text.into())]
    }

    fn wal() -> Vec<Event> {
        vec![Event::Written(WAL.into())]
    }

    /// The steps of a right `add`.
    fn add() -> Vec<Vec<Event>> {
        vec![
            staged("state/staging/w/0"),
            sync("state/staging/w/0"),
            vec![Event::FolderMade("pool/main/h/hello".into())],
            linked("state/staging/w/0", DEB),
            sync("pool/main/h/hello"),
            sync("pool/main/h"),
            wal(),
            sync(WAL),
            answered("added\thello\n"),
        ]
    }

    /// The steps of a right `publish`.
    fn publish() -> Vec<Vec<Event>> {
        vec![
            staged("s/0"),
            sync("s/0"),
            linked("s/0", HASH),
            sync("dists/stable/main/binary-amd64/by-hash/SHA256"),
            linked("s/0", "s/1"),
            renamed("s/1", NAMED),
            sync("dists/stable/main/binary-amd64"),
            staged("s/2"),
            sync("s/2"),
            renamed("s/2", "dists/stable/InRelease"),
            sync("dists/stable"),
            wal(),
            sync(WAL),
            answered("stable\tpublished\t1\n"),
        ]
    }

    fn found(steps: &[Vec<Event>]) -> Vec<String> {
        faults(&steps.concat())
    }

    /// Checks that a right order is passed, and that it is not without the step number `without`.
    #[track_caller]
    fn needs(mut steps: Vec<Vec<Event>>, without: usize, fault: &str) {
        assert_eq!(found(&steps), Vec::<String>::new());
        steps.remove(without);
        let faults = found(&steps);
        assert!(faults.iter().any(|found| found.contains(fault)), "{faults:?}");
    }

    #[test]
    fn an_add_syncs_the_file_before_it_names_it() {
        needs(add(), 1, "before its bytes are synced");
    }

    #[test]
    fn an_add_syncs_the_folder_of_the_file_before_the_row() {
        needs(
            add(),
            4,
            "a row is written while the folder of the name `pool/main/h/hello/",
        );
    }

    #[test]
    fn an_add_syncs_the_folder_of_a_folder_that_it_made() {
        needs(
            add(),
            5,
            "the folder of the name `pool/main/h/hello` is not synced",
        );
    }

    #[test]
    fn an_add_writes_the_row_before_it_answers() {
        let mut steps = add();
        steps.drain(6..8);
        assert!(
            found(&steps)
                .iter()
                .any(|fault| fault.contains("the catalog does not know"))
        );
    }

    #[test]
    fn an_add_syncs_the_row_before_it_answers() {
        needs(
            add(),
            7,
            "is answered while the bytes of `catalog.db-wal` are not synced",
        );
    }

    #[test]
    fn a_sync_that_began_before_the_write_does_not_cover_it() {
        let mut steps = add();
        let [began, ended] = <[Event; 2]>::try_from(steps.remove(7)).unwrap();
        steps.insert(6, vec![began]);
        steps.insert(8, vec![ended]);
        let faults = found(&steps);
        assert!(
            faults.iter().any(|fault| fault.contains("catalog.db-wal")),
            "{faults:?}"
        );
    }

    #[test]
    fn a_publish_syncs_a_file_before_it_names_it() {
        needs(publish(), 1, "before its bytes are synced");
    }

    #[test]
    fn a_publish_syncs_by_hash_names_before_the_usual_ones() {
        needs(
            publish(),
            3,
            "Packages.xz` is named while the folder of the name `dists/stable/main/binary-amd64/by-hash",
        );
    }

    #[test]
    fn a_publish_syncs_all_names_before_inrelease() {
        needs(publish(), 6, "InRelease is named while");
    }

    #[test]
    fn a_publish_syncs_inrelease_before_it_names_it() {
        needs(publish(), 8, "`dists/stable/InRelease` gets its name before");
    }

    #[test]
    fn a_publish_makes_the_name_of_inrelease_last_before_it_answers() {
        needs(
            publish(),
            10,
            "is answered while the folder of the name `dists/stable/InRelease`",
        );
    }

    #[test]
    fn a_publish_names_inrelease_last() {
        let mut steps = publish();
        steps.swap(5, 9);
        steps.swap(4, 8);
        assert!(!found(&steps).is_empty());
    }

    #[test]
    fn a_publish_deletes_nothing_before_inrelease_lasts() {
        let delete = vec![Event::Deleted("dists/stable/main/Contents-amd64.gz".into())];
        let mut late = publish();
        late.insert(11, delete.clone());
        assert_eq!(found(&late), Vec::<String>::new());
        let mut early = publish();
        early.insert(10, delete);
        assert!(
            found(&early)
                .iter()
                .any(|fault| fault.contains("is deleted while"))
        );
    }

    #[test]
    fn a_publish_is_recorded_before_it_is_answered() {
        let mut steps = publish();
        let row: Vec<Vec<Event>> = steps.drain(11..13).collect();
        steps.splice(0..0, row);
        assert!(
            found(&steps)
                .iter()
                .any(|fault| fault.contains("the catalog does not know"))
        );
    }

    #[test]
    fn a_remove_syncs_the_row_before_it_answers() {
        needs(
            vec![wal(), sync(WAL), answered("removed\thello\n")],
            1,
            "are not synced",
        );
        assert!(!found(&[answered("removed\thello\n")]).is_empty());
    }

    #[test]
    fn the_log_stays_until_its_rows_last_elsewhere() {
        let steps = vec![
            wal(),
            sync(WAL),
            vec![Event::Written("catalog.db".into())],
            sync("catalog.db"),
            vec![Event::Deleted(WAL.into())],
        ];
        needs(steps, 3, "the log is deleted while");
    }

    #[test]
    fn what_a_killed_program_left_is_not_taken_for_synced() {
        // Killed after its row and before its sync; the second program says that the package is in.
        let mut steps = add();
        steps.truncate(7);
        steps.push(answered("unchanged\thello\n"));
        assert!(!found(&steps).is_empty());
    }
}
