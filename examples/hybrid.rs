//! Work on all cores beside I/O on one executor, and how it scales from one core to two.
//!
//! The parts that an asyncio program would take from `to_thread`, a process pool and one event loop
//! a process:
//!
//! - blocking calls, here files that are read, on a pool of threads ([`to_thread`]);
//! - computation on a pool of as many threads as there are cores ([`offload_to`], rayon);
//! - an executor on each core, with tasks that never leave it, fed from one shared queue;
//! - and I/O in the main task, which must not notice any of it.

use std::{
    collections::VecDeque,
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::ExitCode,
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use selvedge::{
    context::{
        CancellationToken, LocalScope, OneOf2, TaskGroup, for_each_limit, join_all, local_scope,
        offload_to, select, to_thread,
    },
    sync::{Mutex, Semaphore},
};
use smol::{
    Async, LocalExecutor,
    io::{AsyncReadExt, AsyncWriteExt},
};

/// How often each text is hashed: what makes the work.
const ROUNDS: usize = 400;

/// A queue that executors share: a lock, and a permit for each item. It is closed by closing the
/// semaphore: what is in it is still handed out.
struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    ready: Semaphore,
}

impl<T> Queue<T> {
    fn new() -> Self {
        Self { items: Mutex::new(VecDeque::new()), ready: Semaphore::new(0) }
    }

    async fn push(&self, item: T) {
        self.items.lock().await.push_back(item);
        self.ready.add_permits(1);
    }

    async fn pop(&self) -> Option<T> {
        if let Ok(permit) = self.ready.acquire().await {
            permit.forget();
        }
        self.items.lock().await.pop_front()
    }
}

/// FNV-1a, again and again.
fn hash(text: &[u8]) -> u64 {
    (0..ROUNDS).fold(0xcbf2_9ce4_8422_2325_u64, |hash, _| {
        text.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
    })
}

/// The files are read on threads, a few at a time, and come into the queue.
async fn read(files: Vec<PathBuf>, texts: Arc<Queue<Arc<[u8]>>>) -> Result<usize, String> {
    let count = files.len();
    let failed = Mutex::new(None);
    let all = for_each_limit(smol::stream::iter(files), 4, async |file| {
        match to_thread(move |_| fs::read(file)).await {
            Ok(Ok(text)) => texts.push(text.into()).await,
            Ok(Err(error)) => *failed.lock().await = Some(error.to_string()),
            Err(error) => *failed.lock().await = Some(error.to_string()),
        }
    });
    all.map_err(|error| error.to_string())?.await;
    texts.ready.close();
    failed.into_inner().map_or(Ok(count), Err)
}

/// One core's executor: two tasks that take texts and hash them, and share what never leaves it.
fn core(texts: &Queue<Arc<[u8]>>) -> (u64, usize) {
    let executor = LocalExecutor::new();
    let (sum, count) = (Rc::new(std::cell::Cell::new(0)), Rc::new(std::cell::Cell::new(0)));
    let group = TaskGroup::<_, String>::new(&executor);
    for _ in 0..2 {
        let (sum, count) = (sum.clone(), count.clone());
        group.spawn(async move {
            while let Some(text) = texts.pop().await {
                sum.set(hash(&text).wrapping_add(sum.get()));
                count.set(count.get() + 1);
            }
            Ok(())
        });
    }
    smol::block_on(executor.run(group.join())).expect("nobody fails");
    (sum.get(), count.get())
}

/// Pings over loopback until it is told to stop; the longest took so long.
async fn ping(stop: &CancellationToken) -> std::io::Result<(usize, Duration)> {
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.get_ref().local_addr()?;
    let pings = local_scope(async |scope: LocalScope<'_, std::io::Error>| {
        scope.spawn(async {
            let (mut there, _) = listener.accept().await?;
            let mut byte = [0];
            while there.read(&mut byte).await? > 0 {
                there.write_all(&byte).await?;
            }
            Ok(())
        });
        let mut here = Async::<TcpStream>::connect(address).await?;
        let (mut pings, mut longest) = (0, Duration::ZERO);
        while !stop.is_cancelled() {
            let start = Instant::now();
            let mut byte = [7];
            here.write_all(&byte).await?;
            here.read_exact(&mut byte).await?;
            longest = longest.max(start.elapsed());
            pings += 1;
            smol::Timer::after(Duration::from_millis(1)).await;
        }
        Ok((pings, longest))
    });
    pings.await.map_err(std::io::Error::other)
}

/// What a run on so many cores found, and how long each half took.
struct Run {
    sums: [u64; 2],
    took: [Duration; 2],
    pings: usize,
    longest: Duration,
}

fn run(cores: usize, files: &[PathBuf]) -> Result<Run, String> {
    let stop = CancellationToken::new();
    let work = async {
        // An executor a core.
        let start = Instant::now();
        let texts = Arc::new(Queue::new());
        let executors: Vec<_> = (0..cores)
            .map(|_| {
                let texts = texts.clone();
                thread::spawn(move || core(&texts))
            })
            .collect();
        let read = read(files.to_vec(), texts).await?;
        let ended = to_thread(|_| {
            executors.into_iter().map(|core| core.join().expect("it ends")).collect::<Vec<_>>()
        });
        let counts = ended.await.map_err(|error| error.to_string())?;
        let by_executors = start.elapsed();
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), read);
        let first = counts.iter().fold(0, |all: u64, (sum, _)| all.wrapping_add(*sum));

        // A pool of so many threads.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(cores).build();
        let pool = pool.map_err(|error| error.to_string())?;
        let texts = files.iter().map(fs::read).collect::<Result<Vec<_>, _>>();
        let texts = texts.map_err(|error| error.to_string())?;
        let start = Instant::now();
        let hashes = texts
            .into_iter()
            .map(|text| offload_to(|job| pool.spawn(|| job.run()), move |_| hash(&text)));
        let mut second = 0_u64;
        for hash in join_all(hashes).await {
            second = second.wrapping_add(hash.map_err(|error| error.to_string())?);
        }
        Ok::<_, String>(([first, second], [by_executors, start.elapsed()]))
    };
    let both = async {
        let pings = ping(&stop);
        let work = async {
            let done = work.await;
            stop.cancel();
            done
        };
        smol::future::zip(pings, work).await
    };
    // Nothing here takes a minute, unless something is lost.
    let late = smol::Timer::after(Duration::from_secs(60));
    match selvedge::block_on(select(both, late)) {
        OneOf2::First((pings, work)) => {
            let (pings, longest) = pings.map_err(|error| error.to_string())?;
            let (sums, took) = work?;
            Ok(Run { sums, took, pings, longest })
        }
        OneOf2::Second(_) => Err("it is stuck".into()),
    }
}

fn hybrid() -> Result<(), String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour");
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    println!("{} files, hashed {ROUNDS} times each", files.len());
    println!("cores  executors ms  pool ms  pings  longest ms");
    let mut runs = Vec::new();
    for cores in [1, 2] {
        let run = run(cores, &files)?;
        let [executors, pool] = run.took.map(|took| took.as_secs_f64() * 1e3);
        let longest = run.longest.as_secs_f64() * 1e3;
        println!("{cores:>5} {executors:>13.1} {pool:>8.1} {:>6} {longest:>11.2}", run.pings);
        assert!(run.pings > 0, "the I/O went on");
        assert_eq!(run.sums[0], run.sums[1], "both found the same");
        runs.push(run);
    }
    assert_eq!(runs[0].sums, runs[1].sums);
    let scales = |half: usize| runs[0].took[half].as_secs_f64() / runs[1].took[half].as_secs_f64();
    println!("two cores are {:.2} and {:.2} times as fast as one", scales(0), scales(1));
    Ok(())
}

fn main() -> ExitCode {
    match hybrid() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("hybrid: {failure}");
            ExitCode::FAILURE
        }
    }
}
