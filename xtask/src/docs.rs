//! The documentation as its readers see it: without a warning, no page without an example or the
//! way to one, and no wait that does not say what dropping it loses.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use crate::{
    package::PUBLISHED,
    run::{cargo, root},
};

pub(crate) fn check() -> Result<(), String> {
    // As a user builds it, and as docs.rs does. Apart from that of others' work: there, pages of
    // what is gone are found, too.
    for (called, features) in [("docs", &[][..]), ("docs of all features", &["--all-features"])] {
        let folder = root().join("target/pages");
        fs::remove_dir_all(folder.join("doc")).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(format!("{}: {error}", folder.display())),
        })?;
        cargo(["doc", "--no-deps", "--target-dir", "target/pages"])
            .args(PUBLISHED.iter().flat_map(|(package, _)| ["-p", package]))
            .args(features)
            .env("RUSTDOCFLAGS", "-D warnings")
            .step(called)?;
    }
    let pages = Pages::read(&root().join("target/pages/doc"))?;
    let poor: Vec<_> = pages.0.keys().filter(|page| !pages.shows(page)).collect();
    println!("{} pages, {} without an example or a link to one", pages.0.len(), poor.len());
    if pages.0.len() < 400 {
        return Err("there are hardly any pages: does rustdoc write others now?".into());
    }
    if !poor.is_empty() {
        return Err(format!("no example, and no link to one: {poor:#?}"));
    }
    let waits = pages.waits();
    let silent: Vec<_> = waits.iter().filter(|(_, told)| !told).map(|(wait, _)| wait).collect();
    println!("{} functions that return a future, {} without", waits.len(), silent.len());
    if waits.len() < 100 {
        return Err("hardly anything returns a future: does rustdoc write it otherwise now?".into());
    }
    if silent.is_empty() {
        Ok(())
    } else {
        Err(format!("no section on cancel safety: {silent:#?}"))
    }
}

/// What rustdoc calls the pages of modules and items.
const ITEMS: [&str; 8] =
    ["index.html", "struct.", "enum.", "union.", "trait.", "type.", "macro.", "fn."];

/// The text of each page, by its path below the folder.
struct Pages(BTreeMap<PathBuf, String>);

impl Pages {
    fn read(folder: &Path) -> Result<Self, String> {
        let mut pages = BTreeMap::new();
        let mut open: Vec<_> =
            PUBLISHED.iter().map(|(package, _)| folder.join(package.replace('-', "_"))).collect();
        while let Some(path) = open.pop() {
            let told = |error| format!("{}: {error}", path.display());
            for entry in fs::read_dir(&path).map_err(told)? {
                let path = entry.map_err(told)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() {
                    open.push(path);
                } else if ITEMS.iter().any(|item| name.starts_with(item)) {
                    let text = fs::read_to_string(&path).map_err(told)?;
                    let below = path.strip_prefix(folder).map_err(|error| error.to_string())?;
                    // Atomics are std's or loom's, and so are their pages.
                    let foreign = below.starts_with("selvedge/model/atomic");
                    let moved = text.contains("http-equiv=\"refresh\"");
                    if !foreign && !moved {
                        pages.insert(below.to_owned(), text);
                    }
                }
            }
        }
        Ok(Self(pages))
    }

    /// Whether a page has an example, or what it says of its item leads to one by one link: to a
    /// method with an example, or to a page with one.
    fn shows(&self, page: &Path) -> bool {
        let docs = self.docs(page);
        let links = docs.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        has_example(docs)
            || links.filter(|link| !link.starts_with("http")).any(|link| {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = if path.is_empty() { page.to_owned() } else { beside(page, path) };
                let method = self.0.get(&target).map(|text| docs_at(text, anchor));
                method.is_some_and(has_example)
                    || (target != page && has_example(self.docs(&target)))
            })
    }

    /// Every function and method that returns a future of ours, and whether it has a section on
    /// cancel safety.
    fn waits(&self) -> Vec<(String, bool)> {
        let is_future = |page: &PathBuf| {
            self.0.get(page).is_some_and(|it| it.contains("id=\"impl-Future-for-"))
        };
        let mut found = Vec::new();
        for (page, text) in &self.0 {
            let name = page.file_name().unwrap_or_default().to_string_lossy();
            // A page of a function is one signature; a type's has one a section.
            let is_function = name.starts_with("fn.");
            let (start, end) = match is_function {
                true => ("<pre class=\"rust item-decl\">", "</pre>"),
                false => ("<section id=\"", "</section>"),
            };
            for (signature, docs) in text.split(start).skip(1).filter_map(|it| it.split_once(end)) {
                let opening = signature.split('>').next().unwrap_or_default();
                let is_own = opening.starts_with("method.") || opening.starts_with("tymethod.");
                if !is_function && (!is_own || opening.contains("trait-impl")) {
                    continue;
                }
                let returned = signature.split_once("-&gt; <a class=\"struct\" href=\"");
                let link = returned.and_then(|(_, rest)| rest.split('"').next());
                if link.is_some_and(|link| is_future(&beside(page, link))) {
                    let method = opening.split('"').next().filter(|_| !is_function);
                    let wait = format!("{} {}", page.display(), method.unwrap_or_default());
                    found.push((wait, docs.contains("id=\"cancel-safety")));
                }
            }
        }
        found
    }

    /// What a page says of its item, above its methods.
    fn docs(&self, page: &Path) -> &str {
        let text = self.0.get(page).map_or("", String::as_str);
        text.split_once("<details class=\"toggle top-doc\"").map_or("", |(_, rest)| block(rest))
    }
}

/// What is said of the method at `anchor`.
fn docs_at<'a>(text: &'a str, anchor: &str) -> &'a str {
    let place = format!("id=\"{anchor}\"");
    let Some((_, rest)) = text.split_once(&place).filter(|_| !anchor.is_empty()) else { return "" };
    block(rest.split("<section id=").next().unwrap_or_default())
}

/// The first block of documentation in `text`.
fn block(text: &str) -> &str {
    let Some((_, block)) = text.split_once("<div class=\"docblock\">") else { return "" };
    let mut depth = 1;
    for (at, _) in block.match_indices('<') {
        if block[at..].starts_with("<div") {
            depth += 1;
        } else if block[at..].starts_with("</div>") {
            depth -= 1;
        }
        if depth == 0 {
            return &block[..at];
        }
    }
    block
}

/// An example that compiles; what does not is there to warn.
fn has_example(docs: &str) -> bool {
    let examples = docs.split("<div class=\"example-wrap").skip(1);
    examples.into_iter().any(|example| {
        let (class, rest) = example.split_once('>').unwrap_or((example, ""));
        !class.contains("compile_fail") && rest.contains("rust-example-rendered")
    })
}

/// Where `link` leads from `page`.
fn beside(page: &Path, link: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in page.parent().unwrap_or(page).join(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}
