//! Virtual time for a design.

use core::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use std::{collections::BTreeMap, sync::Arc};

use selvedge_sync::raw::shim::{self, Lock};

#[cfg(feature = "_timer")]
mod timer;

/// A tick that does not come.
const NEVER: u64 = u64::MAX;

/// Virtual time, in ticks of no particular length.
///
/// The earliest timer may fire at any moment: whether tasks are busy or not, as on a machine that
/// is slow.
///
/// With a timer's feature it is a `time::Timer` as well, of which a tick is a millisecond.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model::Check, sync::Semaphore};
///
/// // A reply and a timeout: both ends are seen, and neither loses the permit.
/// Check::new().named("a reply and its timeout").rounds(50).run(|d| {
///     let (clock, reply) = (d.clock(), Arc::new(Semaphore::new(0)));
///     let (replier, end) = (reply.clone(), reply.clone());
///     d.task("asker", async move {
///         if let Ok(permit) = clock.timeout(5, reply.acquire()).await {
///             permit.expect("never closed").forget();
///             reply.add_permits(1);
///         }
///     });
///     d.task("replier", async move { replier.add_permits(1) });
///     d.after(move || assert_eq!(end.available_permits(), 1));
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Clock {
    state: Lock<State>,
    /// Whether time stands still.
    frozen: bool,
    /// When the first tick was.
    #[cfg(feature = "_timer")]
    zero: std::time::Instant,
}

struct State {
    now: u64,
    next_key: u64,
    timers: BTreeMap<(u64, u64), Waker>,
    /// When those of a `Timer` are due, by their keys.
    #[cfg(feature = "_timer")]
    alarms: BTreeMap<u64, u64>,
    live: usize,
    driver: Option<Waker>,
    ended: bool,
}

impl Clock {
    pub(super) fn new(frozen: bool) -> Self {
        let state = State {
            now: 0,
            next_key: 0,
            timers: BTreeMap::new(),
            #[cfg(feature = "_timer")]
            alarms: BTreeMap::new(),
            live: 0,
            driver: None,
            ended: false,
        };
        Self {
            state: Lock::new(state),
            frozen,
            #[cfg(feature = "_timer")]
            zero: std::time::Instant::now(),
        }
    }

    /// What time it is.
    pub fn now(&self) -> u64 {
        self.state.with(|state| state.now)
    }

    /// Waits for `ticks`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes its timer away, and loses nothing.
    pub fn sleep(self: &Arc<Self>, ticks: u64) -> Sleep {
        let at = self.now().saturating_add(ticks);
        Sleep { clock: self.clone(), at, key: None }
    }

    /// Waits for `future`, for at most `ticks`. A result that is there beats the deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the one inside.
    ///
    /// # Errors
    ///
    /// If the time is over; `future` has been dropped then.
    pub async fn timeout<F: Future>(
        self: &Arc<Self>,
        ticks: u64,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut sleep = pin!(self.sleep(ticks));
        let mut future = pin!(future);
        core::future::poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            sleep.as_mut().poll(cx).map(|()| {
                super::engine::note("its time is over".into(), None);
                Err(Elapsed)
            })
        })
        .await
    }

    pub(super) fn enter(&self) {
        self.state.with(|state| state.live += 1);
    }

    pub(super) fn exit(&self) {
        let driver = self.state.with(|state| {
            state.live -= 1;
            if state.live == 0 {
                state.ended = true;
                state.driver.take()
            } else {
                None
            }
        });
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Fires timer after timer until all tasks have ended.
    pub(super) async fn drive(&self) {
        core::future::poll_fn(|cx| {
            loop {
                let mut waker = Some(cx.waker().clone());
                let fired = self.state.with(|state| {
                    if state.ended {
                        return Err(true);
                    }
                    let comes = state.timers.keys().next().is_some_and(|(at, _)| *at < NEVER);
                    let next = if self.frozen || !comes { None } else { state.timers.pop_first() };
                    match next {
                        Some(((at, _), timer)) => {
                            state.now = state.now.max(at);
                            Ok((timer, at))
                        }
                        None => {
                            core::mem::swap(&mut state.driver, &mut waker);
                            Err(false)
                        }
                    }
                });
                drop(waker);
                match fired {
                    Ok((timer, at)) => {
                        super::engine::note(std::format!("it is {at}"), None);
                        timer.wake();
                    }
                    Err(true) => return Poll::Ready(()),
                    Err(false) => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

/// The future of [`Clock::sleep`].
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    clock: Arc<Clock>,
    at: u64,
    key: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let (ready, old, driver) = this.clock.state.with(|state| {
            if state.now >= this.at {
                let old = this.key.take().and_then(|key| state.timers.remove(&(this.at, key)));
                return (true, old.or(Some(waker)), None);
            }
            let key = *this.key.get_or_insert_with(|| {
                state.next_key += 1;
                state.next_key
            });
            (false, state.timers.insert((this.at, key), waker), state.driver.take())
        });
        drop(old);
        if let Some(driver) = driver {
            driver.wake();
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        if let Some(key) = self.key.take() {
            drop(self.clock.state.with(|state| state.timers.remove(&(self.at, key))));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish_non_exhaustive()
    }
}

/// The time of a [`Clock::timeout`] is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is over")
    }
}

impl core::error::Error for Elapsed {}
