//! `Breaker` against a list of what the last calls ended with.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use selvedge::context::decorate::{Breaker, BreakerPermit, BreakerState};

use crate::steps;

const WINDOW: usize = 10;
const WAIT: Duration = Duration::from_secs(1);

/// The oracle.
struct Model {
    state: BreakerState,
    /// Goes up with each change of state: a call counts in the cycle in which it was let in.
    cycle: u32,
    failed: VecDeque<bool>,
    until: Instant,
    probes: usize,
    granted: usize,
    succeeded: usize,
    minimum: usize,
}

impl Model {
    fn become_(&mut self, state: BreakerState) {
        self.state = state;
        self.cycle += 1;
        (self.granted, self.succeeded) = (0, 0);
        self.failed.clear();
    }

    fn lets_in(&mut self, now: Instant) -> bool {
        if self.state == BreakerState::Open && now >= self.until {
            self.become_(BreakerState::HalfOpen);
        }
        match self.state {
            BreakerState::Open | BreakerState::ForcedOpen => false,
            BreakerState::HalfOpen if self.granted == self.probes => false,
            BreakerState::HalfOpen => {
                self.granted += 1;
                true
            }
            _ => true,
        }
    }

    fn ended(&mut self, cycle: u32, failed: Option<bool>, now: Instant) {
        if cycle != self.cycle {
            return;
        }
        match (self.state, failed) {
            (BreakerState::HalfOpen, None) => self.granted -= 1,
            (BreakerState::HalfOpen, Some(true)) => self.open(now),
            (BreakerState::HalfOpen, Some(false)) => {
                self.succeeded += 1;
                if self.succeeded == self.probes {
                    self.become_(BreakerState::Closed);
                }
            }
            (BreakerState::Closed | BreakerState::MetricsOnly, Some(failed)) => {
                self.failed.push_back(failed);
                if self.failed.len() > WINDOW {
                    self.failed.pop_front();
                }
                let bad = self.failed.iter().filter(|failed| **failed).count();
                let (calls, judges) = (self.failed.len(), self.state == BreakerState::Closed);
                if judges && failed && calls >= self.minimum && bad * 2 >= calls {
                    self.open(now);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, now: Instant) {
        self.become_(BreakerState::Open);
        self.until = now + WAIT;
    }
}

/// # Panics
///
/// If the breaker differs from the oracle.
pub fn breaker(bytes: &[u8]) {
    let Some((settings, program)) = bytes.split_first() else { return };
    let probes = u32::from(settings % 3) + 1;
    let minimum = u32::from(settings / 3 % 10) + 1;
    let breaker = Breaker::new(10).minimum_calls(minimum).wait(WAIT).probes(probes);
    let mut now = Instant::now();
    let mut model = Model {
        state: BreakerState::Closed,
        cycle: 0,
        failed: VecDeque::new(),
        until: now,
        probes: probes as usize,
        granted: 0,
        succeeded: 0,
        minimum: minimum as usize,
    };
    let mut calls: Vec<(BreakerPermit<'_>, u32)> = Vec::new();
    for (what, which) in steps(program) {
        match what % 10 {
            0..4 => {
                let let_in = model.lets_in(now);
                let permit = breaker.ask(|| now);
                assert_eq!(permit.is_ok(), let_in);
                if let Ok(permit) = permit {
                    calls.push((permit, model.cycle));
                }
            }
            kind @ 4..8 if !calls.is_empty() => {
                let (permit, cycle) = calls.swap_remove(which % calls.len());
                match kind {
                    7 => drop(permit),
                    _ => permit.ended(kind > 4, || now),
                }
                model.ended(cycle, Some(kind > 4).filter(|_| kind != 7), now);
            }
            8 => now += Duration::from_millis(which as u64 * 10),
            9 if which > 240 => {
                match which % 4 {
                    0 => breaker.reset(),
                    1 => breaker.force_open(),
                    2 => breaker.disable(),
                    _ => breaker.metrics_only(),
                }
                model.become_(match which % 4 {
                    0 => BreakerState::Closed,
                    1 => BreakerState::ForcedOpen,
                    2 => BreakerState::Disabled,
                    _ => BreakerState::MetricsOnly,
                });
            }
            _ => {}
        }
        assert_eq!(breaker.state(), model.state);
        if matches!(model.state, BreakerState::Closed | BreakerState::MetricsOnly) {
            let seen = breaker.statistics(now);
            let bad = model.failed.iter().filter(|failed| **failed).count();
            assert_eq!((seen.calls, seen.failed), (model.failed.len() as u64, bad as u64));
        }
    }
}
