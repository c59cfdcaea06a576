//! A TCP server that shuts down in order when a signal comes, and reports what did not finish.
//!
//! `cargo run --example server`; it plays its own clients on loopback, and sends itself SIGTERM.
//!
//! Everybody who serves is a child of one task group. When the signal comes the token is cancelled:
//! who waits for the next request goes at once, who is in the middle of one finishes it. After
//! [`GRACE`] the group is cancelled, and what was dropped then is in its report, by name.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Command, ExitCode},
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use async_signal::{Signal, Signals};
use selvedge::{
    Embedded,
    context::{CancellationToken, OneOf2, Spawner, TaskGroup, select, to_thread},
    time::{sleep, timeout},
};
use smol::{
    Async,
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    stream::StreamExt,
};

/// How long those that are in the middle of something have.
const GRACE: Duration = Duration::from_millis(300);
const CLIENTS: usize = 3;
const REQUESTS: usize = 5;

type Group = Spawner<Embedded, io::Error>;

/// Accepts until it is told to stop; each connection is a child of its own.
async fn accept(
    listener: Async<TcpListener>,
    group: Group,
    stop: CancellationToken,
    served: Arc<AtomicUsize>,
) -> io::Result<()> {
    loop {
        match select(stop.cancelled(), listener.accept()).biased().await {
            OneOf2::First(()) => return Ok(()),
            OneOf2::Second(accepted) => {
                let (connection, from) = accepted?;
                let (stop, served) = (stop.clone(), served.clone());
                // Refused only if the group comes down, and this one with it.
                group.spawn_named(format!("connection from {from}"), async move {
                    serve(connection, &stop, &served).await
                });
            }
        }
    }
}

/// Answers line by line. Between two requests it goes when it is told to; not within one.
async fn serve(
    connection: Async<TcpStream>,
    stop: &CancellationToken,
    served: &AtomicUsize,
) -> io::Result<()> {
    let (reader, mut writer) = smol::io::split(connection);
    let mut reader = smol::io::BufReader::new(reader);
    loop {
        let mut first = [0];
        let begins = select(stop.cancelled(), reader.read(&mut first)).biased();
        match begins.await {
            OneOf2::First(()) | OneOf2::Second(Ok(0)) => return Ok(()),
            OneOf2::Second(begun) => begun?,
        };
        let mut rest = String::new();
        reader.read_line(&mut rest).await?;
        let request = format!("{}{rest}", char::from(first[0]));
        // Work that blocks has a pool of its own.
        let answer = to_thread(move |_| request.to_uppercase()).await.map_err(io::Error::other)?;
        writer.write_all(answer.as_bytes()).await?;
        served.fetch_add(1, Relaxed);
    }
}

/// Tells everybody to stop when the process is asked to.
async fn watch(mut signals: Signals, stop: CancellationToken) -> io::Result<()> {
    if let Some(signal) = signals.next().await {
        stop.cancel_with(format!("{:?}", signal?));
    }
    Ok(())
}

/// A client that keeps its connection open until the server closes it.
fn client(server: SocketAddr) -> io::Result<usize> {
    let mut connection = TcpStream::connect(server)?;
    let mut answers = BufReader::new(connection.try_clone()?).lines();
    for request in 0..REQUESTS {
        writeln!(connection, "weft {request}")?;
        let answer = answers.next().transpose()?;
        assert_eq!(answer, Some(format!("WEFT {request}")));
    }
    answers.next().map_or(Ok(REQUESTS), |more| more.map(|_| 0))
}

/// A client that never ends its request.
fn stuck(server: SocketAddr) -> io::Result<(TcpStream, String)> {
    let mut connection = TcpStream::connect(server)?;
    write!(connection, "half a requ")?;
    let name = format!("connection from {}", connection.local_addr()?);
    Ok((connection, name))
}

async fn run() -> io::Result<()> {
    let stop = CancellationToken::new();
    let served = Arc::new(AtomicUsize::new(0));
    let group = TaskGroup::new(Embedded);
    group.spawn_named("signals", watch(Signals::new([Signal::Term])?, stop.clone()));
    // The handshake: nobody connects before the server listens.
    let (inner, token, count) = ((*group).clone(), stop.clone(), served.clone());
    let address = group.start(async move |started| {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        started.send(listener.get_ref().local_addr()?);
        accept(listener, inner, token, count).await
    });
    let address = address.await.map_err(io::Error::other)?;

    let clients: Vec<_> = (0..CLIENTS).map(|_| thread::spawn(move || client(address))).collect();
    let (_open, stuck) = stuck(address)?;
    // All requests that are ever ended have been answered, and the stuck one has begun.
    let all_asked = async {
        while served.load(Relaxed) < CLIENTS * REQUESTS || group.len() < 2 + CLIENTS + 1 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), all_asked).await.map_err(io::Error::other)?;

    let this = std::process::id().to_string();
    let sent = to_thread(move |_| Command::new("kill").args(["-TERM", &this]).status());
    assert!(sent.await.map_err(io::Error::other)??.success());
    stop.cancelled().await;
    println!("{}: {} connections", stop.reason().expect("a signal"), group.len());

    let spawner = (*group).clone();
    let mut join = group.join();
    let report = match timeout(GRACE, &mut join).await {
        Ok(ended) => ended,
        Err(_) => {
            spawner.cancel("the grace is over");
            join.await
        }
    };
    // The clients saw their connections closed in order.
    for client in clients {
        assert_eq!(client.join().expect("it ends")?, REQUESTS);
    }
    let report = report.expect_err("one is stuck");
    println!("served {} requests; {report}:", served.load(Relaxed));
    for who in report.unfinished() {
        println!("  {who}");
    }
    assert_eq!(served.load(Relaxed), CLIENTS * REQUESTS);
    assert_eq!(report.failures().len(), 0);
    let unfinished: Vec<_> = report.unfinished().iter().filter_map(|who| who.name()).collect();
    assert_eq!(unfinished, [stuck]);
    Ok(())
}

fn main() -> ExitCode {
    match selvedge::block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}
