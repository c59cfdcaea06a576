//! A client for a server that is not to be relied on, and what each decorator did about it.
//!
//! `cargo run --example client`; it plays the server on loopback, which hangs up, hangs, and goes down.
//!
//! All that there is to a service's own client is [`request`], which asks once, and [`get`], which is that
//! function in its wrappings: a plain `async fn` over static state, to be called from everywhere.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::ExitCode,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use selvedge::{
    context::{
        decorate::{
            Attempt, Backoff, Breaker, BreakerState, Budget, Cache, CallError, Event, Flight, Hook,
            Jitter, RateLimit, Retry, Verdict, op,
        },
        join_all,
    },
    sync::Semaphore,
    time::sleep,
};
use smol::{Async, io::AsyncBufReadExt, io::AsyncWriteExt};

type Failed = CallError<io::Error>;
type Answer = Result<String, Failed>;

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long the breaker stays open.
const WAIT: Duration = Duration::from_millis(200);
const AT_A_TIME: usize = 4;

static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();

// What all calls share.
static LIMIT: Semaphore = Semaphore::new(AT_A_TIME);
static RATE: RateLimit = RateLimit::new(100, Duration::from_secs(1)).burst(20);
static BREAKER: Breaker = Breaker::new(10).failure_rate(60).wait(WAIT);
static BUDGET: Budget = Budget::new(20, 20);
static FLIGHT: Flight<String, String> = Flight::new();
static CACHE: Cache<String, String> = Cache::new(1000).ttl(Duration::from_secs(60)).jitter(10);

// What happened, from the outside in.
static ASKED: AtomicU32 = AtomicU32::new(0);
static NOT_CACHED: AtomicU32 = AtomicU32::new(0);
static LED: AtomicU32 = AtomicU32::new(0);
static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
static LATE: AtomicU32 = AtomicU32::new(0);
static REQUESTS: AtomicU32 = AtomicU32::new(0);
static RUNNING: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

/// Asks the server, once.
async fn request(name: &str) -> io::Result<String> {
    /// Counts who is under way, until the end, whichever way it comes.
    struct Running;
    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.fetch_sub(1, Relaxed);
        }
    }
    let address = *ADDRESS.get().ok_or(io::ErrorKind::AddrNotAvailable)?;
    REQUESTS.fetch_add(1, Relaxed);
    MOST.fetch_max(RUNNING.fetch_add(1, Relaxed) + 1, Relaxed);
    let _running = Running;
    let mut server = Async::<TcpStream>::connect(address).await?;
    server.write_all(format!("{name}\n").as_bytes()).await?;
    let mut answer = String::new();
    match smol::io::BufReader::new(server).read_line(&mut answer).await? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")),
        _ => Ok(answer.trim_end().to_owned()),
    }
}

/// Asks the server as a service should.
async fn get(name: &str) -> Answer {
    let key = |(name,): &(&str,)| (*name).to_owned();
    let policy = Retry::new(
        Backoff::exponential(Duration::from_millis(10)).attempts(4).jitter(Jitter::Equal),
    )
    // While the breaker is open there is nothing to be tried.
    .when(|answer: &Answer| match answer {
        Ok(_) | Err(CallError::Open(_)) => Verdict::Done,
        Err(_) => Verdict::Again,
    })
    .budget(&BUDGET)
    .on_retry(|_: Attempt, answer: &Answer, _: Duration| {
        if matches!(answer, Err(CallError::Elapsed(_))) {
            LATE.fetch_add(1, Relaxed);
        }
    });
    op(request)
        .errors()
        .limit(&LIMIT)
        .timeout(TIMEOUT)
        .rate_limit(&RATE)
        .breaker(&BREAKER)
        .instrument(starts(&ATTEMPTS))
        .retry(policy)
        .instrument(starts(&LED))
        .single_flight(&FLIGHT, key)
        .instrument(starts(&NOT_CACHED))
        .cache(&CACHE, key)
        .instrument(starts(&ASKED))
        .call(name)
        .await
}

/// Counts the calls that come by.
fn starts(count: &'static AtomicU32) -> impl Hook {
    move |event| {
        if event == Event::Start {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// How much each has counted since the last time.
fn counted() -> [u32; 5] {
    let counts = [&ASKED, &NOT_CACHED, &LED, &ATTEMPTS, &REQUESTS].map(|of| of.swap(0, Relaxed));
    let [asked, not_cached, led, attempts, requests] = counts;
    println!(
        "  {asked} calls, {} from the cache, {} shared, {} retries, {} refused, {requests} requests",
        asked - not_cached,
        not_cached - led,
        attempts - led,
        attempts - requests,
    );
    counts
}

async fn run(server: &Server) -> Result<(), Failed> {
    println!("a hundred want the same:");
    for _ in 0..2 {
        for answer in join_all((0..50).map(|_| get("popular"))).await {
            assert_eq!(answer?, "popular is fine");
        }
    }
    assert_eq!(counted(), [100, 50, 1, 1, 1]);

    println!("a server that hangs up twice, and one that hangs:");
    assert_eq!(get("flaky").await?, "flaky is fine");
    assert_eq!(get("slow").await?, "slow is fine");
    println!("  {} was late", LATE.load(Relaxed));
    assert_eq!((counted(), LATE.load(Relaxed)), ([2, 2, 2, 5, 5], 1));

    println!("forty at once:");
    let (start, names) = (Instant::now(), (0..40).map(|n| format!("page {n}")));
    let names: Vec<_> = names.collect();
    for (answer, name) in join_all(names.iter().map(|name| get(name))).await.iter().zip(&names) {
        assert_eq!(answer.as_ref().ok(), Some(&format!("{name} is fine")));
    }
    let (took, most) = (start.elapsed(), MOST.load(Relaxed));
    println!("  in {took:?}, {most} at a time");
    assert!(took >= Duration::from_millis(190), "twenty came at once, the others every 10 ms");
    assert!((1..=AT_A_TIME as u32).contains(&most));
    assert_eq!(counted(), [40, 40, 40, 40, 40]);

    println!("a server that is down:");
    server.down.store(true, Relaxed);
    let mut refused = 0;
    for n in 0..10 {
        match get(&format!("news {n}")).await {
            Ok(answer) => panic!("it is down, and says {answer:?}"),
            Err(CallError::Open(_)) => refused += 1,
            Err(failed) => println!("  {failed}"),
        }
    }
    assert_eq!(get("popular").await?, "popular is fine", "the cache still has it");
    let [asked, .., requests] = counted();
    assert_eq!((asked, BREAKER.state()), (11, BreakerState::Open));
    assert!(refused >= 5, "{refused} were not even tried");
    assert!(requests <= 20, "the server was left alone");

    println!("a server that is up again:");
    server.down.store(false, Relaxed);
    sleep(WAIT).await;
    assert_eq!(get("news 0").await?, "news 0 is fine");
    assert_eq!((counted(), BREAKER.state()), ([1, 1, 1, 1, 1], BreakerState::Closed));
    assert!(FLIGHT.is_empty());
    Ok(())
}

fn main() -> ExitCode {
    match Server::start().map_err(CallError::Inner).and_then(|server| {
        println!("the server is at {}", ADDRESS.get().expect("it has started"));
        selvedge::block_on(run(server))
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("client: {failed}");
            ExitCode::FAILURE
        }
    }
}

/// The other side: a line in, a line out, and its moods.
#[derive(Default)]
struct Server {
    down: AtomicBool,
    /// How often each name was asked for.
    seen: Mutex<HashMap<String, u32>>,
}

impl Server {
    /// Starts it on a free port; a thread for each connection, until the program ends.
    fn start() -> io::Result<&'static Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        ADDRESS.get_or_init(|| address);
        let server: &Self = Box::leak(Box::default());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                thread::spawn(move || server.answer(connection));
            }
        });
        Ok(server)
    }

    fn answer(&self, connection: TcpStream) -> io::Result<()> {
        let mut name = String::new();
        BufReader::new(&connection).read_line(&mut name)?;
        let name = name.trim_end();
        let mut seen = self.seen.lock().expect("nobody panics with it");
        let before = seen.entry(name.to_owned()).or_default();
        let nth = *before;
        *before += 1;
        drop(seen);
        match (name, nth) {
            // Hangs up.
            _ if self.down.load(Relaxed) => return Ok(()),
            ("flaky", 0..=1) => return Ok(()),
            ("slow", 0) => thread::sleep(10 * TIMEOUT),
            _ => thread::sleep(Duration::from_millis(5)),
        }
        writeln!(&connection, "{name} is fine")
    }
}
