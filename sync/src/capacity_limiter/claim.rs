//! The table of those who borrow by number.

use super::{AlreadyBorrowed, CapacityLimiter};
use crate::{
    raw::{
        line::Turn,
        shim::{self, mutant},
    },
    semaphore::Permits,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Borrower {
    Waiting,
    Borrows,
}

/// A line in the table of borrowers, taken back if it comes to nothing.
pub(super) struct Claim<'a> {
    pub(super) limiter: &'a CapacityLimiter,
    pub(super) borrower: u64,
    pub(super) step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    New,
    Noted,
    Over,
}

impl<'a> Claim<'a> {
    pub(super) fn make(&mut self) -> Result<(), AlreadyBorrowed> {
        let fresh = self.limiter.borrowers.with(|borrowers| {
            let fresh = !borrowers.contains_key(&self.borrower);
            if fresh || mutant!("a borrower borrows twice") {
                borrowers.insert(self.borrower, Borrower::Waiting);
            }
            fresh || mutant!("a borrower borrows twice")
        });
        self.step = if fresh { Step::Noted } else { Step::Over };
        if fresh { Ok(()) } else { Err(AlreadyBorrowed) }
    }

    pub(super) fn keep(&mut self, turn: Turn<&'a CapacityLimiter, Permits>) {
        self.step = Step::Over;
        self.limiter.borrowers.with(|borrowers| {
            borrowers.insert(self.borrower, Borrower::Borrows);
        });
        // The table has it from now on.
        turn.into_handle();
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.step == Step::Noted && !shim::doomed() && !mutant!("a borrower waits for ever") {
            self.limiter.borrowers.with(|borrowers| borrowers.remove(&self.borrower));
        }
    }
}
