//! Barriers.

/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{
                future::Future,
                pin::Pin,
                sync::{Arc, atomic::{AtomicUsize, Ordering::SeqCst}},
                task::{Context, Poll, Waker},
            };

            $($uses)*

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nobody_is_a_round_ahead() {
                let shared = Arc::new((Barrier::new(4), AtomicUsize::new(0), AtomicUsize::new(0)));
                let tasks: Vec<_> = (0..4)
                    .map(|_| {
                        let shared = shared.clone();
                        tokio::spawn(async move {
                            for round in 1..=50 {
                                shared.1.fetch_add(1, SeqCst);
                                let result: BarrierWaitResult = shared.0.wait().await;
                                assert!(shared.1.load(SeqCst) >= 4 * round);
                                if result.clone().is_leader() {
                                    shared.2.fetch_add(1, SeqCst);
                                }
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
                assert_eq!(shared.2.load(SeqCst), 50);
            }

            type Waits<'a> = Pin<Box<dyn Future<Output = BarrierWaitResult> + 'a>>;

            fn arrive(barrier: &Barrier) -> (Option<bool>, Waits<'_>) {
                let mut wait: Waits<'_> = Box::pin(barrier.wait());
                (look(&mut wait), wait)
            }

            fn look(wait: &mut Waits<'_>) -> Option<bool> {
                match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(result) => Some(result.is_leader()),
                    Poll::Pending => None,
                }
            }

            /// Who leads, follows and waits, step by step.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                for n in [0, 1] {
                    let barrier = Barrier::new(n);
                    seen.push(format!("{:?} {:?}", arrive(&barrier).0, arrive(&barrier).0));
                }
                let barrier = Barrier::new(3);
                for _ in 0..3 {
                    let (one, mut first) = arrive(&barrier);
                    let (two, mut second) = arrive(&barrier);
                    seen.push(format!("{one:?} {two:?}"));
                    let (three, _) = arrive(&barrier);
                    // Back before the others have noticed.
                    let (early, back) = arrive(&barrier);
                    seen.push(format!("{three:?} {early:?}"));
                    seen.push(format!("{:?} {:?}", look(&mut first), look(&mut second)));
                    // Who gives up has arrived.
                    drop(back);
                    let (gone, waits) = arrive(&barrier);
                    drop(waits);
                    let (last, _) = arrive(&barrier);
                    seen.push(format!("{gone:?} {last:?}"));
                }
                // Not polled, not there.
                drop(barrier.wait());
                seen.push(format!("{:?}", arrive(&barrier).0));
                seen.push(format!("{:?}", arrive(&barrier).0));
                seen.push(format!("{:?}", pollster::block_on(barrier.wait())));
                seen
            }
        }
    };
}

programs! { tokio_s, use tokio::sync::{Barrier, BarrierWaitResult}; }
programs! { selvedge_s, use selvedge::sync::{Barrier, BarrierWaitResult}; }

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
