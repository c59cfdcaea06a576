//! How long calls take.
//!
//! # State
//!
//! Counts of calls, by how long they took: eight buckets for each doubling, from a microsecond to some
//! hours, so a bucket is at most an eighth wide. Every so often all counts are halved, and old calls are
//! forgotten that way. The percentile is worked out anew now and then, and kept in a word.
//!
//! All of it is counting, and nothing is published by it: everything is Relaxed.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed, time::Duration};

use selvedge_sync::raw::shim::{
    atomic::{AtomicU32, AtomicU64},
    const_in_build, mutant,
};

use super::Lateness;

/// The buckets of one doubling.
const PARTS: u64 = 8;
/// Nanoseconds below this, a microsecond or so, are one bucket.
const UNIT: u32 = 10;
/// 33 doublings; a model has no time for so many.
const BUCKETS: usize = if cfg!(selvedge_loom) { 8 } else { 256 };
/// After so many calls the counts are halved.
const HALVED: u64 = 1024;
/// After so many calls the percentile is worked out anew.
const ANEW: u64 = 16;

/// How long calls take: the percentile of the last thousand or so, to [hedge](super::Hedge) those that
/// take longer.
///
/// What is noted is how long the first attempt of each call took. Where another one wins, it took at
/// least as long as it has been running, which is longer than the percentile: so that stays where it is,
/// although the slowest are never waited for.
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Lateness, Latency};
///
/// static LATENCY: Latency = Latency::new(90).minimum_calls(10);
///
/// for n in 1..=10 {
///     assert_eq!(LATENCY.late(), None);
///     LATENCY.note(Duration::from_millis(n));
/// }
/// let late = LATENCY.late().unwrap();
/// assert!(late >= Duration::from_millis(9) && late < Duration::from_millis(11));
/// ```
pub struct Latency {
    counts: [AtomicU32; BUCKETS],
    noted: AtomicU64,
    /// In nanoseconds; 0 if it is not known.
    late: AtomicU64,
    percentile: u32,
    minimum: u64,
}

impl Latency {
    const_in_build! {
        /// A call is late that takes longer than so many percent of them. Not known before a hundred
        /// calls have ended.
        ///
        /// # Panics
        ///
        /// If that is 0, or not below 100.
        #[must_use]
        pub fn new(percentile: u32) -> Self {
            assert!(percentile > 0 && percentile < 100, "a percentile lies between 0 and 100");
            #[cfg(not(selvedge_loom))]
            let counts = [const { AtomicU32::new(0) }; BUCKETS];
            #[cfg(selvedge_loom)]
            let counts = core::array::from_fn(|_| AtomicU32::new(0));
            let (noted, late) = (AtomicU64::new(0), AtomicU64::new(0));
            Self { counts, noted, late, percentile, minimum: 100 }
        }
    }

    const_in_build! {
        /// Known from so many calls on.
        #[must_use]
        pub fn minimum_calls(mut self, n: u32) -> Self {
            self.minimum = if n > 0 { n as u64 } else { 1 };
            self
        }
    }

    /// Forgets what is old, half of it.
    #[cold]
    fn halve(&self) {
        for count in &self.counts {
            let mut now = count.load(Relaxed);
            while let Err(other) = count.compare_exchange_weak(now, now / 2, Relaxed, Relaxed) {
                now = other;
            }
        }
    }

    #[cold]
    fn work_out(&self) {
        let counts = || self.counts.iter().map(|count| u64::from(count.load(Relaxed)));
        let rank = (counts().sum::<u64>() * u64::from(self.percentile)).div_ceil(100);
        let mut below = 0;
        let bucket = counts().position(|count| {
            below += count;
            below >= rank.max(1)
        });
        if let Some(bucket) = bucket {
            self.late.store(end(bucket), Relaxed);
        }
    }
}

impl Lateness for Latency {
    fn late(&self) -> Option<Duration> {
        let late = self.late.load(Relaxed);
        (late > 0).then(|| Duration::from_nanos(late))
    }

    fn watches(&self) -> bool {
        true
    }

    fn note(&self, took: Duration) {
        self.counts[bucket(took)].fetch_add(1, Relaxed);
        let noted = if mutant!("two notes are one") {
            let noted = self.noted.load(Relaxed) + 1;
            self.noted.store(noted, Relaxed);
            noted
        } else {
            self.noted.fetch_add(1, Relaxed) + 1
        };
        if noted % HALVED == 0 {
            self.halve();
        }
        if noted == self.minimum || (noted > self.minimum && noted % ANEW == 0) {
            self.work_out();
        }
    }
}

macro_rules! handles {
    ($($handle:ty;)*) => {$(
        impl Lateness for $handle {
            #[inline]
            fn late(&self) -> Option<Duration> {
                Latency::late(self)
            }

            #[inline]
            fn watches(&self) -> bool {
                true
            }

            fn note(&self, took: Duration) {
                Latency::note(self, took);
            }
        }
    )*};
}
handles! { &Latency; Arc<Latency>; }

/// In which bucket a duration is.
fn bucket(took: Duration) -> usize {
    let units = u64::try_from(took.as_nanos() >> UNIT).unwrap_or(u64::MAX);
    let bucket = match units.checked_ilog2() {
        // Below eight units each has a bucket.
        None | Some(0..3) => units,
        Some(doublings) => {
            let doublings = u64::from(doublings);
            (doublings - 2) * PARTS + ((units >> (doublings - 3)) % PARTS)
        }
    };
    usize::try_from(bucket).map_or(BUCKETS - 1, |bucket| bucket.min(BUCKETS - 1))
}

/// Where a bucket ends, in nanoseconds.
fn end(bucket: usize) -> u64 {
    let (doublings, part) = (bucket as u64 / PARTS, bucket as u64 % PARTS);
    let units = match doublings {
        0 => part + 1,
        doublings => (PARTS + part + 1) << (doublings - 1),
    };
    units << UNIT
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("percentile", &self.percentile)
            .field("late", &Latency::late(self))
            .finish_non_exhaustive()
    }
}
