//! What the prose names is there: commands, examples, files, features, names, places in the code.

use std::{collections::BTreeSet, fs, path::Path};

/// Everything that is read as text.
fn prose() -> Vec<(String, String)> {
    let mut files = vec!["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    files.extend(["sync", "channel", "timer", "context"].map(|krate| format!("{krate}/README.md")));
    for file in fs::read_dir("src/guide").expect("the guide") {
        let path = file.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path.display().to_string());
        }
    }
    let read = |file: String| {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        (file, text)
    };
    files.into_iter().map(read).collect()
}

/// What stands behind each `before` in `text`, as long as `is` holds.
fn behind<'a>(
    text: &'a str,
    before: &'a str,
    is: fn(char) -> bool,
) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).map(move |rest| &rest[..rest.find(|c| !is(c)).unwrap_or(rest.len())])
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[test]
fn the_commands_that_are_named_are_there() {
    let xtask = fs::read_to_string("xtask/src/main.rs").expect("readable");
    let mut count = 0;
    for (file, text) in prose() {
        for command in behind(&text, "cargo xtask ", is_name).filter(|name| !name.is_empty()) {
            let known = xtask.contains(&format!("\"{command}\" =>"));
            assert!(known, "{file}: there is no `cargo xtask {command}`");
            count += 1;
        }
        for line in text.lines() {
            let line = line.split(['`', '#']).find(|part| part.contains("--example "));
            let Some(command) = line else { continue };
            let name = behind(command, "--example ", is_name).next().unwrap_or_default();
            let package = behind(command, "-p selvedge-", is_name).next().unwrap_or(".");
            let example = format!("{package}/examples/{name}.rs");
            assert!(Path::new(&example).exists(), "{file}: {command}: {example}?");
            count += 1;
        }
    }
    assert!(count > 100, "{count} commands");
}

#[test]
fn the_files_that_are_linked_are_there() {
    let mut count = 0;
    for (file, text) in prose() {
        let folder = Path::new(&file).parent().expect("a file has a folder");
        for link in behind(&text, "](", |c| c != ')' && c != '\n') {
            // Chapters link to items, which rustdoc resolves.
            let outside = ["http", "crate::", "std::", "core::"];
            if outside.iter().any(|start| link.starts_with(start)) {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone().into() } else { folder.join(path) };
            assert!(target.exists(), "{file}: {link}");
            if !anchor.is_empty() {
                let linked = fs::read_to_string(&target).expect("text");
                let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase();
                let mut headings = linked.lines().filter(|line| line.starts_with('#')).map(heading);
                assert!(headings.any(|name| name.replace(' ', "-") == anchor), "{file}: {link}");
            }
            count += 1;
        }
    }
    assert!(count > 10, "{count} links");
}

/// The features of the facade, each with those that it brings along.
fn features() -> Vec<(String, Vec<String>)> {
    let manifest = fs::read_to_string("Cargo.toml").expect("readable");
    let section = manifest.split("\n[features]\n").nth(1).expect("features");
    let section = section.split("\n[").next().unwrap_or_default();
    let lines = section.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for feature in lines.split(']') {
        if let Some((name, brings)) = feature.split_once('=') {
            let brings = brings.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            found.push((name.trim().to_owned(), brings));
        }
    }
    found
}

#[test]
fn the_features_that_are_named_are_there_and_on_or_off_as_told() {
    let features = features();
    let brings = |name: &str| features.iter().find(|(known, _)| known == name).map(|(_, all)| all);
    let mut on = BTreeSet::new();
    let mut open = vec!["default".to_owned()];
    while let Some(name) = open.pop() {
        if on.insert(name.clone()) {
            open.extend(brings(&name).into_iter().flatten().cloned());
        }
    }
    let readme = fs::read_to_string("README.md").expect("readable");
    let (_, table) =
        readme.split_once("| feature | what it brings | default |").expect("the table");
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for name in cells[1].split('`').skip(1).step_by(2) {
            assert!(brings(name).is_some(), "there is no feature {name}");
            assert_eq!(cells[3] == "yes", on.contains(name), "README: {name} is on by default?");
            count += 1;
        }
    }
    assert!(count > 15, "{count} features");
    // Whoever does not know of them cannot switch them on.
    for (name, _) in features.iter().filter(|(name, _)| !name.starts_with('_')) {
        let told = on.contains(name) || readme.contains(&format!("`{name}`"));
        assert!(told, "README: {name} is off by default, and not named");
    }
    let chapter = fs::read_to_string("src/guide/features.md").expect("readable");
    for row in chapter.lines().filter(|row| row.starts_with("| `")) {
        let first = row.split('|').nth(1).unwrap_or_default();
        for name in first.split('`').skip(1).step_by(2) {
            assert!(brings(name).is_some(), "guide: there is no feature {name}");
        }
    }
}

/// Names in the README's text and tables, beside those in code that is compiled anyhow.
#[test]
fn the_names_in_the_readme_are_there() {
    let compiled = fs::read_to_string("tests/house/names.rs").expect("readable");
    let readme = fs::read_to_string("README.md").expect("readable");
    let text: String = readme.split("```").step_by(2).collect();
    let mut count = 0;
    for name in text.split('`').skip(1).step_by(2) {
        let name = name.trim_start_matches("selvedge::").trim_end_matches("()");
        let ours = ["sync::", "channel::", "time::", "context::"];
        if ours.iter().any(|start| name.starts_with(start))
            && name.chars().all(|c| is_name(c) || c == ':')
        {
            // Its feature is off in this build; its example calls it.
            let off = name.starts_with("sync::diagnose");
            let known = compiled.contains(&format!("use selvedge::{name};"));
            assert!(known || off, "tests/house/names.rs has no `{name}`");
            count += 1;
        }
    }
    assert!(count > 80, "{count} names");
}

/// `file.rs:line:column` in an output that is shown is where something is called.
#[test]
fn the_places_in_the_readme_are_there() {
    let readme = fs::read_to_string("README.md").expect("readable");
    let mut count = 0;
    for word in readme.split([' ', ',', '\n']).filter(|word| word.contains(".rs:")) {
        let mut parts = word.split(':');
        let (Some(file), Some(line), Some(column)) = (parts.next(), parts.next(), parts.next())
        else {
            // Those of the bank are compared by its own test.
            continue;
        };
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{word}: {error}"));
        let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
        let code = text.lines().nth(line - 1).unwrap_or_default();
        assert!(code[column - 1..].starts_with("lock("), "{word}: {code}");
        count += 1;
    }
    assert!(count > 1, "{count} places");
}

/// Figures of speed stand in the report, which is measured: they would be old by tomorrow elsewhere.
#[test]
fn the_prose_has_no_figures_of_its_own() {
    for (file, text) in prose() {
        for line in text.split("```").step_by(2).flat_map(str::lines) {
            let words: Vec<_> = line.split(' ').collect();
            for pair in words.windows(2) {
                let unit = ["ns", "µs", "times", "×"];
                let unit =
                    unit.iter().any(|unit| pair[1].trim_end_matches(['.', ',', ')']) == *unit);
                let figure = pair[0].chars().all(|c| c.is_ascii_digit() || c == '.');
                assert!(!(unit && figure), "{file}: {line}");
            }
        }
    }
}
