//! Shutdown: phases, their deadlines, and what is told of them; time is turned by hand.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::{
    context::{CancellationToken, Exit, Phase, Reason, Shutdown},
    sync::Semaphore,
    time::{Timer, VirtualClock},
};

use crate::{
    harness::{Meddler, PollWith, Watched, growth, panics, poll, ready},
    sweep::Report,
};

const SECOND: Duration = Duration::from_secs(1);

/// A cleanup that ends once the semaphore has a permit.
fn leave_cleanup(phase: &Phase, gate: &Arc<Semaphore>) {
    let gate = gate.clone();
    drop(phase.reaper().guard(gate, async |gate, _: Exit| gate.acquire().await.unwrap().forget()));
}

#[test]
fn no_phase_is_the_end_at_once() {
    let mut shutdown = Shutdown::default();
    let report = ready(pin!(shutdown.run_on(VirtualClock::new(), "over")));
    assert!(report.phases.is_empty() && report.is_complete());
    assert_eq!((report.took(), report.to_string()), (Duration::ZERO, String::new()));
}

#[test]
fn phases_that_have_nothing_to_do_end_in_one_poll() {
    let mut shutdown = Shutdown::new();
    let phases = ["first", "second", "third"].map(|name| shutdown.phase(name));
    let report = ready(pin!(shutdown.run_on(VirtualClock::new(), "over")));
    let names: Vec<_> = report.phases.iter().map(|phase| &*phase.name).collect();
    assert_eq!(names, phases.each_ref().map(Phase::name));
    assert!(report.phases.iter().all(|phase| phase.is_complete() && !phase.elapsed));
}

#[test]
fn a_phase_begins_when_the_one_before_has_ended() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let (first, second) = (shutdown.phase("first"), shutdown.phase("second"));
    let (one, two) = (first.tracker().token(), second.tracker().token());
    let watched = Watched::new();
    let mut run = pin!(shutdown.run_on(&clock, "over"));
    assert!(!first.token().is_cancelled());
    assert!(watched.poll(run.as_mut()).is_pending());
    assert!(first.token().is_cancelled() && first.tracker().is_closed());
    assert!(!second.token().is_cancelled() && !second.tracker().is_closed());

    clock.advance(2 * SECOND);
    drop(one);
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(run.as_mut()).is_pending());
    assert_eq!(second.token().reason().unwrap().to_string(), "over");
    clock.advance(3 * SECOND);
    drop(two);
    assert_eq!(watched.woken(), 2);

    let report = ready(run.as_mut());
    let told: Vec<_> = report.phases.iter().map(|p| (p.took, p.tasks, p.tasks_left)).collect();
    assert_eq!(told, [(2 * SECOND, 1, 0), (3 * SECOND, 1, 0)]);
    assert_eq!((report.took(), report.is_complete()), (5 * SECOND, true));
    assert_eq!(ready(run), report, "once it was ready it stays so");
    assert_eq!(watched.kept(), 0);
}

#[test]
fn the_deadline_ends_a_phase_and_no_more() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let stuck = shutdown.phase_within("stuck", SECOND);
    let next = shutdown.phase_within("next", SECOND);
    let gate = Arc::new(Semaphore::new(0));
    leave_cleanup(&stuck, &gate);
    let (mut tokens, task) = (vec![stuck.tracker().token(); 3], next.tracker().token());
    let watched = Watched::new();
    let mut run = pin!(shutdown.run_on(&clock, "over"));
    assert!(watched.poll(run.as_mut()).is_pending());
    let began = tokens.len();
    tokens.pop();
    clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(watched.woken(), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(run.as_mut()).is_pending());
    assert!(next.token().is_cancelled());
    drop(task);
    let report = ready(run);

    let [first, second] = &report.phases[..] else { panic!("two phases") };
    assert_eq!((first.elapsed, first.tasks, first.tasks_left), (true, began, 2));
    assert_eq!((first.cleanups.left, first.took), (1, SECOND));
    assert!(!report.is_complete() && !first.is_complete());
    assert!(second.is_complete() && !second.elapsed);
    assert_eq!(
        report.to_string(),
        "stuck: 1s, 2 tasks and 1 cleanups left\nnext: 0ns, 0 tasks and 0 cleanups left"
    );

    // What was left is still there, and ends when somebody sees to it.
    drop(tokens);
    gate.add_permits(1);
    assert!(stuck.tracker().is_empty());
    assert_eq!(pollster::block_on(stuck.reaper().drain()).done, 1);
    assert_eq!((watched.kept(), clock.waiting()), (0, 0));
}

/// Semantics 100: what is ready wins, also for a phase.
#[test]
fn an_end_at_the_deadline_is_in_time() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase_within("phase", SECOND);
    let token = phase.tracker().token();
    let mut run = pin!(shutdown.run_on(&clock, "over"));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    drop(token);
    assert!(!ready(run).phases[0].elapsed);
}

#[test]
fn no_time_is_one_look() {
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase_within("phase", Duration::ZERO);
    drop(phase.reaper().guard((), async |(), _| ()));
    let token = phase.tracker().token();
    let report = ready(pin!(shutdown.run_on(VirtualClock::new(), "over")));
    assert_eq!((report.phases[0].elapsed, report.phases[0].tasks_left), (true, 1));
    assert_eq!(report.phases[0].cleanups.done, 1, "cleanups are driven beside the tasks");
    drop(token);
}

#[test]
fn a_duration_that_no_clock_can_name_is_for_ever() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let phases = [Duration::MAX, Duration::MAX - SECOND].map(|at| shutdown.phase_within("", at));
    for token in phases.each_ref().map(|phase| phase.tracker().token()) {
        let mut run = pin!(shutdown.run_on(&clock, "over"));
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(1_000_000 * SECOND);
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(clock.waiting(), 0);
        drop(token);
        let _ = poll(run);
    }
    assert!(shutdown.report().is_complete() && shutdown.report().phases.len() == 2);
}

#[test]
fn cleanups_are_driven_beside_the_tasks_and_after_them() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase("phase");
    let gate = Arc::new(Semaphore::new(1));
    leave_cleanup(&phase, &gate);
    let token = phase.tracker().token();
    let watched = Watched::new();
    let mut run = pin!(shutdown.run_on(&clock, "over"));
    assert!(watched.poll(run.as_mut()).is_pending());
    assert_eq!(phase.reaper().report().done, 1);
    leave_cleanup(&phase, &gate);
    assert_eq!(watched.woken(), 1);
    drop(token);
    assert!(watched.poll(run.as_mut()).is_pending(), "a cleanup is left");
    let woken = watched.woken();
    gate.add_permits(1);
    assert!(watched.woken() > woken);
    assert_eq!(ready(run).phases[0].cleanups.done, 2);
}

#[test]
fn what_failed_is_told() {
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase("phase");
    drop(phase.reaper().guard((), async |(), _| Err::<(), _>("no answer")));
    drop(phase.reaper().guard((), async |(), _| -> () { panic!("on purpose") }));
    let report = ready(pin!(shutdown.run_on(VirtualClock::new(), "over")));
    let cleanups = &report.phases[0].cleanups;
    assert_eq!((cleanups.failed, cleanups.panicked, cleanups.left), (1, 1, 0));
    assert_eq!(cleanups.last_error.as_deref(), Some("no answer"));
    let text = "phase: 0ns, 0 tasks and 0 cleanups left, 2 cleanups failed";
    assert_eq!(report.to_string(), text);
    assert!(report.is_complete(), "it has ended, well or not");
}

/// A cleanup's task leaves a cleanup of its own, and is waited for as well.
#[test]
fn a_cleanup_may_track_a_task() {
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase("phase");
    let kept = Arc::new(Mutex::new(None));
    let (tracker, keeps) = (phase.tracker().clone(), kept.clone());
    let close = async move |(), _: Exit| *keeps.lock().unwrap() = Some(tracker.token());
    drop(phase.reaper().guard((), close));
    let watched = Watched::new();
    let mut run = pin!(shutdown.run_on(VirtualClock::new(), "over"));
    assert!(watched.poll(run.as_mut()).is_pending());
    drop(phase.reaper().guard((), async |(), _| ()));
    let token = kept.lock().unwrap().take().unwrap();
    drop(token);
    assert!(watched.woken() > 0);
    assert_eq!(ready(run).phases[0].cleanups.done, 2);
}

#[test]
fn a_token_above_stops_all_phases_before_their_turn() {
    let process = CancellationToken::new();
    let mut shutdown = Shutdown::under(&process);
    let phases = ["first", "second"].map(|name| shutdown.phase(name));
    let task = phases[1].tracker().token();
    let mut run = pin!(shutdown.run_on(VirtualClock::new(), "over"));
    assert!(poll(run.as_mut()).is_pending());
    process.cancel_with("killed");
    let reasons = phases.each_ref().map(|phase| phase.token().reason().unwrap().to_string());
    assert_eq!(reasons, ["over", "over"], "both had begun");
    drop(task);
    ready(run);

    let mut shutdown = Shutdown::new();
    let phases = ["first", "second"].map(|name| shutdown.phase(name));
    shutdown.token().cancel();
    assert!(phases.iter().all(|phase| matches!(phase.token().reason(), Some(Reason::Cancelled))));
}

/// The deadline of a phase that has begun goes on while nobody runs it.
#[test]
fn a_dropped_run_is_gone_on_with_from_where_it_was() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let (first, second) = (shutdown.phase("first"), shutdown.phase_within("second", SECOND));
    let (gate, task) = (Arc::new(Semaphore::new(0)), second.tracker().token());
    {
        let mut run = pin!(shutdown.run_on(&clock, "over"));
        assert!(poll(run.as_mut()).is_pending());
    }
    leave_cleanup(&second, &gate);
    assert_eq!((shutdown.report().phases.len(), clock.waiting()), (1, 0));
    assert!(first.token().is_cancelled() && second.token().is_cancelled());
    assert_eq!((second.tracker().waiters(), second.reaper().drivers()), (0, 0));
    clock.advance(SECOND / 2);

    let watched = Watched::new();
    let mut run = Box::pin(shutdown.run_on(&clock, "again"));
    assert!(watched.poll(run.as_mut()).is_pending());
    clock.advance(SECOND / 2);
    assert_eq!(watched.woken(), 1);
    let report = ready(run.as_mut());
    drop(run);
    assert_eq!(second.token().reason().unwrap().to_string(), "over");
    let phase = &report.phases[1];
    assert_eq!((phase.took, phase.elapsed, phase.tasks), (SECOND, true, 1));
    assert_eq!((phase.tasks_left, phase.cleanups.left), (1, 1));
    drop(task);

    // It has ended; what is added is run by the next one.
    assert_eq!(ready(pin!(shutdown.run_on(&clock, "again"))), report);
    let third = shutdown.phase("third");
    assert_eq!(ready(pin!(shutdown.run_on(&clock, "again"))).phases.len(), 3);
    assert_eq!(third.token().reason().unwrap().to_string(), "again");
}

/// One task and one cleanup of two steps in each of two phases; each run is dropped after `polls`
/// polls, and another goes on: nothing is done twice, nothing is left out.
fn cancelled_at_every_poll() -> usize {
    let mut cases = 0;
    for polls in 1..8 {
        let mut shutdown = Shutdown::new();
        let phases = ["first", "second"].map(|name| shutdown.phase_within(name, SECOND));
        let steps = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for phase in &phases {
            let name = phase.name().to_owned();
            let steps = steps.clone();
            let close = async move |(), _: Exit| {
                for step in 0..2 {
                    steps.lock().unwrap().push(format!("{name} {step}"));
                    yield_now().await;
                }
            };
            drop(phase.reaper().guard((), close));
            let stop = phase.token().clone();
            tasks.push(Box::pin(phase.tracker().track_future(async move {
                stop.cancelled().await;
                yield_now().await;
            })));
        }
        let clock = VirtualClock::new();
        let report = 'all: loop {
            let mut run = pin!(shutdown.run_on(&clock, "over"));
            for _ in 0..polls {
                if let Poll::Ready(report) = poll(run.as_mut()) {
                    break 'all report;
                }
                tasks.retain_mut(|task| poll(task.as_mut()).is_pending());
            }
            cases += 1;
            assert!(cases < 1000, "it gets nowhere");
        };
        assert!(report.is_complete() && report.phases.iter().all(|phase| !phase.elapsed));
        assert!(report.phases.iter().all(|phase| (phase.tasks, phase.cleanups.done) == (1, 1)));
        assert_eq!(*steps.lock().unwrap(), ["first 0", "first 1", "second 0", "second 1"]);
        assert_eq!((clock.waiting(), tasks.len()), (0, 0));
    }
    cases
}

#[test]
fn a_run_can_be_dropped_at_every_poll() {
    assert!(cancelled_at_every_poll() > 0);
}

#[test]
fn nothing_is_kept() {
    let once = || {
        let clock = VirtualClock::new();
        let mut shutdown = Shutdown::new();
        let phase = shutdown.phase_within("phase", SECOND);
        leave_cleanup(&phase, &Arc::new(Semaphore::new(0)));
        let token = phase.tracker().token();
        assert!(poll(pin!(shutdown.run_on(&clock, "over"))).is_pending());
        drop(token);
    };
    once();
    assert_eq!(growth(|| (0..100).for_each(|_| once())), 0);
}

/// What panics in a cancel is passed on, and the next run goes on.
#[test]
fn a_callback_that_panics_stops_no_shutdown() {
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase("phase");
    let token = phase.tracker().token();
    let _bad = phase.token().on_cancel(|| panic!("on purpose"));
    assert!(panics(|| drop(poll(pin!(shutdown.run_on(VirtualClock::new(), "over"))))));
    assert!(phase.token().is_cancelled());
    let mut run = pin!(shutdown.run_on(VirtualClock::new(), "over"));
    assert!(poll(run.as_mut()).is_pending());
    drop(token);
    assert!(ready(run).is_complete());
}

/// Shape 4: a waker may look at the phase it wakes for, and come back to it.
#[test]
fn wakers_may_re_enter_and_panic() {
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase("phase");
    let token = phase.tracker().token();
    let woken = Arc::new(AtomicUsize::new(0));
    let (looks, tells) = (phase.clone(), woken.clone());
    let waker = Meddler::waker(
        move || {
            tells.fetch_add(1, SeqCst);
            drop(looks.tracker().token());
            drop(looks.reaper().guard((), async |(), _| ()));

            panic!("on purpose");
        },
        || (),
    );
    let mut run = pin!(shutdown.run_on(VirtualClock::new(), "over"));
    assert!(run.as_mut().poll_with(&waker).is_pending());
    drop(waker);
    drop(token);
    // Once for the task, and once for the cleanup that it brought in.
    assert_eq!(woken.load(SeqCst), 2);
    assert_eq!(ready(run).phases[0].cleanups.done, 2);
}

/// The task moves: the waker of the last poll is woken.
#[test]
fn the_last_waker_counts() {
    let clock = VirtualClock::new();
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase_within("phase", SECOND);
    let _token = phase.tracker().token();
    let (first, last) = (Watched::new(), Watched::new());
    let mut run = pin!(shutdown.run_on(&clock, "over"));
    assert!(first.poll(run.as_mut()).is_pending());
    assert!(last.poll(run.as_mut()).is_pending());
    assert_eq!(first.kept(), 0);
    clock.advance(SECOND);
    assert_eq!((first.woken(), last.woken()), (0, 1));
}

#[test]
fn the_current_timer_is_used() {
    let clock = VirtualClock::new();
    let _entered = clock.enter();
    let mut shutdown = Shutdown::new();
    let phase = shutdown.phase_within("phase", 3600 * SECOND);
    let _token = phase.tracker().token();
    let report = pollster::block_on(clock.auto_advance(shutdown.run("over")));
    assert!(report.phases[0].elapsed);
    assert_eq!(report.took(), 3600 * SECOND);
}

#[test]
fn debug_tells_what_it_is() {
    let mut shutdown = Shutdown::new();
    let _phase = shutdown.phase("requests");
    assert!(format!("{shutdown:?}").contains("requests"));
    let run = shutdown.run_on(VirtualClock::new(), "over");
    assert_eq!(format!("{run:?}"), "ShuttingDown { ended: [], .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    report("shutdown::run", "1 cancel at every poll", cancelled_at_every_poll());
}
