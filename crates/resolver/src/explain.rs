//! Of the facts behind a contradiction, few that are enough.

use std::collections::HashMap;

use crate::engine::{Engine, Learnt, Var};
use crate::fact::{Exclusion, Fact};
use crate::universe::{Field, PackageId, RelationContext, Universe};

/// How many contradictions all looks together may meet, and how many facts they may go through, before what is left is short enough:
/// an explanation is not worth more.
const MOST_CONTRADICTIONS: u64 = 2_000;
const MOST_FACTS: usize = 2_000_000;

/// Returns facts of which none can be left out: without any one of them the others could hold. Where it takes too long to find out,
/// some may be left that could.
pub(crate) fn shortest(universe: &Universe, facts: Vec<Fact>) -> Vec<Fact> {
    let mut met = 0_usize;
    let mut left = MOST_CONTRADICTIONS;
    let mut facts = without_downgrades(universe, facts, &mut left);
    let mut chunk = facts.len().div_ceil(2);
    while chunk > 0 {
        // From the end: what was met last is furthest from what was asked for.
        let mut end = facts.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            met += facts.len();
            if met > MOST_FACTS || left == 0 {
                return facts;
            }
            let mut fewer = facts.clone();
            fewer.drain(start..end);
            if contradict(universe, &fewer, &mut left) {
                facts = fewer;
            }
            end = start;
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    facts
}

/// Returns facts without those that rule downgrades out, where what the older versions need is enough instead: nobody asked for them.
fn without_downgrades(universe: &Universe, facts: Vec<Fact>, left: &mut u64) -> Vec<Fact> {
    let mut fewer: Vec<Fact> = Vec::new();
    for fact in &facts {
        let Fact::Excluded {
            package,
            why: Exclusion::Downgrade(_),
        } = fact
        else {
            fewer.push(fact.clone());
            continue;
        };
        for field in [Field::PreDepends, Field::Depends] {
            let groups = universe.related(*package, field).iter();
            fewer.extend(groups.map(|group| Fact::Needs {
                package: *package,
                group: *group,
                field,
            }));
        }
    }
    match fewer != facts && contradict(universe, &fewer, left) {
        true => fewer,
        false => facts,
    }
}

/// Says whether facts are shown to contradict each other, within so many contradictions as are left.
fn contradict(universe: &Universe, facts: &[Fact], left: &mut u64) -> bool {
    let mut proof = Proof {
        universe,
        engine: Engine::new(),
        vars: HashMap::new(),
    };
    for fact in facts {
        proof.add(fact);
    }
    for fact in facts {
        proof.add_exclusions(fact);
    }
    let shown = proof.contradicts(*left);
    *left = left.saturating_sub(proof.engine.contradictions());
    shown
}

struct Proof<'u> {
    universe: &'u Universe,
    engine: Engine,
    vars: HashMap<PackageId, Var>,
}

impl Proof<'_> {
    fn var(&mut self, package: PackageId) -> Var {
        *self.vars.entry(package).or_insert_with(|| self.engine.variable())
    }

    fn add(&mut self, fact: &Fact) {
        let (no, yes) = match fact {
            Fact::Needs { package, group, .. } => {
                let context = RelationContext::Need(self.universe.package(*package).architecture);
                let candidates = self.universe.candidates(*group, context);
                if candidates.contains(package) {
                    return;
                }
                (vec![*package], candidates)
            }
            Fact::Conflicts { package, other, .. } => (vec![*package, *other], Vec::new()),
            Fact::Requirement(requirement) => (Vec::new(), requirement.one_of.clone()),
            Fact::Excluded { package, .. } => (vec![*package], Vec::new()),
            Fact::OneVersion(_) => return,
        };
        let no = no
            .into_iter()
            .map(|package| self.var(package).no())
            .collect::<Vec<_>>();
        let yes = yes.into_iter().map(|package| self.var(package).yes());
        let lits: Vec<_> = yes.chain(no).collect();
        self.engine.add(&lits, 0);
    }

    /// Keeps versions apart, as far as other facts speak of them.
    fn add_exclusions(&mut self, fact: &Fact) {
        let Fact::OneVersion(name) = fact else {
            return;
        };
        let met = self.universe.named(*name).iter();
        let met: Vec<PackageId> = met
            .copied()
            .filter(|package| self.vars.contains_key(package))
            .collect();
        for (place, left) in met.iter().enumerate() {
            for right in met.iter().skip(place + 1) {
                if !self.universe.co_installable(*left, *right) {
                    let lits = [self.var(*left).no(), self.var(*right).no()];
                    self.engine.add(&lits, 0);
                }
            }
        }
    }

    fn contradicts(&mut self, most: u64) -> bool {
        let mut vars: Vec<Var> = self.vars.values().copied().collect();
        vars.sort_unstable();
        loop {
            if let Some(fault) = self.engine.fault() {
                if let Learnt::Unsat = self.engine.learn(fault) {
                    return true;
                }
                if self.engine.contradictions() >= most {
                    return false;
                }
            } else if let Some(lit) = self.engine.next_known() {
                self.engine.propagate(lit);
            } else if let Some(open) = vars.iter().find(|var| self.engine.value(var.no()).is_none()) {
                self.engine.decide(open.no());
            } else {
                return false;
            }
        }
    }
}
