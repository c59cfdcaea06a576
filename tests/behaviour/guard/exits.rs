//! The table of exits, by its rows. Semantics 125 throughout: what remains goes to the reaper.

use std::{
    future::{Future, pending, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::context::{Reaper, WithError, with};

use super::{Conn, Log, everywhere, quit_after, ready_in_the_end};
use crate::harness::panics;

#[test]
fn normal() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let run = with(&reaper, Conn(log.clone()), async |conn| conn.query(7).await, Conn::close);
        assert_eq!(run.await, Ok(7));
        assert_eq!(log.take(), ["closing Done", "closed"]);

        let mut guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert_eq!(guard.query(7).await, Ok(7));
        assert_eq!(guard.close().await, Ok(()));
        assert_eq!(log.take(), ["closing Done", "closed"]);
        assert_eq!(reaper.report().taken, 0);

        drop(reaper.guard(Conn(log.clone()), Conn::close));
        assert_eq!(log.take(), [""; 0], "a drop runs nothing");
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

#[test]
fn early_return() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| {
            let answer = conn.query(0).await?;
            Ok::<_, String>(answer + 1)
        };
        let run = with(&reaper, Conn(log.clone()), body, Conn::close).await;
        assert_eq!(run, Err(WithError::Both { body: "bad".into(), close: "close".into() }));
        assert_eq!((log.take(), reaper.report().taken), (texts(["closing Failed", "closed"]), 0));

        let use_it = async || {
            let mut guard = reaper.guard(Conn(log.clone()), Conn::close);
            guard.query(0).await?;
            guard.close().await
        };
        assert_eq!(use_it().await, Err("bad".into()));
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).into()
}

/// A future whose panic is its output, so that a test goes on behind it.
async fn caught<F: Future>(future: F) -> bool {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        let poll = std::panic::AssertUnwindSafe(|| future.as_mut().poll(cx));
        match std::panic::catch_unwind(poll) {
            Ok(poll) => poll.map(|_| false),
            Err(_) => Poll::Ready(true),
        }
    })
    .await
}

#[test]
fn panic_in_the_body() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| {
            conn.query(1).await?;
            if true {
                panic!("on purpose")
            }
            Ok::<(), String>(())
        };
        assert!(caught(with(&reaper, Conn(log.clone()), body, Conn::close)).await);
        assert_eq!((log.take(), reaper.report().taken), (texts(["closing Panicked", "closed"]), 0));

        let guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert!(
            caught(async move {
                let _guard = guard;
                panic!("on purpose");
            })
            .await
        );
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Panicked", "closed"]);
    });
}

#[test]
fn dropped_in_the_body() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        struct Told(Log);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.push("body dropped");
            }
        }
        let told = log.clone();
        let body = async move |_: &mut Conn| {
            let _told = Told(told);
            pending::<Result<(), String>>().await
        };
        assert!(quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), 2));
        assert_eq!(reaper.report().left, 1);
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["body dropped", "closing Dropped", "closed"]);

        let guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert!(quit_after(
            async move {
                let _guard = guard;
                pending::<()>().await;
            },
            1
        ));
        assert_eq!(reaper.drain().await.done, 2);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

#[test]
fn dropped_in_the_cleanup() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |_: &mut Conn| Ok::<_, String>(());
        assert!(quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), 2));
        assert_eq!((log.take(), reaper.drain().await.done), (texts(["closing Done"]), 1));
        assert_eq!(log.take(), ["closed"], "from where it was, and once");

        assert!(quit_after(reaper.guard(Conn(log.clone()), Conn::close).close(), 1));
        assert_eq!((log.take(), reaper.drain().await.done), (texts(["closing Done"]), 2));
        assert_eq!(log.take(), ["closed"]);
    });
}

/// Each of the three ways into the reaper.
fn hand_over(reaper: &Reaper, log: &Log) {
    let body = async |_: &mut Conn| pending::<Result<(), String>>().await;
    assert!(quit_after(with(reaper, Conn(log.clone()), body, Conn::close), 1));
    assert!(quit_after(reaper.guard(Conn(log.clone()), Conn::close).close(), 1));
    drop(reaper.guard(Conn(log.clone()), Conn::close));
}

#[test]
fn the_reaper_is_never_run_and_the_runtime_is_gone() {
    type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
    let on_each: [fn(Task); 3] = [
        |future| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { tokio::spawn(future).await.unwrap() });
        },
        |future| selvedge::block_on(selvedge::spawn(future)),
        |future| thread::spawn(|| pollster::block_on(future)).join().unwrap(),
    ];
    for first in on_each {
        let (reaper, log) = (Reaper::new(), Log::default());
        let (inner, told) = (reaper.clone(), log.clone());
        first(Box::pin(async move { hand_over(&inner, &told) }));
        assert_eq!((reaper.report().left, log.handles()), (3, 4));
        let report = thread::spawn(move || pollster::block_on(reaper.drain())).join().unwrap();
        assert_eq!((report.taken, report.done, report.left, log.handles()), (3, 3, 0, 1));
    }
}

#[test]
fn the_last_handle_is_dropped() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        hand_over(&reaper, &log);
        assert!(quit_after(reaper.drain(), 1), "some have been polled here");
        assert_eq!(log.handles(), 4);
        drop(reaper);
        assert_eq!(log.handles(), 1, "their own drops have run");
        assert!(log.take().iter().all(|what| what.starts_with("closing")));
    });
}

/// Half of it on tokio, the rest on the embedded executor, after tokio has been shut down.
#[test]
fn a_cleanup_goes_on_where_its_first_executor_was_shut_down() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn({
        let (reaper, log) = (reaper.clone(), log.clone());
        async move {
            tokio::spawn(reaper.run());
            let close =
                |log: Log, exit| async move {
                    log.push(format!("begun {exit:?}"));
                    tell.send(()).unwrap();
                    // Woken by nobody: the next driver polls it all the same.
                    let mut first = true;
                    poll_fn(|_| {
                        if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                    })
                    .await;
                    log.push("ended");
                };
            drop(reaper.guard(log, close));
            pending::<()>().await;
        }
    });
    told.recv().unwrap();
    runtime.shutdown_timeout(Duration::from_secs(60));
    assert_eq!((log.take(), reaper.report().left), (texts(["begun Dropped"]), 1));
    let report = selvedge::block_on(selvedge::spawn(reaper.drain()));
    assert_eq!((report.done, report.left), (1, 0));
    assert_eq!((log.take(), log.handles()), (texts(["ended"]), 1));
}

async fn fails() {
    panic!("on purpose");
}

#[test]
fn panics_of_cleanups_end_with_them() {
    let reaper = Reaper::new();
    drop(reaper.guard((), |(), _| fails()));
    drop(reaper.guard((), |(), _| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        panic!("before it begins")
    }));
    drop(reaper.guard((), |(), _| async {
        yield_now().await;
        Err::<(), _>("failed")
    }));
    drop(reaper.guard((), |(), _| async {}));
    let report = ready_in_the_end(reaper.drain());
    assert_eq!((report.taken, report.done, report.failed, report.panicked), (4, 1, 1, 2));
    assert_eq!(report.last_error.as_deref(), Some("failed"));

    // Inline, it is the caller's, and the reaper hears nothing of it.
    let closing = reaper.guard((), |(), _| fails()).close();
    assert!(panics(|| pollster::block_on(closing)));
    // The body's panic comes first.
    let both = with(
        &reaper,
        (),
        async |()| -> Result<(), String> { panic!("body") },
        |(), _| async {
            if true {
                panic!("close")
            }
            Ok::<(), String>(())
        },
    );
    let payload =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pollster::block_on(both)));
    assert_eq!(payload.unwrap_err().downcast_ref::<&str>(), Some(&"body"));
    assert_eq!(reaper.report().taken, 4);
}

/// Drops never panic, whatever they drop and wake.
#[test]
fn drops_never_panic() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let reaper = Reaper::new();
    let mut run = Box::pin(reaper.run());
    let waker = crate::harness::Meddler::waker(|| panic!("on purpose"), || ());
    assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(!panics(|| drop(reaper.guard(Loud, |loud, _| async { drop(loud) }))));
    assert_eq!(ready_in_the_end(reaper.drain()).panicked, 1);
    drop(reaper.guard(Loud, |_loud, _| pending::<()>()));
    drop(reaper.guard(Loud, |_loud, _| async {}));
    assert!(!panics(|| drop((run, reaper))), "the last handle drops what is left");
}

/// A guard that is made and dropped by a destructor while a panic runs was not panicked in.
#[test]
fn a_guard_of_a_destructor_is_dropped_and_not_panicked() {
    struct UsesOne(Reaper, Log);
    impl Drop for UsesOne {
        fn drop(&mut self) {
            let log = self.1.clone();
            drop(self.0.guard((), move |(), exit| async move { log.push(format!("{exit:?}")) }));
        }
    }
    let (reaper, log) = (Reaper::new(), Log::default());
    let uses = UsesOne(reaper.clone(), log.clone());
    assert!(panics(move || {
        let _uses = uses;
        panic!("on purpose");
    }));
    ready_in_the_end(reaper.drain());
    assert_eq!(log.take(), ["Dropped"]);
}
