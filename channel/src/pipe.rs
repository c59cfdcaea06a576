//! Bytes, from one end to the other: a pipe in memory, with back-pressure.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use selvedge_channel::pipe;
//!
//! let (mut here, mut there) = pipe::duplex(64);
//! here.write_all(b"ping").await?;
//! let mut heard = [0; 4];
//! there.read_exact(&mut heard).await?;
//! assert_eq!(&heard, b"ping");
//!
//! // What was written before the end is read first.
//! there.write_all(b"pong").await?;
//! drop(there);
//! let mut rest = String::new();
//! here.read_to_string(&mut rest).await?;
//! assert_eq!(rest, "pong");
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```
//!
//! # State
//!
//! A direction is a buffer behind a lock, with room for a waker on either side.
//!
//! | buffer | who may wait | is woken by                                      |
//! |--------|--------------|--------------------------------------------------|
//! | empty  | the reader   | bytes, the close or the drop of the writer       |
//! | full   | the writer   | bytes that are read, the drop of the reader      |
//!
//! Invariant: a waker that is there belongs to a task that found nothing to do since the buffer last
//! changed. So whoever changes the buffer takes the other side's waker along.
//!
//! Wakers are cloned, woken and dropped outside of the lock.

use alloc::{collections::VecDeque, sync::Arc};
use core::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::io;

use futures_io::{AsyncRead, AsyncWrite};
use selvedge_sync::raw::shim::{Label, Lock, doomed, mutant, op};

/// Makes a pipe for at most `capacity` bytes at a time: a reading and a writing end.
///
/// # Panics
///
/// Panics if `capacity` is 0.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// let (reader, writer) = selvedge_channel::pipe::simplex(64);
/// assert!(reader.is_empty());
/// drop(writer);
/// assert!(reader.is_closed());
/// # });
/// ```
#[track_caller]
pub fn simplex(capacity: usize) -> (Reader, Writer) {
    assert!(capacity > 0, "a pipe has room for at least one byte");
    let pipe = Arc::new(Pipe {
        state: Lock::new(State {
            buffer: VecDeque::new(),
            is_ended: false,
            is_deserted: false,
            reader: None,
            writer: None,
        }),
        capacity,
        label: Label::new("pipe"),
    });
    (Reader { pipe: Arc::clone(&pipe) }, Writer { pipe })
}

/// Makes two ends, of which each reads what is written to the other: at most `capacity` bytes at a
/// time in each direction.
///
/// # Panics
///
/// As [`simplex`].
#[track_caller]
pub fn duplex(capacity: usize) -> (End, End) {
    let (left, right) = (simplex(capacity), simplex(capacity));
    (End { reader: left.0, writer: right.1 }, End { reader: right.0, writer: left.1 })
}

/// A direction.
struct Pipe {
    state: Lock<State>,
    capacity: usize,
    label: Label,
}

struct State {
    buffer: VecDeque<u8>,
    /// There will be no more bytes.
    is_ended: bool,
    /// Nobody reads any more.
    is_deserted: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The reading end of a pipe.
///
/// # Cancel safety
///
/// A read that is dropped takes no bytes; nor does one that panics, as the writer's waker does. The
/// waker of the last one stays until the next read, the next bytes, or the end.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt, io::BufReader};
/// use selvedge_channel::pipe;
///
/// let (reader, mut writer) = pipe::simplex(64);
/// writer.write_all(b"warp\nweft\n").await?;
/// drop(writer);
/// let lines: Vec<_> = BufReader::new(reader).lines().try_collect().await?;
/// assert_eq!(lines, ["warp", "weft"]);
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Reader {
    pipe: Arc<Pipe>,
}

/// The writing end of a pipe. Dropping or closing it is the end of the bytes.
///
/// # Cancel safety
///
/// A write that is dropped before it is ready has written nothing. The waker of the last one stays
/// until the next write, the next read, or the end.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
/// use selvedge_channel::pipe;
///
/// let (mut reader, mut writer) = pipe::simplex(4);
/// // It holds four bytes: whoever writes faster than the other reads waits.
/// let write = async {
///     writer.write_all(b"selvedge").await?;
///     writer.close().await
/// };
/// let mut read = String::new();
/// let (wrote, _) = future::zip(write, reader.read_to_string(&mut read)).await;
/// wrote?;
/// assert_eq!(read, "selvedge");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Writer {
    pipe: Arc<Pipe>,
}

/// One end of a [`duplex`] pipe: closing it ends what it writes, dropping it what it reads as well.
/// The [module](self) shows two.
#[derive(Debug)]
pub struct End {
    reader: Reader,
    writer: Writer,
}

/// The room for the waker of one side.
type Room = fn(&mut State) -> &mut Option<Waker>;

/// Other people's code that is to be run once a read or a write is done: the other side's waker, and one
/// that was not needed.
struct After {
    wake: Option<Waker>,
    spare: Option<Waker>,
}

impl After {
    fn run(self) {
        let _spare = self.spare;
        if let Some(waker) = self.wake {
            waker.wake();
        }
    }
}

/// Bytes on their way to the reader, while other people's code runs: should that panic, they go back.
struct Unclaimed<'a> {
    pipe: &'a Pipe,
    bytes: &'a [u8],
}

impl Drop for Unclaimed<'_> {
    fn drop(&mut self) {
        // The room may be the writer's by now: the buffer is larger than it should be for a while.
        self.pipe.state.with(|state| {
            self.bytes.iter().rev().for_each(|byte| state.buffer.push_front(*byte));
        });
    }
}

impl Pipe {
    /// Does `work` once it can be done: the result, and what is to be run after it. Leaves the task's
    /// waker in `room` otherwise.
    fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        room: Room,
        mut work: impl FnMut(&mut State) -> Option<(R, Option<Waker>)>,
    ) -> Poll<(R, After)> {
        let mut is_known = false;
        let mut done = self.state.with(|state| {
            let done = work(state);
            let known = room(state).as_ref();
            is_known = known.is_some_and(|waker| waker.will_wake(cx.waker()))
                || (known.is_some() && mutant!("pipe: the waker is not replaced"));
            done
        });
        let mut spare = None;
        if done.is_none() {
            if is_known {
                return Poll::Pending;
            }
            spare = Some(cx.waker().clone());
            // RACE: 1. A finds nothing to do. 2. B changes that, and finds no waker. 3. A leaves its
            //       waker, and sleeps for ever. So A looks once more as it leaves it.
            done = self.state.with(|state| {
                let done = work(state);
                if done.is_none() {
                    mem::swap(room(state), &mut spare);
                }
                done
            });
        }
        match done {
            Some((result, wake)) => Poll::Ready((result, After { wake, spare })),
            None => Poll::Pending,
        }
    }

    fn read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if into.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let read = self.poll(
            cx,
            |state| &mut state.reader,
            |state| {
                if state.buffer.is_empty() {
                    return state.is_ended.then_some((0, None));
                }
                let count = into.len().min(state.buffer.len());
                let (front, back) = state.buffer.as_slices();
                let middle = count.min(front.len());
                into[..middle].copy_from_slice(&front[..middle]);
                into[middle..count].copy_from_slice(&back[..count - middle]);
                drop(state.buffer.drain(..count));
                let writer =
                    state.writer.take().filter(|_| !mutant!("pipe: the writer is not told"));
                Some((count, writer))
            },
        );
        let Poll::Ready((count, after)) = read else { return Poll::Pending };
        self.note("read");
        let unclaimed = Unclaimed { pipe: self, bytes: &into[..count] };
        after.run();
        mem::forget(unclaimed);
        Poll::Ready(Ok(count))
    }

    fn write(&self, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        if from.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let written = self.poll(
            cx,
            |state| &mut state.writer,
            |state| {
                if state.is_deserted || state.is_ended {
                    return Some((Err(io::ErrorKind::BrokenPipe.into()), None));
                }
                let count = from.len().min(self.capacity.saturating_sub(state.buffer.len()));
                if count == 0 {
                    return None;
                }
                state.buffer.extend(&from[..count]);
                let reader =
                    state.reader.take().filter(|_| !mutant!("pipe: the reader is not told"));
                Some((Ok(count), reader))
            },
        );
        let Poll::Ready((written, after)) = written else { return Poll::Pending };
        self.note("wrote");
        after.run();
        Poll::Ready(written)
    }

    /// No more bytes.
    fn end(&self) {
        let (reader, _mine) = self.state.with(|state| {
            state.is_ended = true;
            (state.reader.take(), state.writer.take())
        });
        self.note("ended");
        if let Some(reader) = reader.filter(|_| !mutant!("pipe: the end is not told")) {
            reader.wake();
        }
    }

    /// No more reads: what is in the buffer goes.
    fn desert(&self) {
        let (writer, _mine, _rest) = self.state.with(|state| {
            state.is_deserted = true;
            (state.writer.take(), state.reader.take(), mem::take(&mut state.buffer))
        });
        self.note("deserted");
        if let Some(writer) = writer.filter(|_| !mutant!("pipe: that nobody reads is not told")) {
            writer.wake();
        }
    }

    fn len(&self) -> usize {
        self.state.with(|state| state.buffer.len())
    }

    /// Writes a row into the timeline of a model.
    fn note(&self, _what: &'static str) {
        let _label = self.label;
        op!(_label, _what);
    }
}

impl Reader {
    /// How many bytes there are to read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pipe.len()
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there will be no bytes but those that are there.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pipe.state.with(|state| state.is_ended)
    }

    /// How many bytes there may be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pipe.capacity
    }
}

impl Writer {
    /// How many bytes were not read yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pipe.len()
    }

    /// Whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nobody reads any more, or this end was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pipe.state.with(|state| state.is_deserted || state.is_ended)
    }

    /// How many bytes there may be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pipe.capacity
    }
}

impl End {
    /// Splits it into what it reads and what it writes.
    #[must_use]
    pub fn into_split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pipe.read(cx, into)
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pipe.write(cx, from)
    }

    /// Nothing to do: what was written can be read.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.end();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.reader).poll_read(cx, into)
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_close(cx)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !doomed() {
            self.pipe.desert();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !doomed() {
            self.pipe.end();
        }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
