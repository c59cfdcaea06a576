//! How a breaker is made.

use core::time::Duration;

use selvedge_sync::raw::shim::{Label, atomic::AtomicU64, const_in_build};

use super::{
    Breaker, CLOSED, COUNT, Settings,
    window::{PARTS, Window},
};

impl Breaker {
    const_in_build! {
        /// Closed; watches the last `calls` calls. Opens at a failure rate of 50 %, once that many calls
        /// have ended, for a second, and then lets one probe in.
        ///
        /// # Panics
        ///
        /// If `calls` is 0, or more than 100,000.
        #[must_use]
        pub fn new(calls: u32) -> Self {
            assert!(calls > 0, "a window of no calls sees nothing");
            assert!(calls <= 100_000, "a window has at most 100,000 calls");
            let part = (calls as u64).div_ceil(PARTS);
            Self::with(Settings {
                part,
                timed: false,
                minimum: calls as u64,
                failed: 50,
                slow: 101,
                slow_call: Duration::MAX,
                wait: Duration::from_secs(1),
                probes: 1,
            })
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), with a window of time instead of a number of calls; opens from ten
        /// calls in it on.
        ///
        /// # Panics
        ///
        /// If `window` is shorter than ten nanoseconds, or longer than a year.
        #[must_use]
        pub fn over(window: Duration) -> Self {
            let part = window.as_nanos() / PARTS as u128;
            assert!(part > 0, "a window of no time sees nothing");
            assert!(window.as_secs() <= 365 * 86_400, "a window has at most a year");
            Self::with(Settings {
                part: part as u64,
                timed: true,
                minimum: 10,
                failed: 50,
                slow: 101,
                slow_call: Duration::MAX,
                wait: Duration::from_secs(1),
                probes: 1,
            })
        }
    }

    const_in_build! {
        fn with(settings: Settings) -> Self {
            Self {
                state: AtomicU64::new(CLOSED),
                until: AtomicU64::new(0),
                noted: AtomicU64::new(0),
                window: Window::new(),
                settings,
                label: Label::new("breaker"),
            }
        }
    }

    const_in_build! {
        /// Opens when so many percent of the calls in the window failed.
        #[must_use]
        pub fn failure_rate(self, percent: u32) -> Self {
            let settings = Settings { failed: percent as u64, ..self.settings };
            Self { settings, ..self }
        }
    }

    const_in_build! {
        /// Opens when so many percent of the calls in the window took `duration` or longer.
        #[must_use]
        pub fn slow_rate(self, percent: u32, duration: Duration) -> Self {
            let slow = percent as u64;
            let settings = Settings { slow, slow_call: duration, ..self.settings };
            Self { settings, ..self }
        }
    }

    const_in_build! {
        /// Does not judge before so many calls have ended within the window.
        #[must_use]
        pub fn minimum_calls(self, n: u32) -> Self {
            let settings = Settings { minimum: n as u64, ..self.settings };
            Self { settings, ..self }
        }
    }

    const_in_build! {
        /// How long it is open before the first probe.
        #[must_use]
        pub fn wait(self, duration: Duration) -> Self {
            let settings = Settings { wait: duration, ..self.settings };
            Self { settings, ..self }
        }
    }

    const_in_build! {
        /// How many probes it lets in while half-open, and has to see succeed.
        ///
        /// # Panics
        ///
        /// If `n` is 0, or more than 4095.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::Duration;
        ///
        /// use selvedge_context::decorate::Breaker;
        ///
        /// static BREAKER: Breaker = Breaker::new(20)
        ///     .slow_rate(80, Duration::from_secs(2))
        ///     .wait(Duration::from_secs(10))
        ///     .probes(3);
        ///
        /// BREAKER.metrics_only(); // counts, and refuses nothing
        /// BREAKER.disable(); // not even that
        /// BREAKER.reset();
        /// ```
        #[must_use]
        pub fn probes(self, n: u32) -> Self {
            assert!(n > 0, "a breaker that lets no probe in never closes");
            assert!(n as u64 <= COUNT, "a breaker lets at most 4095 probes in");
            let settings = Settings { probes: n as u64, ..self.settings };
            Self { settings, ..self }
        }
    }
}
