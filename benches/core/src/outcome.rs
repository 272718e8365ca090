//! What was measured: printed for people, written as JSON for the report.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::turns::{Measured, Spread};

/// One line of a table.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: String,
    pub took: Spread,
    /// The fastest turn, where there are many: what the work takes when nothing disturbs it. It decides nothing.
    pub best: Option<f64>,
    pub compared: Option<Compared>,
}

/// A row beside the one that it is held against.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The name of that row.
    pub with: String,
    pub ratio: Spread,
    /// The same of the fastest turns.
    pub ratio_of_best: Option<f64>,
    pub budget: Option<f64>,
}

impl Compared {
    /// The median of the rounds decides: half of them were better.
    pub fn is_met(&self) -> Option<bool> {
        self.budget.map(|budget| self.ratio.median <= budget)
    }
}

/// Some rows that were measured together.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: &'static str,
    pub title: &'static str,
    pub unit: &'static str,
    pub rows: Vec<Row>,
}

impl Table {
    /// Holds every row against the first, the floor; `budgets` tells which rows have one.
    pub fn over_floor(name: &'static str, title: &'static str, measured: &[Measured], budgets: &[(&str, f64)]) -> Self {
        let floor = &measured[0];
        let row = |one: &Measured| Row {
            name: one.name.clone(),
            took: Spread::of(&one.rounds),
            best: Some(one.best),
            compared: (one.name != floor.name).then(|| Compared {
                with: floor.name.clone(),
                ratio: ratio(&one.rounds, &floor.rounds),
                ratio_of_best: Some(one.best / floor.best),
                budget: budgets.iter().find(|(name, _)| *name == one.name).map(|(_, budget)| *budget),
            }),
        };
        for (name, _) in budgets {
            assert!(measured.iter().any(|one| one.name == *name), "a budget for {name}, which is not measured");
        }
        Self { name, title, unit: "ns", rows: measured.iter().map(row).collect() }
    }

    /// Whether every budget in it is met.
    pub fn is_met(&self) -> bool {
        self.rows.iter().filter_map(|row| row.compared.as_ref()?.is_met()).all(|met| met)
    }

    /// Prints it.
    ///
    /// # Errors
    /// The writer's own.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        writeln!(out, "\n{} ({})", self.title, self.unit)?;
        let head = [("median", 9), ("middle half", 19), ("best", 9), ("ratio", 8), ("middle half", 16), ("best", 7)];
        let head: String = head.iter().map(|(title, width)| format!("  {title:>width$}")).collect();
        writeln!(out, "  {:width$}{head}", "")?;
        for row in &self.rows {
            let Spread { low, median, high } = row.took;
            let best = row.best.map_or_else(|| "-".to_owned(), |best| format!("{best:.1}"));
            write!(out, "  {:width$}  {median:9.1}  {low:8.1} .. {high:7.1}  {best:>9}", row.name)?;
            if let Some(compared) = &row.compared {
                let Spread { low, median, high } = compared.ratio;
                let best = compared.ratio_of_best.map_or_else(|| "-".to_owned(), |best| format!("{best:.2}"));
                write!(out, "  {median:8.2}  {low:6.2} .. {high:6.2}  {best:>7}")?;
                if let (Some(budget), Some(met)) = (compared.budget, compared.is_met()) {
                    write!(out, "  budget {budget}: {}", if met { "met" } else { "MISSED" })?;
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let compared = row.compared.as_ref();
            json!({
                "name": row.name, "median": row.took.median, "low": row.took.low, "high": row.took.high, "best": row.best,
                "floor": compared.map(|compared| &compared.with),
                "ratio": compared.map(|compared| compared.ratio.median),
                "ratio_low": compared.map(|compared| compared.ratio.low),
                "ratio_high": compared.map(|compared| compared.ratio.high),
                "ratio_of_best": compared.map(|compared| compared.ratio_of_best),
                "budget": compared.and_then(|compared| compared.budget),
                "met": compared.and_then(Compared::is_met),
            })
        };
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        json!({ "name": self.name, "title": self.title, "unit": self.unit, "rows": rows })
    }
}

/// Round by round, so that both sides had the same machine.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> Spread {
    Spread::of(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
}

/// One line of a plot for each series.
#[derive(Debug, Clone)]
pub struct Curve {
    pub name: &'static str,
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    pub unit: &'static str,
    pub series: Vec<(String, Vec<(usize, Spread)>)>,
}

impl Curve {
    fn json(&self) -> Value {
        let point = |(x, y): &(usize, Spread)| json!([x, y.median, y.low, y.high]);
        let series = |(name, points): &(String, Vec<_>)| {
            let points: Vec<_> = points.iter().map(point).collect();
            json!({ "name": name, "points": points })
        };
        json!({
            "name": self.name, "title": self.title, "log_x": true, "log_y": false,
            "x": { "label": self.x }, "y": { "label": self.y, "unit": self.unit },
            "series": self.series.iter().map(series).collect::<Vec<_>>(),
        })
    }
}

/// What a program was asked to measure, and to do with its outcome.
#[derive(Debug, Default)]
pub struct Options {
    json: Option<String>,
    strict: bool,
    only: Vec<String>,
}

impl Options {
    /// From the command line: `[PART ...] [--json FILE] [--strict]`, where the parts are some of `parts`.
    ///
    /// # Errors
    /// A sentence about what cannot be read.
    pub fn read(arguments: impl IntoIterator<Item = String>, parts: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // What `cargo bench` says to every benchmark.
                "--bench" => {}
                "--strict" => options.strict = true,
                "--json" => options.json = Some(arguments.next().ok_or("--json wants the name of a file")?),
                part if parts.contains(&part) => options.only.push(argument),
                other => {
                    let parts = parts.iter().map(|part| format!("{part}, ")).collect::<String>();
                    return Err(format!(
                        "what is {other:?}? There are: {parts}--json FILE, --strict (fail on a missed budget)"
                    ));
                }
            }
        }
        Ok(options)
    }

    /// Whether this part is to be measured: all are, unless some were named.
    #[must_use]
    pub fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// Writes the file, and says whether the program has succeeded.
    ///
    /// # Errors
    /// The file cannot be written, or a budget is missed and that counts.
    pub fn finish(&self, what: &str, command: &str, tables: &[Table], curves: &[Curve]) -> Result<(), String> {
        if let Some(file) = &self.json {
            let data = json!({
                "what": what, "command": command, "quick": crate::quick(),
                "tables": tables.iter().map(Table::json).collect::<Vec<_>>(),
                "curves": curves.iter().map(Curve::json).collect::<Vec<_>>(),
            });
            std::fs::write(file, format!("{data:#}\n")).map_err(|error| format!("{file}: {error}"))?;
        }
        if self.strict && !tables.iter().all(Table::is_met) {
            return Err("a budget is missed".to_owned());
        }
        Ok(())
    }
}
