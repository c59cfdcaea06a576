//! Pages that are fetched once, however many ask for them at the same time.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use selvedge_sync::OnceMap;

static PAGES: OnceMap<&str, usize> = OnceMap::new();
static FETCHES: AtomicU32 = AtomicU32::new(0);

async fn fetch(page: &str) -> usize {
    FETCHES.fetch_add(1, Relaxed);
    page.len()
}

fn main() {
    let threads = ["warp", "weft", "warp", "weft", "warp"]
        .map(|page| thread::spawn(move || pollster::block_on(PAGES.compute(page, || fetch(page)))));
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), 4);
    }
    assert_eq!((FETCHES.load(Relaxed), PAGES.len()), (2, 2));
    assert_eq!(PAGES.remove("warp"), Some(4));
    assert_eq!(PAGES.get("warp"), None);
}
