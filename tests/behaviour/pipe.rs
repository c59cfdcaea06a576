//! A pipe, polled by hand.

use std::{
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    thread,
};

use futures_lite::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
    future::{block_on, zip},
};
use selvedge::channel::pipe::{self, Reader, Writer};

use crate::{
    harness::{Meddler, PollWith, Spy, Touch, Watched, allocations, panics, poll, ready},
    sweep::{Doors, Report, Swept},
};

fn read(reader: &mut Reader, waker: &Waker) -> Poll<usize> {
    let mut byte = [0; 4];
    let cx = &mut Context::from_waker(waker);
    Pin::new(reader).poll_read(cx, &mut byte).map(|count| count.unwrap())
}

#[test]
fn bytes_come_in_order_and_then_the_end() {
    let (mut reader, mut writer) = pipe::simplex(8);
    assert_eq!(ready(pin!(writer.write(b"warp"))).unwrap(), 4);
    assert_eq!((reader.len(), writer.len(), reader.capacity()), (4, 4, 8));
    let mut heard = [0; 3];
    assert_eq!(ready(pin!(reader.read(&mut heard))).unwrap(), 3);
    assert_eq!(&heard, b"war");
    ready(pin!(writer.flush())).unwrap();
    ready(pin!(writer.close())).unwrap();
    assert!(reader.is_closed() && writer.is_closed() && !reader.is_empty());
    assert_eq!(ready(pin!(reader.read(&mut heard))).unwrap(), 1);
    assert_eq!(heard[0], b'p');
    assert_eq!(ready(pin!(reader.read(&mut heard))).unwrap(), 0);
    let error = ready(pin!(writer.write(b"late"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

/// Through every place where the buffer wraps.
#[test]
fn bytes_pass_through_pipes_of_every_size() {
    let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for capacity in [1, 2, 3, 7, 64, 2000] {
        let (mut reader, mut writer) = pipe::simplex(capacity);
        let mut heard = Vec::new();
        let (wrote, _) = block_on(zip(
            async {
                writer.write_all(&text).await?;
                writer.close().await
            },
            reader.read_to_end(&mut heard),
        ));
        wrote.unwrap();
        assert_eq!(heard, text);
    }
}

#[test]
fn a_full_pipe_holds_the_writer_up() {
    let (mut reader, mut writer) = pipe::simplex(2);
    assert_eq!(ready(pin!(writer.write(b"abc"))).unwrap(), 2);
    let watched = Watched::new();
    {
        let mut write = pin!(writer.write(b"c"));
        assert!(watched.poll(write.as_mut()).is_pending());
        assert_eq!(read(&mut reader, Waker::noop()), Poll::Ready(2));
        assert_eq!((watched.woken(), watched.kept()), (1, 0));
        assert_eq!(ready(write.as_mut()).unwrap(), 1);
    }
    assert_eq!(read(&mut reader, Waker::noop()), Poll::Ready(1));
    assert!(writer.is_empty());
}

/// Shape 1: nothing is read or written by a poll that was not ready.
#[test]
fn those_that_cancel_read_and_write_nothing() {
    let (mut reader, mut writer) = pipe::simplex(1);
    let watched = Watched::new();
    let mut heard = [0; 4];
    assert!(watched.poll(pin!(reader.read(&mut heard))).is_pending());
    assert_eq!(ready(pin!(writer.write(b"a"))).unwrap(), 1);
    assert!(watched.poll(pin!(writer.write(b"b"))).is_pending());
    assert_eq!(read(&mut reader, Waker::noop()), Poll::Ready(1));
    assert_eq!((watched.woken(), watched.kept()), (2, 0));
    assert!(read(&mut reader, Waker::noop()).is_pending(), "the second was not written");
}

#[test]
fn the_end_and_the_desertion_are_told() {
    let (mut reader, writer) = pipe::simplex(1);
    let watched = Watched::new();
    assert!(watched.poll(pin!(reader.read(&mut [0]))).is_pending());
    drop(writer);
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
    assert_eq!(read(&mut reader, Waker::noop()), Poll::Ready(0));

    let (reader, mut writer) = pipe::simplex(1);
    ready(pin!(writer.write_all(b"a"))).unwrap();
    let mut write = Box::pin(writer.write(b"b"));
    assert!(watched.poll(write.as_mut()).is_pending());
    drop(reader);
    assert_eq!((watched.woken(), watched.kept()), (2, 0));
    assert_eq!(ready(write.as_mut()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    drop(write);
    assert!(writer.is_closed() && writer.is_empty(), "what nobody reads goes");
}

#[test]
fn empty_reads_and_writes_are_ready() {
    let (mut reader, mut writer) = pipe::simplex(1);
    assert_eq!(ready(pin!(reader.read(&mut []))).unwrap(), 0);
    ready(pin!(writer.write_all(b"a"))).unwrap();
    assert_eq!(ready(pin!(writer.write(b""))).unwrap(), 0);
}

#[test]
fn wakers_are_cloned_once_and_replaced_when_they_change() {
    let (mut reader, mut writer) = pipe::simplex(1);
    let (spy, waker) = Spy::new(|_| ());
    for _ in 0..100 {
        assert!(read(&mut reader, &waker).is_pending());
    }
    assert_eq!(spy.seen(), [1, 0, 0]);
    let watched = Watched::new();
    assert!(watched.poll(pin!(reader.read(&mut [0]))).is_pending());
    assert_eq!((spy.seen(), watched.kept()), ([1, 0, 1], 1));
    drop(reader);
    assert_eq!((watched.kept(), watched.woken()), (0, 0), "its own waker is let go");
    assert_eq!(ready(pin!(writer.write(b"a"))).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn wakers_may_use_the_other_end_and_may_panic() {
    let (reader, mut writer) = pipe::simplex(1);
    let reader = Arc::new(Mutex::new(Some(reader)));
    let inside = reader.clone();
    let waker = Meddler::waker(move || drop(inside.lock().unwrap().take()), || ());
    assert!(read(reader.lock().unwrap().as_mut().unwrap(), &waker).is_pending());
    assert_eq!(ready(pin!(writer.write(b"a"))).unwrap(), 1);
    assert!(writer.is_closed(), "the waker has dropped the reader");

    let (mut reader, mut writer) = pipe::simplex(2);
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(read(&mut reader, &waker).is_pending());
    assert!(panics(|| drop(poll(pin!(writer.write(b"a"))))));
    assert_eq!(read(&mut reader, Waker::noop()), Poll::Ready(1), "it was written all the same");
    let mut future = pin!(reader.read(&mut []));
    assert!(future.as_mut().poll_with(Waker::noop()).is_ready());
}

/// Whoever reads wakes the writer. If that panics, the bytes are there still, in their places.
#[test]
fn a_writers_waker_that_panics_loses_no_bytes() {
    for writes in [false, true] {
        let (mut reader, writer) = pipe::simplex(3);
        let writer = Arc::new(Mutex::new(writer));
        ready(pin!(writer.lock().unwrap().write_all(b"abc"))).unwrap();
        let inside = writer.clone();
        let waker = Meddler::waker(
            move || {
                // It may even take the room that the read has made.
                if writes {
                    let mut writer = inside.lock().unwrap_or_else(|error| error.into_inner());
                    assert_eq!(ready(pin!(writer.write(b"def"))).unwrap(), 2);
                }
                panic!("on purpose");
            },
            || (),
        );
        {
            let mut writer = writer.lock().unwrap();
            assert!(pin!(writer.write(b"def")).poll_with(&waker).is_pending());
        }
        let mut heard = [0; 2];
        assert!(panics(|| drop(poll(pin!(reader.read(&mut heard))))));
        assert_eq!(reader.len(), if writes { 5 } else { 3 });
        let mut writer = writer.lock().unwrap_or_else(|error| error.into_inner());
        assert!(poll(pin!(writer.write(b"-"))).is_pending(), "there is no room");
        let mut heard = [0; 5];
        let count = ready(pin!(reader.read(&mut heard))).unwrap();
        assert_eq!(&heard[..count], if writes { &b"abcde"[..] } else { b"abc" });
        assert_eq!(ready(pin!(writer.write(b"fgh!"))).unwrap(), 3);
    }
}

/// A task that is polled while somebody writes: its waker is not needed, and is other people's code.
#[test]
fn a_waker_that_is_not_needed_is_dropped_outside_of_the_lock() {
    for bad in [false, true] {
        let (mut reader, writer) = pipe::simplex(4);
        let writer = Arc::new(Mutex::new(writer));
        let inside = writer.clone();
        let (spy, waker) = Spy::new(move |touch| {
            let mut writer = inside.lock().unwrap();
            match touch {
                Touch::Clone => ready(pin!(writer.write_all(b"ab"))).unwrap(),
                Touch::Drop if writer.is_closed() => {}
                Touch::Drop => {
                    ready(pin!(writer.close())).unwrap();
                    drop(writer);
                    assert!(!bad, "on purpose");
                }
                Touch::Wake => unreachable!("nobody waits"),
            }
        });
        if bad {
            assert!(panics(|| _ = read(&mut reader, &waker)));
        }
        assert_eq!(read(&mut reader, &waker), Poll::Ready(2));
        assert_eq!(spy.seen(), [1, 0, 1]);
        assert!(reader.is_closed() && reader.is_empty());
    }
}

#[test]
fn both_directions_of_a_duplex_are_apart() {
    let (mut here, mut there) = pipe::duplex(4);
    ready(pin!(here.write_all(b"ping"))).unwrap();
    assert!(poll(pin!(here.write(b"!"))).is_pending());
    ready(pin!(there.write_all(b"pong"))).unwrap();
    let mut heard = [0; 4];
    ready(pin!(here.read_exact(&mut heard))).unwrap();
    assert_eq!(&heard, b"pong");
    // Closing one direction leaves the other open.
    ready(pin!(here.close())).unwrap();
    ready(pin!(there.read_exact(&mut heard))).unwrap();
    assert_eq!(&heard, b"ping");
    assert_eq!(ready(pin!(there.read(&mut heard))).unwrap(), 0);
    ready(pin!(there.write_all(b"more"))).unwrap();
    drop(there);
    ready(pin!(here.read_exact(&mut heard))).unwrap();
    assert_eq!(ready(pin!(here.read(&mut heard))).unwrap(), 0);
    let (here, mut there) = pipe::duplex(4);
    drop(here);
    assert_eq!(ready(pin!(there.write(b"a"))).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_pipe_takes_memory_when_it_has_bytes() {
    let count = allocations(|| drop(pipe::simplex(1 << 20)));
    assert_eq!(count, 1);
    let (mut reader, mut writer) = pipe::simplex(16);
    ready(pin!(writer.write_all(&[0; 16]))).unwrap();
    let count = allocations(|| {
        for _ in 0..100 {
            while read(&mut reader, Waker::noop()).is_ready() {}
            ready(pin!(writer.write_all(&[0; 16]))).unwrap();
        }
    });
    assert_eq!(count, 0);
    assert!(panics(|| drop(pipe::duplex(0))));
}

#[test]
fn threads_pass_bytes() {
    let (reader, writer) = pipe::simplex(5);
    fn copy(mut from: Reader, mut to: Writer) {
        block_on(async {
            let mut part = [0; 3];
            loop {
                match from.read(&mut part).await.unwrap() {
                    0 => return,
                    count => to.write_all(&part[..count]).await.unwrap(),
                }
            }
        });
    }
    let (mut end, last) = pipe::simplex(2);
    let copier = thread::spawn(move || copy(reader, last));
    let sender = thread::spawn(move || {
        let mut writer = writer;
        let text: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        block_on(writer.write_all(&text)).unwrap();
    });
    let mut heard = Vec::new();
    block_on(end.read_to_end(&mut heard)).unwrap();
    assert!(heard.into_iter().eq((0..=255).cycle().take(10_000)));
    copier.join().unwrap();
    sender.join().unwrap();
}

#[test]
fn debug_shows_the_state() {
    let (reader, mut writer) = pipe::simplex(3);
    ready(pin!(writer.write_all(b"ab"))).unwrap();
    assert_eq!(format!("{reader:?}"), "Reader { pipe: Pipe { len: 2, capacity: 3, .. } }");
    let _: Poll<()> = Pin::new(&mut writer)
        .poll_flush(&mut Context::from_waker(Waker::noop()))
        .map(|flushed| flushed.unwrap());
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "pipe::Reader::poll_read",
        // Who reads may have gone meanwhile: it passes its turn on.
        make: || Doors::new(|writer: &mut Writer| _ = ready(pin!(writer.write(b"a")))),
        wait: |doors| {
            let (mut reader, writer) = pipe::simplex(1);
            doors.wait(writer, async move {
                let mut heard = [0; 4];
                reader.read(&mut heard).await.unwrap() == 1 && heard[0] == b'a'
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep(report);
    Swept {
        name: "pipe::Writer::poll_write",
        make: || {
            Doors::new(|reader: &mut Reader| {
                let mut read = || assert!(read(reader, Waker::noop()).is_ready());
                // What the writer's waker kept from the reader went back: it is read once more.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(&mut read)) {
                    read();
                    resume_unwind(panic);
                }
            })
        },
        wait: |doors| {
            let (reader, mut writer) = pipe::simplex(1);
            ready(pin!(writer.write_all(b"a"))).unwrap();
            doors.wait(reader, async move { writer.write(b"b").await.unwrap() == 1 })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep(report);
}
