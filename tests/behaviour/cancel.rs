//! Cancellation tokens: the tree, who is woken, callbacks, deadlines.

use std::{
    collections::HashSet,
    future::{Future, pending, ready as at_once},
    pin::pin,
    sync::{Arc, Barrier},
    task::Poll,
    thread,
};

use selvedge::context::{CancellationToken, Deadline, Reason};

use crate::harness::{Watched, allocations, growth, poll, ready};

mod callbacks;
mod deadlines;
mod sweep;

pub(crate) use sweep::sweep;

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
