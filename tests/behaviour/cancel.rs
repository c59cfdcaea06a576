//! Cancellation tokens: the tree, who is woken, callbacks, deadlines.

use std::{
    collections::HashSet,
    future::{Future, pending, ready as at_once},
    pin::pin,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use selvedge::{
    context::{CancellationToken, Deadline, Reason},
    sync::Event,
    time::{Elapsed, Key, Timer, TimerError},
};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready},
    sweep::{Report, Swept},
};

pub(crate) fn sweep(report: Report<'_>) {
    let swept = |name, wait| Swept {
        name,
        make: CancellationToken::new,
        wait,
        free: CancellationToken::cancel,
        waiting: CancellationToken::waiters,
        is_free: CancellationToken::is_cancelled,
        close: None,
    };
    swept("cancel::cancelled", |token| {
        let token = token.clone();
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep(report);
    swept("cancel::cancelled_owned", |token| {
        let token = CancellationToken::clone(token);
        Box::pin(async move {
            token.cancelled_owned().await;
            true
        })
    })
    .sweep(report);
    swept("cancel::run_until_cancelled", |token| {
        let token = token.clone();
        Box::pin(async move { token.run_until_cancelled(pending::<()>()).await.is_none() })
    })
    .sweep(report);
    swept("cancel::run_until_cancelled_o.", |token| {
        let token = CancellationToken::clone(token);
        Box::pin(async move { token.run_until_cancelled_owned(pending::<()>()).await.is_none() })
    })
    .sweep(report);
    // Through a child, and through a token of several parents.
    swept("cancel::child_token", |token| {
        let token = token.child_token();
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep_children(report);
    swept("cancel::any_of", |token| {
        let token = CancellationToken::any_of([&**token, &CancellationToken::new()]);
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep_children(report);
    Swept {
        name: "cancel::Deadline::scope",
        make: || Event::new(false),
        wait: |event| {
            let event = event.clone();
            Box::pin(async move { Deadline::NEVER.scope(event.wait()).await.is_ok() })
        },
        free: Event::set,
        waiting: |event| event.statistics().waiting,
        is_free: Event::is_set,
        close: None,
    }
    .sweep(report);
}

impl Swept<CancellationToken> {
    /// The shapes that do not count who waits for the parent itself.
    fn sweep_children(&self, report: Report<'_>) {
        let token = Arc::new((self.make)());
        let watched = Watched::new();
        let mut cases = 0;
        let mut line: Vec<_> = (0..100).map(|_| (self.wait)(&token)).collect();
        for waiting in &mut line {
            assert!(watched.poll(waiting.as_mut()).is_pending());
        }
        line.truncate(70);
        assert_eq!(watched.kept(), 70, "{}", self.name);
        (self.free)(&token);
        assert_eq!((watched.woken(), watched.kept()), (70, 0), "{}", self.name);
        for waiting in &mut line {
            assert!(poll(waiting.as_mut()).is_ready(), "{}", self.name);
            cases += 1;
        }
        report(self.name, "1 cancel at every poll", cases);
        report(self.name, "6 nothing grows", self.children_grow_nothing());
    }

    fn children_grow_nothing(&self) -> usize {
        let token = Arc::new((self.make)());
        let keeps = (self.wait)(&token);
        let grown = growth(|| {
            for _ in 0..10_000 {
                let mut waiting = (self.wait)(&token);
                assert!(poll(waiting.as_mut()).is_pending());
            }
        });
        assert!(grown <= 1, "{}: {grown}", self.name);
        drop(keeps);
        10_000
    }
}

/// Every token of a family, with how it looks.
fn cancelled<const N: usize>(tokens: [&CancellationToken; N]) -> [bool; N] {
    tokens.map(CancellationToken::is_cancelled)
}

#[test]
fn a_cancel_goes_down_and_not_up() {
    let root = CancellationToken::new();
    let [left, right] = [root.child_token(), root.child_token()];
    let leaf = left.child_token();
    left.cancel();
    assert_eq!(cancelled([&root, &left, &right, &leaf]), [false, true, false, true]);
    root.cancel();
    assert_eq!(cancelled([&root, &left, &right, &leaf]), [true; 4]);
}

#[test]
fn a_child_of_a_cancelled_token_is_born_cancelled() {
    let root = CancellationToken::new();
    root.cancel_with("over");
    let child = root.child_token();
    let other = CancellationToken::any_of([&CancellationToken::new(), &root]);
    for token in [&child, &other, &child.child_token()] {
        assert_eq!(token.reason().map(|why| why.to_string()).as_deref(), Some("over"));
    }
    let late = CancellationToken::new();
    let early = late.child_token();
    late.cancel();
    assert_eq!(cancelled([&early, &early.child_token(), &late.child_token()]), [true; 3]);
}

#[test]
fn the_first_reason_stays_and_reaches_all() {
    let root = CancellationToken::new();
    let [child, grandchild] = {
        let child = root.child_token();
        [child.clone(), child.child_token()]
    };
    assert!(root.reason().is_none());
    grandchild.cancel();
    root.cancel_with(String::from("shut down"));
    root.cancel_with("again");
    root.cancel();
    let told = |token: &CancellationToken| token.reason().unwrap().to_string();
    assert_eq!([&root, &child, &grandchild].map(told), ["shut down", "shut down", "cancelled"]);
    let Some(Reason::Because(why)) = child.reason() else { panic!("it was told") };
    assert_eq!(why.to_string(), "shut down");
}

#[test]
fn several_parents_each_cancel_it() {
    for which in 0..3 {
        let parents = [(); 3].map(|()| CancellationToken::new());
        let middle = parents[which].child_token();
        let both = CancellationToken::any_of([&parents[0], &parents[1], &middle, &parents[2]]);
        let below = both.child_token();
        let across = CancellationToken::any_of([&below, &CancellationToken::new()]);
        let mut waiting = pin!(across.cancelled());
        let watched = Watched::new();
        assert!(watched.poll(waiting.as_mut()).is_pending());
        parents[which].cancel_with("which");
        assert_eq!(cancelled([&both, &below, &across]), [true; 3]);
        assert_eq!(across.reason().unwrap().to_string(), "which");
        assert_eq!(parents.iter().filter(|token| token.is_cancelled()).count(), 1);
        assert_eq!(watched.woken(), 1);
        ready(waiting);
    }
    assert!(!CancellationToken::any_of([]).is_cancelled());
}

#[test]
fn a_ring_of_links_ends() {
    let root = CancellationToken::new();
    let [left, right] = [root.child_token(), root.child_token()];
    let both = CancellationToken::any_of([&left, &right, &root, &left]);
    let again = CancellationToken::any_of([&both, &root]);
    root.cancel();
    assert_eq!(cancelled([&both, &again]), [true; 2]);
}

/// A token whose handles have gone passes what comes from above on to those below.
#[test]
fn children_of_a_dropped_token_hang_where_it_hung() {
    let root = CancellationToken::new();
    let middle = root.child_token();
    let leaves: Vec<_> = (0..5).map(|_| middle.child_token()).collect();
    let link = CancellationToken::any_of([&middle, &CancellationToken::new()]);
    drop(middle);
    drop(root.child_token());
    assert!(!leaves[2].is_cancelled());
    root.cancel_with("from above");
    assert!(leaves.iter().all(CancellationToken::is_cancelled));
    assert_eq!(link.reason().unwrap().to_string(), "from above");
}

#[test]
fn orphans_live_on() {
    let root = CancellationToken::new();
    let children = [(); 3].map(|()| root.child_token());
    let below = children[1].child_token();
    drop(root);
    let more = children[2].child_token();
    children[1].cancel();
    assert_eq!(cancelled([&children[0], &below, &children[2], &more]), [false, true, false, false]);
    children[2].cancel();
    assert_eq!(cancelled([&children[0], &more]), [false, true]);
}

/// Neither a cancel nor a drop recurses: a thread with a small stack does both.
#[test]
fn deep_trees_need_no_stack() {
    const DEPTH: usize = 100_000;
    let run = |drop_first: bool| {
        let mut chain = vec![CancellationToken::new()];
        for _ in 0..DEPTH {
            chain.push(chain.last().unwrap().child_token());
        }
        if drop_first {
            let leaf = chain.pop().unwrap();
            let root = chain.swap_remove(0);
            drop(chain);
            root.cancel();
            assert!(leaf.is_cancelled());
        } else {
            chain[0].cancel();
            assert!(chain.iter().all(CancellationToken::is_cancelled));
        }
    };
    for drop_first in [false, true] {
        let thread = thread::Builder::new().stack_size(64 * 1024);
        thread.spawn(move || run(drop_first)).unwrap().join().unwrap();
    }
}

/// However long a line of descent grows: only tokens with handles are kept.
#[test]
fn nothing_is_left_of_dropped_tokens() {
    let root = CancellationToken::new();
    let mut token = root.child_token();
    token = token.child_token();
    let grown = growth(|| {
        for _ in 0..1000 {
            token = token.child_token();
        }
    });
    assert_eq!(grown, 0);
    let grown = growth(|| {
        let inner = CancellationToken::new();
        let mut family = vec![inner.clone(), root.child_token()];
        for at in 0..200 {
            let link = CancellationToken::any_of([&family[at], &root, &family[at / 2]]);
            family.push(link);
            let callback = family[at].on_cancel(|| ());
            callback.detach();
        }
        inner.cancel_with("over");
        let (mut even, mut odd) = (Vec::new(), Vec::new());
        for (at, token) in family.into_iter().enumerate() {
            if at % 2 == 0 { even.push(token) } else { odd.push(token) }
        }
        drop((inner, even));
        drop(odd);
    });
    assert!(grown <= 1, "{grown}: but for the room of the root's tree");
}

#[test]
fn a_wait_allocates_nothing() {
    let token = CancellationToken::new();
    let watched = Watched::new();
    let waits = || assert!(watched.poll(pin!(token.cancelled())).is_pending());
    assert_eq!(allocations(waits), 0);
    token.cancel();
    assert_eq!(allocations(|| ready(pin!(token.cancelled()))), 0);
}

/// As in a `select!` in a loop.
#[test]
fn a_wait_that_has_ended_stays_so() {
    let token = CancellationToken::new();
    let (mut borrowed, mut owned) =
        (pin!(token.cancelled()), pin!(token.clone().cancelled_owned()));
    assert!(poll(borrowed.as_mut()).is_pending() && poll(owned.as_mut()).is_pending());
    token.cancel();
    for _ in 0..3 {
        ready(borrowed.as_mut());
        ready(owned.as_mut());
    }
}

#[test]
fn the_value_wins_if_it_is_ready_and_was_begun() {
    let token = CancellationToken::new();
    assert_eq!(ready(pin!(token.run_until_cancelled(at_once(1)))), Some(1));
    let mut polls = 0;
    let mut run = Box::pin(token.run_until_cancelled(std::future::poll_fn(|_| {
        polls += 1;
        if polls == 2 { Poll::Ready(polls) } else { Poll::Pending }
    })));
    assert!(poll(run.as_mut()).is_pending());
    token.cancel();
    assert_eq!(ready(run.as_mut()), Some(2));
    drop(run);
    // Cancelled before the start: nothing is begun.
    let never = async { panic!("it was begun") };
    assert_eq!(ready(pin!(token.run_until_cancelled(never))), None::<()>);
    let never = async { panic!("it was begun") };
    assert_eq!(ready(pin!(token.run_until_cancelled_owned(never))), None::<()>);
}

#[test]
fn what_ran_until_the_cancel_is_dropped_before_the_answer_is_seen() {
    let (token, alive) = (CancellationToken::new(), Arc::new(()));
    let inner = alive.clone();
    let mut run = pin!(token.run_until_cancelled(async move {
        let _inner = inner;
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    token.cancel();
    assert_eq!(ready(run), None);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn drop_guards_cancel_unless_disarmed() {
    let token = CancellationToken::new();
    drop(token.clone().drop_guard().disarm());
    let _same: &CancellationToken = token.drop_guard_ref().disarm();
    assert!(!token.is_cancelled());
    let guard = token.child_token().drop_guard();
    let child = guard.token().clone();
    drop(guard);
    assert!(matches!(child.reason(), Some(Reason::Dropped)));
    assert!(!token.is_cancelled());
    drop(token.drop_guard_ref());
    assert!(token.is_cancelled());
}

/// A destructor: other people's panics end in it.
#[test]
fn a_drop_guard_never_panics() {
    let token = CancellationToken::new();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut waiting = pin!(token.cancelled());
    assert!(waiting.as_mut().poll_with(&waker).is_pending());
    token.on_cancel(|| panic!("on purpose")).detach();
    assert!(!panics(|| drop(token.clone().drop_guard())));
    ready(waiting);
}

#[test]
fn callbacks_run_once_after_all_are_cancelled() {
    let root = CancellationToken::new();
    let child = root.child_token();
    let link = CancellationToken::any_of([&child, &CancellationToken::new()]);
    let calls = Arc::new(AtomicUsize::new(0));
    let family = [root.clone(), child.clone(), link.clone()];
    let registrations: Vec<_> = family
        .iter()
        .map(|token| {
            let (calls, family) = (calls.clone(), family.clone());
            token.on_cancel(move || {
                assert!(family.iter().all(CancellationToken::is_cancelled));
                calls.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let taken_back = root.on_cancel(|| panic!("taken back"));
    drop(taken_back);
    root.cancel();
    root.cancel();
    assert_eq!(calls.load(SeqCst), 3);
    drop(registrations);
    let late = calls.clone();
    let registration = link.on_cancel(move || bump(&late));
    assert_eq!(calls.load(SeqCst), 4);
    drop(registration);
}

fn bump(count: &AtomicUsize) {
    count.fetch_add(1, SeqCst);
}

/// Semantics' fourth shape, for callbacks: they may do anything.
#[test]
fn a_callback_may_use_the_token() {
    let token = CancellationToken::new();
    let inside = token.clone();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let registration = token.on_cancel(move || {
        inside.cancel();
        assert!(inside.child_token().is_cancelled());
        let again = count.clone();
        inside.on_cancel(move || bump(&again)).detach();
        count.fetch_add(1, SeqCst);
    });
    token.cancel();
    assert_eq!(ran.load(SeqCst), 2);
    drop(registration);
}

#[test]
fn a_callback_that_panics_costs_the_others_nothing() {
    let root = CancellationToken::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let children = [(); 5].map(|()| root.child_token());
    let watched = Watched::new();
    let mut waiting = pin!(children[4].cancelled());
    assert!(watched.poll(waiting.as_mut()).is_pending());
    let mut bad = pin!(children[0].cancelled());
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(bad.as_mut().poll_with(&waker).is_pending());
    for child in &children {
        let count = calls.clone();
        child.on_cancel(move || bump(&count)).detach();
        child.on_cancel(|| panic!("on purpose")).detach();
        let count = calls.clone();
        child.on_cancel(move || bump(&count)).detach();
    }
    assert!(panics(|| root.cancel()));
    assert_eq!((calls.load(SeqCst), watched.woken()), (10, 1));
    ready(waiting);
    ready(bad);
}

#[test]
fn what_a_callback_holds_goes_with_it() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let token = CancellationToken::new();
    let held = Arc::new(());
    let inner = held.clone();
    drop(token.on_cancel(move || drop(inner)));
    assert_eq!(Arc::strong_count(&held), 1);
    let inner = held.clone();
    token.on_cancel(move || drop(inner)).detach();
    let loud = Loud;
    let registration = token.on_cancel(move || drop(loud));
    assert!(!panics(|| drop(registration)));
    let loud = Loud;
    token.on_cancel(move || drop(loud)).detach();
    assert!(!panics(|| drop(token)));
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn handles_are_equal_if_they_are_of_the_same_token() {
    let token = CancellationToken::new();
    let child = token.child_token();
    assert_eq!(token, token.clone());
    assert_ne!(token, child);
    assert_eq!(HashSet::from([token.clone(), child.clone(), token.clone()]).len(), 2);
    assert_eq!(format!("{token:?}"), "CancellationToken { is_cancelled: false }");
}

/// Children come and go, in three threads, while the root is cancelled.
#[test]
fn children_are_born_and_die_while_the_root_is_cancelled() {
    for _ in 0..200 {
        let root = CancellationToken::new();
        let start = Arc::new(Barrier::new(3));
        let threads = [(); 2].map(|()| {
            let (root, start) = (root.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                let mut token = root.child_token();
                for at in 0..20 {
                    let other = token.child_token();
                    token = if at % 3 == 0 { other } else { token };
                }
                pollster::block_on(token.cancelled());
            })
        });
        start.wait();
        root.cancel();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// A clock that is turned by hand.
struct ByHand {
    now: Mutex<Instant>,
    wakers: Mutex<Vec<Option<(Instant, Waker)>>>,
}

impl ByHand {
    fn new() -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(Instant::now()), wakers: Mutex::default() })
    }

    fn after(&self, seconds: u64) -> Instant {
        self.now() + Duration::from_secs(seconds)
    }

    fn turn(&self, seconds: u64) {
        let now = self.after(seconds);
        *self.now.lock().unwrap() = now;
        let is_due = |slot: &mut Option<(Instant, Waker)>| {
            slot.take_if(|(at, _)| *at <= now).map(|(_, waker)| waker)
        };
        let due: Vec<_> = self.wakers.lock().unwrap().iter_mut().filter_map(is_due).collect();
        due.into_iter().for_each(Waker::wake);
    }

    fn pending(&self) -> usize {
        self.wakers.lock().unwrap().iter().flatten().count()
    }
}

impl Timer for ByHand {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        let mut wakers = self.wakers.lock().unwrap();
        wakers.push(Some((at, waker.clone())));
        Ok(Key::new(wakers.len() as u64 - 1))
    }

    fn update(&self, key: &Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        let slot = &mut self.wakers.lock().unwrap()[key.number() as usize];
        let before = slot.take().map(|(_, waker)| waker);
        *slot = waker.cloned().or(before).map(|waker| (at, waker));
        Ok(())
    }

    fn cancel(&self, key: Key) {
        drop(self.wakers.lock().unwrap()[key.number() as usize].take());
    }
}

#[test]
fn a_deadline_cancels_with_its_reason() {
    let (clock, root) = (ByHand::new(), CancellationToken::new());
    let token = root.with_deadline(clock.clone(), clock.after(2));
    let child = token.child_token();
    let watched = Watched::new();
    let mut waiting = pin!(child.cancelled());
    assert!(watched.poll(waiting.as_mut()).is_pending());
    clock.turn(1);
    assert_eq!(cancelled([&root, &token, &child]), [false; 3]);
    clock.turn(1);
    assert_eq!(cancelled([&root, &token, &child]), [false, true, true]);
    assert!(matches!(child.reason(), Some(Reason::Elapsed)));
    assert_eq!(watched.woken(), 1);
    // One that has passed already, and one below a token that is cancelled.
    assert!(root.with_deadline(clock.clone(), clock.now()).is_cancelled());
    assert!(token.with_deadline(clock.clone(), clock.after(9)).is_cancelled());
    assert_eq!(clock.pending(), 0);
}

#[test]
fn a_deadline_is_forgotten_with_its_token() {
    let (clock, root) = (ByHand::new(), CancellationToken::new());
    let [first, second] = [(); 2].map(|()| root.with_deadline(clock.clone(), clock.after(2)));
    assert_eq!(clock.pending(), 2);
    drop(first);
    assert_eq!(clock.pending(), 1);
    root.cancel();
    assert_eq!(clock.pending(), 0);
    assert!(matches!(second.reason(), Some(Reason::Cancelled)));
    clock.turn(5);
    assert!(matches!(second.reason(), Some(Reason::Cancelled)));
}

#[test]
fn the_default_timer_cancels_as_well() {
    let token = CancellationToken::new().child_until(Instant::now() + Duration::from_millis(2));
    pollster::block_on(token.cancelled());
    assert!(matches!(token.reason(), Some(Reason::Elapsed)));
}

/// The nearer deadline holds inside, and the scope that it belongs to reports it. Semantics 102.
#[test]
fn scopes_inherit_the_nearer_deadline() {
    let clock = ByHand::new();
    let _entered = clock.enter();
    let at = |seconds| Deadline::at(clock.after(seconds));
    let (near, far) = (at(1), at(2));
    assert_eq!(Deadline::current(), Deadline::NEVER);
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(near.scope(far.scope(seen)))), Ok(Ok(near)));
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(far.scope(near.scope(seen)))), Ok(Ok(near)));
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(near.scope(Deadline::NEVER.scope(seen)))), Ok(Ok(near)));
    assert_eq!(Deadline::current(), Deadline::NEVER);

    for inner in [near, far, Deadline::NEVER] {
        let mut outer = pin!(near.scope(inner.scope(pending::<()>())));
        assert!(poll(outer.as_mut()).is_pending());
        assert_eq!(clock.pending(), 1, "the inner scope needs no timer of its own");
        clock.turn(1);
        assert_eq!(ready(outer), Err(Elapsed));
        clock.turn(0);
        *clock.now.lock().unwrap() = near.instant().unwrap() - Duration::from_secs(1);
    }
}

/// Semantics 103 and 99.
#[test]
fn an_inner_deadline_leaves_the_outer_scope_alone() {
    let clock = ByHand::new();
    let _entered = clock.enter();
    let (near, far) = (Deadline::at(clock.after(1)), Deadline::at(clock.after(2)));
    let mut outer = pin!(far.scope(async {
        assert_eq!(near.scope(pending::<()>()).await, Err(Elapsed));
        assert_eq!(Deadline::current(), far);
        assert_eq!(near.scope(async { 7 }).await, Ok(7), "ready at once");
        pending::<()>().await;
    }));
    assert!(poll(outer.as_mut()).is_pending());
    clock.turn(1);
    assert!(poll(outer.as_mut()).is_pending());
    assert_eq!(far.remaining(), Some(Duration::from_secs(1)));
    clock.turn(1);
    assert_eq!(ready(outer), Err(Elapsed));
}

#[test]
fn a_scope_that_panics_leaves_no_deadline_behind() {
    let mut scope = Box::pin(Deadline::at(Instant::now()).scope(async { panic!("on purpose") }));
    assert!(panics(|| ready(scope.as_mut()).unwrap()));
    assert_eq!(Deadline::current(), Deadline::NEVER);
    assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
    assert_eq!(Deadline::NEVER.remaining(), None);
}

/// Cancelled on one executor, seen on the others.
#[test]
fn a_cancel_crosses_executors() {
    let token = CancellationToken::new();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let on_tokio = tokio.spawn(token.clone().cancelled_owned());
    let embedded = selvedge::spawn(token.child_token().cancelled_owned());
    let child = token.child_token();
    let bare = thread::spawn(move || pollster::block_on(child.cancelled()));
    smol::block_on(smol::spawn({
        let token = token.clone();
        async move { token.cancel() }
    }));
    tokio.block_on(on_tokio).unwrap();
    selvedge::block_on(embedded);
    bare.join().unwrap();
}

fn is_send<F: Future + Send>(_: &F) {}

#[test]
fn what_is_run_decides_whether_it_is_send() {
    let token = CancellationToken::new();
    is_send(&token.run_until_cancelled(pending::<()>()));
    is_send(&Deadline::NEVER.scope(pending::<()>()));
}
