/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::future::{pending, ready};

            $($uses)*

            const MILLI: Duration = Duration::from_millis(1);

            #[tokio::test]
            async fn sleeps_and_resets() {
                let start = Instant::now();
                sleep(2 * MILLI).await;
                sleep_until(start + 4 * MILLI).await;
                assert!(start.elapsed() >= 4 * MILLI);

                let rest: Sleep = sleep(Duration::MAX);
                tokio::pin!(rest);
                assert!(!rest.is_elapsed());
                let at = Instant::now() + 2 * MILLI;
                rest.as_mut().reset(at);
                assert_eq!(rest.deadline(), at);
                (&mut rest).await;
                assert!(rest.is_elapsed());
                tokio::select! {
                    () = sleep(MILLI) => {}
                    () = sleep(10_000 * MILLI) => panic!("the longer one"),
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn limits_what_takes_too_long() {
                let late: Result<(), Elapsed> = timeout(MILLI, pending()).await;
                assert_eq!(late.unwrap_err().to_string(), "deadline has elapsed");
                assert_eq!(timeout(10_000 * MILLI, async { 7 }).await.unwrap(), 7);
                assert!(timeout_at(Instant::now() + MILLI, pending::<()>()).await.is_err());
                let mut limited: Timeout<_> = timeout(MILLI, ready(1));
                *limited.get_mut() = ready(2);
                assert!(format!("{:?}", limited.get_ref()).contains("2"));
                assert_eq!(limited.into_inner().await, 2);
                let task = tokio::spawn(timeout(MILLI, pending::<()>()));
                assert!(task.await.unwrap().is_err());
            }

            #[tokio::test]
            async fn ticks() {
                let start = Instant::now();
                let mut beat: Interval = interval_at(start, 2 * MILLI);
                assert_eq!(beat.missed_tick_behavior(), MissedTickBehavior::Burst);
                assert_eq!(beat.tick().await, start);
                assert_eq!(beat.tick().await, start + 2 * MILLI);
                // From here on a tick may be missed, if the machine is busy.
                beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
                assert_eq!(beat.period(), 2 * MILLI);
                beat.reset_immediately();
                beat.tick().await;
                beat.reset_after(MILLI);
                beat.reset_at(start + 20 * MILLI);
                assert_eq!(beat.tick().await, start + 20 * MILLI);
                beat.reset();
                assert!(beat.tick().await >= start + 22 * MILLI);
                let mut at_once = interval(10_000 * MILLI);
                std::future::poll_fn(|cx| at_once.poll_tick(cx)).await;
            }
        }
    };
}

programs! { tokio_s,
    use tokio::time::{
        Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, interval, interval_at,
        sleep, sleep_until, timeout, timeout_at, error::Elapsed,
    };
}
programs! { selvedge_s,
    use selvedge::time::{
        Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, interval, interval_at,
        sleep, sleep_until, timeout, timeout_at, error::Elapsed,
    };
}
