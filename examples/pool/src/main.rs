//! A web service on tokio and axum, over a pool of two connections to a backend.
//!
//! It asks itself a few questions over TCP, one of which is given up half-way, and ends.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use pool::{Connection, Pool};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

static BACKEND: OnceLock<SocketAddr> = OnceLock::new();
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// A connection to a backend that answers each byte with the next.
struct Backend(Mutex<TcpStream>);

impl Backend {
    async fn ask(&self, question: u8) -> u8 {
        let mut stream = self.0.lock().await;
        let mut answer = [0];
        stream.write_all(&[question]).await.expect("the backend is there");
        stream.read_exact(&mut answer).await.expect("the backend answers");
        answer[0]
    }
}

impl Connection for Backend {
    async fn open() -> Self {
        OPENED.fetch_add(1, Relaxed);
        let address = BACKEND.get().expect("set at the start");
        Self(Mutex::new(TcpStream::connect(address).await.expect("the backend is there")))
    }

    async fn is_alive(&mut self) -> bool {
        self.ask(0).await == 1
    }
}

async fn backend(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
                if stream.write_all(&[byte[0].wrapping_add(1)]).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn answer(State(pool): State<Arc<Pool<Backend>>>) -> String {
    format!("the answer is {}", pool.get().await.ask(41).await)
}

async fn request(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text.lines().last().unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    BACKEND.set(listener.local_addr()?).expect("set once");
    tokio::spawn(backend(listener));

    let pool = Arc::new(Pool::<Backend>::new(2));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = Router::new().route("/", get(answer)).with_state(pool.clone());
    tokio::spawn(async move { axum::serve(listener, service).await });

    let asked: Vec<_> = (0..8).map(|_| tokio::spawn(request(address))).collect();
    // The caller who gives up while its connection is being opened or tried.
    let _ = tokio::time::timeout(Duration::from_millis(7), request(address)).await;
    for one in asked {
        println!("{}", one.await??);
    }
    println!("{} connections were opened, {} are free", OPENED.load(Relaxed), pool.free());
    Ok(())
}
