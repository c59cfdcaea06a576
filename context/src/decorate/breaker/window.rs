//! What calls ended with lately.
//!
//! # State
//!
//! The window slides by tenths. Each tenth is one word; a tenth whose tag is another's is empty, so
//! nothing has to be cleared when the window moves on, or when the breaker starts over.
//!
//! ```text
//!   63               44              29              14             0
//! ┌─────────────────┬───────────────┬───────────────┬───────────────┐
//! │       tag       │     calls     │    failed     │     slow      │
//! └─────────────────┴───────────────┴───────────────┴───────────────┘
//! ```
//!
//! The tag comes of the breaker's cycle and of which tenth it is since the start. The counts of a tenth
//! stop at what they can hold.

use core::sync::atomic::Ordering::Relaxed;

use selvedge_sync::raw::shim::{atomic::AtomicU64, const_in_build};

/// How many parts a window has.
pub(super) const PARTS: u64 = 10;

const SLOW: u64 = 1;
const FAILED: u64 = 1 << 14;
const CALL: u64 = 1 << 29;
const TAG: u32 = 44;
/// The most that a count holds: of the smallest.
const MOST: u64 = (1 << 14) - 1;

/// Sums over the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) calls: u64,
    pub(super) failed: u64,
    pub(super) slow: u64,
}

pub(super) struct Window {
    parts: [AtomicU64; PARTS as usize],
}

impl Window {
    const_in_build! {
        pub(super) fn new() -> Self {
            #[cfg(not(selvedge_loom))]
            let parts = [const { AtomicU64::new(0) }; PARTS as usize];
            #[cfg(selvedge_loom)]
            let parts = core::array::from_fn(|_| AtomicU64::new(0));
            Self { parts }
        }
    }

    fn tag(cycle: u64, part: u64) -> u64 {
        // 0 is the tag of a part that was never used. The factor is 2^32 divided by the golden ratio:
        // neighbouring cycles do not meet.
        (cycle.wrapping_mul(0x9E37_79B9).wrapping_add(part) & 0xF_FFFF).max(1) << TAG
    }

    /// Notes a call in the `part`-th tenth since the start.
    pub(super) fn note(&self, cycle: u64, part: u64, failed: bool, slow: bool) {
        let tag = Self::tag(cycle, part);
        let word = &self.parts[(part % PARTS) as usize];
        let mut before = word.load(Relaxed);
        loop {
            let own = if before >> TAG == tag >> TAG { before } else { tag };
            if (own / CALL) & MOST == MOST {
                return;
            }
            let next = own + CALL + u64::from(failed) * FAILED + u64::from(slow) * SLOW;
            match word.compare_exchange_weak(before, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    /// The sums of the tenths up to `part`.
    pub(super) fn sums(&self, cycle: u64, part: u64) -> Sums {
        let mut sums = Sums::default();
        for at in part.saturating_sub(PARTS - 1)..=part {
            let word = self.parts[(at % PARTS) as usize].load(Relaxed);
            if word >> TAG == Self::tag(cycle, at) >> TAG {
                sums.calls += (word / CALL) & MOST;
                sums.failed += (word / FAILED) & MOST;
                sums.slow += word & MOST;
            }
        }
        sums
    }
}
