//! Programs that were written against tokio-util's tracker. What spawns is named: `spawn` is not
//! there.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::sync::{
                Arc,
                atomic::{AtomicUsize, Ordering::SeqCst},
            };

            $($uses)*

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_graceful_end() {
                let (tracker, done) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
                for _ in 0..16 {
                    let done = done.clone();
                    let work: TrackedFuture<_> = tracker.track_future(async move {
                        tokio::task::yield_now().await;
                        done.fetch_add(1, SeqCst);
                    });
                    tokio::spawn(work);
                }
                assert!(tracker.close());
                let wait: TaskTrackerWaitFuture<'_> = tracker.wait();
                wait.await;
                assert_eq!(done.load(SeqCst), 16);
                assert!(tracker.is_empty() && tracker.is_closed());
            }

            #[tokio::test]
            async fn tokens_and_clones() {
                let tracker = TaskTracker::default();
                let token: TaskTrackerToken = tracker.token();
                let other = token.clone();
                assert!(TaskTracker::ptr_eq(other.task_tracker(), &tracker.clone()));
                assert!(!TaskTracker::ptr_eq(&tracker, &TaskTracker::new()));
                assert_eq!(tracker.len(), 2);
                tracker.close();
                assert!(tracker.reopen());
                tracker.close();
                let waits = tokio::spawn({
                    let tracker = tracker.clone();
                    async move { tracker.wait().await }
                });
                tokio::task::yield_now().await;
                drop((token, other));
                waits.await.unwrap();
            }
        }
    };
}

programs! {
    tokio_util,
    use tokio_util::task::{
        TaskTracker,
        task_tracker::{TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture},
    };
}

programs! {
    selvedge,
    use selvedge::context::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
}
