//! Sensors that measure, a worker that sums up, a log, and an alarm: on one thread, without std.

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};
use core::cell::Cell;

use selvedge_channel::{broadcast, mpmc, mpsc, oneshot, queue::Queue, watch};
use selvedge_sync::{Barrier, Condvar, Event, Latch, Mutex, Notify, OnceCell, RwLock, Semaphore};

use crate::executor::{Asleep, Executor};

const SENSORS: u32 = 4;
const VALUES: u32 = 25;

/// Lets the others go first.
async fn pause() {
    let mut first = true;
    core::future::poll_fn(|cx| {
        if !core::mem::replace(&mut first, false) {
            return core::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        core::task::Poll::Pending
    })
    .await;
}

/// The sum that the sensors measured, sensor by sensor.
///
/// # Errors
///
/// If a task sleeps for ever.
///
/// # Panics
///
/// If a primitive does not do its part.
pub fn measure() -> Result<BTreeMap<u32, u32>, Asleep> {
    let (bus, log, config) = (Semaphore::new(2), Mutex::new(Vec::new()), RwLock::new(1));
    let (done, alarm) = (Notify::new(), Event::new(false));
    let (start, ready) = (Barrier::new(SENSORS as usize), Latch::new(SENSORS));
    let on_bus = Cell::new(0);
    let sums = Mutex::new(BTreeMap::new());
    let (measured, mut values) = mpsc::channel(3);
    let mut executor = Executor::default();

    for sensor in 0..SENSORS {
        let (bus, log, config, on_bus) = (&bus, &log, &config, &on_bus);
        let (alarm, start, ready, measured) = (&alarm, &start, &ready, measured.clone());
        executor.spawn(async move {
            start.wait().await;
            for value in 0..VALUES {
                let permit = bus.acquire().await.expect("never closed");
                on_bus.set(on_bus.get() + 1);
                assert!(on_bus.get() <= 2);
                pause().await;
                let value = value * *config.read().await;
                measured.send((sensor, value)).await.expect("somebody listens");
                on_bus.set(on_bus.get() - 1);
                drop(permit);
                let mut log = log.lock().await;
                let before = log.len();
                pause().await;
                log.push(value);
                assert_eq!(log.len(), before + 1);
            }
            ready.count_down();
            alarm.wait().await;
        });
    }
    drop(measured);
    executor.spawn(async {
        while let Some((sensor, value)) = values.recv().await {
            *sums.lock().await.entry(sensor).or_insert(0) += value;
        }
        done.notify_one();
    });
    executor.spawn(async {
        pause().await;
        let mut factor = config.write().await;
        pause().await;
        *factor = 1;
    });
    executor.spawn(async {
        ready.wait().await;
        alarm.set();
        done.notified().await;
    });
    executor.run()?;
    assert_eq!(log.try_lock().map(|log| log.len()), Ok((SENSORS * VALUES) as usize));
    assert_eq!(bus.available_permits(), 2);
    Ok(sums.into_inner())
}

/// The other channels carry what they are given.
///
/// # Errors
///
/// If a task sleeps for ever.
///
/// # Panics
///
/// If a channel does not do its part.
pub fn talk() -> Result<(), Asleep> {
    let (work, works) = mpmc::bounded(1);
    let (news, mut reads) = broadcast::channel(4);
    let (state, mut states) = watch::channel(0);
    let (ask, asked) = oneshot::channel();
    let queue = Queue::<u32>::new(1);
    let (stock, has_stock) = (Mutex::new(0), Condvar::new());
    let cell = OnceCell::new();
    let seen = Rc::new(Cell::new(0));
    let mut executor = Executor::default();

    for _ in 0..2 {
        let (works, news, seen, stock, has_stock, cell) =
            (works.clone(), news.clone(), seen.clone(), &stock, &has_stock, &cell);
        executor.spawn(async move {
            while let Ok(number) = works.recv().await {
                seen.set(seen.get() + number);
                *stock.lock().await += 1;
                has_stock.notify_one();
            }
            cell.get_or_init(async || pause().await).await;
            news.send("over").expect("somebody reads");
        });
    }
    executor.spawn(async {
        for number in 0..10 {
            work.send(number).await.expect("somebody works");
            queue.put(number).await.expect("not shut down");
        }
        work.close();
        queue.join().await;
        state.send(7).expect("somebody watches");
        assert_eq!(asked.await, Ok("all is well"));
    });
    executor.spawn(async {
        for number in 0..10 {
            let stock = stock.lock().await;
            *has_stock.wait_while(stock, |stock| *stock == 0).await -= 1;
            assert_eq!(queue.get().await.expect("not shut down"), number);
            queue.task_done().expect("one for each");
        }
    });
    executor.spawn(async {
        assert_eq!(*states.wait_for(|state| *state == 7).await.expect("a sender lives"), 7);
        assert_eq!((reads.recv().await, reads.recv().await), (Ok("over"), Ok("over")));
        ask.send("all is well").expect("somebody asks");
    });
    executor.run()?;
    assert_eq!(seen.get(), (0..10).sum());
    Ok(())
}

/// The executor tells when tasks sleep for ever.
///
/// # Errors
///
/// Always.
pub fn oversleep() -> Result<(), Asleep> {
    let never = Semaphore::new(0);
    let mut executor = Executor::default();
    executor.spawn(async { drop(never.acquire().await) });
    executor.spawn(pause());
    executor.run()
}
