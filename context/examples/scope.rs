//! A crawl through a graph: children that borrow it, spawn more, and share a limit.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    time::Duration,
};

use selvedge_context::{LocalScope, local_scope};
use selvedge_timer::sleep;

type Graph = BTreeMap<&'static str, Vec<&'static str>>;

/// What the children borrow.
struct Crawl<'g> {
    graph: &'g Graph,
    seen: RefCell<BTreeSet<&'g str>>,
    at_once: Cell<usize>,
    most: Cell<usize>,
}

fn visit<'c, 'g: 'c>(scope: &LocalScope<'c, String>, crawl: &'c Crawl<'g>, page: &'g str) {
    if !crawl.seen.borrow_mut().insert(page) {
        return;
    }
    let inner = scope.clone();
    let visit: Pin<Box<dyn Future<Output = _>>> = Box::pin(async move {
        crawl.at_once.set(crawl.at_once.get() + 1);
        crawl.most.set(crawl.most.get().max(crawl.at_once.get()));
        sleep(Duration::from_millis(2)).await;
        crawl.at_once.set(crawl.at_once.get() - 1);
        let links = crawl.graph.get(page).ok_or_else(|| format!("{page} is missing"))?;
        links.iter().for_each(|link| self::visit(&inner, crawl, link));
        Ok(())
    });
    scope.spawn_named(page.to_owned(), visit);
}

fn crawl(graph: &Graph) -> Result<(BTreeSet<&str>, usize), String> {
    let crawl =
        Crawl { graph, seen: RefCell::default(), at_once: Cell::new(0), most: Cell::new(0) };
    let all = local_scope(async |scope: LocalScope<'_, String>| {
        visit(&scope, &crawl, "index");
        Ok(())
    });
    let all = all.limit(3).expect("3 is not 0");
    pollster::block_on(all).map_err(|error| error.to_string())?;
    Ok((crawl.seen.take(), crawl.most.get()))
}

fn main() {
    let mut graph = Graph::from([
        ("index", vec!["warp", "weft", "loom", "heddle"]),
        ("warp", vec!["index", "weft"]),
        ("weft", vec!["selvedge"]),
        ("loom", vec!["heddle", "warp"]),
        ("heddle", vec![]),
        ("selvedge", vec!["index"]),
    ]);
    let (pages, most) = crawl(&graph).unwrap();
    println!("{pages:?}, {most} at a time");
    assert_eq!((pages.len(), most), (6, 3));
    // A page that is missing brings the crawl down, and is named.
    graph.remove("selvedge");
    let error = crawl(&graph).unwrap_err();
    println!("{error}");
    assert!(error.starts_with(r#"child "selvedge" failed: selvedge is missing"#));
}
