/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{future::poll_fn, time::Duration};

            $($uses)*

            const MILLI: Duration = Duration::from_millis(1);

            #[tokio::test]
            async fn items_come_and_go() {
                let mut queue: DelayQueue<&str> = DelayQueue::with_capacity(4);
                assert!(queue.capacity() >= 4 && queue.is_empty());
                let second: Key = queue.insert("second", 6 * MILLI);
                let start = queue.deadline(&second);
                let first = queue.insert_at("first", start - 3 * MILLI);
                let gone = queue.insert("gone", MILLI);
                assert_eq!((queue.peek(), queue.len()), (Some(gone), 3));
                assert_eq!(queue.remove(&gone).into_inner(), "gone");
                assert!(queue.try_remove(&gone).is_none());

                let out: Expired<&str> = poll_fn(|cx| queue.poll_expired(cx)).await.unwrap();
                assert_eq!((*out.get_ref(), out.key()), ("first", first));
                queue.reset(&second, MILLI);
                queue.reset_at(&second, start + MILLI);
                let out = poll_fn(|cx| queue.poll_expired(cx)).await.unwrap();
                assert_eq!(out.into_inner(), "second");
                assert!(poll_fn(|cx| queue.poll_expired(cx)).await.is_none());

                queue.insert("cleared", MILLI);
                queue.clear();
                queue.compact();
                queue.shrink_to_fit();
                queue.reserve(8);
                assert_eq!(DelayQueue::<u8>::default().len(), queue.len());
            }
        }
    };
}

programs! { tokio_s,
    use tokio_util::time::{DelayQueue, delay_queue::{Expired, Key}};
}
programs! { selvedge_s,
    use selvedge::time::{DelayQueue, delay_queue::{Expired, Key}};
}
