//! Tasks and values that stay on one thread.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::{
    channel::{broadcast, mpmc, mpsc, oneshot, queue::Queue, watch},
    context::{
        CancellationToken, Exit, LocalReaper, LocalScope, TaskGroup, decorate, local_scope,
        spawn_on, with,
    },
    sync::{Barrier, Mutex, RwLock, Semaphore},
    time::{Elapsed, sleep, timeout},
};

use crate::{Crew, ROUNDS, TASKS, hosts::LocalTasks};

pub(crate) async fn a_mutex_excludes(tasks: LocalTasks) {
    let (mutex, mut crew) = (Rc::new(Mutex::new(Rc::new(Cell::new(0)))), Crew::new(&tasks));
    for _ in 0..TASKS {
        let mutex = mutex.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                let count = mutex.lock().await;
                let seen = count.get();
                yield_now().await;
                count.set(seen + 1);
            }
        });
    }
    crew.end().await;
    assert_eq!(mutex.lock().await.get(), TASKS * ROUNDS);
}

pub(crate) async fn a_semaphore_limits(tasks: LocalTasks) {
    let shared = Rc::new((Semaphore::new(2), Cell::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                let permit = shared.0.acquire().await.unwrap();
                shared.1.set(shared.1.get() + 1);
                assert!(shared.1.get() <= 2);
                yield_now().await;
                shared.1.set(shared.1.get() - 1);
                drop(permit);
            }
        });
    }
    crew.end().await;
    assert_eq!(shared.0.available_permits(), 2);
}

pub(crate) async fn a_writer_is_alone(tasks: LocalTasks) {
    let (lock, mut crew) = (Rc::new(RwLock::new(Rc::new(Cell::new(0)))), Crew::new(&tasks));
    for task in 0..TASKS {
        let lock = lock.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                if task % 2 == 0 {
                    let count = lock.write().await;
                    let seen = count.get();
                    yield_now().await;
                    count.set(seen + 1);
                } else {
                    let count = lock.read().await;
                    let seen = count.get();
                    yield_now().await;
                    assert_eq!(count.get(), seen);
                }
            }
        });
    }
    crew.end().await;
    assert_eq!(lock.read().await.get(), TASKS / 2 * ROUNDS);
}

pub(crate) async fn a_barrier_lets_all_pass_together(tasks: LocalTasks) {
    let shared = Rc::new((Barrier::new(TASKS), Cell::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for round in 1..=ROUNDS {
                shared.1.set(shared.1.get() + 1);
                shared.0.wait().await;
                assert!(shared.1.get() >= round * TASKS);
            }
        });
    }
    crew.end().await;
}

pub(crate) async fn channels_carry_what_stays_here(tasks: LocalTasks) {
    let ((tx, mut rx), mut crew) = (mpsc::channel(2), Crew::new(&tasks));
    let (work, works) = mpmc::bounded::<Rc<usize>>(1);
    let (news, mut reads) = broadcast::channel::<Rc<usize>>(TASKS);
    for task in 0..TASKS {
        let (tx, work, works, news) = (tx.clone(), work.clone(), works.clone(), news.clone());
        crew.add(async move { work.send(Rc::new(task)).await.unwrap() });
        crew.add(async move {
            let got = works.recv().await.unwrap();
            news.send(got.clone()).unwrap();
            let (answer, answered) = oneshot::channel::<Rc<&str>>();
            tx.send((got, answer)).await.unwrap();
            assert_eq!(*answered.await.unwrap(), "done");
        });
    }
    drop(tx);
    let mut sum = 0;
    while let Some((number, answer)) = rx.recv().await {
        sum += *number;
        answer.send(Rc::new("done")).unwrap();
    }
    crew.end().await;
    drop(news);
    while let Ok(number) = reads.recv().await {
        sum -= *number;
    }
    assert_eq!(sum, 0);
}

pub(crate) async fn a_queue_is_worked_off(tasks: LocalTasks) {
    let (queue, done) = (Rc::new(Queue::<Rc<usize>>::new(2)), Rc::new(Cell::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (queue, done) = (queue.clone(), done.clone());
        crew.add(async move {
            while let Ok(item) = queue.get().await {
                yield_now().await;
                done.set(done.get() + *item);
                queue.task_done().unwrap();
            }
        });
    }
    for item in 0..TASKS * ROUNDS {
        queue.put(Rc::new(item)).await.unwrap();
    }
    queue.join().await;
    queue.shutdown(false);
    crew.end().await;
    assert_eq!(done.get(), (0..TASKS * ROUNDS).sum());
}

pub(crate) async fn a_watch_shows_the_last_value(tasks: LocalTasks) {
    let ((tx, rx), mut crew) = (watch::channel(Rc::new(0)), Crew::new(&tasks));
    for _ in 0..TASKS {
        let mut rx = rx.clone();
        crew.add(async move {
            let mut last = 0;
            while rx.changed().await.is_ok() {
                last = **rx.borrow_and_update();
            }
            assert_eq!(last, ROUNDS);
        });
    }
    drop(rx);
    for value in 1..=ROUNDS {
        tx.send(Rc::new(value)).unwrap();
        yield_now().await;
    }
    drop(tx);
    crew.end().await;
}

pub(crate) async fn time_passes(tasks: LocalTasks) {
    let (passed, mut crew) = (Rc::new(Cell::new(0)), Crew::new(&tasks));
    for _ in 0..TASKS {
        let passed = passed.clone();
        crew.add(async move {
            sleep(Duration::from_millis(1)).await;
            let cut = timeout(Duration::from_millis(1), pending::<Rc<()>>()).await;
            assert_eq!(cut, Err(Elapsed));
            passed.set(passed.get() + 1);
        });
    }
    crew.end().await;
    assert_eq!(passed.get(), TASKS);
}

pub(crate) async fn a_token_cancels_its_children(tasks: LocalTasks) {
    let (root, mut crew) = (CancellationToken::new(), Crew::new(&tasks));
    let ended = Rc::new(Cell::new(0));
    for _ in 0..TASKS {
        let (token, ended) = (root.child_token(), ended.clone());
        crew.add(async move {
            assert!(token.run_until_cancelled(pending::<Rc<()>>()).await.is_none());
            ended.set(ended.get() + 1);
        });
    }
    yield_now().await;
    root.cancel();
    crew.end().await;
    assert_eq!(ended.get(), TASKS);
}

pub(crate) async fn handles_hand_out_what_tasks_return(tasks: LocalTasks) {
    let input = Rc::new(7);
    let output = spawn_on(&tasks, async move {
        yield_now().await;
        Rc::new(*input + 1)
    });
    let sleeper = spawn_on(&tasks, pending::<Rc<()>>());
    assert_eq!(*output.await.unwrap(), 8);
    sleeper.abort();
    assert!(sleeper.await.unwrap_err().is_aborted());
}

pub(crate) async fn a_group_falls_with_one_child(tasks: LocalTasks) {
    let group = TaskGroup::new(tasks);
    for number in 0..TASKS {
        let number = Rc::new(number);
        group.spawn(async move {
            yield_now().await;
            if *number == 5 { Err(number) } else { pending().await }
        });
    }
    let error = group.join().await.unwrap_err();
    assert_eq!(error.errors().collect::<Vec<_>>(), [&Rc::new(5)]);
}

pub(crate) async fn a_scope_lends(tasks: LocalTasks) {
    let lent = spawn_on(&tasks, async {
        let seen = RefCell::new(Vec::new());
        local_scope(async |scope: LocalScope<'_, String>| {
            for number in 0..TASKS {
                let seen = &seen;
                scope.spawn(async move {
                    yield_now().await;
                    seen.borrow_mut().push(Rc::new(number));
                    Ok(())
                });
            }
            Ok(())
        })
        .await
        .unwrap();
        seen.take().len()
    });
    assert_eq!(lent.await.unwrap(), TASKS);
}

pub(crate) async fn a_guard_is_closed_and_reaped(tasks: LocalTasks) {
    let (reaper, closed) = (LocalReaper::new(), Rc::new(Cell::new(0)));
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let (reaper, closed) = (reaper.clone(), closed.clone());
        crew.add(async move {
            let close = |held: Rc<Cell<usize>>, _: Exit| async move {
                yield_now().await;
                held.set(held.get() + 1);
                Ok::<(), &str>(())
            };
            let mut used = Box::pin(with(
                reaper,
                closed,
                async |_: &mut Rc<Cell<usize>>| Ok::<_, &str>(()),
                close,
            ));
            if task % 2 == 0 {
                assert!(used.await.is_ok());
            } else {
                poll_fn(|cx| Poll::Ready(used.as_mut().poll(cx).is_ready())).await;
            }
        });
    }
    crew.end().await;
    reaper.drain().await;
    assert_eq!(closed.get(), TASKS);
}

pub(crate) async fn calls_are_retried(tasks: LocalTasks) {
    use decorate::{Backoff, Call, CallError, Retry, op};

    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let calls = Rc::new(Cell::new(0));
            let counted = calls.clone();
            let flaky = move |(): ()| {
                counted.set(counted.get() + 1);
                let number = counted.get();
                async move { if number < 3 { Err(CallError::Inner(number)) } else { Ok(number) } }
            };
            let backoff = Backoff::constant(Duration::from_millis(1)).attempts(4);
            let steady = op(flaky).retry(Retry::new(backoff));
            assert_eq!(Call::call(&steady, ((),)).await, Ok(3));
            assert_eq!(calls.get(), 3);
        });
    }
    crew.end().await;
}
