//! Any history of a flight.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use proptest::prelude::*;
use selvedge::context::decorate::Flight;

use crate::harness::poll;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody new asks for a key, and is polled.
    Ask(u8),
    /// One of those who are there is polled, or leaves.
    Poll(prop::sample::Index),
    Leave(prop::sample::Index),
    /// One of the calls that run ends.
    End(prop::sample::Index, bool),
    Forget(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0_u8..2;
    let step = prop_oneof![
        4 => key.clone().prop_map(Step::Ask),
        4 => any::<prop::sample::Index>().prop_map(Step::Poll),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, ok)| Step::End(at, ok)),
        1 => key.prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    /// Whatever happens: one call a key at a time but for those that were forgotten, answers only of
    /// calls that ran while one waited, and in the end everybody is through and nothing is left.
    #[test]
    fn whatever_happens_one_calls_a_key(steps in steps()) {
        type Asking<'a> = Pin<Box<dyn Future<Output = Result<usize, ()>> + 'a>>;
        /// The calls by their numbers: the key, whether it runs, what it is to end with, and when it
        /// ended.
        struct Call { key: u8, runs: bool, end: Option<bool>, ended: usize }
        struct Runs<'a>(&'a RefCell<Vec<Call>>, usize);
        impl Drop for Runs<'_> {
            fn drop(&mut self) {
                self.0.borrow_mut()[self.1].runs = false;
            }
        }
        let flight = Flight::new();
        let calls = RefCell::new(Vec::<Call>::new());
        let now = Cell::new(0);
        let forgotten = RefCell::new([0_usize; 2]);
        let begin = |key: u8| {
            let at = calls.borrow().len();
            calls.borrow_mut().push(Call { key, runs: true, end: None, ended: usize::MAX });
            let runs = Runs(&calls, at);
            let now = &now;
            poll_fn(move |_| {
                let Runs(calls, at) = runs;
                match calls.borrow()[at].end {
                    None => return Poll::Pending,
                    Some(false) => return Poll::Ready(Err(())),
                    Some(true) => {}
                }
                calls.borrow_mut()[at].ended = now.get();
                Poll::Ready(Ok(at))
            })
        };
        let mut asking: Vec<(u8, usize, Asking<'_>)> = Vec::new();
        let look = |asking: &mut Vec<(u8, usize, Asking<'_>)>, at: usize| {
            if let Poll::Ready(answer) = poll(asking[at].2.as_mut()) {
                let (key, since, _) = asking.swap_remove(at);
                if let Ok(call) = answer {
                    let calls = calls.borrow();
                    assert_eq!(calls[call].key, key);
                    assert!(calls[call].ended >= since, "it ended before this one came");
                }
            }
        };
        for step in steps {
            now.set(now.get() + 1);
            match step {
                Step::Ask(key) => {
                    asking.push((key, now.get(), Box::pin(flight.try_run(key, move || begin(key)))));
                    let at = asking.len() - 1;
                    look(&mut asking, at);
                }
                Step::Poll(at) if !asking.is_empty() => {
                    let at = at.index(asking.len());
                    look(&mut asking, at);
                }
                Step::Leave(at) if !asking.is_empty() => {
                    drop(asking.swap_remove(at.index(asking.len())));
                }
                Step::End(at, ok) if !calls.borrow().is_empty() => {
                    let mut calls = calls.borrow_mut();
                    let at = at.index(calls.len());
                    calls[at].end = Some(ok);
                }
                Step::Forget(key) => {
                    flight.forget(&key);
                    forgotten.borrow_mut()[usize::from(key)] += 1;
                }
                _ => {}
            }
            for key in 0..2_u8 {
                let calls = calls.borrow();
                let running = calls.iter().filter(|call| call.key == key && call.runs).count();
                prop_assert!(running <= 1 + forgotten.borrow()[usize::from(key)]);
            }
        }
        // All that runs or begins now ends.
        for _ in 0..asking.len() + 1 {
            calls.borrow_mut().iter_mut().for_each(|call| call.end = Some(true));
            for at in (0..asking.len()).rev() {
                look(&mut asking, at);
            }
        }
        calls.borrow_mut().iter_mut().for_each(|call| call.end = Some(true));
        for at in (0..asking.len()).rev() {
            look(&mut asking, at);
        }
        prop_assert!(asking.is_empty(), "somebody is not through");
        prop_assert!(flight.is_empty());
    }
}
