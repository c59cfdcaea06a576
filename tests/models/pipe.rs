//! What must hold of a pipe in every interleaving.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_io::{AsyncRead, AsyncWrite};
use selvedge::channel::pipe::{self, Reader, Writer};

use crate::runner::{block_on, check, spawn};

/// Reads one byte, or the end.
fn read(reader: &mut Reader, moves: bool) -> Option<u8> {
    let mut byte = [0];
    let mut poll = |cx: &mut Context<'_>| Pin::new(&mut *reader).poll_read(cx, &mut byte);
    if moves {
        if let Poll::Ready(count) = poll(&mut Context::from_waker(Waker::noop())) {
            return (count.unwrap() == 1).then_some(byte[0]);
        }
    }
    (block_on(poll_fn(poll)).unwrap() == 1).then_some(byte[0])
}

fn write(writer: &mut Writer, byte: u8) -> io::Result<usize> {
    block_on(poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, &[byte])))
}

/// Bytes come in order, one at a time, and then the end; a reader that moves is woken where it is.
///
/// Red when: mutants "pipe: the reader is not told", "pipe: the writer is not told", "pipe: the end
/// is not told", "pipe: the waker is not replaced".
#[test]
fn bytes_come_in_order_and_then_the_end() {
    for moves in [false, true] {
        check(3, move || {
            let (mut reader, mut writer) = pipe::simplex(1);
            let there = spawn(move || {
                write(&mut writer, 1).unwrap();
                write(&mut writer, 2).unwrap();
            });
            let heard = [(); 3].map(|()| read(&mut reader, moves));
            assert_eq!(heard, [Some(1), Some(2), None]);
            there.join().unwrap();
        });
    }
}

/// A writer whose reader goes is told.
///
/// Red when: mutant "pipe: that nobody reads is not told".
#[test]
fn a_writer_sees_its_reader_go() {
    check(3, || {
        let (mut reader, mut writer) = pipe::simplex(1);
        write(&mut writer, 1).unwrap();
        let there = spawn(move || write(&mut writer, 2).and_then(|_| write(&mut writer, 3)));
        assert_eq!(read(&mut reader, false), Some(1));
        drop(reader);
        let error = there.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}
