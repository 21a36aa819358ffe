//! Whether memory grows with what was taken.

use super::{Findings, Served, at_once, mebibytes, package};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Clients at once.
    pub clients: usize,
    /// Packages in all.
    pub uploads: usize,
}

/// How often memory is looked at.
const LOOKS: usize = 10;

/// Uploads packages, and looks at the server's memory on the way.
pub fn memory(counts: Memory) -> Findings {
    let served = Served::fresh();
    let mut findings = Findings::default();
    let each = counts.uploads / LOOKS;
    findings.note(
        "before the first upload",
        mebibytes(served.server.memory("VmRSS")),
    );
    for look in 0..LOOKS {
        let answers = at_once(counts.clients, each, |number| {
            let name = format!("package-{}", look * each + number);
            served.upload(&package(&name, 4096), "").0
        });
        assert!(answers.iter().all(|status| *status == 201), "not all were taken");
        let what = format!("after {} uploads", (look + 1) * each);
        findings.note(&what, mebibytes(served.server.memory("VmRSS")));
    }
    findings.note("the most there was", mebibytes(served.server.memory("VmHWM")));
    findings
}
