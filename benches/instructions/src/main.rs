//! Instruction counts: `check [--json FILE]` holds them against the baseline, `baseline` writes it anew.
//!
//! An operation is run by this program inside valgrind, a process for each, so that none finds a heap that another has used.
//! Counts do not depend on how busy the machine is, nor on where the tree lies. They do depend on the compiler, on the C
//! library, and on the processor that valgrind shows it, by which it chooses a `memcpy`. So a rise under other tools than
//! the baseline's is told, and is no failure.
#![forbid(unsafe_code)]

mod baseline;
mod callgrind;
mod compare;
mod operations;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use sallet_core_bench::outcome::{Options, Row, Table};
use sallet_core_bench::turns::Spread;

use crate::baseline::{Baseline, Tools};
use crate::callgrind::Counts;
use crate::compare::Change;

const USAGE: &str = "check [--json FILE], or baseline";

/// A folder beside this program.
fn scratch() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.with_file_name("callgrind");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn write_baseline() -> Result<(), String> {
    let (tools, scratch) = (Tools::here()?, scratch()?);
    let mut operations = BTreeMap::new();
    for operation in operations::all() {
        let counts = callgrind::count(operation.name, &scratch)?;
        // A baseline that does not repeat would accuse the innocent.
        let again = callgrind::count(operation.name, &scratch)?;
        if counts != again {
            let (first, second) = (counts.instructions, again.instructions);
            return Err(format!(
                "{} took {first} instructions, then {second}: mend what is random in it",
                operation.name
            ));
        }
        println!("{:42} {:8}", operation.name, counts.instructions);
        operations.insert(operation.name.to_owned(), counts.without_crumbs());
    }
    Baseline { tools, operations }.save()
}

fn row(name: &str, counts: &Counts) -> Row {
    let count = counts.instructions as f64;
    Row { name: name.to_owned(), took: Spread { low: count, median: count, high: count }, best: None, compared: None }
}

fn check(options: &Options) -> Result<(), String> {
    let (baseline, tools, scratch) = (Baseline::load()?, Tools::here()?, scratch()?);
    let known = &baseline.operations;
    println!("{:42} {:>8} {:>8}", "instructions of one call", "baseline", "now");
    let (mut rows, mut rises, mut measured) = (Vec::new(), 0, Vec::new());
    for operation in operations::all() {
        let counts = callgrind::count(operation.name, &scratch)?;
        let change = Change { name: operation.name, then: known.get(operation.name), now: &counts };
        print!("{change}");
        rises += usize::from(change.is_rise());
        rows.push(row(operation.name, &counts));
        measured.push(operation.name);
    }
    for gone in known.keys().filter(|name| !measured.contains(&name.as_str())) {
        println!("{gone:42} is in the baseline and not measured any more: make bench-baseline leaves it out");
    }
    let title = "Instructions of one call, by callgrind";
    let table = Table { name: "operations", title, unit: "instructions", rows };
    options.finish("instructions", "make bench-check", &[table], &[])?;

    if tools != baseline.tools {
        println!("\nThe baseline was taken with {:#?}\nand here is {tools:#?}:", baseline.tools);
        println!(
            "what rose may be their doing, so it is told and is no failure. To judge a change, check the tree before it too."
        );
        return Ok(());
    }
    match rises {
        0 => {
            println!("\n{} operations: none rose by more than 2 %", measured.len());
            Ok(())
        }
        _ => Err(format!(
            "\n{rises} of {} are new or rose by more than 2 %. Where that is right: make bench-baseline, and say why in the \
             commit.",
            measured.len()
        )),
    }
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("check") => check(&Options::read(arguments, &[])?),
        Some("baseline") => write_baseline(),
        // What this program calls itself with, inside valgrind.
        Some("run") => {
            let name = arguments.next().ok_or(USAGE)?;
            operations::all().iter().find(|operation| operation.name == name).ok_or(USAGE)?.run();
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
