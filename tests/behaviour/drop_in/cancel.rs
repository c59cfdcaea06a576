//! Programs that were written against tokio-util's token.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{collections::HashSet, time::Duration};

            $($uses)*

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_server_that_is_told_to_stop() {
                let server = CancellationToken::new();
                let requests: Vec<_> = (0..8)
                    .map(|request| {
                        let token = server.child_token();
                        tokio::spawn(async move {
                            let mut steps = 0;
                            loop {
                                tokio::select! {
                                    () = token.cancelled() => return (request, steps),
                                    () = tokio::task::yield_now() => steps += 1,
                                }
                            }
                        })
                    })
                    .collect();
                tokio::task::yield_now().await;
                server.cancel();
                for (at, request) in requests.into_iter().enumerate() {
                    assert_eq!(request.await.unwrap().0, at);
                }
            }

            #[tokio::test]
            async fn a_wait_that_is_kept_across_a_loop() {
                let token = CancellationToken::default();
                let cancelled: WaitForCancellationFuture<'_> = token.cancelled();
                tokio::pin!(cancelled);
                let mut rounds = 0;
                while rounds < 3 {
                    tokio::select! {
                        biased;
                        () = &mut cancelled => rounds += 1,
                        () = tokio::task::yield_now() => token.cancel(),
                    }
                }
                assert!(token.is_cancelled());
                let owned: WaitForCancellationFutureOwned = token.clone().cancelled_owned();
                tokio::spawn(owned).await.unwrap();
            }

            #[tokio::test]
            async fn guards_that_cancel() {
                let token = CancellationToken::new();
                let guard: DropGuard = token.clone().drop_guard();
                let token = {
                    let token = guard.disarm();
                    assert!(!token.is_cancelled());
                    token
                };
                let child = token.child_token();
                let waits = tokio::spawn(child.clone().cancelled_owned());
                {
                    let _guard: DropGuardRef<'_> = child.drop_guard_ref();
                }
                waits.await.unwrap();
                assert!(child.is_cancelled() && !token.is_cancelled());
                assert_eq!(HashSet::from([token.clone(), token.clone(), child]).len(), 2);
            }

            #[tokio::test]
            async fn work_with_a_stop() {
                let token = CancellationToken::new();
                assert_eq!(token.run_until_cancelled(async { 5 }).await, Some(5));
                let work = token.clone().run_until_cancelled_owned(std::future::pending::<u8>());
                let work = tokio::spawn(work);
                tokio::time::sleep(Duration::from_millis(1)).await;
                token.cancel();
                assert_eq!(work.await.unwrap(), None);
                assert_eq!(token.run_until_cancelled(async { 5 }).await, None);
            }
        }
    };
}

programs! {
    tokio_util,
    use tokio_util::sync::{
        CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture,
        WaitForCancellationFutureOwned,
    };
}

programs! {
    selvedge,
    use selvedge::context::{
        CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture,
        WaitForCancellationFutureOwned,
    };
}
