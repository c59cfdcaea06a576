//! `selvedge::channel::select`.

use std::{pin::pin, thread};

use selvedge::channel::{
    mpmc::{self, TryRecvError},
    mpsc,
    select::{Of2, Of3, Select},
};

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn the_first_that_is_ready_wins_and_the_others_lose_nothing() {
    let (one, first) = mpmc::bounded(9);
    let (two, mut second) = mpsc::channel(9);
    one.try_send('a').unwrap();
    two.try_send(1).unwrap();
    let mut select = Select::new();
    assert_eq!(ready(pin!(select.next((first.recv(), second.recv())))), Of2::First(Ok('a')));
    assert_eq!((first.len(), second.len()), (0, 1));
    assert_eq!(ready(pin!(select.next((first.recv(), second.recv())))), Of2::Second(Some(1)));
}

/// Semantics 74 and 76: arms that were woken and not taken leave their messages, and call others.
#[test]
fn arms_that_are_not_taken_lose_nothing() {
    for cancelled in [false, true] {
        let channels = [mpmc::bounded(1), mpmc::bounded(1), mpmc::bounded(1)];
        let watched = Watched::new();
        let mut select = Select::new();
        let arms = channels.each_ref().map(|(_, receiver)| receiver.recv());
        let mut next = Box::pin(select.next(arms));
        assert!(watched.poll(next.as_mut()).is_pending());
        let others = Watched::new();
        let mut waiting: Vec<_> =
            channels.iter().map(|(_, receiver)| Box::pin(receiver.recv())).collect();
        assert!(waiting.iter_mut().all(|recv| others.poll(recv.as_mut()).is_pending()));
        for (message, (sender, _)) in channels.iter().enumerate() {
            sender.try_send(message).unwrap();
        }
        assert_eq!((watched.woken(), others.woken()), (3, 0));
        if !cancelled {
            assert_eq!(ready(next.as_mut()), (0, Ok(0)));
        }
        drop(next);
        let left = if cancelled { 0..3 } else { 1..3 };
        assert_eq!((others.woken(), watched.kept()), (left.len(), 0));
        for at in left {
            assert_eq!(ready(waiting[at].as_mut()), Ok(at));
        }
    }
}

#[test]
fn every_arm_has_its_turn() {
    let channels: Vec<_> = (0..4).map(|_| mpmc::unbounded()).collect();
    for (at, (sender, _)) in channels.iter().enumerate() {
        for _ in 0..10 {
            sender.try_send(at).unwrap();
        }
    }
    let mut select = Select::new();
    let mut won = [0; 4];
    for turn in 1..=40 {
        let arms: Vec<_> = channels.iter().map(|(_, receiver)| receiver.recv()).collect();
        let (at, message) = ready(pin!(select.next(arms)));
        assert_eq!(message, Ok(at));
        won[at] += 1;
        assert!(won.iter().all(|won| won * 4 <= turn + 3), "{won:?}");
    }
    assert_eq!(won, [10; 4]);
}

#[test]
fn the_end_of_a_channel_is_an_answer() {
    let (one, mut first) = mpsc::channel::<u8>(1);
    let (_two, mut second) = mpsc::unbounded_channel::<u8>();
    let (_three, third) = mpmc::rendezvous::<u8>();
    drop(one);
    let mut select = Select::new();
    let arms = (first.recv(), second.recv(), third.recv());
    assert_eq!(ready(pin!(select.next(arms))), Of3::First(None));
    assert_eq!(third.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn without_arms_there_is_nothing_to_wait_for() {
    let mut select = Select::new();
    assert!(panics(|| _ = poll(pin!(select.next(Vec::<mpmc::Recv<'_, u8>>::new())))));
    let (sender, receiver) = mpmc::bounded(1);
    sender.try_send(1).unwrap();
    let mut next = pin!(select.next([receiver.recv()]));
    assert_eq!(ready(next.as_mut()), (0, Ok(1)));
    assert!(panics(|| _ = poll(next.as_mut())));
}

#[test]
fn a_thread_selects() {
    let (one, first) = mpmc::rendezvous();
    let (two, mut second) = mpsc::channel(1);
    let producers = [
        thread::spawn(move || (0..500).for_each(|n| one.send_blocking(n).unwrap())),
        thread::spawn(move || (0..500).for_each(|n| two.blocking_send(n).unwrap())),
    ];
    let (mut select, mut seen) = (Select::new(), [0, 0]);
    while seen != [500, 500] {
        match select.blocking_next((first.recv(), second.recv())) {
            Of2::First(Ok(n)) => {
                assert_eq!(n, seen[0]);
                seen[0] += 1;
            }
            Of2::Second(Some(n)) => {
                assert_eq!(n, seen[1]);
                seen[1] += 1;
            }
            Of2::First(Err(_)) | Of2::Second(None) => {}
        }
    }
    for producer in producers {
        producer.join().unwrap();
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept::<(mpmc::Sender<u8>, mpmc::Receiver<u8>)> {
        name: "select::Next",
        make: || mpmc::bounded(2),
        // One arm, for the sweep counts one waker a wait.
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move {
                let (sender, receiver) = &*ends;
                match Select::new().next([receiver.recv()]).await {
                    (0, Ok(message)) => sender.try_send(message).is_ok(),
                    _ => false,
                }
            })
        },
        free: |(sender, _)| sender.try_send(1).unwrap(),
        waiting: |(_, receiver)| receiver.statistics().waiting_receivers,
        is_free: |(_, receiver)| receiver.len() == 1,
        close: None,
    }
    .sweep(report);
}
