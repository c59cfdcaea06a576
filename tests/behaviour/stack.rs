//! The exit stack.

use std::future::pending;

use futures_lite::future::yield_now;
use selvedge::context::{Exit, Reaper, Stack, Verdict, WithError, with_stack};

use crate::{
    guard::{Log, everywhere, quit_after, ready_in_the_end},
    harness::{growth, panics},
    sweep::Report,
};

/// An exit that tells of its begin and its end, two polls apart.
async fn exit(log: Log, number: u32, how: Exit) -> Result<(), String> {
    log.push(format!("{number} begins"));
    yield_now().await;
    log.push(format!("{number} ends {how:?}"));
    match number {
        13 => Err("thirteen".into()),
        66 => panic!("on purpose"),
        _ => Ok(()),
    }
}

type Exits = Stack<String, Reaper>;

fn enter(stack: &mut Exits, log: &Log, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        drop(stack.enter(log.clone(), move |log, how| exit(log, number, how)));
    }
}

fn stack_of(reaper: &Reaper, log: &Log, numbers: impl IntoIterator<Item = u32>) -> Exits {
    let mut stack = Stack::new(reaper.clone());
    enter(&mut stack, log, numbers);
    stack
}

pub(crate) fn sweep(report: Report<'_>) {
    report("stack::close", "1 cancel at every poll", close_is_cancelled_at_every_poll());
    report("stack::with_stack", "1 cancel at every poll", with_is_cancelled_at_every_poll());
    report("stack::close", "6 nothing grows", nothing_is_kept());
}

/// Last in, first out, across the hand-over, wherever that is.
fn close_is_cancelled_at_every_poll() -> usize {
    for polls in 0..5 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let pending = quit_after(stack_of(&reaper, &log, 1..=3).close(), polls);
        assert_eq!(pending, polls < 4);
        let report = ready_in_the_end(reaper.drain());
        assert_eq!((report.done, log.handles()), (usize::from(pending), 1));
        let order = |number| [format!("{number} begins"), format!("{number} ends Done")];
        assert_eq!(log.take(), [3, 2, 1].map(order).concat());
    }
    5
}

fn with_is_cancelled_at_every_poll() -> usize {
    for polls in 0..5 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let run = with_stack(reaper.clone(), async |stack| {
            enter(stack, &log, 1..=2);
            yield_now().await;
            Ok::<(), String>(())
        });
        assert_eq!(quit_after(run, polls), polls < 4);
        ready_in_the_end(reaper.drain());
        let how = if polls < 2 { "Dropped" } else { "Done" };
        let order = |number| [format!("{number} begins"), format!("{number} ends {how}")];
        let want = if polls == 0 { vec![] } else { [2, 1].map(order).concat() };
        assert_eq!((log.take(), log.handles()), (want, 1));
    }
    5
}

fn nothing_is_kept() -> usize {
    let (reaper, log) = (Reaper::new(), Log::default());
    let round = || {
        drop(stack_of(&reaper, &log, 1..=3));
        assert!(quit_after(stack_of(&reaper, &log, 1..=3).close(), 2));
        ready_in_the_end(reaper.drain());
        log.take();
    };
    round();
    assert_eq!(growth(|| (0..1000).for_each(|_| round())), 0);
    2000
}

/// Semantics 120.
#[test]
fn exits_run_last_in_first_out_each_to_its_end() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let mut stack = stack_of(&reaper, &log, 1..=2);
        let told = log.clone();
        stack.defer(move || async move {
            told.push("deferred");
            Ok(())
        });
        assert_eq!((stack.len(), stack.is_empty()), (3, false));
        assert_eq!(stack.close().await, Ok(()));
        let want = ["deferred", "2 begins", "2 ends Done", "1 begins", "1 ends Done"];
        assert_eq!((log.take(), reaper.report().taken), (want.map(String::from).into(), 0));
    });
}

/// Semantics 121.
#[test]
fn an_exit_that_fails_does_not_stop_the_rest() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let closed = ready_in_the_end(stack_of(&reaper, &log, [1, 13, 2, 13, 3]).close());
    let errors = closed.unwrap_err();
    assert_eq!(errors.to_string(), "thirteen; then thirteen");
    let ends: Vec<_> = log.take().into_iter().filter(|what| what.contains("ends")).collect();
    let want = ["3 ends Done", "13 ends Done", "2 ends Failed", "13 ends Failed", "1 ends Failed"];
    assert_eq!(ends, want);

    // In the reaper as well: one cleanup that failed.
    drop(stack_of(&reaper, &log, [1, 13, 2]));
    let report = ready_in_the_end(reaper.drain());
    assert_eq!((report.failed, report.last_error.as_deref()), (1, Some("thirteen")));
}

#[test]
fn an_exit_that_panics_does_not_stop_the_rest() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let mut stack = stack_of(&reaper, &log, [1]);
    stack.push(|_| -> std::future::Ready<Result<Verdict, String>> { panic!("before it begins") });
    enter(&mut stack, &log, [66, 2]);
    assert!(panics(|| drop(ready_in_the_end(stack.close()))));
    assert_eq!(log.take().last().unwrap(), "1 ends Panicked");
    drop(stack_of(&reaper, &log, [1, 66, 2]));
    assert_eq!(ready_in_the_end(reaper.drain()).panicked, 1);
    assert_eq!((log.take().last().unwrap().as_str(), log.handles()), ("1 ends Panicked", 1));
}

/// Semantics 122.
#[test]
fn an_exit_may_declare_the_failure_handled() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let mut stack = stack_of(&reaper, &log, [1]);
    stack.push(|how| async move {
        assert_eq!(how, Exit::Failed);
        Ok(Verdict::Handled)
    });
    enter(&mut stack, &log, [13, 2]);
    assert_eq!(ready_in_the_end(stack.close_as(Exit::Failed)), Ok(()));
    assert_eq!(log.take().last().unwrap(), "1 ends Done");

    // A panic is not handled.
    let mut stack = stack_of(&reaper, &log, [1]);
    stack.push(|_| async { Ok(Verdict::Handled) });
    enter(&mut stack, &log, [66]);
    assert!(panics(|| drop(ready_in_the_end(stack.close()))));
    assert_eq!(log.take().last().unwrap(), "1 ends Panicked");

    // The body's error has nothing in its place.
    let run = with_stack(reaper, async |stack: &mut Exits| {
        enter(stack, &log, [1]);
        stack.push(|_| async { Ok(Verdict::Handled) });
        Err::<(), _>("body")
    });
    assert_eq!(ready_in_the_end(run), Err(WithError::Body("body")));
    assert_eq!(log.take().last().unwrap(), "1 ends Done");
}

/// Semantics 123.
#[test]
fn pop_all_moves_the_duties() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let mut stack = stack_of(&reaper, &log, 1..=2);
    let moved = stack.pop_all();
    assert_eq!((stack.len(), moved.len()), (0, 2));
    assert_eq!(ready_in_the_end(stack.close()), Ok(()));
    assert_eq!(log.take(), [""; 0]);
    drop(moved);
    assert_eq!(ready_in_the_end(reaper.drain()).done, 1);
    assert_eq!(log.take().len(), 4);
}

async fn open(number: u32) -> Result<u32, &'static str> {
    if number == 3 { Err("no three") } else { Ok(number) }
}

/// Semantics 124.
#[test]
fn an_entering_that_fails_leaves_what_was_entered() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let run = with_stack(reaper.clone(), async |stack: &mut Exits| {
            for number in 1..=4 {
                let number = open(number).await?;
                enter(stack, &log, [number]);
            }
            Ok(())
        });
        assert_eq!(run.await, Err(WithError::Body("no three")));
        let want = ["2 begins", "2 ends Failed", "1 begins", "1 ends Failed"];
        assert_eq!((log.take(), reaper.report().taken), (want.map(String::from).into(), 0));
    });
}

/// Semantics 125: the rest is handed over, from where it was.
#[test]
fn a_cancel_in_the_exits_leaves_the_rest_to_the_reaper() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let run = with_stack(reaper.clone(), async |stack: &mut Exits| {
            enter(stack, &log, 1..=2);
            if false {
                pending::<()>().await;
            }
            Err::<(), _>("body")
        });
        assert!(quit_after(run, 1));
        assert_eq!(log.take(), ["2 begins"]);
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["2 ends Failed", "1 begins", "1 ends Failed"]);
    });
}

#[test]
fn a_body_that_panics_is_told_to_the_exits() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let run = with_stack(reaper.clone(), async |stack: &mut Exits| {
        enter(stack, &log, [1]);
        if true {
            panic!("on purpose");
        }
        Ok::<(), String>(())
    });
    assert!(panics(|| drop(ready_in_the_end(run))));
    assert_eq!(log.take().last().unwrap(), "1 ends Panicked");
    let stack = stack_of(&reaper, &log, [1]);
    assert!(panics(move || {
        let _stack = stack;
        panic!("on purpose");
    }));
    ready_in_the_end(reaper.drain());
    assert_eq!(log.take().last().unwrap(), "1 ends Panicked");
}
