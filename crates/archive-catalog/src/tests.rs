//! What a catalog promises, asked of one on SQLite and one on PostgreSQL.

mod accounts;
mod audit;
mod describing;
mod downloads;
mod external_identities;
mod listing;
mod migrations;
mod named;
mod placing;
mod pruning;
mod quotas;
mod resumable_uploads;
mod security_reports;
mod transfer;
mod upload_queue;
mod webhooks;

use debian_control::digest::{self, Sha256};
use debian_control::name::SuiteName;
use rusqlite::Connection;

use crate::accounts::{
    Account, AccountChange, AccountError, Accounts, ApiToken, Assertion, Authority, CredentialId, Id,
    NewAccount, Role, Session, SignIn, Suites,
};
use crate::audit::{Actor, Audit, AuditEvent, AuditQuery};
use crate::downloads::{DownloadCount, DownloadGroup, DownloadQuery, Downloads, LogPosition};
use crate::listing::{Description, Listing, PackageQuery, PageCursor, PageLimit, Tag};
use crate::provenance::CiJob;
use crate::quotas::{Quota, QuotaOwner, Quotas};
use crate::security_reports::{SecurityReports, SuiteScan};
use crate::testing::TestServer;
use crate::{
    Catalog, CatalogError, Conflict, Content, DatabaseUrl, LeaseAnswer, NewContent, NewDescription,
    NewPlacement, PackageChange, PlacementOutcome, PruneMode, Publication, Retention, Section, Selection,
    SqlCatalog,
};

const NOW: i64 = 1_700_000_000;

/// Makes a test of each function on each database.
macro_rules! conformance {
    ($($module:ident: $($name:ident),+;)+) => {
        mod on_sqlite {
            mod setup {
                pub(super) fn catalog() -> (super::super::SqlCatalog, tempfile::TempDir) {
                    let folder = tempfile::tempdir().unwrap();
                    let url = crate::DatabaseUrl::Sqlite(folder.path().join("catalog.db"));
                    (super::super::with_suites(&url), folder)
                }
            }
            $($(#[test] fn $name() {
                let (catalog, _folder) = setup::catalog();
                super::$module::$name(&catalog);
            })+)+
        }
        mod on_postgresql {
            $($(#[test] fn $name() {
                super::$module::$name(&super::with_suites(&crate::testing::TestServer::shared().database()));
            })+)+
        }
    };
}

conformance! {
    named: a_name_shows_what_a_state_holds_and_what_the_suite_held_before, changed_names_are_those_between_two_revisions, what_another_state_does_not_show_is_read_by_itself, what_is_not_published_has_waited_since_its_first_change;
    placing: sets_that_come_together_are_decided_one_after_the_other, a_list_in_parts_has_what_the_whole_list_has, what_is_done_by_a_right_that_ended_after_it_was_checked_is_not_done, of_a_set_in_which_one_is_refused_nothing_stays_and_other_sets_do, what_is_placed_and_changed_together_is_done_in_one_step_or_not_at_all, a_set_whose_members_stand_against_each_other_is_refused, path_lists_of_changed_names_say_when_they_are_shown, a_file_name_that_a_suite_gave_to_other_bytes_is_known_for_ever;
    pruning: a_condemned_file_is_placed_only_after_its_bytes_were_put_anew, what_a_dead_machine_was_deleting_is_deleted_by_another, what_no_suite_needs_keeps_its_row_until_it_is_gone, what_was_yanked_keeps_its_file_until_it_comes_back, what_was_yanked_and_came_back_goes_as_other_packages_do, a_dry_run_says_what_a_prune_then_does_and_waits_for_no_writer;
    describing: what_comes_between_two_publications_stands_together_in_an_index, a_changed_section_is_a_new_revision_and_the_old_one_still_reads, what_a_suite_says_of_a_package_is_shown_with_that_suite_only, what_a_suite_says_of_a_package_can_come_with_it;
    accounts: a_name_stays_taken_in_any_case_also_when_its_account_is_gone, the_last_admin_stays_one, sessions_end_by_themselves_and_with_a_new_password_or_role, tokens_are_found_by_their_digest_and_go_with_their_account, sign_ins_are_listed_until_they_are_over, a_rotated_token_keeps_all_but_its_secret, accounts_and_tokens_change_only_by_a_right_that_holds, trusted_publishers_are_kept_with_their_last_use_until_they_are_ended;
    external_identities: an_identity_signs_in_to_one_account_for_as_long_as_both_are_there, an_answer_is_taken_once;
    audit: changes_are_recorded_with_them_and_a_changed_row_breaks_the_chain, filters_of_the_log_combine;
    quotas: a_set_that_exceeds_a_quota_is_refused_as_a_whole_and_says_whose, a_removed_package_counts_by_its_bytes_until_it_is_pruned, uploads_at_the_same_time_do_not_pass_a_quota_together, a_quota_is_of_what_there_is_and_its_change_is_recorded;
    security_reports: the_newest_report_of_a_suite_is_kept, what_a_scan_reads_of_sources_replaces_what_the_last_one_read, names_of_which_something_else_is_found_are_changed_names, what_was_judged_by_an_older_scan_is_not_placed;
    downloads: days_versions_packages_and_suites_are_counted_apart, what_is_private_is_counted_for_its_readers_only, a_log_is_counted_to_where_it_was_counted_before, what_was_pruned_was_fetched_all_the_same, a_name_shows_what_was_fetched_of_it_and_since_when;
    webhooks: every_change_tells_those_that_asked_in_its_own_transaction, what_was_removed_rolled_back_and_pruned_is_told_of, receivers_are_told_of_their_events_and_suites_only, a_delivery_is_held_by_one_and_outlives_who_took_it, one_receiver_holds_up_no_other, what_fails_is_tried_again_until_its_time_is_over, a_receiver_that_fails_for_days_is_paused, a_receiver_that_is_paused_gets_only_what_is_asked_for, a_receiver_that_is_gone_gets_nothing_more, the_log_of_deliveries_is_bounded_by_age_and_number, a_new_secret_signs_beside_the_one_before_for_a_time, a_change_of_a_receiver_leaves_what_it_does_not_name;
    upload_queue: files_of_one_name_wait_side_by_side_and_each_is_claimed_by_one, a_claim_that_ended_goes_to_the_next_who_asks, what_waits_for_an_hour_goes_unless_it_is_claimed, nobody_has_more_wait_than_the_bounds;
    resumable_uploads: parts_follow_each_other_and_of_two_at_one_offset_one_wins, nobody_has_more_uploads_under_way_than_the_bounds, what_nobody_goes_on_with_is_forgotten;
    listing: pages_follow_each_other_and_show_asked_suites_only, where_a_package_stands_is_told_of_other_suites_too_and_what_these_say_is_not, a_part_of_a_list_ends_early_where_packages_are_large_and_says_that_more_comes, filters_combine, names_come_before_descriptions_and_misprints_find_them_too, only_filters_on_what_packages_say_wait_for_the_search_index, a_package_knows_the_token_and_the_job_that_brought_it, what_is_counted_once_follows_each_change;
}

pub(crate) fn with_suites(url: &DatabaseUrl) -> SqlCatalog {
    let catalog = SqlCatalog::create(url).unwrap();
    catalog
        .ensure_suites(&[suite("stable"), suite("private")])
        .unwrap();
    catalog
}

fn suite(name: &str) -> SuiteName {
    name.parse().unwrap()
}

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn event(action: &'static str) -> AuditEvent {
    AuditEvent {
        at: NOW,
        actor: Actor::default(),
        action,
        subject: "it".into(),
        detail: "{}".into(),
    }
}

fn account(name: &str, role: Role) -> NewAccount {
    NewAccount {
        account: Account {
            id: id(&format!("id-{name}")),
            username: name.parse().unwrap(),
            email: Some(format!("{name}@example.org").parse().unwrap()),
            role,
            suites: Suites::Only(vec![suite("stable")]),
            disabled: false,
            epoch: 0,
            created_at: NOW,
        },
        password: Some("hash".into()),
    }
}

pub(crate) fn placement(name: &str, version: &str, section: &str) -> NewPlacement {
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Jane Doe <jane@example.org>\n\
         Section: {section}\nDescription: short words of {name}\n longer text\n"
    );
    NewPlacement {
        suite: suite("stable"),
        component: "main".parse().unwrap(),
        tree: String::new(),
        path: format!("pool/{name}_{version}.deb"),
        content: NewContent {
            content: Content {
                sha256: digest::sha256(control.as_bytes()),
                size: 1,
                name: name.parse().unwrap(),
                version: version.parse().unwrap(),
                architecture: "amd64".parse().unwrap(),
                source: name.parse().unwrap(),
                control,
                created_at: NOW,
            },
            paths: Vec::new(),
        },
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: crate::listing::Description::default(),
        by: Some(Actor {
            name: Some("jane".into()),
            ..Actor::default()
        }),
    }
}

fn place(catalog: &SqlCatalog, placements: &[NewPlacement]) {
    let placed = catalog.place(&[placements.to_vec()], NOW).unwrap();
    assert_eq!(placed, [Ok(vec![PlacementOutcome::Added; placements.len()])]);
}

/// Has `stable`, or another suite, say something of a content.
fn describe(catalog: &SqlCatalog, name: &str, content: &Sha256, description: &Description, now: i64) {
    let change = PackageChange {
        removed: Vec::new(),
        described: Some(NewDescription {
            content: *content,
            suites: vec![suite(name)],
            description: description.clone(),
        }),
        by: Actor::default(),
    };
    assert_eq!(catalog.place_and_change(&[], &change, now).unwrap(), []);
}

/// Returns a publication without files, each at a second of its own.
fn publication(revision: i64) -> Publication {
    Publication {
        revision,
        packages: 1,
        date: NOW + revision,
        superseded_at: None,
        settings: String::new(),
        inrelease: digest::sha256(b"InRelease"),
        valid_until: None,
        contents: None,
        files: Vec::new(),
    }
}

/// Records that `stable` was published at a revision.
fn publish(catalog: &SqlCatalog, revision: i64) {
    let lease = match catalog.take_lease(&suite("stable"), "test").unwrap() {
        LeaseAnswer::Taken(epoch) => Some(epoch),
        _ => None,
    };
    catalog
        .published(&suite("stable"), &publication(revision), lease, NOW + revision)
        .unwrap();
    if let Some(lease) = lease {
        catalog.release_lease(&suite("stable"), lease).unwrap();
    }
}

/// Returns a bound of so many packages, of any size.
fn packages(packages: usize) -> PageLimit {
    PageLimit {
        packages,
        bytes: usize::MAX,
    }
}

fn names(found: &[crate::listing::ListedPackage]) -> Vec<&str> {
    found
        .iter()
        .map(|listed| listed.entry.content.name.as_str())
        .collect()
}

fn in_stable() -> PackageQuery {
    PackageQuery {
        suites: vec![suite("stable")],
        ..PackageQuery::default()
    }
}
