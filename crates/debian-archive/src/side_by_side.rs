//! Work on many files of which each waits for a disk, or for the server of a bucket.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// How many files are worked on at a time. Each may hold a file of some MiB in memory on its way into a bucket.
const AT_A_TIME: usize = 16;

/// Does `work` for each item, some at a time, and returns what came of them in the order of the items. After a failure no other begins.
pub(crate) fn side_by_side<I: Sync, T: Send, E: Send>(
    items: &[I],
    work: impl Fn(&I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let work_on_some = || -> Result<Vec<(usize, T)>, E> {
        let mut done = Vec::new();
        while !has_failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = work(item).inspect_err(|_| has_failed.store(true, Ordering::Relaxed));
            done.push((index, result?));
        }
        Ok(done)
    };
    let shares = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME.min(items.len()))
            .map(|_| scope.spawn(work_on_some))
            .collect();
        let shares = workers.into_iter().map(|worker| {
            // A panic goes on where somebody sees it.
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        // All of them have ended, also where the first failed.
        shares.collect::<Vec<_>>()
    });
    let mut done = Vec::with_capacity(items.len());
    for share in shares {
        done.extend(share?);
    }
    done.sort_unstable_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1_000).collect();
        let doubled = side_by_side(&items, |item| Ok::<_, ()>(item * 2));
        assert_eq!(doubled, Ok(items.iter().map(|item| item * 2).collect()));
        assert_eq!(side_by_side(&[], |item: &u32| Err::<u32, _>(*item)), Ok(vec![]));
    }

    #[test]
    fn as_many_as_the_bound_are_under_way_and_no_more() {
        // Lets them go on when so many have come, and would wait for ever for one that does not come.
        let together = Barrier::new(AT_A_TIME);
        let counts = Mutex::new((0, 0));
        side_by_side(&[(); 4 * AT_A_TIME], |()| {
            {
                let mut counts = counts.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            together.wait();
            counts.lock().unwrap().0 -= 1;
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(*counts.lock().unwrap(), (0, AT_A_TIME));
    }

    #[test]
    fn a_failure_is_what_comes_of_all() {
        let items: Vec<u32> = (0..1_000).collect();
        let failed = side_by_side(&items, |item| if *item == 500 { Err(*item) } else { Ok(()) });
        assert_eq!(failed, Err(500));
    }
}
