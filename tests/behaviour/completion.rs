//! A completion, polled by hand.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::{Abandoned, Completer, Completion};

use crate::{
    harness::{Watched, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn all_observers_see_the_value() {
    let (completer, outcome) = Completion::new();
    let other = outcome.clone();
    let watched = [Watched::new(), Watched::new()];
    let mut first = pin!(outcome.wait());
    let mut second = pin!(other.wait());
    assert!(watched[0].poll(first.as_mut()).is_pending());
    assert!(watched[1].poll(second.as_mut()).is_pending());
    assert_eq!((outcome.peek(), outcome.waiters()), (None, 2));
    completer.complete(7);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1]);
    assert_eq!((ready(first.as_mut()), ready(second.as_mut())), (Ok(&7), Ok(&7)));
    assert_eq!((outcome.peek(), outcome.blocking_wait()), (Some(Ok(&7)), Ok(&7)));
}

#[test]
fn all_observers_are_told_that_it_was_abandoned() {
    let (completer, outcome) = Completion::<u8>::new();
    let watched = Watched::new();
    let mut wait = pin!(outcome.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    drop(completer);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(wait.as_mut()), Err(Abandoned));
    assert_eq!(ready(pin!(outcome.clone().wait()).as_mut()), Err(Abandoned));
    assert_eq!(outcome.peek(), Some(Err(Abandoned)));
    assert_eq!(Abandoned.to_string(), "the completion was abandoned");
}

#[test]
fn a_panic_abandons_it() {
    let (completer, outcome) = Completion::<u8>::new();
    let thread = thread::spawn(move || {
        let _completer = completer;
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert_eq!(pollster::block_on(outcome.wait()), Err(Abandoned));
    assert!(thread.join().is_err());
}

#[test]
fn the_value_is_dropped_once() {
    let value = Arc::new(());
    let (completer, outcome) = Completion::new();
    completer.complete(value.clone());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(outcome);
    assert_eq!(Arc::strong_count(&value), 1);
    let (completer, outcome) = Completion::new();
    drop(outcome);
    completer.complete(value.clone());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let (completer, outcome) = Completion::new();
    completer.complete(());
    let mut wait = pin!(outcome.wait());
    assert_eq!(ready(wait.as_mut()), Ok(&()));
    let _ = poll(wait.as_mut());
}

#[test]
fn debug_shows_the_state() {
    let (completer, outcome) = Completion::new();
    assert_eq!(format!("{outcome:?}"), "Completion { outcome: None, waiting: 0 }");
    assert_eq!(format!("{completer:?}"), "Completer { .. }");
    completer.complete(7);
    assert_eq!(format!("{outcome:?}"), "Completion { outcome: Some(Ok(7)), waiting: 0 }");
}

pub(crate) fn sweep(report: Report<'_>) {
    struct Pair {
        completer: Mutex<Option<Completer<u8>>>,
        outcome: Completion<u8>,
    }
    let pair = |name, free| Swept {
        name,
        make: || {
            let (completer, outcome) = Completion::new();
            Pair { completer: Mutex::new(Some(completer)), outcome }
        },
        wait: |pair: &Arc<Pair>| {
            let outcome = pair.outcome.clone();
            Box::pin(async move { outcome.wait().await.is_ok() || outcome.peek().is_some() })
        },
        free,
        waiting: |pair: &Pair| pair.outcome.waiters(),
        is_free: |pair| pair.outcome.peek().is_some() && pair.outcome.waiters() == 0,
        close: None,
    };
    pair("Completion::wait", |pair| {
        let completer = pair.completer.lock().unwrap().take();
        completer.into_iter().for_each(|completer| completer.complete(7));
    })
    .sweep(report);
    pair("Completion::wait (abandoned)", |pair| {
        let completer = pair.completer.lock().unwrap().take();
        drop(completer);
    })
    .sweep(report);
}
