//! A family's rows as a chart: each peer's ratio to ours, on a logarithmic axis.

use std::{fs, path::Path};

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::rows::Row;

/// What is drawn in light, and what it turns into in the dark.
const BACKGROUND: (RGBColor, &str) = (RGBColor(255, 255, 255), "#0d1117");
const INK: (RGBColor, &str) = (RGBColor(31, 35, 40), "#e6edf3");
const PALE: (RGBColor, &str) = (RGBColor(110, 118, 129), "#9198a1");
const GRID: (RGBColor, &str) = (RGBColor(222, 226, 230), "#30363d");
const AHEAD: (RGBColor, &str) = (RGBColor(26, 127, 55), "#3fb950");
const BEHIND: (RGBColor, &str) = (RGBColor(188, 76, 0), "#f0883e");

/// The axis: beyond it a point sits on its edge.
const LOWEST: f64 = 0.1;
const HIGHEST: f64 = 40.0;

const ROW: u32 = 19;
const WIDTH: u32 = 960;

/// Draws `rows` into an SVG file.
pub(super) fn draw(title: &str, rows: &[&Row], file: &Path) -> Result<(), String> {
    let mut svg = String::new();
    draw_into(&mut svg, title, rows).map_err(|error| format!("{}: {error}", file.display()))?;
    fs::write(file, in_the_dark(&svg)).map_err(|error| format!("{}: {error}", file.display()))
}

fn draw_into(
    svg: &mut String,
    title: &str,
    rows: &[&Row],
) -> Result<(), Box<dyn std::error::Error>> {
    let count = rows.len() as u32;
    let root = SVGBackend::with_string(svg, (WIDTH, count * ROW + 106)).into_drawing_area();
    root.fill(&BACKGROUND.0)?;
    let text = |size: i32, color: &RGBColor| ("sans-serif", size).into_font().color(color);
    root.draw(&Text::new(title.to_owned(), (16, 12), text(19, &INK.0)))?;
    let legend = "● best peer that counts, with its quarters     ○ other peers that count     \
                  × marked peers: see the table";
    root.draw(&Text::new(legend, (16, 38), text(12, &PALE.0)))?;

    let mut chart = ChartBuilder::on(&root)
        .margin_top(58)
        .margin_right(130)
        .x_label_area_size(44)
        .y_label_area_size(312)
        .build_cartesian_2d((LOWEST..HIGHEST).log_scale(), 0.0..f64::from(count))?;
    chart.configure_mesh().disable_mesh().disable_axes().draw()?;
    let (bottom, top) = (0.0, f64::from(count));
    for at in [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0, 40.0] {
        let line = if at == 1.0 { INK.0.stroke_width(2) } else { GRID.0.stroke_width(1) };
        chart.draw_series([PathElement::new([(at, top), (at, bottom)], line)])?;
        let (x, y) = chart.backend_coord(&(at, bottom));
        let label = text(12, &INK.0).pos(Pos::new(HPos::Center, VPos::Top));
        root.draw(&Text::new(format!("{at}×"), (x, y + 6), label))?;
    }
    let (x, y) = chart.backend_coord(&(1.0, bottom));
    for (from, to, words) in
        [(x - 12, HPos::Right, "← the peer is faster"), (x + 12, HPos::Left, "ours is faster →")]
    {
        let style = text(12, &PALE.0).pos(Pos::new(to, VPos::Top));
        root.draw(&Text::new(words, (from, y + 23), style))?;
    }
    for (at, row) in rows.iter().enumerate() {
        let place = top - at as f64 - 0.5;
        let (_, y) = chart.backend_coord(&(1.0, place));
        let name = text(13, &INK.0).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(row.name.clone(), (304, y), name))?;
        let best = row.best().map(|best| best.name.as_str());
        for peer in row.peers().filter(|peer| Some(peer.name.as_str()) != best) {
            let point = (on_axis(peer.ratio[1]), place);
            if peer.counts() {
                chart.draw_series([Circle::new(point, 4, PALE.0.stroke_width(1))])?;
            } else {
                chart.draw_series([Cross::new(point, 3, PALE.0.stroke_width(1))])?;
            }
        }
        if let Some(best) = row.best() {
            let [low, ratio, high] = best.ratio.map(on_axis);
            let color = if best.ratio[1] >= 1.0 { AHEAD.0 } else { BEHIND.0 };
            let spread = PathElement::new([(low, place), (high, place)], color.stroke_width(3));
            chart.draw_series([spread])?;
            chart.draw_series([Circle::new((ratio, place), 5, color.filled())])?;
            let said = format!("{:.2}× {}", best.ratio[1], best.name);
            let style = text(12, &color).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(said, (WIDTH as i32 - 124, y), style))?;
        }
    }
    root.present()?;
    drop(chart);
    drop(root);
    Ok(())
}

fn on_axis(ratio: f64) -> f64 {
    ratio.clamp(LOWEST, HIGHEST)
}

/// The same picture with the colours of a dark page where the reader has one.
fn in_the_dark(svg: &str) -> String {
    let mut rules = String::new();
    for (RGBColor(red, green, blue), dark) in [BACKGROUND, INK, PALE, GRID, AHEAD, BEHIND] {
        let light = format!("#{red:02X}{green:02X}{blue:02X}");
        for what in ["fill", "stroke"] {
            rules.push_str(&format!("[{what}=\"{light}\"]{{{what}:{dark}}}"));
        }
    }
    let style = format!("<style>@media (prefers-color-scheme:dark){{{rules}}}</style>");
    match svg.find('>') {
        Some(head) => format!("{}\n{style}{}", &svg[..=head], &svg[head + 1..]),
        None => svg.to_owned(),
    }
}
