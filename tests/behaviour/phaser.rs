//! A phaser, polled by hand.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::sync::{Phaser, PhaserClosed};

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept},
};

/// Semantics 57 and 58, for parties that have a handle.
#[test]
fn all_arrive_and_the_next_phase_begins() {
    let phaser = Phaser::new(0);
    let (mut one, mut other) = (phaser.register_one(), phaser.register_one());
    for phase in 0..3 {
        let watched = Watched::new();
        let mut wait = pin!(one.wait());
        assert!(watched.poll(wait.as_mut()).is_pending());
        assert_eq!((phaser.phase(), phaser.statistics().missing), (phase, 1));
        assert_eq!(other.arrive(), phase);
        assert_eq!((watched.woken(), ready(wait.as_mut())), (1, Ok(phase + 1)));
    }
}

/// Semantics 60: a party that arrived and gave up counts as arrived, and does not arrive twice.
#[test]
fn a_cancelled_wait_stands_as_an_arrival() {
    let phaser = Phaser::new(0);
    let (mut one, mut other) = (phaser.register_one(), phaser.register_one());
    for _ in 0..3 {
        let mut wait = Box::pin(one.wait());
        assert!(poll(wait.as_mut()).is_pending());
    }
    assert_eq!((one.arrive(), one.arrive()), (0, 0));
    let seen = phaser.statistics();
    assert_eq!((seen.phase, seen.missing, seen.parties, seen.waiting), (0, 1, 2, 0));
    let mut wait = pin!(one.wait());
    assert!(poll(wait.as_mut()).is_pending());
    other.arrive();
    assert_eq!(ready(wait.as_mut()), Ok(1));
}

#[test]
fn parties_come_and_go() {
    let phaser = Phaser::new(0);
    let mut one = phaser.register_one();
    let mut two = phaser.register_one();
    let watched = Watched::new();
    let mut wait = pin!(one.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    // One more in the phase that is on: it is waited for.
    let three = phaser.register_one();
    two.arrive();
    assert_eq!(watched.woken(), 0);
    three.deregister();
    assert_eq!((watched.woken(), ready(wait.as_mut())), (1, Ok(1)));
    // One that has arrived leaves: it is not waited for in the next phase, nor counted now.
    two.arrive();
    drop(two);
    let seen = phaser.statistics();
    assert_eq!((seen.phase, seen.parties, seen.missing), (1, 1, 1));
    assert_eq!(ready(pin!(one.wait())), Ok(2), "alone it goes on at once");
    drop(one);
    let seen = phaser.statistics();
    assert_eq!((seen.phase, seen.parties, seen.missing), (3, 0, 0));
}

#[test]
fn anonymous_parties() {
    let phaser = Phaser::new(1);
    assert_eq!(phaser.register(2), 0);
    assert_eq!((phaser.arrive(), phaser.arrive()), (0, 0));
    let mut wait = pin!(phaser.wait(0));
    assert!(poll(wait.as_mut()).is_pending());
    assert_eq!(phaser.deregister(), 0);
    assert_eq!(ready(wait.as_mut()), Ok(1));
    assert_eq!(ready(pin!(phaser.wait(0))), Ok(1), "a phase that is over is not waited for");
    assert_eq!((phaser.arrive(), phaser.arrive(), phaser.phase()), (1, 1, 2));
}

#[test]
fn misuse_is_told() {
    let phaser = Phaser::new(0);
    assert!(panics(|| _ = phaser.arrive()));
    assert!(panics(|| _ = phaser.deregister()));
    assert_eq!(phaser.register(usize::MAX), 0);
    assert!(panics(|| _ = phaser.register(1)));
    assert_eq!(phaser.statistics().parties, usize::MAX);
}

#[test]
fn closing_sends_all_away() {
    let phaser = Phaser::new(1);
    let watched = Watched::new();
    let mut wait = pin!(phaser.wait(0));
    assert!(watched.poll(wait.as_mut()).is_pending());
    phaser.close();
    assert_eq!((watched.woken(), ready(wait.as_mut())), (1, Err(PhaserClosed)));
    assert_eq!(ready(pin!(phaser.wait(0))), Err(PhaserClosed));
    assert!(phaser.is_closed());
    assert_eq!(PhaserClosed.to_string(), "the phaser is closed");
    // A phase that is over stays over.
    phaser.arrive();
    assert_eq!(ready(pin!(phaser.wait(0))), Ok(1));
}

#[test]
fn threads_go_through_the_phases_together() {
    let phaser = Arc::new(Phaser::new(0));
    let in_phase: Arc<[AtomicUsize; 50]> = Arc::new([const { AtomicUsize::new(0) }; 50]);
    phaser.register(3);
    let threads = [(); 3].map(|()| {
        let (phaser, in_phase) = (phaser.clone(), in_phase.clone());
        thread::spawn(move || {
            for phase in 0..50 {
                in_phase[phase].fetch_add(1, SeqCst);
                let arrived = phaser.arrive();
                assert_eq!(arrived, phase);
                pollster::block_on(phaser.wait(arrived)).unwrap();
                assert_eq!(in_phase[phase].load(SeqCst), 3);
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(phaser.phase(), 50);
}

#[test]
fn debug_shows_the_state() {
    let phaser = Phaser::new(2);
    phaser.arrive();
    assert_eq!(
        format!("{phaser:?}"),
        "Phaser { phase: 0, parties: 2, missing: 1, waiting: 0, closed: false }"
    );
    let party = phaser.register_one();
    assert_eq!(format!("{party:?}"), "PhaserParty { arrived: None, .. }");
    assert!(std::ptr::eq(party.phaser(), &raw const phaser));
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "Phaser::wait",
        make: || Phaser::new(1),
        wait: |phaser: &Arc<Phaser>| {
            let phaser = phaser.clone();
            Box::pin(async move { phaser.wait(0).await == Ok(1) })
        },
        free: |phaser| _ = phaser.arrive(),
        waiting: |phaser| phaser.statistics().waiting,
        is_free: |phaser| phaser.phase() == 1 && phaser.statistics().waiting == 0,
        close: None,
    }
    .sweep(report);
}
