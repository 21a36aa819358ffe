//! A disk that fills in the middle of a publish, at one place after the other.

use super::{Account, Churn, Clients, owner};
use crate::{Nginx, SmallDisk, TestArchive, apt};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct FullDisks {
    /// Bytes by which the room that is left grows each time, from none at all until a publish fits.
    pub step: u64,
    /// Clients that read all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides the changes and what is downloaded.
    pub seed: u64,
}

/// Publishes on disks that fill up; `None` where nobody may mount in a namespace of one's own.
pub fn full_disks(counts: FullDisks) -> Option<Account> {
    let disk = SmallDisk::new(64)?;
    let mut account = Account::default();
    let archive = TestArchive::empty_on(&disk);
    let nginx = Nginx::serve(&archive.root());
    let architecture = apt::native_architecture();
    archive
        .repogen(&["init", "--url", &nginx.url(), "--architecture", &architecture])
        .ok();
    let mut churn = Churn::fill(&archive, counts.packages, counts.seed);
    owner::publish(&archive, &mut account);
    let clients = Clients::start(&archive.read("stable.sources"), counts.clients, counts.seed);
    let mut left = 0;
    loop {
        churn.step(&mut account);
        disk.fill(left);
        let run = owner::repogen(&archive, &["publish"]);
        disk.free();
        let said = run.stderr.to_lowercase();
        match run.code {
            0 => account.count("publishes that fitted"),
            3 if said.contains("no space") || said.contains("disk is full") => {
                account.count("publishes on a full disk");
            }
            _ => account.fault(format!("{left} bytes were left\n{}", run.report())),
        }
        owner::publish(&archive, &mut account);
        owner::inspect(&archive, &mut account);
        if account.counted("publishes that fitted") == 2 || account.faults() > 10 {
            break;
        }
        left += counts.step;
    }
    account.merge(clients.finish());
    Some(account)
}
