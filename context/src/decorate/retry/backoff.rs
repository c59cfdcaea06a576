//! How long to wait before another attempt.

use core::time::Duration;

/// A series of delays, and when it ends.
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::Backoff;
///
/// const MS: Duration = Duration::from_millis(1);
/// const POLICY: Backoff = Backoff::exponential(MS).max_delay(Duration::from_millis(5)).attempts(5);
/// let delays: Vec<_> = POLICY.delays().map(|delay| delay.as_millis()).collect();
/// assert_eq!(delays, [1, 2, 4, 5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a backoff does nothing by itself"]
pub struct Backoff {
    kind: Kind,
    base: Duration,
    max: Duration,
    attempts: u32,
    total: Option<Duration>,
    jitter: Jitter,
    then: Option<&'static Backoff>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Constant,
    Linear,
    Exponential(u32),
    Fibonacci,
}

/// How chance spreads the delays of a [`Backoff`], so that those who failed together do not come back
/// together.
///
/// The names and formulas are those of Brooker's "Exponential Backoff and Jitter" (2015).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Not at all.
    #[default]
    None,
    /// Anything from nothing to the delay.
    Full,
    /// Half the delay, and anything up to the other half.
    Equal,
    /// Anything from the base to three times the delay before.
    Decorrelated,
}

impl Backoff {
    const fn new(kind: Kind, base: Duration) -> Self {
        Self {
            kind,
            base,
            max: Duration::MAX,
            attempts: 3,
            total: None,
            jitter: Jitter::None,
            then: None,
        }
    }

    /// Always the same delay. Three attempts in all, unless told otherwise.
    pub const fn constant(delay: Duration) -> Self {
        Self::new(Kind::Constant, delay)
    }

    /// `base`, twice `base`, three times …
    pub const fn linear(base: Duration) -> Self {
        Self::new(Kind::Linear, base)
    }

    /// `base`, and twice as long each time.
    pub const fn exponential(base: Duration) -> Self {
        Self::new(Kind::Exponential(2), base)
    }

    /// `base` times 1, 1, 2, 3, 5, 8 …
    pub const fn fibonacci(base: Duration) -> Self {
        Self::new(Kind::Fibonacci, base)
    }

    /// What an exponential one multiplies by each time.
    ///
    /// # Panics
    ///
    /// If the series is not exponential, or `factor` is 0.
    pub const fn factor(mut self, factor: u32) -> Self {
        assert!(
            matches!(self.kind, Kind::Exponential(_)),
            "only an exponential backoff has a factor"
        );
        assert!(factor > 0, "a factor of 0 leaves no delay at all");
        self.kind = Kind::Exponential(factor);
        self
    }

    /// No delay is longer.
    pub const fn max_delay(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// So many attempts in all, the first included.
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    pub const fn attempts(mut self, n: u32) -> Self {
        assert!(n > 0, "there is no call without a first attempt");
        self.attempts = n;
        self
    }

    /// No attempt begins later than this after the first: a delay that would exceed it ends the
    /// series at once.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Spreads the delays.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Goes on with another series where this one ends. The longest `total` time counts for both.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_context::decorate::Backoff;
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    /// static SLOWER: Backoff = Backoff::constant(MINUTE).attempts(10);
    ///
    /// let steps = Backoff::linear(Duration::from_millis(100)).attempts(3).then(&SLOWER);
    /// assert_eq!(steps.delay(2, Duration::ZERO, 0.5), Some(Duration::from_millis(100)));
    /// assert_eq!(steps.delay(3, Duration::ZERO, 0.5), Some(Duration::from_millis(200)));
    /// assert_eq!(steps.delay(4, Duration::ZERO, 0.5), Some(MINUTE));
    /// let tripled = Backoff::exponential(Duration::from_millis(100)).factor(3);
    /// assert_eq!(tripled.delay(3, Duration::ZERO, 0.5), Some(Duration::from_millis(300)));
    /// let gentle = Backoff::fibonacci(Duration::from_millis(100)).attempts(9);
    /// assert!(gentle.delay(5, Duration::ZERO, 0.5) > gentle.delay(2, Duration::ZERO, 0.5));
    /// ```
    pub const fn then(mut self, next: &'static Self) -> Self {
        self.then = Some(next);
        self
    }

    /// How many attempts there are in all, over all series.
    #[inline]
    #[must_use]
    pub const fn max_attempts(&self) -> u32 {
        match self.then {
            None => self.attempts,
            Some(next) => self.attempts.saturating_add(next.more_attempts()),
        }
    }

    /// Those that a series adds to the one before it.
    #[cold]
    const fn more_attempts(&self) -> u32 {
        self.max_attempts() - 1
    }

    /// How long the attempts may take, if there is a limit.
    #[inline]
    #[must_use]
    pub fn max_total(&self) -> Option<Duration> {
        match self.then {
            None => self.total,
            Some(next) => next.longest_total(self.total),
        }
    }

    #[cold]
    fn longest_total(&self, before: Option<Duration>) -> Option<Duration> {
        before.max(self.max_total())
    }

    /// The delay before attempt `next` (the second is 2), after a delay of `previous`; `None` if there
    /// is no such attempt. `chance` is anything from 0 to 1, and decides the jitter.
    #[must_use]
    pub fn delay(&self, next: u32, previous: Duration, chance: f64) -> Option<Duration> {
        if next > self.attempts {
            return self.then?.delay(next - self.attempts + 1, previous, chance);
        }
        let n = next.checked_sub(2)?;
        let delay = match self.kind {
            Kind::Constant => self.base,
            Kind::Linear => self.base.saturating_mul(n.saturating_add(1)),
            Kind::Exponential(factor) => self.base.saturating_mul(factor.saturating_pow(n)),
            Kind::Fibonacci => self.base.saturating_mul(fibonacci(n)),
        };
        let delay = delay.min(self.max);
        let spread = match self.jitter {
            Jitter::None => delay,
            Jitter::Full => part(delay, chance),
            Jitter::Equal => delay / 2 + part(delay - delay / 2, chance),
            Jitter::Decorrelated => {
                let most = previous.max(self.base).saturating_mul(3);
                self.base.saturating_add(part(most.saturating_sub(self.base), chance))
            }
        };
        Some(spread.min(self.max))
    }

    /// The delays without chance, in order.
    pub fn delays(&self) -> impl Iterator<Item = Duration> {
        let series = Self { jitter: Jitter::None, ..*self };
        (2..=self.max_attempts()).map_while(move |next| series.delay(next, Duration::ZERO, 0.0))
    }
}

/// 1, 1, 2, 3, 5 …; stops growing where a `u32` ends.
fn fibonacci(n: u32) -> u32 {
    let (mut this, mut next) = (1_u32, 1_u32);
    for _ in 0..n.min(64) {
        (this, next) = (next, this.saturating_add(next));
    }
    this
}

/// `chance` of `whole`.
fn part(whole: Duration, chance: f64) -> Duration {
    Duration::try_from_secs_f64(whole.as_secs_f64() * chance.clamp(0.0, 1.0)).unwrap_or(whole)
}
