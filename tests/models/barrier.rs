//! What must hold of a barrier in every interleaving.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use selvedge::{model::Cell, sync::Barrier};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What each of three gets from `wait`: each sees what another did before.
pub(crate) fn places<B, P>(barrier: &Arc<B>, wait: fn(&B) -> P) -> [P; 3]
where
    B: Send + Sync + 'static,
    P: Send + 'static,
{
    let cells = Arc::new([0; 3].map(Cell::new));
    let one = |at: usize| {
        let (barrier, cells) = (barrier.clone(), cells.clone());
        move || {
            touch(&cells[at]);
            let place = wait(&barrier);
            touch(&cells[(at + 1) % 3]);
            place
        }
    };
    let others = [0, 1].map(|at| spawn(one(at)));
    let here = one(2)();
    let [first, second] = others.map(|other| other.join().unwrap());
    [first, second, here]
}

fn touch(cell: &Cell<i32>) {
    #[expect(unsafe_code, reason = "the value is shared on purpose")]
    // SAFETY: each is touched by one task before the barrier, and by another behind it; if that is
    // not enough, the model turns red.
    unsafe {
        cell.with(|value| *value += 1);
    }
}

/// Three pass together, one leads, and each sees what the others did before.
///
/// Red when: mutant "one batch goes on", with four; or whoever is granted its turn is not ordered
/// behind the leader.
#[test]
fn all_pass_and_see() {
    check(2, || {
        let barrier = Arc::new(Barrier::new(3));
        let leaders = places(&barrier, |barrier| block_on(barrier.wait()).is_leader());
        assert_eq!(leaders.map(usize::from).iter().sum::<usize>(), 1);
    });
}

/// Two go round and round, and nobody is a round ahead.
///
/// Red when: `arrived` is not taken back to 0 in the step that lets the others through.
#[test]
fn it_is_ready_for_the_next_round_at_once() {
    check(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let rounds = |barrier: &Barrier| [(); 2].map(|()| block_on(barrier.wait()).is_leader());
        let other = spawn({
            let barrier = barrier.clone();
            move || rounds(&barrier)
        });
        let here = rounds(&barrier);
        let there = other.join().unwrap();
        assert!(here[0] != there[0] && here[1] != there[1]);
    });
}

/// Whoever comes back while a round of two batches is sent off waits for the next one, and nobody of
/// the round is forgotten.
///
/// Red when: mutant "who comes early slips in" or "one batch goes on".
#[test]
fn who_comes_back_early_does_not_slip_in() {
    check(3, || {
        let barrier = Arc::new(Barrier::new(4));
        let mut all = [(); 3].map(|()| Box::pin(barrier.wait()));
        for wait in &mut all {
            assert!(poll(wait.as_mut()).is_pending());
        }
        let leader = spawn({
            let barrier = barrier.clone();
            move || assert!(block_on(barrier.wait()).is_leader())
        });
        let mut back = pin!(barrier.wait());
        let is_back = poll(all[0].as_mut()).is_ready() && poll(back.as_mut()).is_pending();
        leader.join().unwrap();
        let skip = usize::from(is_back);
        assert!(all[skip..].iter_mut().all(|wait| poll(wait.as_mut()).is_ready()));
        assert_eq!(barrier.statistics().waiting, usize::from(is_back));
        assert!(!is_back || poll(back.as_mut()).is_pending());
    });
}

/// Whoever gives up has arrived, whenever that is.
///
/// Red when: `stepped_out` takes somebody out of the count.
#[test]
fn who_gives_up_has_arrived() {
    check(3, || {
        let barrier = Arc::new(Barrier::new(3));
        let quitter = spawn({
            let barrier = barrier.clone();
            move || poll_and_cancel(barrier.wait()).is_some()
        });
        let stayer = spawn({
            let barrier = barrier.clone();
            move || drop(block_on(barrier.wait()))
        });
        drop(block_on(barrier.wait()));
        quitter.join().unwrap();
        stayer.join().unwrap();
        let seen = barrier.statistics();
        assert_eq!((seen.arrived, seen.waiting), (0, 0));
    });
}
