//! The tour: a concurrent word count over a directory, served by a TCP server on loopback.
//!
//! `cargo run --example tour [DIR] [--port N]`; with no DIR it counts the project's own sources.
//!
//! Clients fetch one file each, at most [`CLIENTS`] of them at a time, each within [`PATIENCE`].
//! The same program text runs on the embedded executor, on tokio and on smol, and all must find
//! what a plain loop has found.

use std::{
    env, fs,
    future::Future,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use selvedge::{
    sync::{Mutex, Semaphore},
    time::timeout,
};
use smol::{
    Async,
    io::{AsyncReadExt, AsyncWriteExt},
};

/// How many requests are in flight at most.
const CLIENTS: usize = 16;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the server waits for a client to say what it wants.
const SILENCE: Duration = Duration::from_secs(5);

/// What a run finds out.
#[derive(Clone, Debug, Default)]
struct Found {
    files: usize,
    words: usize,
    in_flight: usize,
    most_in_flight: usize,
    failures: Vec<String>,
}

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The program: it knows no executor, only a way to spawn.
async fn count(server: SocketAddr, files: usize, spawn: impl Fn(Job)) -> Found {
    let limit = Arc::new(Semaphore::new(CLIENTS));
    let found = Arc::new(Mutex::new(Found::default()));
    let ended = Arc::new(Semaphore::new(0));

    for file in 0..files {
        let permit = limit.clone().acquire_owned().await.expect("nobody closes it");
        let (found, ended) = (found.clone(), ended.clone());
        spawn(Box::pin(async move {
            {
                let mut found = found.lock().await;
                found.in_flight += 1;
                found.most_in_flight = found.most_in_flight.max(found.in_flight);
            }
            let reply = timeout(PATIENCE, fetch(server, file)).await;
            let mut found = found.lock().await;
            found.in_flight -= 1;
            match reply {
                Ok(Ok(text)) => {
                    found.files += 1;
                    found.words += words(&text);
                }
                Ok(Err(error)) => found.failures.push(format!("file {file}: {error}")),
                Err(late) => found.failures.push(format!("file {file}: {late}")),
            }
            drop((found, permit));
            ended.add_permits(1);
        }));
    }
    // An orderly end: every client has reported.
    for _ in 0..files {
        ended.acquire().await.expect("nobody closes it").forget();
    }
    let found = found.lock().await;
    found.clone()
}

/// Asks the server for a file.
async fn fetch(server: SocketAddr, file: usize) -> io::Result<Vec<u8>> {
    let mut stream = Async::<TcpStream>::connect(server).await?;
    stream.write_all(format!("GET {file}\n").as_bytes()).await?;
    let mut length = [0; 8];
    stream.read_exact(&mut length).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    match u64::from_be_bytes(length) == text.len() as u64 {
        true => Ok(text),
        false => Err(io::Error::other("the reply was cut short")),
    }
}

fn words(text: &[u8]) -> usize {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count()
}

/// The server: a thread that accepts, and one for each connection.
fn serve(listener: &TcpListener, files: &[PathBuf], stop: &AtomicBool) {
    thread::scope(|scope| {
        for connection in listener.incoming() {
            if stop.load(Relaxed) {
                return;
            }
            // What fails here is a client's trouble, and it reports it: its connection is gone.
            let answered = connection.and_then(|connection| {
                thread::Builder::new().spawn_scoped(scope, move || answer(connection, files))
            });
            if answered.is_err() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
}

/// Sends the file that `connection` asks for.
fn answer(mut connection: TcpStream, files: &[PathBuf]) -> io::Result<()> {
    connection.set_read_timeout(Some(SILENCE))?;
    let mut request = String::new();
    BufReader::new(&connection).take(64).read_line(&mut request)?;
    let file = request.strip_prefix("GET ").and_then(|number| number.trim().parse().ok());
    if let Some(path) = file.and_then(|file: usize| files.get(file)) {
        let text = fs::read(path)?;
        connection.write_all(&(text.len() as u64).to_be_bytes())?;
        connection.write_all(&text)?;
    }
    Ok(())
}

/// Stops the server when it goes, and waits for its end: after a panic too.
struct Running<'scope> {
    thread: ScopedJoinHandle<'scope, ()>,
    stop: &'scope AtomicBool,
    address: SocketAddr,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        while !self.thread.is_finished() {
            // It looks whenever somebody connects.
            drop(TcpStream::connect(self.address));
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// All files below `folder`, without hidden ones and build output.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let told = |error| format!("cannot read {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(told)? {
            let entry = entry.map_err(told)?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') || name == "target" {
                continue;
            }
            match entry.file_type().map_err(told)? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a plain loop finds.
fn count_in_a_loop(files: &[PathBuf]) -> Result<usize, String> {
    files.iter().try_fold(0, |sum, file| {
        let text = fs::read(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        Ok(sum + words(&text))
    })
}

fn arguments() -> Result<(PathBuf, u16), String> {
    let mut folder = None;
    let mut port = 0;
    let mut args = env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--port" {
            let given = args.next().ok_or("--port takes a number")?;
            let number = given.to_str().and_then(|number| number.parse().ok());
            port = number.ok_or_else(|| format!("--port takes a number, not {given:?}"))?;
        } else if arg.as_encoded_bytes().starts_with(b"-") || folder.is_some() {
            return Err("usage: tour [DIR] [--port N]".into());
        } else {
            folder = Some(PathBuf::from(arg));
        }
    }
    Ok((folder.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()), port))
}

fn tour() -> Result<(), String> {
    let (folder, port) = arguments()?;
    let files = files_below(&folder)?;
    let expected = count_in_a_loop(&files)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("cannot bind 127.0.0.1:{port}: {error}"))?;
    let server = listener.local_addr().map_err(|error| format!("no address: {error}"))?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .build()
        .map_err(|error| format!("cannot start tokio: {error}"))?;

    println!("{}: {} files, {expected} words in a plain loop", folder.display(), files.len());
    println!(
        "{:<10} {:>6} {:>9} {:>9} {:>15}",
        "executor", "files", "words", "ms", "most in flight"
    );
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .spawn_scoped(scope, || serve(&listener, &files, &stop))
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let _running = Running { thread, stop: &stop, address: server };
        let run = |name: &str, run: &dyn Fn() -> Found| {
            let start = Instant::now();
            let found = run();
            let ms = start.elapsed().as_secs_f64() * 1e3;
            let Found { files: count, words, most_in_flight, .. } = found;
            println!("{name:<10} {count:>6} {words:>9} {ms:>9.1} {most_in_flight:>15}");
            match found.failures.first() {
                Some(failure) => Err(format!("{name}: {failure}")),
                None if (count, words) != (files.len(), expected) => {
                    Err(format!("{name} found {words} words, the loop found {expected}"))
                }
                None if most_in_flight > CLIENTS => Err(format!("{name} broke the limit")),
                None => Ok(()),
            }
        };
        let all = [
            run("selvedge", &|| {
                selvedge::block_on(count(server, files.len(), |job| selvedge::spawn(job).detach()))
            }),
            run("tokio", &|| {
                tokio.block_on(count(server, files.len(), |job| drop(tokio.spawn(job))))
            }),
            run("smol", &|| {
                smol::block_on(count(server, files.len(), |job| smol::spawn(job).detach()))
            }),
        ];
        all.into_iter().collect()
    })
}

fn main() -> ExitCode {
    match tour() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tour: {failure}");
            ExitCode::FAILURE
        }
    }
}
