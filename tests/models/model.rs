//! The harness itself: what it must find, and how it tells.

use std::sync::Arc;

use selvedge::{
    model::{self, Check, Design, History},
    sync::{Mutex, Semaphore},
};

mod findings;
mod wake_ups;

/// A cancellable task is dropped at each of its await points, and at none.
///
/// Red when: fewer await points are explored (`CUTS`).
#[test]
fn every_await_point_is_a_place_to_cancel() {
    let report = Check::new()
        .named("cancel")
        .run(|d| {
            let outcome = d.outcome();
            d.cancellable("quitter", async move {
                for step in 0..3 {
                    outcome(format!("reached {step}"));
                    let mut first = true;
                    std::future::poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        match std::mem::take(&mut first) {
                            true => std::task::Poll::Pending,
                            false => std::task::Poll::Ready(()),
                        }
                    })
                    .await;
                }
                outcome("ended".into());
            });
        })
        .unwrap();
    assert_eq!(report.schedules, 4, "never, and at each of three");
    assert_eq!(report.outcomes.len(), 4);
}

/// All choices are taken, in all combinations.
///
/// Red when: `Choices::advance` forgets a digit.
#[test]
fn every_choice_is_taken() {
    let report = Check::new()
        .named("choose")
        .run(|d| {
            let pair = (d.choose(2), d.choose(3));
            d.outcome()(format!("{pair:?}"));
        })
        .unwrap();
    assert_eq!(report.outcomes.len(), 6);
}

/// A timer may fire before and after the reply that it races with.
///
/// Red when: the clock waits until every task has ended, or no preemption is explored.
#[test]
fn a_timeout_races_with_the_reply() {
    let report = Check::new()
        .named("timeout")
        .run(|d| {
            let clock = d.clock();
            let reply = Arc::new(Semaphore::new(0));
            let replier = reply.clone();
            let outcome = d.outcome();
            d.task("asker", async move {
                let answer = clock.timeout(5, reply.acquire()).await;
                outcome(if answer.is_ok() { "in time" } else { "late" }.into());
            });
            d.task("replier", async move { replier.add_permits(1) });
        })
        .unwrap();
    assert_eq!(report.outcomes.into_iter().collect::<Vec<_>>(), ["in time", "late"]);
}

/// `tasks` users of one lock, on `threads` threads.
fn locks(d: &mut Design, tasks: usize, threads: usize) {
    let mutex = Arc::new(Mutex::new(0));
    for thread in 0..threads {
        d.on_one_thread(|d| {
            for task in (thread..tasks).step_by(threads) {
                let mutex = mutex.clone();
                d.task(format!("user {task}"), async move { *mutex.lock().await += 1 });
            }
        });
    }
    d.after(move || assert_eq!(*mutex.try_lock().unwrap(), tasks));
}

/// Eight tasks on two threads are few enough to check.
///
/// Red when: tasks on one thread are polled although nobody woke them.
#[test]
fn eight_tasks_on_two_threads() {
    let report = Check::new().named("eight on two").run(|d| locks(d, 8, 2)).unwrap();
    assert!(report.seconds < 10.0, "{report}");
}

/// Three threads, one of which may be cancelled anywhere.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn three_threads_and_a_cancel() {
    let report = Check::new()
        .named("three and a cancel")
        .run(|d| {
            let looms = Arc::new(Semaphore::new(1));
            for name in ["first", "second"] {
                let looms = looms.clone();
                d.task(name, async move { drop(looms.acquire().await) });
            }
            let quitter = looms.clone();
            d.cancellable("quitter", async move { drop(quitter.acquire().await) });
            d.after(move || assert_eq!(looms.available_permits(), 1));
        })
        .unwrap();
    assert!(report.seconds < 10.0, "{report}");
}

/// One design too many for loom is told so.
///
/// Red when: the threads are not counted.
#[test]
fn one_thread_too_many_is_a_named_error() {
    let report = Check::new().named("six").run(|d| locks(d, 6, 6));
    assert!(report.failure.is_some_and(|failure| failure.contains("room for 5 threads")));
}

model::statics! {
    /// Three at a time, in each schedule anew.
    static LIMIT: Semaphore = Semaphore::new(3);
}

/// A static starts over in each schedule.
///
/// Red when: `statics!` makes a plain static.
#[test]
fn a_static_starts_over() {
    model::check(|d| {
        for name in ["one", "two"] {
            d.task(name, async { LIMIT.acquire().await.unwrap().forget() });
        }
        d.after(|| assert_eq!(LIMIT.available_permits(), 1));
    });
}

/// What three threads see of a semaphore could have happened one after the other.
///
/// Red when: `History` performs an operation twice in its search.
#[test]
fn a_semaphore_is_linearizable() {
    #[derive(Clone, Copy, Debug)]
    enum Op {
        Take,
        Give,
        Look,
    }
    Check::new()
        .named("linearizable")
        .run(|d| {
            let shared = Arc::new((Semaphore::new(1), History::new()));
            let perform = |shared: &(Semaphore, History<Op, usize>), ops: &[Op]| {
                let (semaphore, history) = shared;
                for &op in ops {
                    history.call(op, || match op {
                        Op::Take => {
                            usize::from(semaphore.try_acquire().map(|p| p.forget()).is_ok())
                        }
                        Op::Give => {
                            semaphore.add_permits(1);
                            0
                        }
                        Op::Look => semaphore.available_permits(),
                    });
                }
            };
            for (name, ops) in [
                ("one", [Op::Look, Op::Take]),
                ("two", [Op::Take, Op::Look]),
                ("three", [Op::Take, Op::Give]),
            ] {
                let shared = shared.clone();
                d.thread(name, move || perform(&shared, &ops));
            }
            d.after(move || {
                shared.1.assert_linearizable(1_usize, |permits, op| match op {
                    Op::Take if *permits > 0 => {
                        *permits -= 1;
                        1
                    }
                    Op::Take => 0,
                    Op::Give => {
                        *permits += 1;
                        0
                    }
                    Op::Look => *permits,
                });
            });
        })
        .unwrap();
}

/// Four threads, one of which may be cancelled anywhere, of each lock.
///
/// Red when: a look at a state word explores the values that the CAS behind it refutes (`Peek`).
#[test]
fn four_threads_and_a_cancel() {
    let report = Check::new()
        .named("four and a cancel")
        .run(|d| {
            let looms = Arc::new(Semaphore::new(1));
            for name in ["first", "second", "third"] {
                let looms = looms.clone();
                d.task(name, async move { drop(looms.acquire().await) });
            }
            let quitter = looms.clone();
            d.cancellable("quitter", async move { drop(quitter.acquire().await) });
            d.after(move || assert_eq!(looms.available_permits(), 1));
        })
        .unwrap();
    assert!(report.seconds < 10.0, "{report}");
}
