//! The harness itself: what it must find, and how it tells.

use std::{future::poll_fn, mem, sync::Arc, task::Poll, time::Duration};

use selvedge::{
    model::{
        self, Check, Design, History,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    sync::{Mutex, Semaphore, raw::shim::Track},
};

/// Ends when the flag is up; nobody wakes it.
async fn forgetful(flag: Arc<AtomicBool>) {
    std::future::poll_fn(|_| match flag.load(Relaxed) {
        true => std::task::Poll::Ready(()),
        false => std::task::Poll::Pending,
    })
    .await;
}

/// A lost wake-up is found, and the table names who sleeps for ever.
///
/// Red when: the harness wakes a task that nobody woke.
#[test]
fn a_lost_wake_up_is_found_and_named() {
    let report = Check::new().named("lost").run(|d| {
        let flag = Arc::new(AtomicBool::new(false));
        let setter = flag.clone();
        d.task("sleeper", forgetful(flag));
        d.task("setter", async move { setter.store(true, Relaxed) });
    });
    let text = report.to_string();
    assert!(report.failure.is_some_and(|failure| failure.starts_with("deadlock")), "{text}");
    assert!(text.contains("sleeper sleeps for ever"), "{text}");
    assert!(text.contains("SLEEPS FOR EVER"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120 || line.starts_with("pictures")));
}

/// A read, then a write, of a counter is found to lose an increment.
///
/// Red when: the two tasks share a thread. A load may be old without any preemption.
#[test]
fn a_racy_counter_is_found() {
    let report = Check::new().named("racy").run(|d| {
        let count = Arc::new(AtomicUsize::new(0));
        for name in ["one", "two"] {
            let count = count.clone();
            d.task(name, async move { count.store(count.load(Relaxed) + 1, Relaxed) });
        }
        d.after(move || assert_eq!(count.load(Relaxed), 2));
    });
    assert!(report.failure.is_some());
}

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

/// A search that was cut is no pass.
///
/// Red when: `Report::unwrap` looks at the failure alone.
#[test]
#[should_panic(expected = "cut after")]
fn a_search_that_was_cut_fails() {
    Check::new()
        .named("cut")
        .unbounded()
        .max_duration(Duration::ZERO)
        .run(|d| locks(d, 3, 3))
        .unwrap();
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

/// A wake-up that is lost, but for a timeout that makes up for it, shows when time stands still.
///
/// Red when: `Check::frozen` lets timers fire.
#[test]
fn a_frozen_clock_shows_what_a_timeout_hides() {
    let forgotten = |check: Check| {
        check.run(|d| {
            let (clock, flag) = (d.clock(), Arc::new(AtomicBool::new(false)));
            let setter = flag.clone();
            d.task("patient", async move {
                while clock.timeout(1, forgetful(flag.clone())).await.is_err() && clock.now() < 2 {}
            });
            d.task("setter", async move { setter.store(true, Relaxed) });
        })
    };
    forgotten(Check::new().named("ticking")).unwrap();
    let report = forgotten(Check::new().named("frozen").frozen());
    assert!(report.to_string().contains("patient sleeps for ever"), "{report}");
}

/// A waker that outlives its task is a leak, and so is a message that nobody drops.
///
/// Red when: `Ledger::close` forgets to look, or is asked before the schedule has gone.
#[test]
fn what_is_left_behind_is_a_leak() {
    let report = Check::new().named("waker").run(|d| {
        d.task("careless", async {
            std::future::poll_fn(|cx| {
                std::mem::forget(cx.waker().clone());
                std::task::Poll::Ready(())
            })
            .await;
        });
    });
    let failure = report.failure.expect("a leak");
    assert_eq!(failure, "leak: a waker of `careless` is kept by what outlives it");

    let report = Check::new().named("token").run(|d| {
        let message = d.token("the message");
        d.task("forgetter", async move { std::mem::forget(message) });
    });
    assert_eq!(report.failure.as_deref(), Some("leak: `the message` is never dropped"));

    let report = Check::new().named("arc").run(|d| {
        let shared = model::Arc::new(());
        d.task("forgetter", async move { std::mem::forget(shared) });
    });
    assert!(report.failure.is_some_and(|failure| failure.contains("Arc")));
}

/// Two accesses that nothing orders are told with their places.
///
/// Red when: `model::Cell` goes around loom.
#[test]
fn a_data_race_is_found() {
    struct Racy(model::Cell<u32>);
    let report = Check::new().named("race").run(|d| {
        let cell = Arc::new(Racy(model::Cell::new(0)));
        for name in ["one", "two"] {
            let cell = cell.clone();
            #[expect(unsafe_code, reason = "the race is the point")]
            d.task(name, async move {
                // SAFETY: there is none; loom has to say so.
                unsafe { cell.0.with(|n| *n += 1) }
            });
        }
    });
    let text = report.to_string();
    assert!(text.contains("Causality violation"), "{text}");
    assert!(text.contains("It went wrong in step"), "{text}");
    assert!(text.contains("models/model.rs"), "{text}");
}

/// A panic is told with its step and its task, and the rows with the lines that did them.
///
/// Red when: `watched` forgets to write the row, or `op!` is not told who called.
#[test]
fn a_panic_is_told_with_its_step() {
    let report = Check::new().named("panic").run(|d| {
        let mutex = Arc::new(Mutex::new(0));
        for name in ["one", "two"] {
            let mutex = mutex.clone();
            d.task(name, async move {
                let mut count = mutex.lock().await;
                *count += 1;
                model::note("counted");
                assert!(*count < 2, "one too many");
            });
        }
    });
    let text = report.to_string();
    assert!(text.contains("FAILS: one too many"), "{text}");
    assert!(text.contains("It went wrong in step"), "{text}");
    assert!(text.contains("| model.rs:"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120 || line.starts_with("pictures")));
}

/// Destructors that use primitives, atomics and shared state, when the model has already failed,
/// do not end the test before the report.
///
/// Red when: the shim's atomics, lock or `model::Arc` touch loom in a failed model: an abort.
#[test]
fn a_second_panic_does_not_hide_the_first() {
    struct Bold(model::Arc<AtomicUsize>, Arc<Semaphore>);
    impl Drop for Bold {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
            self.1.add_permits(1);
            drop(self.1.try_acquire());
        }
    }
    let report = Check::new().named("bold").run(|d| {
        let (count, looms) = (model::Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        for name in ["one", "two"] {
            let bold = Bold(count.clone(), looms.clone());
            let looms = looms.clone();
            d.task(name, async move {
                let _permit = looms.acquire().await;
                assert!(bold.1.is_closed(), "on purpose");
            });
        }
        let looms = looms.clone();
        d.task("giver", async move { looms.add_permits(1) });
    });
    assert!(report.failure.is_some_and(|failure| failure.starts_with("on purpose")));
}

/// The same check finds its failing schedule again at once; a design that was mended passes.
///
/// Red when: the choices are not kept with loom's checkpoint, or are taken for another design's.
#[test]
fn a_failure_is_found_again_at_once() {
    let racy = |mended: bool| {
        Check::new().named("again").run(move |d| {
            let count = Arc::new(AtomicUsize::new(0));
            let chosen = d.choose(3);
            for name in ["one", "two"] {
                let count = count.clone();
                d.task(name, async move {
                    if mended || chosen < 2 {
                        count.fetch_add(1, Relaxed);
                    } else {
                        count.store(count.load(Relaxed) + 1, Relaxed);
                    }
                });
            }
            d.after(move || assert_eq!(count.load(Relaxed), 2));
        })
    };
    racy(true).unwrap();
    let first = racy(false);
    assert!(first.failure.is_some() && first.schedules > 1, "{first}");
    let again = racy(false);
    assert_eq!((&again.failure, again.schedules), (&first.failure, 1), "{again}");
    racy(true).unwrap();
    assert_eq!(racy(false).schedules, first.schedules);
    racy(true).unwrap();
}

/// Calls whose answers no order explains are found.
///
/// Red when: `Design::linearizable` forgets to look in the end.
#[test]
fn what_is_not_linearizable_is_found() {
    let report = Check::new().named("not linearizable").run(|d| {
        let count = Arc::new(AtomicUsize::new(0));
        let history = d.linearizable(0_usize, |state, (): &()| {
            *state += 1;
            *state
        });
        for name in ["one", "two"] {
            let (count, history) = (count.clone(), history.clone());
            d.thread(name, move || {
                history.call((), || {
                    let next = count.load(Relaxed) + 1;
                    count.store(next, Relaxed);
                    next
                });
            });
        }
    });
    assert!(report.failure.is_some_and(|failure| failure.starts_with("no order of the calls")));
}

/// Lets a thread write `value` and wake the task, and ends when that was polled again: then it reads.
async fn told(value: Track, done: Arc<AtomicBool>) {
    let value = Arc::new(value);
    let mut first = true;
    poll_fn(|cx| {
        if !mem::take(&mut first) {
            return Poll::Ready(());
        }
        let (value, done, waker) = (value.clone(), done.clone(), cx.waker().clone());
        let over = done.clone();
        drop(model::spawn(move || {
            drop(value.writing());
            waker.wake();
            done.store(true, Relaxed);
        }));
        // What it sees changes nothing, but the thread may be through with it by now.
        over.load(Relaxed);
        Poll::Pending
    })
    .await;
    drop(value.reading());
}

/// A task sees what was done before it was woken: asleep at that moment, or about to sleep.
///
/// Red when: a wake-up that comes while the task runs leaves nothing but a flag.
#[test]
fn a_task_sees_what_was_done_before_it_was_woken() {
    model::check(|d: &mut Design| {
        d.task("told", told(Track::new(), Arc::new(AtomicBool::new(false))))
    });
}

/// Both wake-ups that came before a poll count in it, not the first alone.
///
/// Red when: a task that was woken already is not told again.
#[test]
fn a_task_sees_what_was_done_before_each_wake_up() {
    model::check(|d: &mut Design| {
        let values = Arc::new([Track::new(), Track::new()]);
        let done = Arc::new(AtomicUsize::new(0));
        d.task("told twice", async move {
            let mut first = true;
            poll_fn(|cx| {
                if !mem::take(&mut first) {
                    return Poll::Ready(());
                }
                for index in 0..2 {
                    let (values, done, waker) = (values.clone(), done.clone(), cx.waker().clone());
                    drop(model::spawn(move || {
                        drop(values[index].writing());
                        waker.wake();
                        done.fetch_add(1, Relaxed);
                    }));
                }
                // Relaxed: it waits for the wake-ups, and sees nothing else.
                while done.load(Relaxed) < 2 {
                    model::yield_now();
                }
                Poll::Pending
            })
            .await;
            values.iter().for_each(|value| drop(value.reading()));
        });
    });
}

/// A task of several on one thread sees what was done before it was woken, though its thread did
/// not sleep.
///
/// Red when: the flag of a task on a thread of several is plain.
#[test]
fn a_task_beside_others_sees_what_was_done_before_it_was_woken() {
    model::check(|d: &mut Design| {
        d.on_one_thread(|d| {
            let done = Arc::new(AtomicBool::new(false));
            d.task("told", told(Track::new(), done.clone()));
            d.task("busy", async move {
                while !done.load(Relaxed) {
                    model::yield_now();
                }
            });
        });
    });
}

/// A wake-up orders nothing before the poll that it brings about: the poll that still runs races.
///
/// Red when: a wake-up lends what it has seen to a thread that runs.
#[test]
fn a_wake_up_orders_nothing_for_the_poll_that_runs() {
    let report = Check::new().named("early").run(|d| {
        let (value, done) = (Arc::new(Track::new()), Arc::new(AtomicBool::new(false)));
        d.task("early", async move {
            poll_fn(|cx| {
                let (theirs, told, waker) = (value.clone(), done.clone(), cx.waker().clone());
                drop(model::spawn(move || {
                    drop(theirs.writing());
                    waker.wake();
                    told.store(true, Relaxed);
                }));
                while !done.load(Relaxed) {
                    model::yield_now();
                }
                drop(value.reading());
                Poll::Ready(())
            })
            .await;
        });
    });
    assert!(report.failure.is_some_and(|failure| failure.contains("Causality violation")));
}
