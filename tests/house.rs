//! The house rules that a reader cannot be asked to check by eye.
#![cfg(not(selvedge_loom))]

use std::{fs, path::Path};

#[path = "house/names.rs"]
mod names;
#[path = "house/readme.rs"]
mod readme;

const CRATES: [&str; 4] = ["sync", "channel", "timer", "context"];

/// Every primitive: the files beside `lib.rs`. What they share lives in folders.
fn primitives() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for krate in CRATES {
        for file in fs::read_dir(format!("{krate}/src")).expect("a crate has a src") {
            let path = file.expect("readable").path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let is_file = path.extension().is_some_and(|extension| extension == "rs");
            if is_file && !["lib", "error"].contains(&name) {
                found.push((krate, name.to_owned()));
            }
        }
    }
    found
}

/// Every Rust file below `folders`, with its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut open: Vec<_> = folders.iter().map(std::path::PathBuf::from).collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for file in fs::read_dir(folder).into_iter().flatten() {
            let path = file.expect("readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.push((path.display().to_string(), text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

const LIBRARY: [&str; 5] = ["src", "sync/src", "channel/src", "timer/src", "context/src"];

fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// One name finds the primitive, its model, its behaviour, its bench, its example and its feature.
#[test]
fn one_name_finds_everything() {
    let facade = fs::read_to_string("Cargo.toml").expect("readable");
    let mut missing = Vec::new();
    for (krate, name) in primitives() {
        let mut companions = vec![format!("{krate}/examples/{name}.rs")];
        companions.push(format!("tests/models/{name}.rs"));
        companions.push(format!("tests/behaviour/{name}.rs"));
        companions.push(format!("benches/{name}.rs"));
        missing.extend(companions.into_iter().filter(|file| !Path::new(file).exists()));
        let own = fs::read_to_string(format!("{krate}/Cargo.toml")).expect("readable");
        for (manifest, text) in [("the facade", &facade), (krate, &own)] {
            if !text.contains(&format!("\n{name} = [")) {
                missing.push(format!("the feature {name} of {manifest}"));
            }
        }
    }
    for path in sources(&["context/src/combine"]).into_iter().map(|(path, _)| path) {
        let name = Path::new(&path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if name == "mod" {
            continue;
        }
        let companions =
            ["context/examples", "tests/models", "tests/behaviour", "benches"].into_iter();
        let companions = companions.map(|folder| format!("{folder}/{name}.rs"));
        missing.extend(companions.filter(|file| !Path::new(file).exists()));
        let own = fs::read_to_string("context/Cargo.toml").expect("readable");
        for (manifest, text) in [("the facade", &facade), ("context", &own)] {
            if !text.contains(&format!("\n{name} = [")) {
                missing.push(format!("the feature {name} of {manifest}"));
            }
        }
    }
    let own = fs::read_to_string("context/Cargo.toml").expect("readable");
    for name in decorators() {
        for folder in DECORATOR_HAS {
            let file = format!("{folder}/{name}.rs");
            let exempt = EXEMPT.iter().any(|(of, without, _)| *of == name && *without == folder);
            if Path::new(&file).exists() == exempt {
                missing.push(if exempt {
                    format!("the exemption of {file} is idle")
                } else {
                    file
                });
            }
        }
        for (manifest, text) in [("the facade", &facade), ("context", &own)] {
            if !text.contains(&format!("\n{name} = [")) {
                missing.push(format!("the feature {name} of {manifest}"));
            }
        }
    }
    for (name, ..) in EXEMPT {
        assert!(decorators().iter().any(|known| known == name), "{name} is no decorator");
    }
    assert!(missing.is_empty(), "missing: {missing:#?}");
}

/// The chapter that says which primitive to take knows all of them.
#[test]
fn the_choice_is_among_all_primitives() {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let chapter = fs::read_to_string("src/guide/choosing.md").expect("readable");
    let named: Vec<_> = chapter.split('`').skip(1).step_by(2).map(plain).collect();
    let mut missing: Vec<_> = primitives().into_iter().map(|(_, name)| name).collect();
    let combinators = sources(&["context/src/combine"]).into_iter();
    missing.extend(combinators.filter_map(|(path, _)| {
        let name = Path::new(&path).file_stem()?.to_str()?;
        (name != "mod").then(|| name.to_owned())
    }));
    // By other names than their files'.
    let other = |name: &str| match name {
        "cancel" => "cancellationtoken".to_owned(),
        "handle" => "spawnon".to_owned(),
        "offload" => "offloadto".to_owned(),
        "select_futures" => "select".to_owned(),
        "tracker" => "tasktracker".to_owned(),
        "virtual" => "virtualclock".to_owned(),
        name => plain(name),
    };
    missing.retain(|name| !named.contains(&other(name)));
    assert!(missing.is_empty(), "src/guide/choosing.md does not name {missing:?}");
}

/// Where a decorator has a companion of its name.
const DECORATOR_HAS: [&str; 4] =
    ["context/examples", "tests/behaviour/decorate", "tests/models", "benches/decorate"];

/// Which decorators have no such companion, and why.
const EXEMPT: [(&str, &str, &str); 13] = [
    ("catch_unwind", "tests/models", "calls share no state"),
    ("fallback", "tests/models", "calls share no state"),
    ("instrument", "tests/models", "calls share no state but the hook's"),
    ("tracing", "tests/models", "calls share no state but the subscriber's"),
    ("limit", "tests/models", "calls share a semaphore, which has models"),
    ("timed", "tests/models", "calls share a timer, which has models"),
    ("throttle", "tests/models", "its state is `edge`, which has models"),
    ("debounce", "tests/models", "its state is `edge`, which has models"),
    ("catch_unwind", "benches/decorate", "it does what `std`'s does, a poll at a time"),
    ("fallback", "benches/decorate", "it costs one look at the output"),
    ("limit", "benches/decorate", "it is measured as a part of the chain"),
    ("timed", "benches/decorate", "it is measured as a part of the chain"),
    ("debounce", "benches/decorate", "every call waits, and the wait is a sleep's"),
];

/// The decorators: the files beside theirs, but for those that all of them share.
fn decorators() -> Vec<String> {
    let files = sources(&["context/src/decorate"]).into_iter().map(|(path, _)| path);
    let names = files.filter(|path| path.matches('/').count() == 3).filter_map(|path| {
        let name = Path::new(&path).file_stem()?.to_str()?;
        let is_shared = ["mod", "error", "op", "share", "time"].contains(&name);
        (!is_shared).then(|| name.to_owned())
    });
    names.collect()
}

/// A model sees only what goes through the shim, so nothing goes around it.
#[test]
fn memory_is_named_in_the_shim_alone() {
    for (path, text) in sources(&["sync/src", "channel/src", "timer/src", "context/src"]) {
        for (at, line) in code(&text).filter(|_| !path.contains("raw/shim")) {
            for around in ["core::sync::atomic::Atomic", "std::sync::Mutex", "thread::spawn"] {
                assert!(!line.contains(around), "{path}:{at}: {line}");
            }
            let in_raw = path.contains("/raw/");
            assert!(in_raw || !line.contains("UnsafeCell"), "{path}:{at}: {line}");
        }
    }
}

/// An ordering stronger than `Relaxed` says what it pairs with.
#[test]
fn orderings_say_what_they_pair_with() {
    for (path, text) in sources(&LIBRARY) {
        // The shim hands orderings on; a `lib.rs` names the future `Acquire`.
        if path.contains("raw/shim") || path.ends_with("lib.rs") {
            continue;
        }
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in code(&text) {
            let strong = ["Acq, ", "Acquire, ", "Acquire)", "Release)", "Release, ", "AcqRel)"];
            if strong.iter().any(|ordering| line.contains(ordering)) && !line.contains("use ") {
                let near = &lines[at.saturating_sub(9)..at];
                let is_list = line.trim_start().starts_with("sync::atomic::Ordering::{");
                let told = near.iter().any(|line| line.contains("// ORDERING:"));
                assert!(told || is_list, "{path}:{at}: {line}");
            }
        }
    }
}

/// loom takes `SeqCst` accesses for `AcqRel` ones.
#[test]
fn no_access_is_seqcst() {
    for (path, text) in sources(&LIBRARY) {
        for (at, line) in code(&text) {
            assert!(!line.contains("SeqCst") || line.contains("fence"), "{path}:{at}: {line}");
        }
    }
}

/// `unsafe {}` lives in `raw/` alone.
#[test]
fn unsafe_blocks_live_in_raw() {
    for (path, text) in sources(&LIBRARY) {
        for (at, line) in code(&text).filter(|_| !path.contains("/raw/")) {
            assert!(!line.contains("unsafe {"), "{path}:{at}: {line}");
        }
    }
}

/// No lint is switched off without a reason that ends with it, and no test is skipped.
#[test]
fn nothing_is_allowed_or_ignored() {
    let mut folders = LIBRARY.to_vec();
    folders.extend(["tests", "examples", "xtask/src"]);
    for (path, text) in sources(&folders) {
        for (at, line) in code(&text).filter(|_| !path.ends_with("house.rs")) {
            for word in ["#[allow(", "#![allow(", "#[ignore", "todo!(", "unimplemented!("] {
                assert!(!line.contains(word), "{path}:{at}: {line}");
            }
        }
    }
}

/// Written for 1.85: no let-chains.
#[test]
fn no_let_chains() {
    for (path, text) in sources(&LIBRARY) {
        for (at, line) in code(&text) {
            let chained =
                line.contains("&& let ") || (line.contains("if let ") && line.contains(" && "));
            assert!(!chained, "{path}:{at}: {line}");
        }
    }
}

/// Arrows only down: sync stands alone, channel and timer use sync, context uses timer and sync.
#[test]
fn crates_use_only_what_stands_below_them() {
    let all =
        ["selvedge", "selvedge-sync", "selvedge-channel", "selvedge-timer", "selvedge-context"];
    for (krate, below) in [
        ("sync", &[][..]),
        ("channel", &["selvedge-sync"]),
        ("timer", &["selvedge-sync"]),
        ("context", &["selvedge-sync", "selvedge-timer"]),
    ] {
        let manifest = fs::read_to_string(format!("{krate}/Cargo.toml")).expect("readable");
        for other in all.iter().filter(|other| !below.contains(other)) {
            let uses = |line: &str| {
                line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} "))
            };
            assert!(!manifest.lines().any(uses), "{krate} uses {other}");
        }
    }
}

/// The README's table for those who come from elsewhere: what it calls ours is compiled in
/// `house/names.rs`.
#[test]
fn what_the_readme_calls_ours_is_there() {
    let compiled = fs::read_to_string("tests/house/names.rs").expect("readable");
    let readme = fs::read_to_string("README.md").expect("readable");
    let table = readme.split("## Coming from").nth(1).expect("the table");
    let rows = table.split("\n## ").next().unwrap_or_default().lines();
    let mut count = 0;
    for row in rows.filter(|row| row.starts_with("| ") && row.ends_with(" |")).skip(1) {
        let ours = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        for name in ours.split('`').skip(1).step_by(2).filter(|name| !name.contains('(')) {
            let line = format!("use selvedge::{name};");
            assert!(compiled.contains(&line), "tests/house/names.rs has no `{line}`");
            count += 1;
        }
    }
    assert!(count > 60, "{count} names");
}

/// Every example is in the index.
#[test]
fn the_index_has_every_example() {
    let index = fs::read_to_string("examples/README.md").expect("readable");
    for krate in [".", "sync", "channel", "timer", "context"] {
        for file in fs::read_dir(format!("{krate}/examples")).expect("readable") {
            let path = file.expect("readable").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let called = format!("--example {name}`");
                assert!(index.contains(&called), "examples/README.md has no {name}");
            }
        }
    }
}

/// Getters may share their type's example: they take nothing and return a number or a flag.
fn is_getter(signature: &str) -> bool {
    const PLAIN: [&str; 8] = ["bool", "usize", "u32", "u64", "&str", "f64", "Duration", "Instant"];
    let Some((arguments, returned)) = signature.split_once(") -> ") else { return false };
    let returned = returned.trim_end_matches(" {");
    let plain = PLAIN.iter().any(|name| returned.contains(name) && returned.len() < 20);
    plain && arguments.rsplit('(').next().is_some_and(|all| !all.contains(','))
}

/// Every public function is called in an example that runs: in the documentation, the guide, the
/// README, or an example program. Getters need not be.
#[test]
fn every_function_is_called_in_an_example() {
    let mut shown = String::new();
    for (_, text) in sources(&LIBRARY) {
        let docs = text.lines().map(str::trim_start).filter(|line| {
            line.starts_with("///") || line.starts_with("//!") || line.starts_with("#[doc")
        });
        let docs: Vec<_> = docs.map(|line| line.trim_start_matches(['/', '!'])).collect();
        shown.extend(docs.join("\n").split("```").skip(1).step_by(2));
    }
    for folder in ["src/guide", "."] {
        for file in fs::read_dir(folder).expect("readable").map(|file| file.expect("readable")) {
            if file.path().extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(file.path()).expect("UTF-8");
                shown.extend(text.split("```").skip(1).step_by(2));
            }
        }
    }
    let programs = ["examples", "sync/examples", "channel/examples", "timer/examples"];
    for (_, text) in sources(&[&programs[..], &["context/examples"]].concat()) {
        shown.push_str(&text);
    }
    let mut missing = Vec::new();
    for (path, text) in sources(&LIBRARY) {
        if path.contains("/raw/") || path.starts_with("src/model") {
            continue;
        }
        for line in text.lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("pub ") else { continue };
            let rest = rest.trim_start_matches("const ");
            let Some(signature) = rest.strip_prefix("fn ") else { continue };
            let name: String =
                signature.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // The twin that names its timer differs in that alone.
            let twin = name.trim_end_matches("_on");
            let called = ["(", ")", "::<", "::", ";"]
                .iter()
                .flat_map(|after| [".", "::", " ", "(", "!"].map(|at| format!("{at}{name}{after}")))
                .any(|call| shown.contains(&call));
            let called = called || shown.contains(&format!("{twin}("));
            if !called && !is_getter(signature) {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "no example calls these: {missing:#?}");
}
